from odoo import fields, models
from odoo.tools import formatLang

from ...const import MANAGER, PROVIDER_CODE


class ResCompany(models.Model):
    """How a practice charges saved cards by themselves."""

    _inherit = 'res.company'

    billing_autopay_offered = fields.Boolean(
        string="Clients may switch autopay on",
        default=True,
        help="On the page of their saved cards.",
    )
    billing_autopay_when = fields.Selection(
        [('issue', "When it is issued"), ('due', "On its due date")],
        string="Then an invoice is charged",
        required=True,
        default='due',
    )
    billing_autopay_notice_days = fields.Integer(
        string="Days of Notice",
        default=3,
        help="So many days before a card is charged, the client is told the amount. 0: no notice.",
    )
    billing_autopay_summary_on = fields.Date(readonly=True)

    _billing_autopay_notice_check = models.Constraint(
        'CHECK(billing_autopay_notice_days BETWEEN 0 AND 30)',
        "Give notice of 0 to 30 days.",
    )

    def _get_billing_settings_fields(self):
        return super()._get_billing_settings_fields() | {
            'billing_autopay_offered',
            'billing_autopay_when',
            'billing_autopay_notice_days',
        }

    def _billing_privacy_templates(self):
        """Override: payers are told before a card is charged."""
        return super()._billing_privacy_templates() | self.env.ref(
            'carepatron_billing.mail_template_autopay_notice'
        )

    def _billing_autopay_of(self, day):
        """Return the charges (sudo) that autopay made on a day of the practice's."""
        txs_sudo = (
            self.env['payment.transaction']
            .sudo()
            .search(
                [
                    ('company_id', '=', self.id),
                    ('provider_code', '=', PROVIDER_CODE),
                    ('billing_autopay', '=', True),
                    (
                        'last_state_change',
                        '>=',
                        fields.Datetime.subtract(fields.Datetime.now(), days=2),
                    ),
                ],
                order='id',
            )
        )
        return txs_sudo.filtered(lambda tx: self._billing_day(tx.last_state_change) == day)

    def _billing_autopay_mail_summary(self, day):
        """Mail the managers what autopay did on a day, if it did anything.

        Invoice numbers and amounts only: a mail is no place for more.
        """
        txs = self._billing_autopay_of(day)
        managers = (
            self.env.ref(MANAGER)
            .sudo()
            .all_user_ids.filtered(
                lambda user: user.active and self in user.company_ids and user.email_normalized
            )
        )
        if not txs or not managers:
            return
        template_sudo = self.env.ref('carepatron_billing.mail_template_autopay_summary').sudo()
        # In the practice's name: the scheduler works in that of another company.
        template_sudo = template_sudo.with_company(self)
        for manager in managers:
            template_sudo.with_context(
                lang=manager.lang, billing_summary=self._billing_autopay_summary(txs)
            ).send_mail(self.id, email_values={'email_to': manager.email_normalized})
        self.env.ref('mail.ir_cron_mail_scheduler_action').sudo()._trigger()

    def _billing_autopay_summary(self, txs) -> dict:
        """Return what the summary tells: sums by outcome, and each decline."""
        done = txs.filtered(lambda tx: tx.state == 'done')
        failed = txs.filtered(lambda tx: tx.state == 'error')
        return {
            'charged_count': len(done),
            'charged': ' + '.join(
                formatLang(self.env, sum(of_one.mapped('amount')), currency_obj=currency)
                for currency, of_one in done.grouped('currency_id').items()
            ),
            'waiting_count': len(txs.filtered(lambda tx: tx.state == 'pending')),
            'declined': [
                {
                    'invoice': ', '.join(tx.invoice_ids.mapped('name')),
                    'amount': formatLang(self.env, tx.amount, currency_obj=tx.currency_id),
                    'why': tx.state_message or '',
                }
                for tx in failed
            ],
        }
