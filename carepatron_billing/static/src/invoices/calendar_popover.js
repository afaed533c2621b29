import { AttendeeCalendarCommonPopover } from "@calendar/views/attendee_calendar/common/attendee_calendar_common_popover";
import { patch } from "@web/core/utils/patch";

patch(AttendeeCalendarCommonPopover.prototype, {
    get canInvoice() {
        return ["to_confirm", "unbilled", "partial"].includes(this.billing.state);
    },

    get canOpenInvoice() {
        return ["partial", "invoiced", "paid"].includes(this.billing.state);
    },

    /**
     * @override
     */
    get hasFooter() {
        return super.hasFooter || this.canInvoice || this.canOpenInvoice;
    },

    onBillingInvoice() {
        return this.callBilling("action_billing_invoice");
    },

    onBillingOpen() {
        return this.callBilling("action_billing_open_invoices");
    },
});
