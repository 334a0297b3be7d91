import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("locked_document", {
    steps: () => [
        {
            content: "A posted document has no Reset to Draft and no Cancel",
            trigger:
                ".o_form_view:not(:has(button[name=button_draft])):not(:has(button[name=button_cancel]))",
        },
        {
            content: "What is printed on it is read-only",
            trigger: ".o_field_widget[name=partner_id].o_readonly_modifier",
        },
        {
            content: "... also what Odoo leaves open",
            trigger: ".o_field_widget[name=invoice_date_due].o_readonly_modifier",
        },
        {
            content: "Its menu offers nothing that is refused",
            trigger: ".o_cp_action_menus .dropdown-toggle:has(.fa-cog)",
            run: "click",
        },
        {
            trigger: ".o-dropdown--menu:contains(Duplicate):not(:contains(Delete)):not(:contains(Switch into))",
        },
        {
            trigger: ".o_cp_action_menus .dropdown-toggle:has(.fa-cog)",
            run: "click",
        },
        {
            content: "The mark says that it is locked; it leads to the credit note",
            trigger: ".oe_title button[name=action_credit_note]:contains(Locked)",
            run: "click",
        },
        {
            content: "The dialog is open",
            trigger: ".modal button[name=action_issue]",
        },
    ],
});
