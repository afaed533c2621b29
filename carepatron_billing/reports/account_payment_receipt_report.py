"""What a receipt says, ready to be set in type."""

from odoo import api, models
from odoo.tools import format_date, formatLang

from .document import in_lines, letterhead, postal_address


class AccountPaymentReceiptReport(models.AbstractModel):
    _name = 'report.carepatron_billing.report_account_payment_receipt'
    _description = "Receipt Document"

    @api.model
    def _get_report_values(self, docids: list, data=None) -> dict:
        """Return the values that the template shows, in each payer's language.

        :param docids: payments from, or refunds to, clients
        """
        payments = self.env['account.payment'].browse(docids)
        documents = []
        for payment in payments:
            payment = payment.with_context(lang=payment.partner_id.lang or self.env.lang)
            documents.append(self.with_context(lang=payment.env.lang)._get_document(payment))
        return {
            'doc_ids': docids,
            'doc_model': 'account.payment',
            'docs': payments,
            'documents': documents,
        }

    def _get_document(self, payment):
        env = self.env
        is_refund = payment.payment_type == 'outbound'
        invoices = [self._get_invoice(payment, move) for move in payment.reconciled_invoice_ids]
        facts = [(env._("Date"), format_date(env, payment.date))]
        if method := self._get_method(payment):
            facts.append((env._("Method"), method))
        facts.append(
            (
                env._("Amount refunded") if is_refund else env._("Amount received"),
                formatLang(env, payment.amount, currency_obj=payment.currency_id),
            )
        )
        given_back = 0.0 if is_refund else payment.sudo()._billing_refunded()
        if payment.currency_id.compare_amounts(given_back, 0.0) > 0:
            text = formatLang(env, given_back, currency_obj=payment.currency_id)
            facts.append((env._("Amount refunded"), text))
        template = self._get_template(payment).with_context(lang=env.lang)
        payer = payment.partner_id
        mark_kind, mark = self._get_mark(payment)
        return {
            **letterhead(payment, template),
            'footer_text': template._fill_text(
                'footer',
                {
                    'client': payer.name,
                    'practice': payment.company_id.name,
                    'number': payment.name,
                    'date': format_date(env, payment.date),
                },
            ),
            'id': payment.id,
            'kind': 'receipt',
            'title': env._("Refund Receipt") if is_refund else env._("Receipt"),
            'number': payment.name or '',
            'mark_kind': mark_kind,
            'mark': mark,
            'watermark': mark,
            'test': payment.payment_transaction_id.provider_id.sudo().state == 'test',
            'is_refund': is_refund,
            'payer_label': env._("Refunded to") if is_refund else env._("Received from"),
            'payer_name': payer.name or "",
            'payer_company': payer.commercial_company_name != payer.name
            and payer.commercial_company_name,
            'payer_address': template.show_client_address and in_lines(postal_address(payer)),
            'payer_vat': payer.vat,
            'facts': facts,
            'invoices': invoices,
            'still_due': self._get_still_due(payment),
        }

    def _get_template(self, payment):
        """Return the template (sudo) of what was paid, else the practice's default."""
        invoice = payment.reconciled_invoice_ids[:1]
        if invoice:
            return invoice._billing_template()
        return payment.company_id._billing_default_template()

    def _get_mark(self, payment):
        given_back = payment.sudo()._billing_refunded()
        if payment.currency_id.compare_amounts(given_back, payment.amount) >= 0:
            return ('cancelled', self.env._("Refunded"))
        return {
            'draft': ('draft', self.env._("Draft")),
            'canceled': ('cancelled', self.env._("Cancelled")),
            'rejected': ('cancelled', self.env._("Rejected")),
        }.get(payment.state, (False, False))

    def _get_method(self, payment):
        """Return the method by the name that the payer knows it by: *Card*, not the provider."""
        transaction = payment.payment_transaction_id
        return transaction.payment_method_id.name or payment.payment_method_line_id.name or ''

    def _get_invoice(self, payment, move):
        env = self.env
        partials, _exchange_ids = move.sudo()._get_reconciled_invoices_partials()
        paid = sum(amount for _partial, amount, line in partials if line.move_id == payment.move_id)
        amounts = {
            'total': move.amount_total,
            # A payment without entries of its own is known to have paid, but not how much.
            'paid': abs(paid) if payment.move_id else None,
            'due': move.amount_residual,
        }
        return {
            'name': move.name,
            'date': format_date(env, move.invoice_date),
            **{
                key: formatLang(env, value, currency_obj=move.currency_id)
                if value is not None
                else ''
                for key, value in amounts.items()
            },
        }

    def _get_still_due(self, payment):
        """Return what remains to be paid on these invoices, one text for each currency."""
        invoices = payment.reconciled_invoice_ids.filtered(
            lambda move: move.move_type in ('out_invoice', 'out_receipt')
        )
        return [
            formatLang(self.env, sum(group.mapped('amount_residual')), currency_obj=currency)
            for currency, group in invoices.grouped('currency_id').items()
        ]
