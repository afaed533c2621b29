"""The app's first screen: how the practice's money stands today, and what somebody has to do."""

from odoo import api, models
from odoo.tools import format_date

from ...const import FRONT_DESK, MANAGER

MOST_SESSIONS = 60


class PracticeOverview(models.AbstractModel):
    """Figures by aggregates alone: as many queries for ten invoices as for ten thousand.

    Everything is read with the user's own rights, but for what says so, so that a practitioner
    sees own sessions only.
    """

    _name = 'practice.overview'
    _description = "Overview"

    # === BUSINESS METHODS === #

    @api.model
    def get_overview(self) -> dict:
        """Return all that the screen shows, for the companies that are switched on.

        :raise AccessError: if the user has no role of Billing & Payments
        """
        self.env['practice.billing.item'].check_access('read')
        company = self.env.company
        is_desk = self.env.user.has_group(FRONT_DESK)
        is_manager = self.env.user.has_group(MANAGER)
        sessions = self._get_sessions()
        uninvoiced, to_confirm = self._read_uninvoiced()
        return {
            'today': format_date(self.env, company._billing_today(), date_format='full'),
            'company': company.name,
            'company_id': company.id,
            'is_desk': is_desk,
            'is_manager': is_manager,
            'figures': self._get_figures(uninvoiced, is_desk),
            'troubles': self._get_troubles({'confirm': to_confirm}),
            'sessions': sessions[:MOST_SESSIONS],
            'sessions_left_out': max(len(sessions) - MOST_SESSIONS, 0),
            'steps': company._billing_first_steps() if is_manager else False,
            'steps_hidden': is_manager and company.billing_first_steps_hidden,
        }
