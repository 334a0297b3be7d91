import { patch } from "@web/core/utils/patch";
import { AccountMoveFormController } from "@account/components/account_move_form/account_move_form";

/** The menu of a locked document offers nothing that is refused. */
patch(AccountMoveFormController.prototype, {
    get isLocked() {
        return Boolean(this.model.root.data.is_locked);
    },

    getStaticActionMenuItems() {
        const items = super.getStaticActionMenuItems();
        if (this.isLocked) {
            delete items.delete;
        }
        return items;
    },

    get actionMenuItems() {
        const items = super.actionMenuItems;
        if (this.isLocked) {
            items.action = items.action.filter((item) => !item.refused_when_locked);
        }
        return items;
    },
});
