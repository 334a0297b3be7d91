import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useBus, useService } from "@web/core/utils/hooks";
import { KanbanController } from "@web/views/kanban/kanban_controller";
import { kanbanView } from "@web/views/kanban/kanban_view";
import { ListController } from "@web/views/list/list_controller";
import { ListRenderer } from "@web/views/list/list_renderer";
import { listView } from "@web/views/list/list_view";

import { useEffect, useState } from "@odoo/owl";

import { CustomerInvoicesButtons } from "./customer_invoices_buttons";
import { rememberOpenFilter } from "./open_filter";

const OF_DRAFTS = {
    amount_untaxed_posted: "amount_untaxed_in_currency_signed",
    amount_total_posted: "amount_total_in_currency_signed",
};

/** What the list and the cards of a customer's documents have in common. */
const forCustomer = (Controller) =>
    class extends Controller {
        static components = { ...Controller.components, CustomerInvoicesButtons };

        setup() {
            super.setup();
            this.orm = useService("orm");
            this.documents = useState({ isNone: false });
            const { searchModel } = this.env;
            useBus(searchModel, "update", () => rememberOpenFilter(searchModel));
            useEffect(
                (isNothingFound) => {
                    if (isNothingFound) {
                        this.countDocuments();
                    }
                },
                () => [this.model.isReady && !this.model.hasData()]
            );
        }

        async countDocuments() {
            const domain = this.env.searchModel.globalDomain;
            const options = { limit: 1 };
            const count = await this.orm.searchCount("account.move", domain, options);
            this.documents.isNone = !count;
        }

        /** Nothing is found: are there no documents, or does the search hide them? */
        get noContentHelp() {
            if (this.documents.isNone || !this.env.searchModel.facets.length) {
                return this.props.info.noContentHelp;
            }
            return _t("No document matches. Remove the filter to see all of them.");
        }
    };

/** Odoo's list of documents with the buttons for what is ticked at its foot. */
export class CustomerInvoicesListController extends forCustomer(ListController) {
    static template = "account_partner_credit_note.CustomerInvoicesListView";
}

export class CustomerInvoicesListRenderer extends ListRenderer {
    static template = "account_partner_credit_note.CustomerInvoicesListRenderer";
    static recordRowTemplate =
        "account_partner_credit_note.CustomerInvoicesListRenderer.RecordRow";

    /** The status of a rejected invoice says why, when one points at it. */
    getCellTitle(column, record) {
        if (column.name === "billing_status" && record.data.rejection) {
            return record.data.rejection;
        }
        return super.getCellTitle(column, record);
    }

    /** What a draft comes to is shown, and in no sum. */
    getFormattedValue(column, record) {
        const name = record.data.state !== "posted" && OF_DRAFTS[column.name];
        return super.getFormattedValue(name ? { ...column, name } : column, record);
    }
}

/** The same on a phone, where documents are ticked by a long press. */
export class CustomerInvoicesKanbanController extends forCustomer(KanbanController) {
    static template = "account_partner_credit_note.CustomerInvoicesKanbanView";
}

registry.category("views").add("customer_invoices_list", {
    ...listView,
    Controller: CustomerInvoicesListController,
    Renderer: CustomerInvoicesListRenderer,
});

registry.category("views").add("customer_invoices_kanban", {
    ...kanbanView,
    Controller: CustomerInvoicesKanbanController,
});
