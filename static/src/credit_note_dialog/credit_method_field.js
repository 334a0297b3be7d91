import { registry } from "@web/core/registry";
import { RadioField, radioField } from "@web/views/fields/radio/radio_field";

/** All that can be chosen is in sight, and only that. */
export class CreditMethodField extends RadioField {
    get items() {
        const available = this.props.record.data.available_credit_methods || "";
        return super.items.filter(([method]) => available.split(",").includes(method));
    }
}

registry.category("fields").add("credit_method", {
    ...radioField,
    component: CreditMethodField,
    additionalClasses: ["o_field_radio"],
});
