import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { displayNotificationAction } from "@web/webclient/actions/client_actions";

// What the dialog that follows is to do with the credit notes.
const DUTIES = {
    "account.credit.refund": "refund",
    "account.move.send.wizard": "send",
    "account.move.send.batch.wizard": "send",
    "account.payment.register": "refund",
};

/**
 * Names the credit notes that were issued, with what can be done with them now. If a
 * dialog follows and is closed without doing its duty, that is said as well.
 */
export async function creditNotesIssued(env, action, options = {}) {
    const { move_ids: resIds, next } = action.params;
    const run = (name) => () =>
        env.services.action.doActionButton({
            type: "object",
            name,
            resModel: "account.move",
            resIds,
            context: user.context,
            onClose: options.onClose,
        });
    const buttons = [
        { name: _t("Open"), onClick: run("action_open_documents") },
        { name: _t("Print"), onClick: run("action_print_customer_documents") },
        { name: _t("Send"), onClick: run("action_send_and_print") },
    ];
    const notification = {
        add: (message, values) =>
            env.services.notification.add(message, { ...values, buttons, autocloseDelay: 10000 }),
    };
    displayNotificationAction({ services: { notification } }, action);
    const duty = DUTIES[next.res_model];
    if (!duty) {
        return next;
    }
    await env.services.action.doAction(next, options);
    // The dialog before it has its own way to be told that it is closed: whoever opened
    // the first one is told, and nobody else.
    const { ui } = env.services;
    const onActiveElementChanged = async ({ detail: element }) => {
        if (element !== document) {
            return;
        }
        ui.bus.removeEventListener("active-element-changed", onActiveElementChanged);
        const left = await env.services.orm.call("account.move", "get_undone", [
            resIds,
            duty,
        ]);
        if (left) {
            env.services.notification.add(left, { type: "warning", sticky: true });
        }
    };
    ui.bus.addEventListener("active-element-changed", onActiveElementChanged);
}

registry.category("actions").add("credit_notes_issued", creditNotesIssued);
