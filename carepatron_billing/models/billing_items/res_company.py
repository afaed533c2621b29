from odoo import fields, models


class ResCompany(models.Model):
    """What becomes of sessions of which nobody has said anything, or that were missed."""

    _inherit = 'res.company'

    billing_attendance = fields.Selection(
        [
            ('assumed', "Count as attended"),
            ('asked', "Wait until somebody says so"),
        ],
        string="Unmarked Sessions",
        required=True,
        default='assumed',
        help="Sessions that are over, and of which nobody has said whether the client came.",
    )
    billing_late_decline = fields.Selection(
        [
            ('asked', "Ask somebody first"),
            ('charged', "Charge the fee"),
        ],
        string="Declined Too Late",
        required=True,
        default='asked',
        help="When a client declines by the invitation's link, with less notice than the rule for "
        "late cancellations asks for.",
    )
    billing_fee_rule_ids = fields.One2many('practice.fee.rule', 'company_id')

    def _get_billing_settings_fields(self):
        return super()._get_billing_settings_fields() | {
            'billing_attendance',
            'billing_fee_rule_ids',
            'billing_late_decline',
        }
