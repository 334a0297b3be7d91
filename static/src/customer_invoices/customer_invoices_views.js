import { registry } from "@web/core/registry";
import { KanbanController } from "@web/views/kanban/kanban_controller";
import { kanbanView } from "@web/views/kanban/kanban_view";
import { ListController } from "@web/views/list/list_controller";
import { ListRenderer } from "@web/views/list/list_renderer";
import { listView } from "@web/views/list/list_view";

import { CustomerInvoicesButtons } from "./customer_invoices_buttons";

/** Odoo's list of documents with the buttons for what is ticked at its foot. */
export class CustomerInvoicesListController extends ListController {
    static template = "account_partner_credit_note.CustomerInvoicesListView";
    static components = { ...ListController.components, CustomerInvoicesButtons };
}

/** The status of a rejected invoice says why, when one points at it. */
export class CustomerInvoicesListRenderer extends ListRenderer {
    getCellTitle(column, record) {
        if (column.name === "billing_status" && record.data.rejection) {
            return record.data.rejection;
        }
        return super.getCellTitle(column, record);
    }
}

/** The same on a phone, where documents are ticked by a long press. */
export class CustomerInvoicesKanbanController extends KanbanController {
    static template = "account_partner_credit_note.CustomerInvoicesKanbanView";
    static components = { ...KanbanController.components, CustomerInvoicesButtons };
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
