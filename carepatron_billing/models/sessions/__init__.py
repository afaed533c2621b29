from . import (
    calendar_attendee,
    calendar_event,
    calendar_event_changes,
    calendar_event_group,
    calendar_event_private,
    res_partner,
)
