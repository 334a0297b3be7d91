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
    static props = {
        ...standardWidgetProps,
        field: String,
        entered: { type: String, optional: true },
    };

    get refusal() {
        return this.props.record.data.refusals?.[this.props.field];
    }

    /** Nothing was entered yet, so nothing is wrong yet. */
    get isEmpty() {
        const value = this.props.record.data[this.props.field];
        const { entered } = this.props;
        return entered ? !value.records.some((line) => line.data[entered]) : !value;
    }
}

registry.category("view_widgets").add("credit_note_refusal", {
    component: CreditNoteRefusal,
    // Of lines, the field in which one enters something.
    extractProps: ({ attrs: { field, entered } }) => ({ field, entered }),
});
