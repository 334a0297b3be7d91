import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

import { nothingIsCut } from "./cut_text";

const TAB = ".o_notebook_content";
const CREDIT_NOTE = ".o_customer_invoices_credit_note";

const goToTab = () => ({
    content: "Open the tab with the customer's invoices",
    trigger: "a.nav-link[name=customer_invoices]",
    run: "click",
});

const removeFilter = () => ({
    content: "Show what is not open, too",
    trigger: `${TAB} .o_facet_remove`,
    run: "click",
});

const openTab = () => [
    goToTab(),
    removeFilter(),
    { trigger: `${TAB} .o_searchview:not(:has(.o_searchview_facet))` },
    {
        content: "Nothing is ticked, so there is nothing to credit",
        trigger: `${CREDIT_NOTE}:disabled`,
    },
    {
        content: "The hint says what to do",
        trigger: ".o_customer_invoices_hint:contains(Tick one or more)",
    },
];

const row = (text) => `${TAB} .o_data_row:contains(${text})`;

const tick = (text) => ({
    content: `Tick ${text}`,
    trigger: `${row(text)} .o_list_record_selector input`,
    run: "click",
});

const clickCreditNote = () => ({
    content: "Click Credit note",
    trigger: `${CREDIT_NOTE}:enabled`,
    run: "click",
});

const clickInDialog = (name) => ({
    content: `Click ${name}`,
    trigger: `.modal footer button[name=${name}]`,
    run: "click",
});

const dialogIsClosed = () => ({
    content: "The dialog is closed",
    trigger: "body:not(:has(.modal))",
});

registry.category("web_tour.tours").add("credit_note_from_customer", {
    steps: () => [
        ...openTab(),
        tick("Tour one"),
        clickCreditNote(),
        {
            content: "The dialog says what is credited",
            trigger: ".modal .o_credit_note_preview td[name=total]:contains(115.00)",
        },
        {
            content: "... and what it leaves due",
            trigger: ".modal .o_credit_note_preview td[name=amount_due_after]:contains(0.00)",
        },
        {
            content: "Choose a reason",
            trigger: ".modal div[name=reason_id] input",
            run: "edit Order canc",
        },
        {
            trigger: ".o-autocomplete--dropdown-item:contains(Order cancelled)",
            run: "click",
        },
        {
            content: "Add some words",
            trigger: ".modal div[name=reason] input",
            run: "edit by phone",
        },
        clickInDialog("action_issue"),
        {
            content: "The message names the credit note with a link",
            trigger: ".o_notification a[href*='/odoo/credit-notes/']:contains(RINV)",
        },
        dialogIsClosed(),
        {
            content: "The list is fresh: the invoice is credited",
            trigger: `${row("Tour one")} .badge:contains(Credited)`,
        },
        {
            content: "... and the credit note stands in it",
            trigger: `${row("RINV")} .badge:contains(Settled)`,
        },
        {
            content: "The selection is gone",
            trigger: `${CREDIT_NOTE}:disabled`,
        },
        tick("RINV"),
        {
            content: "A credit note cannot be credited, and the hint says so",
            trigger: ".o_customer_invoices_hint:contains(A credit note cannot be)",
        },
        {
            content: "Untick it: with a selection, Odoo's lists tick instead of open",
            trigger: `${row("RINV")} .o_list_record_selector input`,
            run: "click",
        },
        {
            content: "Open the invoice",
            trigger: `${row("Tour one")} td[name=name]`,
            run: "click",
        },
        {
            content: "The ribbon has the word of the list",
            trigger: ".ribbon span:contains(Credited)",
        },
        {
            content: "It leads to its credit note",
            trigger: "button[name=action_view_credit_notes]",
            run: "click",
        },
        {
            content: "The credit note leads back to the invoice",
            trigger: "div[name=reversed_entry_id] a:contains(INV)",
        },
        {
            content: "... and says why",
            trigger: "div[name=credit_note_reason_text]:contains(by phone)",
        },
        {
            content: "Go back to the customer",
            trigger: ".breadcrumb-item a:contains(partner_a)",
            run: "click",
        },
        {
            content: "We are back on the customer's form",
            trigger: "a.nav-link[name=customer_invoices]",
        },
    ],
});

registry.category("web_tour.tours").add("credit_notes_printed_and_sent", {
    steps: () => [
        ...openTab(),
        tick("Tour one"),
        tick("Tour two"),
        clickCreditNote(),
        {
            content: "Several invoices are listed in the dialog",
            trigger: ".modal .o_credit_note_preview tfoot:contains(Total)",
        },
        clickInDialog("action_issue_and_print"),
        {
            content: "The message names both credit notes",
            trigger: ".o_notification:contains(2 credit notes issued)",
        },
        dialogIsClosed(),
        {
            trigger: `${row("Tour two")} .badge:contains(Credited)`,
        },
        tick("Tour three"),
        clickCreditNote(),
        clickInDialog("action_issue_and_send"),
        {
            content: "Odoo's composer has our subject",
            trigger: ".modal .o_field_widget[name=subject] input:value(Credit Note)",
        },
        {
            content: "Send it",
            trigger: ".modal button[name=action_send_and_print]",
            run: "click",
        },
        dialogIsClosed(),
        {
            content: "The list is fresh after sending, too",
            trigger: `${row("Tour three")} .badge:contains(Credited)`,
        },
        tick("Tour three"),
        {
            content: "What is ticked can be sent again",
            trigger: ".o_customer_invoices_send:enabled",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name=subject]",
        },
        {
            trigger: ".modal button:contains(Discard)",
            run: "click",
        },
        dialogIsClosed(),
    ],
});

registry.category("web_tour.tours").add("customer_invoices_ticked", {
    steps: () => [
        ...openTab(),
        tick("Tour three"),
        {
            content: "What is ticked is summed up",
            trigger: ".o_customer_invoices_summary:contains(1 ticked: $ 345.00)",
        },
        {
            content: "... with the buttons in sight, although the list is longer",
            trigger: CREDIT_NOTE,
            run() {
                const { bottom } = document.querySelector(CREDIT_NOTE).getBoundingClientRect();
                const last = [...document.querySelectorAll(`${TAB} .o_data_row`)].at(-1);
                if (bottom > window.innerHeight) {
                    throw new Error("The buttons are below the screen");
                }
                if (last.getBoundingClientRect().top < window.innerHeight) {
                    throw new Error("The list is no longer than the screen");
                }
            },
        },
    ],
});

registry.category("web_tour.tours").add("customer_invoices_rejected", {
    steps: () => [
        ...openTab(),
        { trigger: row("Tour one") },
        {
            content: "Filter",
            trigger: `${TAB} .o_searchview_dropdown_toggler`,
            run: "click",
        },
        {
            trigger: ".o_filter_menu .o-dropdown-item:contains(Rejected by Customer)",
            run: "click",
        },
        { trigger: `${TAB}:not(:has(.o_data_row:contains(Tour one)))` },
        {
            content: "The status says why",
            trigger: `${row("Tour rejected")} td[data-tooltip*="Price is wrong"]:contains(Rejected)`,
        },
        tick("Tour rejected"),
        clickCreditNote(),
        {
            content: "... and the dialog does",
            trigger: ".modal div[name=rejection]:contains(Price is wrong)",
        },
    ],
});

registry.category("web_tour.tours").add("customer_invoices_search", {
    steps: () => [
        ...openTab(),
        { trigger: row("Tour one") },
        {
            content: "Search",
            trigger: `${TAB} .o_searchview_input`,
            run: "edit Tour two",
        },
        {
            trigger: ".o_searchview_autocomplete .o-dropdown-item:first",
            run: "click",
        },
        { trigger: `${TAB}:not(:has(.o_data_row:contains(Tour one)))` },
        { trigger: row("Tour two") },
        {
            content: "Drop the search",
            trigger: `${TAB} .o_facet_remove`,
            run: "click",
        },
        {
            content: "Filter",
            trigger: `${TAB} .o_searchview_dropdown_toggler`,
            run: "click",
        },
        {
            trigger: ".o_filter_menu .o-dropdown-item:contains(Draft)",
            run: "click",
        },
        { trigger: row("Tour draft") },
        { trigger: `${TAB}:not(:has(.o_data_row:contains(Tour two)))` },
        tick("Tour draft"),
        {
            content: "The hint names what is wrong about a draft",
            trigger: ".o_customer_invoices_hint:contains(A draft has nothing)",
        },
        {
            trigger: `${TAB} .o_list_unselect_all, ${TAB} .o_unselect_all`,
            run: "click",
        },
        {
            trigger: `${TAB} .o_facet_remove`,
            run: "click",
        },
        { trigger: row("Tour one") },
        {
            content: "Sort by total",
            trigger: `${TAB} th[data-name=amount_total_posted]`,
            run: "click",
        },
        {
            content: "The smallest comes first",
            trigger: `${TAB} .o_data_row:first:contains(Tour draft)`,
        },
    ],
});

registry.category("web_tour.tours").add("customer_invoices_new_customer", {
    steps: () => [
        {
            trigger: "a.nav-link[name=customer_invoices]",
            run: "click",
        },
        {
            trigger: ".o_customer_invoices_new:contains(Save the customer first)",
        },
        {
            trigger: "div[name=name] input, div[name=name] textarea",
            run: "edit Tour Customer",
        },
        ...stepUtils.saveForm(),
        {
            content: "A customer without invoices",
            trigger: ".o_nocontent_help:contains(no invoices yet)",
        },
        { trigger: `${CREDIT_NOTE}:disabled` },
    ],
});

registry.category("web_tour.tours").add("customer_invoices_opens_on_open", {
    steps: () => [
        goToTab(),
        {
            content: "It opens on what is open",
            trigger: `${TAB} .o_searchview_facet:contains(Open)`,
        },
        { trigger: row("Tour one") },
        { trigger: `${TAB}:not(:has(.o_data_row:contains(Tour draft)))` },
        {
            content: "A credit note names its invoice",
            trigger: `${row("RINV")} .o_customer_document_credited:contains(INV)`,
        },
        {
            content: "... and no company where there is one only",
            trigger: `${TAB}:not(:has(.o_customer_document_company))`,
        },
        {
            content: "The sum is there",
            trigger: `${TAB} tfoot td:contains(632.50)`,
        },
        removeFilter(),
        { trigger: row("Tour draft") },
        {
            content: "A draft has no number and owes nothing",
            trigger: `${row("Tour draft")} td[name=name]:contains(No number)`,
        },
        {
            trigger: `${row("Tour draft")} td[name=amount_residual_in_currency_signed]:not(:contains(0))`,
        },
        {
            content: "... what it comes to is shown",
            trigger: `${row("Tour draft")} td[name=amount_total_posted]:contains(57.50)`,
        },
        {
            content: "... and is in no sum",
            trigger: `${TAB} tfoot td:contains(690.00)`,
        },
        tick("Tour draft"),
        {
            content: "... ticked, neither",
            trigger: `${TAB} tfoot:not(:contains(57.50))`,
        },
        {
            trigger: `${row("Tour draft")} .o_list_record_selector input`,
            run: "click",
        },
        {
            content: "Go elsewhere and come back",
            trigger: `${row("Tour one")} td[name=name]`,
            run: "click",
        },
        {
            trigger: ".breadcrumb-item a:contains(partner_a)",
            run: "click",
        },
        goToTab(),
        {
            content: "The choice is remembered",
            trigger: row("Tour draft"),
        },
        { trigger: `${TAB} .o_searchview:not(:has(.o_searchview_facet))` },
        {
            trigger: `${TAB} .o_searchview_dropdown_toggler`,
            run: "click",
        },
        {
            content: "What is left to credit is a filter",
            trigger: ".o_filter_menu .o-dropdown-item:contains(Left to Credit)",
            run: "click",
        },
        { trigger: `${TAB}:not(:has(.o_data_row:contains(Tour draft)))` },
        { trigger: row("Tour one") },
        {
            content: "A search without hits says so",
            trigger: `${TAB} .o_searchview_input`,
            run: "edit nothing like it",
        },
        {
            trigger: ".o_searchview_autocomplete .o-dropdown-item:first",
            run: "click",
        },
        { trigger: ".o_nocontent_help:contains(No document matches)" },
    ],
});

registry.category("web_tour.tours").add("customer_invoices_all_companies", {
    steps: () => [
        goToTab(),
        {
            content: "The company is named where there are several",
            trigger: `${row("Tour one")} .o_customer_document_company:contains(company_1_data)`,
        },
        {
            trigger: `${row("Tour other")} .o_customer_document_company:contains(company_2)`,
        },
    ],
});

registry.category("web_tour.tours").add("customer_invoices_empty_contact", {
    steps: () => [
        goToTab(),
        { trigger: ".o_nocontent_help:contains(See the invoices of partner_a)" },
    ],
});

registry.category("web_tour.tours").add("customer_invoices_access_key", {
    steps: () => [
        goToTab(),
        tick("Tour one"),
        {
            content: "Press the access key",
            trigger: `${CREDIT_NOTE}[data-hotkey='shift+c']:enabled`,
            run: "press alt+shift+c",
        },
        { trigger: ".modal .o_credit_note_preview" },
    ],
});

registry.category("web_tour.tours").add("customer_invoices_fits", {
    steps: () => [
        goToTab(),
        removeFilter(),
        {
            content: "A draft is there, too",
            trigger: `${TAB} .o_data_row td[name=name] .text-muted`,
        },
        nothingIsCut(".o_widget_customer_invoices"),
    ],
});

registry.category("web_tour.tours").add("customer_invoices_phone", {
    steps: () => [
        {
            trigger: "a.nav-link[name=customer_invoices]",
            run: "click",
        },
        {
            content: "Cards instead of a list",
            trigger: ".o_notebook_content .o_kanban_record:contains(Not Paid)",
        },
        { trigger: `${CREDIT_NOTE}:disabled` },
        {
            content: "The hint says how a card is ticked",
            trigger: ".o_customer_invoices_hint:contains(Press and hold)",
        },
    ],
});

registry.category("web_tour.tours").add("customer_invoices_contact", {
    steps: () => [
        ...openTab(),
        {
            content: "A contact has the documents addressed to it",
            trigger: row("Tour contact"),
        },
        {
            content: "... and not those of its company",
            trigger: `${TAB}:not(:has(.o_data_row:contains(Tour one)))`,
        },
    ],
});

registry.category("web_tour.tours").add("customer_invoices_company", {
    steps: () => [
        ...openTab(),
        {
            content: "A company has its own documents and those of its contacts",
            trigger: row("Tour contact"),
        },
        { trigger: row("Tour one") },
    ],
});

registry.category("web_tour.tours").add("credit_note_from_invoice", {
    steps: () => [
        {
            content: "Odoo's own button opens the same dialog",
            trigger: "button[name=action_reverse]",
            run: "click",
        },
        {
            trigger: ".modal div[name=reason_id] input",
        },
        clickInDialog("action_issue"),
        {
            trigger: ".o_notification a:contains(RINV)",
        },
        dialogIsClosed(),
        {
            content: "The invoice is fresh",
            trigger: ".ribbon span:contains(Credited)",
        },
        {
            content: "It cannot be credited again",
            trigger: "body:not(:has(button[name=action_reverse]))",
        },
    ],
});

const chooseMethod = (label) => [
    {
        content: `Credit ${label}`,
        trigger: `.modal div[name=credit_method] label:contains(${label})`,
        run: "click",
    },
];

const previewSays = (column, amount) => ({
    content: `The preview says ${amount} for ${column}`,
    trigger: `.modal .o_credit_note_preview td[name=${column}]:contains(${amount})`,
});

registry.category("web_tour.tours").add("credit_note_by_line", {
    steps: () => [
        ...openTab(),
        tick("Tour lines"),
        clickCreditNote(),
        ...chooseMethod("Lines"),
        {
            content: "Nothing is ticked, so there is nothing to issue",
            trigger: ".modal footer button[name=action_issue]:disabled",
        },
        {
            content: "One tick credits a line",
            trigger: ".modal .o_data_row:contains(Service 2) td[name=tick] input",
            run: "click",
        },
        previewSays("total", "57.50"),
        previewSays("amount_left", "115.00"),
        clickInDialog("action_issue"),
        { trigger: ".o_notification a:contains(RINV)" },
        dialogIsClosed(),
        { trigger: `${row("Tour lines")} .badge:contains(Partially Credited)` },
        {
            content: "What is left stands in the list",
            trigger: `${row("Tour lines")} td[name=amount_creditable]:contains(115.00)`,
        },
    ],
});

registry.category("web_tour.tours").add("credit_note_by_amount", {
    steps: () => [
        ...openTab(),
        tick("Tour lines"),
        clickCreditNote(),
        ...chooseMethod("An amount"),
        {
            trigger: ".modal div[name=amount] input",
            run: "edit 33.33",
        },
        {
            content: "Leave the field",
            trigger: ".modal div[name=reason] input",
            run: "click",
        },
        previewSays("total", "33.33"),
        previewSays("amount_due_after", "139.17"),
        clickInDialog("action_issue"),
        { trigger: ".o_notification a:contains(RINV)" },
        dialogIsClosed(),
    ],
});

registry.category("web_tour.tours").add("credit_note_refunded", {
    steps: () => [
        ...openTab(),
        tick("Tour lines"),
        clickCreditNote(),
        previewSays("amount_customer_credit", "172.50"),
        {
            content: "The invoice was paid: choose what happens with the money",
            trigger: ".modal div[name=settlement] label:contains(Refund)",
            run: "click",
        },
        clickInDialog("action_issue"),
        {
            content: "Odoo's Register Payment, with the amount",
            trigger: ".modal div[name=amount] input:value(172.50)",
        },
        {
            trigger: ".modal button[name=action_create_payments]",
            run: "click",
        },
        dialogIsClosed(),
        { trigger: `${row("RINV")} .badge:contains(Settled)` },
    ],
});

registry.category("web_tour.tours").add("credit_and_invoice_again", {
    steps: () => [
        ...openTab(),
        tick("Tour lines"),
        clickCreditNote(),
        {
            content: "What is rarer is in a menu",
            trigger: ".modal footer button:contains(More)",
            run: "click",
        },
        clickInDialog("action_reinvoice"),
        {
            content: "The draft of the new invoice",
            trigger: ".o_arrow_button_current:contains(Draft)",
        },
        { trigger: "td[name=name]:contains(Service 2), .o_data_row:contains(Service 2)" },
    ],
});

registry.category("web_tour.tours").add("credit_note_in_french", {
    steps: () => [
        {
            content: "Open the tab with the customer's invoices",
            trigger: "a.nav-link[name=customer_invoices]:contains(Factures)",
            run: "click",
        },
        {
            content: "The hint is in French",
            trigger: ".o_customer_invoices_hint:contains(Cochez d'abord)",
        },
        tick("Tour one"),
        {
            content: "So is the button",
            trigger: `${CREDIT_NOTE}:enabled:contains(Avoir)`,
            run: "click",
        },
        {
            content: "... the title of the dialog",
            trigger: ".modal .modal-title:contains(Avoir)",
        },
        {
            content: "... its preview, from the server",
            trigger: ".modal .o_credit_note_preview th:contains(Reste à créditer)",
        },
        clickInDialog("action_issue"),
        {
            content: "... and the message",
            trigger: ".o_notification:contains(Avoir émis)",
        },
        dialogIsClosed(),
    ],
});
