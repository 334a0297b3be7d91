import { browser } from "@web/core/browser/browser";
import { registry } from "@web/core/registry";

import { nothingIsCut } from "./cut_text";

const TAB = ".o_notebook_content";
const DIALOG = ".modal .o_credit_note_dialog";

const openTab = () => ({
    trigger: "a.nav-link[name=customer_invoices]",
    run: "click",
});

const tick = (text) => ({
    content: `Tick ${text}`,
    trigger: `${TAB} .o_data_row:contains(${text}) .o_list_record_selector input`,
    run: "click",
});

const openDialog = () => [
    {
        trigger: ".o_customer_invoices_credit_note:enabled",
        run: "click",
    },
    { trigger: DIALOG },
];

const clickInDialog = (name) => ({
    trigger: `.modal footer button[name=${name}]:enabled`,
    run: "click",
});

const enter = (name, text) => ({
    trigger: `.modal div[name=${name}] :is(input, textarea)`,
    run: `edit ${text} && press Tab`,
});

const chooseReason = () => [
    {
        trigger: ".modal div[name=reason_id] input",
        run: "edit Order canc",
    },
    {
        trigger: ".o-autocomplete--dropdown-item:contains(Order cancelled)",
        run: "click",
    },
];

const dialogIsClosed = () => ({ trigger: "body:not(:has(.modal))" });

const issued = () => ({
    content: "The message names the credit note",
    trigger: ".o_notification a[href*='/odoo/credit-notes/']:contains(RINV)",
});

const decide = () => [
    {
        content: "The list says what waits, why, how much, who asked",
        trigger:
            ".o_data_row:contains(Tour clerk):contains(need approval):contains(1,150.00)",
    },
    {
        trigger: ".o_data_row:first-child button[name=action_decide]",
        run: "click",
    },
    { trigger: ".modal div[name=amount_asked]:contains(1,150.00)" },
];

const nothingWaits = () => ({
    content: "Nothing waits any more",
    trigger: ".o_view_nocontent:contains(Nothing to approve), .o_list_view:not(:has(.o_data_row))",
});

registry.category("web_tour.tours").add("credit_note_approval_asked", {
    steps: () => [
        openTab(),
        tick("Around big"),
        ...openDialog(),
        {
            content: "The dialog says why it needs approval",
            trigger: `${DIALOG} .alert:contains(need approval)`,
        },
        clickInDialog("action_ask_approval"),
        {
            content: "It waits, and nothing is issued",
            trigger: ".o_form_view .alert:contains(Waits for approval)",
        },
        {
            content: "Who asked cannot decide, only withdraw it",
            trigger: ".o_form_view:not(:has(button[name=action_decide])) button:contains(Withdraw)",
        },
        nothingIsCut(".o_form_sheet"),
    ],
});

registry.category("web_tour.tours").add("credit_note_approved", {
    steps: () => [...decide(), clickInDialog("action_approve"), dialogIsClosed(), nothingWaits()],
});

registry.category("web_tour.tours").add("credit_note_approved_in_part", {
    steps: () => [
        ...decide(),
        enter("amount", "300"),
        enter("note", "A part"),
        clickInDialog("action_approve"),
        dialogIsClosed(),
        nothingWaits(),
    ],
});

registry.category("web_tour.tours").add("credit_note_refused", {
    steps: () => [
        ...decide(),
        clickInDialog("action_refuse"),
        {
            content: "Not without a word",
            trigger: ".modal .o_error_dialog, .modal:contains(Write a word)",
        },
        {
            trigger: ".modal:contains(Write a word) footer button",
            run: "click",
        },
        enter("note", "Not ours"),
        clickInDialog("action_refuse"),
        dialogIsClosed(),
        nothingWaits(),
    ],
});

registry.category("web_tour.tours").add("credit_note_approved_on_phone", {
    steps: () => [
        {
            trigger: "button[name=action_decide]",
            run: "click",
        },
        { trigger: ".modal div[name=amount_asked]:contains(1,150.00)" },
        nothingIsCut(".modal-dialog"),
        clickInDialog("action_approve"),
        dialogIsClosed(),
        {
            content: "It goes on by itself",
            trigger: ".o_form_view:not(:has(button[name=action_decide]))",
        },
    ],
});

registry.category("web_tour.tours").add("credit_note_for_several", {
    steps: () => [
        openTab(),
        tick("Around one"),
        tick("Around two"),
        ...openDialog(),
        {
            trigger: `${DIALOG} div[name=as_one] input`,
            run: "click",
        },
        clickInDialog("action_issue"),
        issued(),
        dialogIsClosed(),
        {
            content: "Neither is open any more",
            trigger: `${TAB}:not(:has(.o_data_row:contains(Around)))`,
        },
    ],
});

registry.category("web_tour.tours").add("credit_note_without_invoice", {
    steps: () => [
        openTab(),
        {
            trigger: ".o_customer_invoices_without_invoice",
            run: "click",
        },
        { trigger: DIALOG },
        ...chooseReason(),
        {
            trigger: ".modal div[name=subject] input[data-value=former]",
            run: "click",
        },
        enter("former_number", "OLD-1"),
        enter("former_date", "03/04/2019"),
        enter("former_total", "230"),
        {
            trigger: ".modal .o_field_x2many_list_row_add a",
            run: "click",
        },
        {
            trigger: ".modal .o_selected_row div[name=name] :is(input, textarea)",
            run: "edit Bonus",
        },
        {
            trigger: ".modal .o_selected_row div[name=amount] input",
            run: "edit 115",
        },
        {
            content: "While it is typed, nothing fails",
            trigger: ".modal .o_selected_row",
            run: () => new Promise((resolve) => browser.setTimeout(resolve, 600)),
        },
        { trigger: "body:not(:has(.o_error_dialog)) .modal .o_selected_row" },
        {
            content: "The button says how much",
            trigger: `${DIALOG} div[name=former_total]`,
            run: "click",
        },
        { trigger: ".modal footer button[name=action_issue]:contains(115.00)" },
        nothingIsCut(".modal-dialog"),
        clickInDialog("action_issue"),
        issued(),
        dialogIsClosed(),
    ],
});

registry.category("web_tour.tours").add("credit_refunded_online", {
    steps: () => [
        {
            trigger: "button[name=action_refund_credit]",
            run: "click",
        },
        { trigger: ".modal td[name=amount_refundable]:contains(115.00)" },
        nothingIsCut(".modal-dialog"),
        {
            trigger: ".modal td[name=amount]",
            run: "click",
        },
        {
            trigger: ".modal td[name=amount] input",
            run: "edit 200",
        },
        {
            trigger: ".modal .modal-title",
            run: "click",
        },
        {
            content: "More than is open is marked, and the button is off",
            trigger: ".modal .o_credit_note_refusal.text-danger:contains(is open)",
        },
        { trigger: ".modal footer button[name=action_refund]:disabled" },
        {
            trigger: ".modal td[name=amount]",
            run: "click",
        },
        {
            trigger: ".modal td[name=amount] input",
            run: "edit 115",
        },
        {
            trigger: ".modal .modal-title",
            run: "click",
        },
        clickInDialog("action_refund"),
        {
            content: "The provider has given it back",
            trigger: ".o_notification:contains(refunds):contains(115.00)",
        },
        dialogIsClosed(),
    ],
});

registry.category("web_tour.tours").add("credit_used_on_phone", {
    steps: () => [
        {
            trigger: ".o_statusbar_buttons button[title=More]",
            run: "click",
        },
        {
            trigger: ".o-dropdown--menu button[name=action_use_credit]",
            run: "click",
        },
        {
            trigger: ".modal .o_kanban_record:contains(1,150.00) div[name=is_applied] input",
            run: "click",
        },
        { trigger: ".modal div[name=amount_open]:contains(0.00)" },
        {
            trigger: ".modal .o_kanban_record:contains(57.50) div[name=is_applied] input",
            run: "click",
        },
        {
            content: "Nothing is left for the one that is due later",
            trigger: ".modal .o_credit_note_refusal.text-danger:contains(is left for)",
        },
        { trigger: ".modal footer button[name=action_apply]:disabled" },
        nothingIsCut(".modal-dialog"),
        {
            trigger: ".modal .o_kanban_record:contains(57.50) div[name=is_applied] input",
            run: "click",
        },
        { trigger: ".modal-dialog:not(:has(.o_credit_note_refusal))" },
        clickInDialog("action_apply"),
        dialogIsClosed(),
        { trigger: ".o_form_view:not(:has(.modal))" },
    ],
});

registry.category("web_tour.tours").add("credit_taken_off", {
    steps: () => [
        {
            trigger: "button[name=action_use_credit]",
            run: "click",
        },
        {
            content: "The invoice that got it is ticked",
            trigger: ".modal .o_data_row td[name=amount_applied]:contains(57.50)",
        },
        {
            trigger: ".modal .o_data_row td[name=is_applied] input:checked",
            run: "click",
        },
        {
            content: "All of it would be open again",
            trigger: ".modal div[name=amount_open]:contains(115.00)",
        },
        nothingIsCut(".modal-dialog"),
        clickInDialog("action_apply"),
        dialogIsClosed(),
        {
            content: "Both documents say so",
            trigger: ".o-mail-Message:contains(Taken off)",
        },
    ],
});
