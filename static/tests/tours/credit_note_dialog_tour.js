import { registry } from "@web/core/registry";

import { nothingIsCut } from "./cut_text";

const TAB = ".o_notebook_content";
const DIALOG = ".modal .o_credit_note_dialog";
const ISSUE = ".modal footer button[name=action_issue]";

const openTab = () => ({
    trigger: "a.nav-link[name=customer_invoices]",
    run: "click",
});

const tick = (text) => ({
    trigger: `${TAB} .o_data_row:contains(${text}) .o_list_record_selector input`,
    run: "click",
});

const tickAll = () => ({
    trigger: `${TAB} thead .o_list_record_selector input`,
    run: "click",
});

const openDialog = () => [
    {
        trigger: ".o_customer_invoices_credit_note:enabled",
        run: "click",
    },
    { trigger: DIALOG },
];

/** Not by name: a tour may run in any language. */
const chooseMethod = (method) => ({
    trigger: `${DIALOG} div[name=credit_method] input[data-value=${method}]`,
    run: "click",
});

const isInSight = (selector) => ({
    content: `${selector} is in sight`,
    trigger: selector,
    run() {
        const element = document.querySelector(selector);
        const { top, bottom, left, right, width, height } = element.getBoundingClientRect();
        const [x, y] = [left + width / 2, top + height / 2];
        if (top < 0 || bottom > window.innerHeight || left < 0 || right > window.innerWidth) {
            throw new Error(`${selector} is off the screen`);
        }
        if (!element.contains(document.elementFromPoint(x, y))) {
            throw new Error(`${selector} is covered`);
        }
    },
});

const hasFocus = (selector) => ({
    content: `${selector} has the focus`,
    trigger: selector,
    run() {
        if (document.activeElement !== document.querySelector(selector)) {
            throw new Error(`${document.activeElement.outerHTML} has the focus`);
        }
    },
});

const closeDialog = () => [
    {
        trigger: ".modal .btn-close",
        run: "click",
    },
    { trigger: "body:not(:has(.modal))" },
];

const dialogIsClosed = () => ({ trigger: "body:not(:has(.modal))" });

registry.category("web_tour.tours").add("credit_note_refused_while_typed", {
    steps: () => [
        openTab(),
        tick("Dialog lines"),
        ...openDialog(),
        {
            content: "The head says for whom, which and how much",
            trigger: `${DIALOG} .o_credit_note_head:contains(partner_a):contains(INV/):contains(172.50)`,
        },
        { trigger: `${ISSUE}:enabled:contains(Issue):contains(172.50)` },
        chooseMethod("amount"),
        {
            content: "Nothing is entered yet, and the button is off",
            trigger: `${DIALOG} .o_credit_note_refusal:not(.text-danger):contains(Enter the amount)`,
        },
        { trigger: `${ISSUE}:disabled` },
        {
            content: "Type too much, and stay in the field",
            trigger: `${DIALOG} div[name=amount] input`,
            run() {
                const input = this.anchor;
                input.focus();
                input.value = "172.51";
                input.dispatchEvent(new InputEvent("input", { bubbles: true }));
            },
        },
        {
            trigger: `${DIALOG} .o_credit_note_refusal.text-danger:contains(172.51):contains(more than is left)`,
        },
        hasFocus(`${DIALOG} div[name=amount] input`),
        { trigger: `${DIALOG} div[name=amount].text-danger` },
        { trigger: `.modal footer span[title*='more than is left'] button[name=action_issue]:disabled` },
        { trigger: `${DIALOG}:not(:has(.o_credit_note_preview))` },
        {
            trigger: `${DIALOG} div[name=amount] input`,
            run() {
                const input = this.anchor;
                input.value = "172.5";
                input.dispatchEvent(new InputEvent("input", { bubbles: true }));
            },
        },
        { trigger: `${ISSUE}:enabled:contains(172.50)` },
        {
            content: "What is typed stays as it was typed",
            trigger: `${DIALOG} div[name=amount] input:value(172.5)`,
        },
        {
            trigger: ISSUE,
            run: "click",
        },
        {
            content: "The message says number and amount",
            trigger: ".o_notification:contains(RINV):contains(172.50)",
        },
        {
            content: "... and what can be done now",
            trigger: ".o_notification_buttons button:contains(Open)",
            run: "click",
        },
        {
            content: "The credit note is open",
            trigger: ".o_form_view div[name=reversed_entry_id]:contains(INV)",
        },
    ],
});

registry.category("web_tour.tours").add("credit_note_lines_picked", {
    steps: () => [
        openTab(),
        tick("Dialog forty"),
        ...openDialog(),
        chooseMethod("lines"),
        { trigger: `${DIALOG} .o_credit_lines_count:contains(0 / 40)` },
        {
            content: "Search",
            trigger: `${DIALOG} .o_credit_lines_search`,
            run: "edit service 3",
        },
        {
            content: "Service 3, 13, 23 and 30 to 39",
            trigger: `${DIALOG} .o_credit_lines:not(:has(.o_data_row:contains(Service 4)))`,
            run() {
                const count = document.querySelectorAll(`${DIALOG} .o_data_row`).length;
                if (count !== 13) {
                    throw new Error(`${count} lines are found`);
                }
            },
        },
        {
            content: "Tick all that were found",
            trigger: `${DIALOG} .o_credit_lines_all`,
            run: "click",
        },
        { trigger: `${DIALOG} .o_credit_lines_count:contains(13 / 40)` },
        { trigger: `${ISSUE}:contains(149.50)` },
        {
            content: "Show all lines again",
            trigger: `${DIALOG} .o_credit_lines_search`,
            run: "clear",
        },
        {
            content: "The keyboard suffices: space ticks",
            trigger: `${DIALOG} .o_data_row:contains(Service 1) td[name=tick] input`,
            async run({ press }) {
                this.anchor.focus();
                await press("Space");
            },
        },
        { trigger: `${DIALOG} .o_credit_lines_count:contains(14 / 40)` },
        {
            content: "... arrows move",
            trigger: `${DIALOG} .o_data_row:contains(Service 1) td[name=tick] input`,
            async run({ press }) {
                await press("ArrowDown");
            },
        },
        hasFocus(`${DIALOG} .o_data_row:nth-child(2) td[name=tick] input`),
        {
            content: "... and each input says what it is of",
            trigger: `${DIALOG} .o_data_row:nth-child(2) td[name=quantity] input[aria-label*='Service 2']`,
            run: "edit 99",
        },
        {
            content: "More than is left is marked at the line",
            trigger: `${DIALOG} .o_data_row:nth-child(2) .o_credit_note_refusal:contains(more than is left)`,
        },
        {
            trigger: `${DIALOG} .o_data_row:nth-child(2) td[name=quantity] input[aria-invalid]`,
            run: "edit 0.5",
        },
        {
            trigger: `${DIALOG} .o_data_row:nth-child(2) td[name=amount]:contains(5.00)`,
        },
        { trigger: `${ISSUE}:enabled:contains(166.75)` },
        {
            content: "To the last line",
            trigger: `${DIALOG} .o_credit_lines_scroll`,
            run() {
                this.anchor.scrollTop = this.anchor.scrollHeight;
            },
        },
        isInSight(`${DIALOG} div[name=total]`),
        isInSight(`${DIALOG} .o_credit_note_preview td[name=total]`),
        isInSight(`${DIALOG} .o_data_row:last-child td[name=quantity] input`),
        isInSight(ISSUE),
        {
            content: "What was typed and ticked is issued",
            trigger: ISSUE,
            run: "click",
        },
        { trigger: ".o_notification:contains(166.75)" },
        { trigger: "body:not(:has(.modal))" },
    ],
});

registry.category("web_tour.tours").add("credit_note_lines_on_phone", {
    steps: () => [
        {
            content: "On a phone the buttons of a document are in a menu",
            trigger: ".o_statusbar_buttons button[title=More]",
            run: "click",
        },
        {
            trigger: ".o-dropdown--menu button[name=action_reverse]",
            run: "click",
        },
        { trigger: DIALOG },
        chooseMethod("lines"),
        {
            trigger: `${DIALOG} .o_data_row:contains(Service 2) td[name=tick] input`,
            run: "click",
        },
        { trigger: `${DIALOG} .o_credit_lines_count:contains(1 / 40)` },
        {
            trigger: `${DIALOG} .o_data_row:contains(Service 40) td[name=quantity] input`,
            async run() {
                this.anchor.scrollIntoView({ block: "center" });
            },
        },
        isInSight(`${DIALOG} .o_data_row:last-child td[name=quantity] input`),
        isInSight(`${DIALOG} .o_data_row:last-child td[name=price_unit] input`),
        isInSight(`${DIALOG} div[name=total]`),
        isInSight(ISSUE),
        nothingIsCut(".modal-dialog"),
        ...closeDialog(),
    ],
});

registry.category("web_tour.tours").add("credit_notes_of_many", {
    steps: () => [
        openTab(),
        { trigger: `${TAB} .o_data_row:contains(Dialog 19)` },
        tickAll(),
        ...openDialog(),
        {
            trigger: `${DIALOG} .o_credit_note_head:contains(20 invoices):contains(2,300.00)`,
        },
        isInSight(`${DIALOG} div[name=total]`),
        isInSight(`${DIALOG} .o_credit_note_preview tfoot td:nth-child(3)`),
        isInSight(ISSUE),
        {
            content: "At most four buttons and a menu",
            trigger: ".modal footer",
            run() {
                const buttons = [...document.querySelectorAll(".modal footer button")].filter(
                    (button) => button.offsetWidth
                );
                if (buttons.length > 5) {
                    throw new Error(`${buttons.length} buttons`);
                }
            },
        },
        {
            trigger: ISSUE,
            run: "click",
        },
        {
            trigger:
                ".o_notification:contains(20 credit notes issued):contains(2,300.00) button:contains(Open)",
            run: "click",
        },
        {
            content: "The list of them",
            trigger: ".o_list_view .o_data_row:nth-child(20)",
        },
    ],
});

registry.category("web_tour.tours").add("credit_note_left_undone", {
    steps: () => [
        openTab(),
        {
            content: "Show what is not open, too",
            trigger: `${TAB} .o_facet_remove`,
            run: "click",
        },
        tick("Dialog paid"),
        ...openDialog(),
        {
            content: "What becomes of it follows the choice",
            trigger: `${DIALOG} p[name=outcome]:contains(Kept as customer credit)`,
        },
        {
            trigger: `${DIALOG} div[name=settlement] input[data-value=refund]`,
            run: "click",
        },
        { trigger: `${DIALOG} p[name=outcome]:contains(To refund):contains(230.00)` },
        {
            content: "Off, and it says why",
            trigger: ".modal footer span[title*='The refund comes next'] button[name=action_issue_and_send]:disabled",
        },
        {
            trigger: ISSUE,
            run: "click",
        },
        {
            trigger: ".modal div[name=amount] input:value(230.00)",
        },
        {
            content: "Leave it",
            trigger: ".modal footer button:contains(Discard), .modal .btn-close",
            run: "click",
        },
        { trigger: ".o_notification:contains(Not refunded):contains(RINV)" },
        dialogIsClosed(),
        tick("Dialog lines"),
        ...openDialog(),
        {
            trigger: ".modal footer button[name=action_issue_and_send]:enabled",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name=subject]",
        },
        {
            trigger: ".modal .btn-close",
            run: "click",
        },
        { trigger: ".o_notification:contains(Not sent):contains(RINV)" },
    ],
});

registry.category("web_tour.tours").add("credit_note_dialog_fits", {
    steps: () => [
        openTab(),
        tick("Dialog forty"),
        ...openDialog(),
        nothingIsCut(".modal-dialog"),
        chooseMethod("percentage"),
        { trigger: `${DIALOG} .o_credit_note_refusal` },
        nothingIsCut(".modal-dialog"),
        chooseMethod("lines"),
        { trigger: `${DIALOG} .o_data_row:nth-child(40)` },
        nothingIsCut(".modal-dialog"),
        ...closeDialog(),
    ],
});
