import { formatFloat, formatMonetary } from "@web/views/fields/formatters";
import { parseFloat } from "@web/views/fields/parsers";
import { registry } from "@web/core/registry";
import { useBus } from "@web/core/utils/hooks";
import { useDebounced } from "@web/core/utils/timing";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { Component, useState } from "@odoo/owl";

const UPDATE = 1;

/**
 * The lines of an invoice to credit: one tick takes a line, a number takes a part of it.
 * Ticks and numbers are real inputs, so that the keyboard and screen readers suffice.
 */
export class CreditLinesField extends Component {
    static template = "account_partner_credit_note.CreditLinesField";
    static props = { ...standardFieldProps };

    setup() {
        this.state = useState({ search: "", typed: {} });
        this.updateTyped = useDebounced(() => this.commit(), 300);
        useBus(this.props.record.model.bus, "NEED_LOCAL_CHANGES", ({ detail }) =>
            detail.proms.push(this.commit())
        );
    }

    get allLines() {
        return this.props.record.data[this.props.name].records;
    }

    get lines() {
        const words = this.state.search.toLowerCase().split(/\s+/);
        return this.allLines.filter((line) => {
            const name = (line.data.name || "").toLowerCase();
            return words.every((word) => name.includes(word));
        });
    }

    get tickedCount() {
        return this.allLines.filter((line) => line.data.quantity).length;
    }

    get areAllTicked() {
        return this.lines.length > 0 && this.lines.every((line) => line.data.quantity);
    }

    get currencyId() {
        return this.props.record.data.currency_id?.id;
    }

    getText(line, field) {
        return this.state.typed[line.id]?.[field] ?? this.format(line, field);
    }

    /** What the server says of a line that is credited. */
    getOutcome(line) {
        const outcomes = this.props.record.data.line_outcomes || {};
        return outcomes[line.data.invoice_line_id.id] || { amount: 0, refusal: false };
    }

    formatAmount(amount) {
        return formatMonetary(amount, { currencyId: this.currencyId });
    }

    format(line, field) {
        const { digits, min_display_digits: minDigits } = line.fields[field];
        return formatFloat(line.data[field], { digits, minDigits, field: line.fields[field] });
    }

    async update(values) {
        // One command for each line: the server looks at all of them once.
        const commands = Object.entries(values).map(([id, lineValues]) => [
            UPDATE,
            id,
            lineValues,
        ]);
        if (commands.length) {
            await this.props.record.update({ [this.props.name]: commands });
        }
    }

    getId(line) {
        return line.resId || line._virtualId;
    }

    /** The server sets the quantities: one by one takes long for hundreds of lines. */
    async tick(lines, isTicked) {
        const line_ticks = {
            invoice_line_ids: lines.map((line) => line.data.invoice_line_id.id),
            is_ticked: isTicked,
        };
        await this.props.record.update({ line_ticks });
    }

    onInput(line, field, text) {
        this.state.typed[line.id] = { ...this.state.typed[line.id], [field]: text };
        this.updateTyped();
    }

    /** The field is left: what cannot be read as a number is as it was. */
    async onChange(line) {
        await this.commit();
        delete this.state.typed[line.id];
    }

    async commit() {
        const values = {};
        for (const line of this.allLines) {
            for (const [field, text] of Object.entries(this.state.typed[line.id] || {})) {
                let value;
                try {
                    value = parseFloat(text || "0");
                } catch {
                    continue;
                }
                if (value !== line.data[field]) {
                    values[this.getId(line)] = { ...values[this.getId(line)], [field]: value };
                }
            }
        }
        await this.update(values);
    }

    /** Up and down go to the same column of the next line. */
    onKeydown(ev) {
        const step = { ArrowUp: -1, ArrowDown: 1 }[ev.key];
        const row = ev.target.closest("tr");
        if (!step || !row || ev.altKey || ev.ctrlKey || ev.metaKey) {
            return;
        }
        const name = ev.target.closest("td").getAttribute("name");
        const rows = [...ev.currentTarget.querySelectorAll("tr")];
        const next = rows[rows.indexOf(row) + step]?.querySelector(`td[name=${name}] input`);
        if (next) {
            ev.preventDefault();
            next.focus();
            next.select();
            next.scrollIntoView({ block: "nearest" });
        }
    }
}

registry.category("fields").add("credit_lines", {
    component: CreditLinesField,
    supportedTypes: ["one2many"],
    useSubView: true,
});
