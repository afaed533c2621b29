from . import (
    base_partner_merge,
    practice_reminder_plan,
    practice_reminder_preview,
    practice_reminder_start,
)
