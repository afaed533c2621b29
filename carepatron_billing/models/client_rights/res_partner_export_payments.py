import re

from odoo import models
from odoo.fields import Domain
from odoo.tools import html2plaintext

from ...const import PROVIDER_CODE
from .res_partner_export_sections import section

# What opens a page of ours, or of Odoo's, to whoever has it.
KEYS = re.compile(r'(/billing/\w+/|access_token=)[\w-]+')


class ResPartner(models.Model):
    """What a client's export tells of money, and of the mails about it."""

    _inherit = 'res.partner'

    def _billing_export_money(self, companies, documents):
        columns = [
            *self._billing_columns(
                'account.payment',
                'company_id',
                'name',
                'date',
                'payment_type',
                'journal_id',
                'amount',
                'currency_id',
                'memo',
                'billing_receipt_at',
                'billing_credit_kept_at',
            ),
            ('document', self.env._("Document"), lambda one: documents.get(one, ("",))[0]),
        ]
        payments = self._billing_export_payments(companies)
        return section('payments', self.env._("Payments and refunds"), columns, payments)

    def _billing_export_online(self, companies):
        """Return what was tried online; Stripe's own references open nothing for a client."""
        txs = self.env['payment.transaction'].search(
            [
                ('partner_id', '=', self.id),
                ('company_id', 'in', companies.ids),
                ('provider_code', '=', PROVIDER_CODE),
            ],
            order='id',
        )
        columns = self._billing_columns(
            'payment.transaction',
            'company_id',
            'create_date',
            'reference',
            'operation',
            'amount',
            'currency_id',
            'token_id',
            'state',
            'state_message',
            'billing_autopay',
            'billing_consent',
            'partner_name',
            'partner_email',
            'partner_phone',
            'partner_address',
            'partner_zip',
            'partner_city',
        )
        return section('online_payments', self.env._("Online payments and refunds"), columns, txs)

    def _billing_export_cards(self, companies):
        tokens = self._billing_all_cards(active_test=False)
        columns = [
            *self._billing_columns('payment.token', 'company_id', 'billing_brand'),
            ('last_four', self.env._("Last four digits"), lambda token: token.payment_details),
            *self._billing_columns(
                'payment.token',
                'billing_expires_on',
                'billing_consent',
                'billing_consent_at',
                'billing_expiry_told_at',
                'active',
            ),
        ]
        return section(
            'cards',
            self.env._("Saved cards"),
            columns,
            tokens.filtered(lambda token: token.company_id in companies),
        )

    def _billing_export_autopay(self, companies):
        holders = self.env['practice.card.holder'].search(
            [('partner_id', '=', self.id), ('company_id', 'in', companies.ids)]
        )
        columns = self._billing_columns(
            'practice.card.holder',
            'company_id',
            'autopay',
            'autopay_how',
            'autopay_at',
            'autopay_terms',
            'autopay_stopped',
        )
        return section('autopay', self.env._("Autopay"), columns, holders)

    def _billing_export_links(self, companies):
        """Return when payment links were sent and opened; the links themselves are keys."""
        links = self.env['practice.payment.link'].search(
            [('payer_id', '=', self.id), ('company_id', 'in', companies.ids)], order='id'
        )
        columns = [
            ('invoice', self.env._("Invoice"), lambda link: link.move_id.name or None),
            *self._billing_columns(
                'practice.payment.link', 'company_id', 'sent_at', 'viewed_at', 'revoked_at'
            ),
        ]
        return section('links', self.env._("Payment links"), columns, links)

    def _billing_export_mails(self, companies, own):
        """Return the mails to this contact.

        :param own: recordset of `account.move`: the invoices that this contact pays
        """
        payments = self._billing_export_payments(companies)
        holders = self.env['practice.card.holder'].search(
            [('partner_id', '=', self.id), ('company_id', 'in', companies.ids)]
        )
        about = Domain.OR(
            Domain('model', '=', records._name) & Domain('res_id', 'in', records.ids)
            for records in (own, payments, holders)
        )
        reminders = self.env['practice.reminder.mail'].search(
            [('payer_id', '=', self.id), ('company_id', 'in', companies.ids)], order='id'
        )
        messages = self.env['mail.message'].search(
            about
            & (
                Domain('message_type', '=', 'email_outgoing')
                | Domain('outgoing_email_to', '!=', False)
                | Domain('notified_partner_ids', 'in', self.ids)
            )
            # They stand beside, each once.
            & Domain('message_id', 'not in', reminders.mapped('message_ref')),
            order='id',
        )
        rows = [
            (one.date, one.outgoing_email_to or self.email, one.subject, one.body)
            for one in messages
        ] + [
            (one.attempted_at or one.create_date, one.email, one.subject, one.body)
            for one in reminders
        ]
        columns = [
            ('date', self.env._("Date"), lambda row: row[0]),
            ('to', self.env._("To"), lambda row: row[1]),
            ('subject', self.env._("Subject"), lambda row: row[2]),
            ('text', self.env._("Text"), lambda row: _plain(row[3] or '')),
        ]
        return section('mails', self.env._("Mails"), columns, sorted(rows, key=lambda row: row[0]))

    def _billing_export_reminders(self, companies):
        reminders = self.env['practice.reminder'].search(
            [('payer_id', '=', self.id), ('company_id', 'in', companies.ids)], order='id'
        )
        columns = self._billing_columns(
            'practice.reminder',
            'company_id',
            'day',
            'move_id',
            'due_date',
            'amount',
            'currency_id',
            'state',
            'reason',
        )
        return section('reminders', self.env._("Reminders"), columns, reminders)

    def _billing_export_disputes(self, companies):
        disputes = self.env['practice.dispute'].search(
            [('partner_id', '=', self.id), ('company_id', 'in', companies.ids)], order='id'
        )
        columns = self._billing_columns(
            'practice.dispute',
            'company_id',
            'opened_at',
            'amount',
            'currency_id',
            'reason',
            'state',
            'closed_at',
        )
        return section('disputes', self.env._("Disputes"), columns, disputes)


def _plain(html):
    """Return a mail's text without the part of its links that opens them."""
    text = re.sub(r'\n\s*\n\s*', '\n\n', html2plaintext(html)).strip()
    return KEYS.sub(r'\1…', text)
