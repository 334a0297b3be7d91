import { registry } from "@web/core/registry";
import { useDebounced } from "@web/core/utils/timing";
import { FormCompiler } from "@web/views/form/form_compiler";
import { FormController } from "@web/views/form/form_controller";
import { formView } from "@web/views/form/form_view";
import { parseFloat, parseMonetary } from "@web/views/fields/parsers";
import { createElement } from "@web/core/utils/xml";

import { useEffect } from "@odoo/owl";

const PARSERS = { amount: parseMonetary, percentage: parseFloat };

/** Buttons that would be refused are off, and say why. */
export class CreditNoteCompiler extends FormCompiler {
    compileButton(el, params) {
        const name = el.getAttribute("name");
        const button = super.compileButton(el, params);
        const refusal = `(__comp__.props.record.data.button_refusals || {})["${name}"]`;
        button.setAttribute("disabled", `!!${refusal}`);
        // The hint is on the span: a disabled button shows no title.
        return createElement("span", [button], {
            class: "o_credit_note_button",
            "t-att-title": refusal,
        });
    }
}

/** What is typed is looked at while it is typed, not only when the field is left. */
export class CreditNoteController extends FormController {
    setup() {
        super.setup();
        const updateTyped = useDebounced((name, text) => this.updateTyped(name, text), 300);
        const onInput = (ev) => {
            const field = ev.target.closest(".o_field_widget[name]");
            const name = field?.getAttribute("name");
            // A field of a line has one around it, and is of another record.
            if (name in PARSERS && !field.parentElement.closest(".o_field_widget[name]")) {
                updateTyped(name, ev.target.value);
            }
        };
        useEffect(
            (root) => {
                root?.addEventListener("input", onInput);
                return () => root?.removeEventListener("input", onInput);
            },
            () => [this.rootRef.el]
        );
    }

    async updateTyped(name, text) {
        let value;
        try {
            value = PARSERS[name](text);
        } catch {
            // Odoo says so when the field is left.
            return;
        }
        await this.model.root.update({ [name]: value });
    }
}

registry.category("views").add("credit_note_dialog", {
    ...formView,
    Compiler: CreditNoteCompiler,
    Controller: CreditNoteController,
});
