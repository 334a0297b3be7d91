import { browser } from "@web/core/browser/browser";
import { rpc } from "@web/core/network/rpc";
import { registry } from "@web/core/registry";

import { nothingIsCut } from "./cut_text";

const progress = (count) =>
    `.o_credit_note_batch_progress .o_progress[aria-valuenow='${count}'][aria-valuemax='4']`;

/** As Odoo's scheduler does, while the page is open: nobody waits for it. */
const runCron = () => {
    rpc("/web/dataset/call_kw/account.credit.note.batch/run_cron_of_test", {
        model: "account.credit.note.batch",
        method: "run_cron_of_test",
        args: [],
        kwargs: {},
    });
};

registry.category("web_tour.tours").add("credit_note_batch_on_phone", {
    steps: () => [
        {
            content: "The card says what is not credited",
            trigger: ".o_kanban_record:contains(Done) .text-danger:contains(1)",
        },
        nothingIsCut(".o_kanban_renderer"),
        {
            trigger: ".o_kanban_record",
            run: "click",
        },
        {
            content: "... and the page why",
            trigger: "div[name=failed_line_ids]:contains(Nothing is left to credit)",
        },
        nothingIsCut(".o_form_sheet"),
    ],
});

registry.category("web_tour.tours").add("credit_note_batch", {
    steps: () => [
        {
            content: "Open the tab with the customer's invoices",
            trigger: "a.nav-link[name=customer_invoices]",
            run: "click",
        },
        {
            content: "Wait for the list",
            trigger: ".o_notebook_content .o_data_row",
        },
        {
            content: "Tick all",
            trigger: ".o_notebook_content th.o_list_record_selector input",
            run: "click",
        },
        {
            content: "Click Credit note",
            trigger: ".o_customer_invoices_credit_note:enabled",
            run: "click",
        },
        {
            content: "The dialog says that it goes on in the background",
            trigger: ".modal .alert:contains(credited in the background)",
        },
        {
            content: "... and what all of it comes to",
            trigger: ".modal .o_credit_note_preview td[name=amount_to_credit]",
        },
        {
            content: "What does not work in the background is off, and says why",
            trigger:
                ".modal footer span[title*='in the background'] button[name=action_issue_and_print]:disabled",
        },
        {
            content: "Issue",
            trigger: ".modal footer button[name=action_issue]",
            run: "click",
        },
        {
            content: "The batch is open, nothing is done yet",
            trigger: progress(0),
        },
        {
            content: "Load the page again",
            trigger: "button[name=action_cancel]",
            run: () => browser.location.reload(),
            expectUnloadPage: true,
        },
        {
            content: "The batch is there again; now the scheduler works",
            trigger: progress(0),
            run: runCron,
        },
        {
            content: "The progress bar moves by itself",
            trigger: progress(2),
            timeout: 60000,
            run: runCron,
        },
        {
            content: "... to the end",
            trigger: progress(4),
            timeout: 60000,
        },
        {
            content: "It is done",
            trigger: ".o_statusbar_status .o_arrow_button_current:contains(Done)",
        },
        {
            content: "What could not be credited is listed with the reason",
            trigger:
                "div[name=failed_line_ids] .o_data_row td[name=error]:contains(Nothing is left to credit)",
        },
        {
            content: "Open the credit notes",
            trigger: "button[name=action_view_credit_notes]",
            run: "click",
        },
        {
            content: "There are three",
            trigger: ".o_list_view .o_data_row:nth-child(3):contains(RINV)",
        },
    ],
});
