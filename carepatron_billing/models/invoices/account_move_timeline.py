from datetime import datetime

from odoo import api, fields, models
from odoo.tools import format_datetime


class AccountMove(models.Model):
    """What happened to an invoice, in the order in which it happened."""

    _inherit = 'account.move'

    billing_timeline = fields.Json(compute='_compute_billing_timeline', groups='base.group_user')

    @api.depends_context('lang', 'uid')
    def _compute_billing_timeline(self):
        """From the facts at the moment of reading; the first thing that happened comes last."""
        for move in self:
            entries = move.sudo()._billing_timeline_entries() if move.id else []
            told = [entry for entry in entries if entry['at']]
            told.sort(key=lambda entry: entry['at'], reverse=True)
            move.billing_timeline = [
                {**entry, 'at': fields.Datetime.to_string(entry['at'])} for entry in told
            ]

    def _billing_timeline_entries(self) -> list[dict]:
        """Return what happened to this invoice (sudo), in any order; rooms add what they know.

        :return: of `happened`
        """
        self.ensure_one()
        who = self.create_uid.name or ""
        entries = [happened('created', self.create_date, self.env._("Created by %s", who))]
        for note in self._billing_credits():
            text = self.env._(
                "%(amount)s credited by %(name)s",
                amount=note.currency_id.format(note.amount_total),
                name=note.name,
            )
            entries.append(happened('credited', note.create_date, text, note.ref or ""))
        zone = self.company_id._billing_zone().key
        for item in self.billing_item_ids.filtered('session_moved_to'):
            now_at = format_datetime(self.env, item.session_moved_to, tz=zone, dt_format='short')
            text = self.env._("A session was moved to %s after it was invoiced", now_at)
            entries.append(happened('moved', item.event_id.write_date, text))
        if self.state == 'cancel':
            # Nothing of a cancelled invoice changes any more.
            entries.append(happened('cancelled', self.write_date, self.env._("Cancelled")))
        return entries


def happened(
    kind: str, at: datetime | bool, text: str, note: str = "", is_problem: bool = False
) -> dict:
    """Return an entry of a timeline.

    :param at: in UTC; False: it did not happen
    """
    return {'kind': kind, 'at': at, 'text': text, 'note': note, 'is_problem': is_problem}
