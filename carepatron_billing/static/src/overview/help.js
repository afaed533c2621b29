import { Component } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

/**
 * A short guide to the desk's four jobs, each with the way to its place.
 */
export class Help extends Component {
    static template = "carepatron_billing.Help";
    static props = { ...standardActionServiceProps };

    setup() {
        this.action = useService("action");
    }

    open(action, additionalContext = {}) {
        return this.action.doAction(action, { additionalContext });
    }
}

registry.category("actions").add("practice_help", Help);
