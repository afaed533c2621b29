from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

# What was longer ago is over.
RECENT = timedelta(days=7)


class PracticeLinkAlarm(models.Model):
    """How often somebody was shut out who tried out links, or codes for one: a row a day.

    Of an address that opens nothing, nobody knows whose practice it was meant for.
    """

    _name = 'practice.link.alarm'
    _description = "Tried-out Links"
    _order = 'day desc, id desc'

    day = fields.Date(required=True, readonly=True)
    kind = fields.Selection(
        [
            ('links', "Links that do not exist"),
            ('codes', "Wrong codes for a payer's link"),
        ],
        string="What",
        required=True,
        readonly=True,
    )
    company_id = fields.Many2one(
        'res.company', string="Practice", readonly=True, ondelete='cascade'
    )
    count = fields.Integer(string="Times Shut Out", readonly=True)

    _day_uniq = models.UniqueIndex('(day, kind, coalesce(company_id, 0))')

    @api.depends('day', 'kind')
    def _compute_display_name(self):
        kinds = dict(self._fields['kind']._description_selection(self.env))
        for alarm in self:
            alarm.display_name = f"{alarm.day}: {kinds[alarm.kind]}"

    @api.model
    def _note(self, kind: str, company: models.Model | None = None):
        """Count that somebody was shut out today.

        :param kind: as the field has it
        :param company: whose link it was, if that is known
        """
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO practice_link_alarm (day, kind, company_id, count)
                     VALUES (%s, %s, %s, 1)
                ON CONFLICT (day, kind, coalesce(company_id, 0))
                  DO UPDATE SET count = practice_link_alarm.count + 1
                """,
                fields.Date.today(),
                kind,
                company.id if company else None,
            ),
            # A replay is ordinary, and the query's log line would be an error.
            log_exceptions=False,
        )
        self.invalidate_model()

    @api.model
    def _recent(self) -> list:
        """Return the domain of what a manager should hear of."""
        return [
            ('day', '>', fields.Date.today() - RECENT),
            ('company_id', 'in', [False, *self.env.companies.ids]),
        ]
