from odoo import api, fields, models
from odoo.tools import format_date

from ...const import FRONT_DESK
from .schedule import CYCLES, MONTH_DAYS, WEEKDAYS

RULE_FIELDS = {'billing_auto', 'billing_auto_weekday', 'billing_auto_month_day'}


class ResPartner(models.Model):
    """How a contact's sessions are invoiced by themselves, where it is not as the practice does."""

    _inherit = 'res.partner'

    billing_auto = fields.Selection(
        CYCLES,
        string="Automatic Invoicing",
        company_dependent=True,
        copy=False,
        groups=FRONT_DESK,
        help="Of what this contact pays, and of this client's sessions. Empty: as the practice's.",
    )
    billing_auto_weekday = fields.Selection(
        WEEKDAYS, string="Weekday", company_dependent=True, copy=False, groups=FRONT_DESK
    )
    billing_auto_month_day = fields.Selection(
        MONTH_DAYS, string="Day of the Month", company_dependent=True, copy=False, groups=FRONT_DESK
    )
    billing_auto_send = fields.Selection(
        [('yes', "Send"), ('no', "Don't send")],
        string="Payment Link",
        company_dependent=True,
        copy=False,
        groups=FRONT_DESK,
        help="Whether the link is sent with automatic invoices. Empty: as the practice's.",
    )
    billing_auto_since = fields.Datetime(
        string="Automatic Invoicing Changed",
        company_dependent=True,
        copy=False,
        groups=FRONT_DESK,
        readonly=True,
    )
    billing_auto_paused = fields.Boolean(
        string="Pause Automatic Invoicing",
        company_dependent=True,
        copy=False,
        groups=FRONT_DESK,
        help="Sessions wait until the pause is over, or somebody invoices them.",
    )
    billing_auto_paused_until = fields.Date(
        string="Paused Until",
        company_dependent=True,
        copy=False,
        groups=FRONT_DESK,
        help="The first day on which invoices are made again. Empty: until somebody ends it.",
    )
    billing_auto_pause_reason = fields.Char(
        string="Paused Because", company_dependent=True, copy=False, groups=FRONT_DESK
    )
    billing_auto_next = fields.Char(
        string="Next Automatic Invoice", compute='_compute_billing_auto_next', groups=FRONT_DESK
    )

    # === COMPUTE METHODS === #

    @api.depends(
        'billing_auto',
        'billing_auto_weekday',
        'billing_auto_month_day',
        'billing_auto_paused',
        'billing_auto_paused_until',
        'billing_auto_pause_reason',
    )
    @api.depends_context('company')
    def _compute_billing_auto_next(self):
        company_sudo = self.env.company.sudo()
        for partner in self:
            holder = partner if partner.billing_auto else company_sudo
            schedule = company_sudo._billing_schedule(holder)
            partner.billing_auto_next = (
                partner._billing_pause() if schedule.cycle != 'off' else False
            ) or company_sudo._billing_format_next(schedule)

    @api.onchange('billing_auto')
    def _onchange_billing_auto(self):
        if not self.billing_auto_weekday:
            self.billing_auto_weekday = self.env.company.billing_auto_weekday
        if not self.billing_auto_month_day:
            self.billing_auto_month_day = self.env.company.billing_auto_month_day

    # === CRUD METHODS === #

    def write(self, vals):
        """Override of `base`: a new rule holds from now on."""
        if RULE_FIELDS & vals.keys():
            vals = {**vals, 'billing_auto_since': fields.Datetime.now()}
            company_sudo = self.env.company.sudo()
            # As for the practice: nobody's old sessions go by surprise.
            if (vals.get('billing_auto') or 'off') != 'off' and not company_sudo.billing_auto_from:
                company_sudo.billing_auto_from = company_sudo._billing_today()
        return super().write(vals)

    # === BUSINESS METHODS === #

    def _billing_pause(self) -> str | bool:
        """Return in words that this contact's automatic invoicing is paused, or False."""
        self.ensure_one()
        until = self.billing_auto_paused_until
        if not self.billing_auto_paused or (until and until <= self.env.company._billing_today()):
            return False
        if until:
            text = self.env._("Paused until %s", format_date(self.env, until))
        else:
            text = self.env._("Paused")
        reason = self.billing_auto_pause_reason
        return f"{text}: {reason}" if reason else text
