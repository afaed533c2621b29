"""What an invoice or a credit note says, ready to be set in type."""

from odoo import api, models
from odoo.tools import format_date

from ..tools.privacy import FULL
from .document import amount_formatter, in_lines, letterhead, postal_address

# What a document shows at the privacy level *Full* alone.
TELLING = (
    'show_code',
    'show_practitioner',
    'show_session_time',
    'show_client_reference',
    'show_payer',
)


class AccountMoveReport(models.AbstractModel):
    _name = 'report.carepatron_billing.report_account_move'
    _description = "Invoice Document"

    @api.model
    def _get_report_values(self, docids: list[int], data: dict | None = None) -> dict:
        """Return the values that the template shows.

        :param docids: invoices and credit notes; their texts come in each client's language
        :param data: `proforma`: say so in the title; `print_with_payments` False: leave out what
            was paid
        """
        data = data or {}
        moves = self.env['account.move'].browse(docids)
        documents = []
        for move in moves:
            move = move.with_context(lang=move.partner_id.lang or self.env.lang)
            documents.append(self.with_context(lang=move.env.lang)._get_document(move, data))
        return {
            'doc_ids': docids,
            'doc_model': 'account.move',
            'docs': moves,
            'documents': documents,
        }

    def _get_document(self, move, data):
        template = data.get('template')
        # A web client may send data of its own along with its wish to print.
        is_preview = isinstance(template, models.BaseModel)
        if not is_preview:
            template = move._billing_template()
        template = template.with_context(lang=move.env.lang)
        amount = amount_formatter(move)
        total, due = self._get_sums(move)
        is_posted = move.state == 'posted' or not move.id
        with_payments = (
            data.get('print_with_payments', True) and move.payment_state != 'invoicing_legacy'
        )
        payments = self._get_payments(move) if with_payments else []
        is_due = is_posted and not move.currency_id.is_zero(due)
        to_pay = is_due and move.move_type in ('out_invoice', 'out_receipt')
        provider_state = to_pay and with_payments and self._get_provider_state(move)
        takes_payments = provider_state in ('enabled', 'test')
        head = letterhead(move, template)
        show = head['look']
        show['level'] = move._billing_privacy(self._get_channel())
        if show['level'] != FULL:
            show.update(dict.fromkeys(TELLING, False))
        document = {
            **head,
            'id': move.id,
            'model': 'account.move',
            'kind': 'invoice',
            'title': self._get_title(move, bool(data.get('proforma'))),
            'number': move.name if move.name and move.name != '/' else '',
            **self._get_mark(move, is_posted, with_payments),
            'is_credit': move.move_type == 'out_refund',
            **self._get_people(move, show),
            'facts': self._get_facts(move, amount, total, due, is_posted and with_payments),
            **self._get_items(move, show),
            'totals': self._get_totals(move, amount, total),
            'payments': payments,
            'due': amount(due) if with_payments and is_posted else False,
            'due_label': self._get_due_label(move),
            'credit': to_pay and with_payments and self._get_credit(move, amount),
            'link': self._get_link(move, is_preview)
            if takes_payments and show['show_qr_code']
            else False,
            'test': provider_state == 'test',
            'to_pay': to_pay,
            'bank': to_pay and show['show_bank'] and self._get_bank(move),
            'payment_reference': to_pay and move.payment_reference,
            **self._get_notes(move, amount, show),
        }
        document.update(self._get_texts(move, template, document, amount(total), amount(due)))
        document['slip_height'] = _slip_height(document)
        return document

    def _get_channel(self):
        """Return where the document is read; to name the portal only changes what is withheld."""
        is_portal = self.env.context.get('billing_channel') == 'portal'
        return 'portal' if is_portal else 'document'

    def _get_texts(self, move, template, document, total, due):
        values = {
            'client': document['payer_name'],
            'practice': document['company'].name,
            'number': document['number'],
            'date': format_date(self.env, move.invoice_date) if move.invoice_date else "",
            'due_date': format_date(self.env, move.invoice_date_due)
            if move.invoice_date_due
            else "",
            'total': total,
            'amount_due': due,
        }
        texts = {
            'due_date': values['due_date'],
            'introduction': template._fill_text('introduction', values),
            'payment_instructions': document['to_pay']
            and template._fill_text('payment_instructions', values),
            'terms': template._fill_text('terms', values),
            'footer_text': template._fill_text('footer', values),
        }
        title = template._fill_text('title', values)
        # A credit note, or what is not an invoice yet, never takes the name of one.
        if (
            title
            and move.move_type == 'out_invoice'
            and document['title']
            in (
                self.env._("Invoice"),
                self.env._("Tax Invoice"),
            )
        ):
            texts['title'] = title
        return texts

    # === HEAD === #

    def _get_title(self, move, proforma):
        env = self.env
        tax_document = move._get_name_invoice_report() in move._BILLING_TAX_INVOICE_REPORTS
        if move.move_type == 'out_refund':
            if proforma:
                return env._("Proforma Credit Note")
            return env._("Tax Credit Note") if tax_document else env._("Credit Note")
        if move.move_type == 'out_receipt':
            return env._("Sales Receipt")
        if proforma:
            return env._("Proforma Invoice")
        return env._("Tax Invoice") if tax_document else env._("Invoice")

    def _get_mark(self, move, is_posted, with_payments):
        """Return the word that is stamped on the document, if there is one."""
        if move.state == 'cancel':
            mark = ('cancelled', self.env._("Cancelled"))
        elif not is_posted:
            mark = ('draft', self.env._("Draft"))
        else:
            kind = with_payments and move._billing_paid_mark()
            words = {
                'paid': self.env._("Paid"),
                'part_refunded': self.env._("Partly refunded"),
                'refunded': self.env._("Refunded"),
            }
            mark = (kind, words.get(kind, False))
        return {
            'mark_kind': mark[0],
            'mark': mark[1],
            'watermark': mark[0] in ('cancelled', 'draft'),
        }

    def _get_people(self, move, show):
        """Return who pays, whose sessions these are, and who held them."""
        payer = move.partner_id
        company_name = payer.commercial_company_name
        clients_sudo = move._billing_clients()
        # What tells more than who pays how much, not everybody gets to know.
        hidden_sudo = move._billing_hidden_lines()
        others_sudo = clients_sudo.filtered(lambda client: client != payer)
        return {
            'payer_label': self.env._("Credit to")
            if move.move_type == 'out_refund'
            else self.env._("Bill to"),
            'payer_name': payer.name or "",
            'payer_company': company_name if company_name != payer.name else False,
            'payer_address': show['show_client_address'] and in_lines(postal_address(payer)),
            'payer_vat': payer.vat,
            'clients': [
                {
                    'name': client.name,
                    'address': show['show_client_address']
                    and not hidden_sudo
                    and in_lines(postal_address(client)),
                }
                for client in others_sudo
            ]
            if show['show_payer']
            else [],
            'client_references': [
                reference
                for reference in (clients_sudo or payer.sudo()).mapped('billing_reference')
                if reference
            ]
            if show['show_client_reference'] and not hidden_sudo
            else [],
            'practitioners': [
                {
                    'name': user.partner_id.name,
                    'registration': user.partner_id.billing_registration_number,
                    'provider': user.partner_id.billing_provider_number,
                }
                for user in move._billing_practitioners()
            ]
            if show['show_practitioner'] and not hidden_sudo
            else [],
        }

    def _get_due_label(self, move):
        is_credit = move.move_type == 'out_refund'
        return self.env._("Remaining credit") if is_credit else self.env._("Amount due")

    def _get_facts(self, move, amount, total, due, with_due):
        """Return the figures looked for first: pairs of label and text, the sum last."""
        env = self.env
        is_credit = move.move_type == 'out_refund'
        facts = []
        if move.invoice_date:
            label = env._("Credit note date") if is_credit else env._("Invoice date")
            facts.append((label, format_date(env, move.invoice_date)))
        if move.move_type == 'out_invoice':
            facts += self._get_due_facts(move, amount)
        if is_credit and move.reversed_entry_id:
            facts.append((env._("For invoice"), move.reversed_entry_id.name))
        if move.ref and not is_credit:
            facts.append((env._("Your reference"), move.ref))
        if is_credit:
            facts.append((env._("Total credit"), amount(total)))
        elif with_due:
            facts.append((env._("Amount due"), amount(due)))
        else:
            facts.append((env._("Total"), amount(total)))
        return facts

    def _get_due_facts(self, move, amount):
        values = move._get_invoice_next_payment_values() if move.id else {}
        if move.state == 'posted' and values.get('installment_state') in ('next', 'overdue'):
            text = self.env._(
                "%(amount)s by %(date)s",
                amount=amount(values['next_amount_to_pay']),
                date=format_date(self.env, values['next_due_date']),
            )
            return [(self.env._("Next payment"), text)]
        if not move.invoice_date_due:
            return []
        return [(self.env._("Due date"), format_date(self.env, move.invoice_date_due))]


def _slip_height(document):
    """Return the height of the payment slip, in mm: long names take lines of their own."""
    bank = document['bank'] or {}
    # Texts, and how many characters of each find room on a line; two lines are to spare at left.
    left = ((document['company'].name, 44), (document['payer_name'], 28), (document['number'], 28))
    right = ((bank.get('holder'), 46), (bank.get('number'), 46), (bank.get('name'), 46))
    more_left, more_right = (
        sum(max(len(text or '') - 1, 0) // room for text, room in side) for side in (left, right)
    )
    return 49 + 4.5 * max(more_left - 2, more_right, 0)
