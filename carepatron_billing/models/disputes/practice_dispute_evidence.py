from markupsafe import Markup

from odoo import fields, models
from odoo.tools import format_date, format_datetime


class PracticeDispute(models.Model):
    """What Odoo knows that may convince a bank; nothing of it says what a session was about."""

    _inherit = 'practice.dispute'

    evidence = fields.Html(compute='_compute_evidence', compute_sudo=True)

    def _compute_evidence(self):
        for dispute in self:
            dispute.evidence = Markup('<ul>%s</ul>') % Markup('').join(
                Markup('<li>%s</li>') % fact for fact in dispute._collect_evidence()
            )

    def _collect_evidence(self) -> list[str]:
        """Return the facts in sentences, in the order in which they happened."""
        self.ensure_one()
        env = self.env
        zone = self.company_id.billing_timezone or 'UTC'

        def at(moment):
            return format_datetime(env, moment, tz=zone)

        facts = []
        for move in self.move_ids:
            facts += move._billing_evidence(at)
        payment = self.transaction_id.payment_id
        facts.append(
            env._(
                "Payment of %(amount)s on %(day)s by %(method)s, confirmed by Stripe",
                amount=payment.currency_id.format(payment.amount),
                day=format_date(env, payment.date),
                method=self.transaction_id.payment_method_id.name,
            )
        )
        if payment.billing_receipt_at:
            facts.append(
                env._(
                    "Receipt sent to %(email)s on %(at)s",
                    email=payment._billing_receipt_email(),
                    at=at(payment.billing_receipt_at),
                )
            )
        return facts

    def action_download_evidence(self) -> dict:
        """Download the documents to hand in: invoices and the receipt, in one ZIP."""
        self.ensure_one()
        self.check_access('read')
        return {
            'type': 'ir.actions.act_url',
            'url': f'/billing/dispute/{self.id}/evidence',
            'target': 'download',
        }

    def _evidence_files(self) -> list[tuple[str, bytes]]:
        """Return the documents to hand in.

        :return: names and contents
        :raise UserError: if this machine cannot draw documents
        """
        self.ensure_one()
        self.check_access('read')
        files = [move._billing_document_pdf() for move in self.sudo().move_ids]
        payment_sudo = self.sudo().transaction_id.payment_id
        return [*files, payment_sudo._billing_receipt_pdf()]
