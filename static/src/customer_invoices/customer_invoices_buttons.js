import { _t } from "@web/core/l10n/translation";
import { user } from "@web/core/user";
import { KeepLast } from "@web/core/utils/concurrency";
import { useService } from "@web/core/utils/hooks";

import { Component, useEffect, useState } from "@odoo/owl";

/**
 * The buttons under a customer's invoices, for what is ticked. The server says which
 * of them work, and why another does not: the sentence stands as the button's hint.
 */
export class CustomerInvoicesButtons extends Component {
    static template = "account_partner_credit_note.CustomerInvoicesButtons";
    static props = { model: Object };

    setup() {
        this.action = useService("action");
        this.orm = useService("orm");
        this.keepLast = new KeepLast();
        this.state = useState({ hints: null });
        useEffect(
            () => {
                this.loadHints();
            },
            () => [this.selectionKey]
        );
    }

    get root() {
        return this.props.model.root;
    }

    get selectionKey() {
        const ids = this.root.selection.map((record) => record.resId);
        return `${this.root.isDomainSelected}:${ids}`;
    }

    get isLoading() {
        return !this.state.hints;
    }

    get hint() {
        if (this.env.isSmall && !this.root.selection.length) {
            return _t("Press and hold a document to tick it.");
        }
        return this.state.hints?.credit_note || this.state.hints?.left_out;
    }

    /** The button for a credit takes no place beside ticked invoices. */
    get hasCredit() {
        return this.root.selection.some((record) => record.data.move_type === "out_refund");
    }

    /** Nothing is ticked: a credit note can be for no invoice at all. */
    get isWithoutInvoice() {
        return (
            !this.isLoading &&
            !this.root.selection.length &&
            !this.state.hints.without_invoice &&
            Boolean(this.customerId)
        );
    }

    get customerId() {
        return this.root.context.credited_customer_id;
    }

    isDisabled(button) {
        return this.isLoading || Boolean(this.state.hints[button]);
    }

    title(button) {
        return this.state.hints?.[button] || "";
    }

    async loadHints() {
        this.state.hints = null;
        this.state.hints = await this.keepLast.add(this.fetchHints());
    }

    async fetchHints() {
        const ids = await this.root.getResIds(true);
        return this.orm.call("account.move", "get_customer_document_hints", [ids]);
    }

    async onClick(method) {
        await this.openDialog(method, "account.move", await this.root.getResIds(true));
    }

    async onClickWithoutInvoice() {
        const method = "action_credit_without_invoice";
        await this.openDialog(method, "res.partner", [this.customerId]);
    }

    async openDialog(method, resModel, resIds) {
        await this.action.doActionButton({
            type: "object",
            name: method,
            resModel,
            resIds,
            // The user's language and companies: without, the dialog is in English.
            context: user.context,
            onClose: () => this.props.model.load(),
        });
    }
}
