import { AttendeeCalendarCommonPopover } from "@calendar/views/attendee_calendar/common/attendee_calendar_common_popover";
import { _t } from "@web/core/l10n/translation";
import { formatMonetary } from "@web/views/fields/formatters";
import { patch } from "@web/core/utils/patch";
import { useState } from "@odoo/owl";
import { user } from "@web/core/user";
import { billingMark } from "./billing_mark";

const FIELDS = [
    "billing_service_name",
    "billing_clients",
    "billing_amount",
    "billing_currency_id",
    "billing_state",
    "billing_notice",
    "billing_attendance",
    "billing_is_group",
];

patch(AttendeeCalendarCommonPopover.prototype, {
    setup() {
        super.setup();
        this.billing = useState({ shown: false, busy: false });
    },

    /**
     * The session's billing is read when its popover opens: the calendar's own loading stays as
     * light as it is, and no price is older than the click.
     *
     * @override
     */
    async onWillStart() {
        await Promise.all([super.onWillStart(...arguments), this.loadBilling()]);
    },

    async loadBilling() {
        if (!(await user.hasGroup("carepatron_billing.group_practitioner"))) {
            return;
        }
        const [session] = await this.orm.read("calendar.event", [this.props.record.id], FIELDS);
        if (!session?.billing_service_name) {
            return;
        }
        const state = session.billing_state;
        const attendances = {
            attended: _t("Attended"),
            no_show: _t("No-show"),
            late_cancelled: _t("Late cancellation"),
            cancelled: _t("Cancelled"),
        };
        Object.assign(this.billing, {
            shown: true,
            service: session.billing_service_name,
            clients: session.billing_clients,
            price: formatMonetary(session.billing_amount, {
                currencyId: session.billing_currency_id && session.billing_currency_id[0],
            }),
            state,
            mark: billingMark(state),
            notice: session.billing_notice,
            attendance: session.billing_attendance,
            attendanceLabel: attendances[session.billing_attendance],
            isGroup: session.billing_is_group,
            canMark: Boolean(state) && !session.billing_is_group,
            // What is invoiced is corrected first.
            canMiss: !["partial", "invoiced", "paid"].includes(state),
        });
    },

    onBillingClients() {
        return this.callBilling("action_billing_clients");
    },

    /**
     * Marking leaves the popover open and shows what it changed, a fee for example.
     *
     * @param {string} method of the session's
     */
    async onBillingMark(method) {
        if (this.billing.busy) {
            return;
        }
        this.billing.busy = true;
        try {
            await this.orm.call("calendar.event", method, [[this.props.record.id]]);
            await this.loadBilling();
        } finally {
            this.billing.busy = false;
        }
    },

    /**
     * Do one thing with the session and show what comes of it.
     *
     * @param {string} method of the session's, which returns an action
     */
    async callBilling(method) {
        if (this.billing.busy) {
            return;
        }
        this.billing.busy = true;
        try {
            const action = await this.orm.call("calendar.event", method, [[this.props.record.id]]);
            this.props.close();
            await this.actionService.doAction(action);
        } finally {
            this.billing.busy = false;
        }
    },
});
