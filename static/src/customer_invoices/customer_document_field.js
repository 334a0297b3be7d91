import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { CharField, charField } from "@web/views/fields/char/char_field";

/** The number of a document; under it what a credit note credits, and the company. */
export class CustomerDocumentField extends CharField {
    static template = "account_partner_credit_note.CustomerDocumentField";

    get credited() {
        return this.props.record.data.credited_document;
    }

    get company() {
        return user.activeCompanies.length > 1
            ? this.props.record.data.company_id?.display_name
            : "";
    }
}

registry.category("fields").add("customer_document", {
    ...charField,
    component: CustomerDocumentField,
    listViewWidth: [125],
    fieldDependencies: [
        { name: "company_id", type: "many2one" },
        { name: "credited_document", type: "char" },
    ],
});
