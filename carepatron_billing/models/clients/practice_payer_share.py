from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import float_compare


class PracticePayerShare(models.Model):
    _name = 'practice.payer.share'
    _description = "Who Pays for a Client"
    _order = 'sequence, id'
    _check_company_auto = True

    sequence = fields.Integer(default=10)
    client_id = fields.Many2one('res.partner', required=True, index=True, ondelete='cascade')
    payer_id = fields.Many2one(
        'res.partner', required=True, index=True, ondelete='restrict', check_company=True
    )
    company_id = fields.Many2one(
        'res.company', string="Practice", required=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(related='company_id.currency_id')
    kind = fields.Selection(
        [
            ('remainder', "What is left"),
            ('percent', "Percentage"),
            ('amount', "Amount"),
        ],
        string="Pays",
        required=True,
        default='remainder',
        help="Of the price with tax. What nobody else pays is billed to the client.",
    )
    percent = fields.Float(string="Percentage")
    amount = fields.Monetary(string="Amount per Session")
    shows_sessions = fields.Boolean(
        string="Sees the Sessions",
        help="Otherwise this payer's invoices say the period, the amount and the tax, and neither"
        " the dates of the sessions, nor the services, codes, times or practitioner.",
    )

    @api.constrains('kind', 'percent', 'amount', 'client_id', 'company_id')
    def _check_value(self):
        for share in self:
            if share.kind == 'percent' and not 0 < share.percent <= 100:
                raise ValidationError(
                    self.env._("A percentage is more than 0 and at most 100. Correct it.")
                )
            if share.kind == 'amount' and share.amount <= 0:
                raise ValidationError(self.env._("Enter an amount that is more than zero."))
        for (client, company), _shares in self.grouped(
            lambda share: (share.client_id, share.company_id)
        ).items():
            shares = self.search([('client_id', '=', client.id), ('company_id', '=', company.id)])
            if len(shares.filtered(lambda share: share.kind == 'remainder')) > 1:
                raise ValidationError(
                    self.env._("Only one payer can pay what is left. Give the others a share.")
                )
            percents = shares.filtered(lambda share: share.kind == 'percent').mapped('percent')
            if float_compare(sum(percents), 100, precision_digits=6) > 0:
                raise ValidationError(
                    self.env._("The percentages add up to more than 100. Lower one of them.")
                )

    def _divide(self, total: float, currency: models.Model, date) -> dict[models.Model, float]:
        """Divide a price with tax among these payers; what is left is the client's.

        :param total: the price with tax of one session
        :param currency: of the price
        :param datetime date: of the exchange rate for amounts
        :return: what each one pays; the sum is the total, to the cent
        """
        order = ('amount', 'percent', 'remainder')
        parts, rest = {}, total
        for share in self.sorted(lambda share: (order.index(share.kind), share.sequence)):
            part = rest
            if share.kind == 'amount':
                part = share.currency_id._convert(share.amount, currency, share.company_id, date)
            elif share.kind == 'percent':
                part = currency.round(total * share.percent / 100)
            part = min(part, rest)
            rest = currency.round(rest - part)
            parts[share.payer_id] = parts.get(share.payer_id, 0.0) + part
        if not currency.is_zero(rest):
            parts[self.client_id] = parts.get(self.client_id, 0.0) + rest
        return {payer: part for payer, part in parts.items() if not currency.is_zero(part)}
