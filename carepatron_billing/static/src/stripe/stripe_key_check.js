import { Component, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

/**
 * Asks the server to try the key that stands in the dialog, without saving the dialog: what a
 * button of Odoo's own would do first.
 */
export class StripeKeyCheck extends Component {
    static template = "carepatron_billing.StripeKeyCheck";
    static props = { ...standardWidgetProps };

    setup() {
        this.state = useState({ busy: false });
    }

    async check() {
        const { record } = this.props;
        this.state.busy = true;
        try {
            await record.update({ check_count: record.data.check_count + 1 });
        } finally {
            this.state.busy = false;
        }
    }
}

registry.category("view_widgets").add("practice_stripe_key_check", {
    component: StripeKeyCheck,
});
