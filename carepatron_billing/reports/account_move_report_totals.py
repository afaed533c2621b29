"""What an invoice or a credit note comes to, how it was and will be paid, and the small print."""

from odoo import models
from odoo.tools import format_date, formatLang, is_html_empty

from ..tools.privacy import FULL
from ..tools.qr_code import qr_code
from .document import amount_formatter, sample_link_url

MINUS = "\N{MINUS SIGN}"


class AccountMoveReport(models.AbstractModel):
    _inherit = 'report.carepatron_billing.report_account_move'

    def _get_sums(self, move) -> tuple[float, float]:
        """Return the total and what is due of it."""
        if move.id:
            return move.amount_total, move.amount_residual
        # Of the sample that templates are shown with, which has no entries yet.
        total = move.tax_totals['total_amount_currency']
        return total, total

    def _get_totals(self, move, amount, total):
        """Return the rows of the total block: label, text and the kind of row."""
        tax_totals = move.tax_totals or {}
        subtotals = tax_totals.get('subtotals', [])
        rows = []
        for subtotal in subtotals:
            if not subtotal['tax_groups']:
                continue
            name = self.env._("Subtotal") if len(subtotals) == 1 else subtotal['name']
            rows.append((name, amount(subtotal['base_amount_currency']), 'sub'))
            for group in subtotal['tax_groups']:
                base = group['display_base_amount_currency']
                name = group['group_name']
                if not tax_totals['same_tax_base'] and base is not False:
                    name = self.env._("%(tax)s on %(base)s", tax=name, base=amount(base))
                rows.append((name, amount(group['tax_amount_currency']), 'tax'))
        rounding = tax_totals.get('cash_rounding_base_amount_currency')
        if rounding is not None:
            rows.append((self.env._("Rounding"), amount(rounding), 'tax'))
        label = self.env._("Total (%s)", move.currency_id.name)
        rows.append((label, amount(total), 'total'))
        return rows

    def _get_payments(self, move):
        rows = []
        widget = move.sudo().invoice_payments_widget or {}
        amount = amount_formatter(move)
        for payment in widget.get('content', []):
            if payment['is_exchange']:
                continue
            date = format_date(self.env, payment['date'])
            counterpart = move.browse(payment['move_id'])
            if move.move_type == 'out_refund':
                label = (
                    self.env._("Used for %s", counterpart.name)
                    if counterpart.is_sale_document(include_receipts=True)
                    else self.env._("Refunded on %s", date)
                )
            elif payment['is_refund']:
                label = self.env._("Credited on %s", date)
            else:
                label = self.env._("Paid on %s", date)
            rows.append((label, f"{MINUS}{amount(payment['amount'])}"))
        return rows

    def _get_credit(self, move, amount):
        """Return what the payer has left over of other invoices, as label and text, or False."""
        credit = move._billing_shown_credit()
        if not credit:
            return False
        today = format_date(self.env, move.company_id._billing_today())
        return self.env._("Your unused credit on %s", today), amount(credit)

    def _get_link(self, move, is_preview):
        if is_preview:
            # Whoever looks at a template makes no link: where there is none, it is a sample.
            url = move._billing_current_link().url or sample_link_url(move.company_id)
        else:
            url = move._billing_payment_link().url
        return {'url': url, 'qr_code': qr_code(url)}

    def _get_provider_state(self, move):
        if move.move_type != 'out_invoice':
            return False
        return move.company_id._billing_provider_sudo().state

    def _get_bank(self, move):
        bank = move.partner_bank_id
        if not bank:
            return False
        return {
            'holder': bank.acc_holder_name or move.company_id.name,
            'number': bank.acc_number,
            'bic': bank.bank_bic,
            'name': bank.bank_name,
        }

    # === NOTES === #

    def _get_notes(self, move, amount, show):
        term = move.invoice_payment_term_id
        return {
            'instalments': [
                (detail['date'], amount(detail['amount']))
                for detail in move.payment_term_details or []
            ]
            if len(move.payment_term_details or []) > 1
            else [],
            'early_discount': self._get_early_discount(move, amount),
            'company_currency': move.company_currency_id.name,
            'company_currency_totals': self._get_company_currency_totals(move),
            'notes': [
                html
                for html in (
                    move.move_type == 'out_invoice' and term.note,
                    move.fiscal_position_id.note,
                    move.taxes_legal_notes,
                    show['level'] == FULL and move.narration,
                )
                if not is_html_empty(html)
            ],
        }

    def _get_early_discount(self, move, amount):
        if not (
            move.show_discount_details
            and move._is_eligible_for_early_payment_discount(move.currency_id, move.invoice_date)
        ):
            return False
        term = move.invoice_payment_term_id
        return self.env._(
            "%(amount)s if you pay by %(date)s",
            amount=amount(term._get_amount_due_after_discount(move.amount_total, move.amount_tax)),
            date=term._get_last_discount_date_formatted(move.invoice_date),
        )

    def _get_company_currency_totals(self, move):
        """Return the taxes in the practice's own currency, where the law asks for them."""
        tax_totals = move.tax_totals or {}
        if not tax_totals.get('display_in_company_currency'):
            return []
        currency = move.company_currency_id
        return [
            (group['group_name'], formatLang(self.env, group['tax_amount'], currency_obj=currency))
            for subtotal in tax_totals['subtotals']
            for group in subtotal['tax_groups']
        ]
