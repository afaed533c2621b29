from odoo import api, fields, models
from odoo.fields import Domain

from ...const import FRONT_DESK, PRACTITIONER


class ResPartner(models.Model):
    _inherit = 'res.partner'

    billing_share_ids = fields.One2many(
        'practice.payer.share',
        'client_id',
        string="Who Pays",
        groups=FRONT_DESK,
    )
    billing_shows_sessions = fields.Boolean(
        string="Other Payers See the Sessions",
        copy=False,
        groups=FRONT_DESK,
        help="For whoever is billed for this client without a share of their own.",
    )
    billing_unbilled_count = fields.Integer(
        string="Not Invoiced",
        compute='_compute_billing_unbilled_count',
        groups=PRACTITIONER,
        help="Sessions of this client, or paid by this contact, that wait to be invoiced.",
    )
    # === COMPUTE METHODS === #

    @api.depends_context('uid', 'allowed_company_ids')
    def _compute_billing_unbilled_count(self):
        counts = {}
        for client, payer, count in self.env['practice.billing.item']._read_group(
            self._get_billing_unbilled_domain(),
            ['client_id', 'payer_id'],
            ['__count'],
        ):
            for partner in client | payer:
                counts[partner.id] = counts.get(partner.id, 0) + count
        for partner in self:
            partner.billing_unbilled_count = counts.get(partner._origin.id, 0)

    # === ACTION METHODS === #

    def action_billing_unbilled(self):
        """Show the client's sessions that wait to be invoiced."""
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id(
            'carepatron_billing.practice_billing_item_action'
        )
        return {**action, 'domain': self._get_billing_unbilled_domain(), 'context': {}}

    # === BUSINESS METHODS === #

    def _get_billing_unbilled_domain(self):
        return list(
            Domain('state', 'in', ('to_confirm', 'unbilled'))
            & (Domain('client_id', 'in', self.ids) | Domain('payer_id', 'in', self.ids))
        )
