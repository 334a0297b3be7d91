import { registry } from "@web/core/registry";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

import { Component, xml } from "@odoo/owl";

/** The sentence that would refuse what stands in a field. */
export class CreditNoteRefusal extends Component {
    static template = xml`
        <div
            t-if="refusal"
            class="o_credit_note_refusal small mb-2"
            t-att-class="{ 'text-danger': !isEmpty }"
            role="status"
            t-out="refusal"
        />`;
    static props = { ...standardWidgetProps, field: String };

    get refusal() {
        return this.props.record.data.refusals?.[this.props.field];
    }

    /** Nothing was entered yet, so nothing is wrong yet. */
    get isEmpty() {
        const value = this.props.record.data[this.props.field];
        return value?.records ? !value.records.some((line) => line.data.quantity) : !value;
    }
}

registry.category("view_widgets").add("credit_note_refusal", {
    component: CreditNoteRefusal,
    extractProps: ({ attrs }) => ({ field: attrs.field }),
});
