from odoo import api, fields, models
from odoo.exceptions import ValidationError


class PracticeFeeRule(models.Model):
    _name = 'practice.fee.rule'
    _description = "Fee for Missed Sessions"
    _order = 'company_id, attendance, service_id, id'
    _check_company_auto = True

    company_id = fields.Many2one(
        'res.company',
        string="Practice",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(related='company_id.currency_id')
    attendance = fields.Selection(
        [('no_show', "No-show"), ('late_cancelled', "Late cancellation")],
        string="Fee For",
        required=True,
    )
    service_id = fields.Many2one(
        'product.product',
        string="Only for Service",
        ondelete='cascade',
        check_company=True,
        domain=[('type', '=', 'service'), ('sale_ok', '=', True)],
        help="Empty: for all services without a fee of their own.",
    )
    kind = fields.Selection(
        [('percent', "Percentage of the price"), ('amount', "Amount"), ('none', "No fee")],
        string="Fee",
        required=True,
        default='percent',
    )
    percent = fields.Float(string="Percentage", default=100.0)
    amount = fields.Monetary()
    fee_service_id = fields.Many2one(
        'product.product',
        string="Billed as",
        ondelete='restrict',
        check_company=True,
        domain=[('type', '=', 'service'), ('sale_ok', '=', True)],
        help="A service of its own: its wording, tax and account are those of the fee. An "
        "exemption for health services often does not cover it.",
    )
    notice_hours = fields.Float(
        string="Hours of Notice",
        default=24.0,
        help="A session cancelled later than this before its beginning is a late cancellation.",
    )

    @api.constrains('kind', 'percent', 'amount', 'fee_service_id')
    def _check_fee(self):
        for rule in self.filtered(lambda rule: rule.kind != 'none'):
            if not rule.fee_service_id:
                raise ValidationError(
                    self.env._("Choose the service that the fee is billed as; make one if needed.")
                )
            if (rule.percent if rule.kind == 'percent' else rule.amount) <= 0:
                raise ValidationError(
                    self.env._("Enter a fee that is more than zero, or choose *No fee*.")
                )

    @api.model
    def _find(self, company, attendance, service) -> models.Model:
        """Return the rule for a missed session, the service's own before the practice's."""
        rules = self.search(
            [
                ('company_id', '=', company.id),
                ('attendance', '=', attendance),
                ('service_id', 'in', (service.id, False)),
            ]
        )
        return rules.sorted(lambda rule: not rule.service_id)[:1]

    def _get_fee(self, price: float, currency: models.Model, date):
        """Return the fee for a session.

        :param price: of the session
        :param currency: of the price, and of the fee
        :param datetime date: of the exchange rate
        """
        if self.kind == 'percent':
            return currency.round(price * self.percent / 100)
        if self.kind == 'amount':
            return self.currency_id._convert(self.amount, currency, self.company_id, date)
        return 0.0
