import { Component } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { _t } from "@web/core/l10n/translation";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/**
 * The client's sessions that wait to be invoiced: tick one, and it is a line of the invoice.
 */
export class OfferedSessions extends Component {
    static template = "carepatron_billing.OfferedSessions";
    static props = { ...standardFieldProps };

    get sessions() {
        return this.props.record.data[this.props.name] || [];
    }

    get areAllPicked() {
        return this.sessions.every((session) => session.picked);
    }

    get title() {
        const count = this.sessions.length;
        return count === 1
            ? _t("1 session to invoice")
            : _t("%s sessions to invoice", count);
    }

    pick(id, picked) {
        this.change((session) => (session.id === id ? picked : session.picked));
    }

    pickAll() {
        this.change(() => true);
    }

    change(isPicked) {
        return this.props.record.update({
            [this.props.name]: this.sessions.map((session) => ({
                ...session,
                picked: isPicked(session),
            })),
        });
    }
}

registry.category("fields").add("practice_offered_sessions", {
    component: OfferedSessions,
    supportedTypes: ["json"],
});
