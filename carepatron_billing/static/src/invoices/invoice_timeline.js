import { Component } from "@odoo/owl";
import { deserializeDateTime, toLocaleDateTimeString } from "@web/core/l10n/dates";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

const ICONS = {
    created: "fa-file-text-o",
    sent: "fa-paper-plane-o",
    viewed: "fa-eye",
    reminded: "fa-bell-o",
    processing: "fa-hourglass-half",
    paid: "fa-check",
    credited: "fa-reply",
    refunded: "fa-undo",
    disputed: "fa-gavel",
    receipt: "fa-envelope-o",
    revoked: "fa-ban",
    moved: "fa-calendar",
    cancelled: "fa-times",
    failed: "fa-exclamation-triangle",
};

/**
 * What happened to an invoice, the last thing first.
 */
export class InvoiceTimeline extends Component {
    static template = "carepatron_billing.InvoiceTimeline";
    static props = { ...standardFieldProps };

    get entries() {
        const entries = this.props.record.data[this.props.name] || [];
        return entries.map((entry, index) => ({
            ...entry,
            key: index,
            icon: entry.is_problem ? ICONS.failed : ICONS[entry.kind] || "fa-circle-o",
            when: toLocaleDateTimeString(deserializeDateTime(entry.at), { showSeconds: false }),
        }));
    }
}

registry.category("fields").add("practice_invoice_timeline", {
    component: InvoiceTimeline,
    supportedTypes: ["json"],
});
