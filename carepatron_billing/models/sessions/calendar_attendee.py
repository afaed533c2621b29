from odoo import fields, models

from ...tools.privacy import FULL

# Odoo's own mails about a session, which list everybody who attends.
MAILS = {
    'calendar.calendar_template_meeting_invitation': 'invitation',
    'calendar.calendar_template_meeting_changedate': 'changed',
    'calendar.calendar_template_meeting_reminder': 'reminder',
    'calendar.calendar_template_meeting_update': 'changed',
}


class CalendarAttendee(models.Model):
    _inherit = 'calendar.attendee'

    def write(self, vals):
        """Override of `calendar`: who declines a session to come is no client of it any more."""
        result = super().write(vals)
        if vals.get('state') == 'declined':
            now = fields.Datetime.now()
            facts = self.event_id._billing_facts()
            ahead = [event.id for event, fact in facts.items() if fact.begins > now]
            self.event_id.browse(ahead)._billing_sessions_changed({'attendee_ids'})
        return result

    def unlink(self):
        """Override of `calendar`: who is taken out of a session is no client of it any more."""
        events = self.event_id
        result = super().unlink()
        if not events._billing_is_writing():
            events.exists()._billing_sessions_changed({'attendee_ids'})
        return result

    def _notify_attendees(self, mail_template, notify_author=False, force_send=False):
        """Override of `calendar`: clients learn what the practice's privacy settings allow, and
        those of a group do not learn of each other.

        Each of them gets a mail and an invitation file that name nobody else who is no user.
        """
        kind = next(
            (
                kind
                for xmlid, kind in MAILS.items()
                if mail_template and self.env.ref(xmlid, raise_if_not_found=False) == mail_template
            ),
            None,
        )
        discreet = self._billing_filter_discreet()
        result = super(CalendarAttendee, self - discreet)._notify_attendees(
            mail_template, notify_author=notify_author, force_send=force_send
        )
        own = self.env.ref('carepatron_billing.mail_template_group_session').sudo(False)
        for attendee in discreet:
            alone = attendee.with_context(billing_only_attendee=attendee.id, billing_mail=kind)
            result = super(CalendarAttendee, alone)._notify_attendees(
                own.with_context(billing_mail=kind) if kind else mail_template,
                notify_author=notify_author,
                force_send=force_send,
            )
        return result

    def _billing_filter_discreet(self):
        """Return the clients among these who get a mail of ours instead of Odoo's, which holds the
        session's title and description and names everybody."""
        clients = self.filtered('partner_id.partner_share')
        shown = clients.event_id._billing_privacy()
        return clients.filtered(
            lambda one: shown[one.event_id] != FULL or one.event_id._billing_is_group()
        )

    def _billing_invitation_words(self) -> tuple[str, str]:
        """Return subject and text of the invitation that this client gets, for an example of it."""
        self.ensure_one()
        name = 'calendar.calendar_template_meeting_invitation'
        if self._billing_filter_discreet():
            name = 'carepatron_billing.mail_template_group_session'
        template_sudo = self.env.ref(name).sudo()
        template_sudo = template_sudo.with_context(
            billing_only_attendee=self.id, billing_mail='invitation'
        )
        subject, body = (
            template_sudo._render_field(field, self.ids, compute_lang=True)[self.id]
            for field in ('subject', 'body_html')
        )
        return subject, body
