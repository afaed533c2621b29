from . import (
    account_move,
    practice_reminder,
    practice_reminder_effect,
    practice_reminder_mail,
    practice_reminder_mail_sending,
    practice_reminder_pause,
    practice_reminder_rule,
    practice_reminder_rule_letter,
    practice_reminder_rule_planning,
    practice_reminder_sms,
    res_company,
    res_partner,
)
