import { AttendeeCalendarCommonRenderer } from "@calendar/views/attendee_calendar/common/attendee_calendar_common_renderer";
import { AttendeeCalendarModel } from "@calendar/views/attendee_calendar/attendee_calendar_model";
import { patch } from "@web/core/utils/patch";
import { billingMark } from "./billing_mark";

patch(AttendeeCalendarModel.prototype, {
    /**
     * @override
     */
    normalizeRecord(rawRecord) {
        return {
            ...super.normalizeRecord(...arguments),
            billingMark: billingMark(rawRecord.billing_state),
        };
    },
});

patch(AttendeeCalendarCommonRenderer.prototype, {
    /**
     * @override
     */
    eventClassNames({ event }) {
        const classNames = super.eventClassNames(...arguments);
        const mark = this.props.model.records[event.id]?.billingMark;
        if (mark) {
            classNames.push("o_billing_marked", `o_billing_${mark.state}`);
        }
        return classNames;
    },
});
