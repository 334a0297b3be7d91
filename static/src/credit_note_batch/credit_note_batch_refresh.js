import { browser } from "@web/core/browser/browser";
import { ConnectionLostError } from "@web/core/network/rpc";
import { registry } from "@web/core/registry";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

import { Component, onMounted, onWillUnmount, xml } from "@odoo/owl";

export const REFRESH_INTERVAL = 2000;

/**
 * Reads a batch of credit notes again and again while it is in progress, so that
 * Odoo's progress bar moves. Polling needs no websocket, which not every server has.
 */
export class CreditNoteBatchRefresh extends Component {
    static template = xml``;
    static props = { ...standardWidgetProps };

    setup() {
        onMounted(() => {
            this.interval = browser.setInterval(() => this.refresh(), REFRESH_INTERVAL);
        });
        onWillUnmount(() => this.stop());
    }

    stop() {
        browser.clearInterval(this.interval);
    }

    async refresh() {
        const { record } = this.props;
        if (this.isLoading || document.hidden || record.data.state !== "running") {
            return;
        }
        this.isLoading = true;
        try {
            await record.load();
        } catch (error) {
            // A server that is restarted answers again soon.
            if (!(error instanceof ConnectionLostError)) {
                this.stop();
                throw error;
            }
        } finally {
            this.isLoading = false;
        }
    }
}

registry.category("view_widgets").add("credit_note_batch_refresh", {
    component: CreditNoteBatchRefresh,
    fieldDependencies: [{ name: "state", type: "selection" }],
});
