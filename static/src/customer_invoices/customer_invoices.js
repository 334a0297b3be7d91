import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { getDefaultConfig, View } from "@web/views/view";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

import { Component, useSubEnv } from "@odoo/owl";

import { getOpenFilter } from "./open_filter";

const MODULE = "account_partner_credit_note";

/**
 * The invoices and credit notes of a customer: Odoo's own list view, embedded in
 * the customer's form. Not a one2many, which loads every id and cannot be ticked.
 */
export class CustomerInvoices extends Component {
    static template = "account_partner_credit_note.CustomerInvoices";
    static components = { View };
    static props = { ...standardWidgetProps };

    setup() {
        this.action = useService("action");
        // The list must not share breadcrumbs, pager and views with the form.
        useSubEnv({ config: { ...getDefaultConfig(), disableSearchBarAutofocus: true } });
    }

    get customerId() {
        return this.props.record.resId;
    }

    /** As res.partner computes its commercial entity. */
    get isContact() {
        const { is_company, parent_id } = this.props.record.data;
        return Boolean(!is_company && parent_id);
    }

    get domain() {
        const field = this.isContact ? "partner_id" : "commercial_partner_id";
        return [
            [field, "=", this.customerId],
            ["move_type", "in", ["out_invoice", "out_refund", "out_receipt"]],
        ];
    }

    get viewKey() {
        return JSON.stringify(this.domain);
    }

    /**
     * A view reloads and loses its selection when it gets new props, so they are
     * made once for each customer.
     */
    get viewProps() {
        if (this.cachedKey !== this.viewKey) {
            this.cachedKey = this.viewKey;
            this.cachedProps = this.makeViewProps();
        }
        return this.cachedProps;
    }

    makeViewProps() {
        return {
            resModel: "account.move",
            type: this.env.isSmall ? "kanban" : "list",
            views: [
                [false, "list"],
                [false, "kanban"],
                [false, "search"],
            ],
            searchViewId: false,
            context: {
                list_view_ref: `${MODULE}.customer_invoices_view_list`,
                kanban_view_ref: `${MODULE}.customer_invoices_view_kanban`,
                search_view_ref: `${MODULE}.customer_invoices_view_search`,
                credited_customer_id: this.customerId,
                ...getOpenFilter(),
            },
            domain: this.domain,
            display: { controlPanel: {}, searchPanel: false },
            searchMenuTypes: ["filter", "groupBy"],
            noBreadcrumbs: true,
            noContentHelp: this.noContentHelp,
            selectRecord: (resId, options) => this.openDocument(resId, options),
        };
    }

    get noContentHelp() {
        if (this.isContact) {
            return _t(
                "Nothing is addressed to this contact. See the invoices of %s.",
                this.props.record.data.parent_id.display_name
            );
        }
        return _t("This customer has no invoices yet.");
    }

    openDocument(resId, { activeIds, newWindow } = {}) {
        return this.action.doAction(
            {
                type: "ir.actions.act_window",
                res_model: "account.move",
                res_id: resId,
                views: [[false, "form"]],
            },
            { newWindow, props: { resIds: activeIds } }
        );
    }
}

registry.category("view_widgets").add("customer_invoices", {
    component: CustomerInvoices,
    fieldDependencies: [
        { name: "is_company", type: "boolean" },
        { name: "parent_id", type: "many2one" },
    ],
});
