import { Component, onWillStart, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { billingMark } from "../billing_items/billing_mark";

/**
 * The app's first screen. All of it comes by one call; each figure opens its list.
 */
export class Overview extends Component {
    static template = "carepatron_billing.Overview";
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ data: null });
        this.billingMark = billingMark;
        onWillStart(() => this.load());
    }

    async load() {
        this.state.data = await this.orm.call("practice.overview", "get_overview", []);
    }

    get stepsLeft() {
        return this.state.data.steps.filter((step) => !step.done).length;
    }

    get stepsDone() {
        const { length } = this.state.data.steps;
        return _t("%(done)s of %(all)s done", { done: length - this.stepsLeft, all: length });
    }

    get leftOut() {
        return _t("And %s more in the calendar.", this.state.data.sessions_left_out);
    }

    get showsSteps() {
        const { steps, steps_hidden } = this.state.data;
        return steps && !steps_hidden && this.stepsLeft;
    }

    open(action, additionalContext = {}) {
        return this.action.doAction(action, {
            additionalContext,
            // Not where all of the screen is drawn anew: what is asked for would never come.
            onClose: (info) => !info?.noReload && this.load(),
        });
    }

    async openTrouble(kind) {
        await this.open(await this.orm.call("practice.overview", "open_trouble", [kind]));
    }

    async openStep(step) {
        const action = step.method
            ? await this.orm.call(step.model, step.method, [[step.record]])
            : step.action;
        await this.open(action);
    }

    async hideSteps(hidden) {
        const { company_id } = this.state.data;
        await this.orm.call("res.company", "action_billing_hide_first_steps", [
            [company_id],
            hidden,
        ]);
        await this.load();
    }

    openSession(session) {
        return this.open({
            type: "ir.actions.act_window",
            res_model: "calendar.event",
            res_id: session.id,
            views: [[false, "form"]],
        });
    }
}

registry.category("actions").add("practice_overview", Overview);
