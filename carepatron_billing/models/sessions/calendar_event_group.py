from odoo import api, models

try:
    import vobject
except ImportError:  # Odoo then makes no invitation files
    vobject = None

from ...tools.privacy import FULL, NAMES, level_of


class CalendarEvent(models.Model):
    """What clients learn of a session: what the practice's privacy settings allow; and those of a
    group, nothing of each other."""

    _inherit = 'calendar.event'

    @api.model_create_multi
    def create(self, vals_list):
        """Override of `calendar`, which writes the first client's contact data where all clients
        of the session read them."""
        if any(self._billing_hides_contacts(vals) for vals in vals_list):
            self = self.with_context(skip_contact_description=True)
        return super().create(vals_list)

    def _billing_hides_contacts(self, vals):
        if vals.get('billing_service_id'):
            return True
        partner_ids = {
            command[2]['partner_id']
            for command in self.browse()._attendees_values(vals.get('partner_ids') or [])
            if len(command) > 2 and command[2] and 'partner_id' in command[2]
        }
        return len(self.env['res.partner'].browse(partner_ids).filtered('partner_share')) > 1

    def _billing_is_group(self) -> bool:
        """Return whether this is a session that several clients attend."""
        clients = self.attendee_ids.partner_id.filtered('partner_share')
        return len(clients) > 1 and bool(self._billing_facts()[self._origin].service)

    def _billing_privacy(self) -> dict[models.Model, str]:
        """Return how much invitations to these events may tell; of what is no session, all.

        :return: `minimum`, `names` or `full`, by event
        """
        return {
            event: level_of(fact.company, 'invitation') if fact.service else FULL
            for event, fact in self._billing_facts().items()
        }

    def _billing_visible_title(self, viewer: models.Model) -> str:
        """Return what one of the attendees reads as the title of a session.

        :param viewer: who looks
        """
        self.ensure_one()
        fact = self._billing_facts()[self._origin]
        level = self._billing_privacy()[self._origin]
        if level == FULL or not viewer.partner_id.partner_share:
            return self.name
        lang = viewer.partner_id.lang or self.env.lang
        service = level == NAMES and fact.service
        return self.with_context(lang=lang)._billing_title_for(fact.company, service)

    def _billing_title_for(self, company, service):
        """Return the title of a session for clients: its service, if that may be named."""
        if service:
            return service.with_context(lang=self.env.lang).name
        return self.env._("Session with %s", company.name)

    def _billing_visible_attendees(self, viewer: models.Model) -> models.Model:
        """Return the attendees that one of them may know of.

        :param viewer: who looks
        """
        if not viewer.partner_id.partner_share:
            return self.attendee_ids
        return self.attendee_ids.filtered(
            lambda attendee: attendee == viewer or not attendee.partner_id.partner_share
        )

    def _billing_visible_description(self, viewer: models.Model):
        """Return the description as far as it names no other client.

        :param viewer: who looks
        """
        if viewer.partner_id.partner_share and self._billing_privacy()[self._origin] != FULL:
            return False
        hidden = self.attendee_ids - self._billing_visible_attendees(viewer)
        words = {word for one in hidden for word in (one.common_name, one.email) if word}
        text = self.description or ''
        return False if any(word in text for word in words) else self.description

    def _billing_viewer(self):
        """Return the attendee for whom the invitation at hand is made, if it is for one alone."""
        viewer = self.env['calendar.attendee'].browse(self.env.context.get('billing_only_attendee'))
        return viewer if viewer.exists() in self.attendee_ids else viewer.browse()

    def _get_customer_description(self):
        """Override of `calendar`: see `_billing_visible_description`."""
        viewer = self._billing_viewer()
        if viewer and not self._billing_visible_description(viewer):
            return ''
        return super()._get_customer_description()

    def _get_customer_summary(self):
        """Override of `calendar`: see `_billing_visible_title`."""
        viewer = self._billing_viewer()
        return self._billing_visible_title(viewer) if viewer else super()._get_customer_summary()

    def _notify_by_email_prepare_rendering_context(self, message, *args, **kwargs):
        """Override of `mail`: the frame of a mail to one client shows no other title."""
        values = super()._notify_by_email_prepare_rendering_context(message, *args, **kwargs)
        viewer = self._billing_viewer()
        if viewer:
            title = self._billing_visible_title(viewer)
            values.update({'record_name': title, 'subtitles': [title]})
        return values

    def _get_ics_file(self):
        """Override of `calendar`: the file for one client names no other one."""
        files = super()._get_ics_file()
        for meeting in self.filtered(lambda meeting: meeting.id in files):
            viewer = meeting._billing_viewer()
            if not viewer:
                continue
            known = {
                f'MAILTO:{attendee.email or ""}'
                for attendee in meeting._billing_visible_attendees(viewer)
            }
            calendar = vobject.readOne(files[meeting.id].decode())
            calendar.vevent.attendee_list = [
                attendee for attendee in calendar.vevent.attendee_list if attendee.value in known
            ]
            files[meeting.id] = calendar.serialize().encode()
        return files
