from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..payment_links.practice_payment_link import LIVE

# Odoo asks for an address where a mail was sent to no contact.
NOBODY = 'anonymised@example.invalid'
# What is cleared of a contact; its country stays, because taxes were computed by it.
CLEARED = (
    'barcode',
    'city',
    'comment',
    'company_registry',
    'email',
    'function',
    'image_1920',
    'mobile',
    'phone',
    'ref',
    'state_id',
    'street',
    'street2',
    'vat',
    'website',
    'zip',
)


class ResPartner(models.Model):
    """What anonymising takes out, step by step."""

    _inherit = 'res.partner'

    def _billing_forget_cards(self):
        """Remove cards, here at once and at Stripe soon; and what was agreed about them."""
        tokens = self._billing_all_cards(active_test=False)
        tokens._billing_remove(self.env._("the contact was anonymised"))
        self.env.flush_all()
        self._billing_overwrite(tokens, payment_details=None, billing_consent=None)
        self.env.ref('carepatron_billing.ir_cron_tidy_cards')._trigger()
        links = self.env['practice.payment.link'].search([('payer_id', '=', self.id), *LIVE])
        links.revoked_at = fields.Datetime.now()

    def _billing_forget_texts(self, old_name, new_name):
        """Take names, services and notes out of what stays.

        Entries that are sealed by Odoo's hash keep the words that the seal covers.
        """
        moves = self._billing_all_moves()
        own = moves.filtered(lambda move: move.partner_id == self)
        self._billing_overwrite(own, invoice_partner_display_name=new_name)
        whole = moves.filtered(self._billing_is_whole)
        self._billing_overwrite(whole, narration=None, ref=None)
        service = self.env._("Service")
        lines = self._billing_export_lines(moves)
        unsealed = lines.filtered(lambda line: not line.move_id.inalterable_hash)
        self._billing_overwrite(unsealed, name=service)
        self._billing_overwrite(lines, billing_code=None)
        items = self._billing_all_items()
        self._billing_overwrite(items, name=service, code=None, waive_reason=None)
        notes = self.env['practice.billing.batch.note'].search([('item_id', 'in', items.ids)])
        self._billing_overwrite(notes, name=service, reason="–")
        alone = items.event_id.with_context(active_test=False).filtered(
            lambda event: event.partner_ids.filtered('partner_share') <= self
        )
        self._billing_overwrite(alone, name=self.env._("Session"), description=None, location=None)
        txs = self.env['payment.transaction'].search([('partner_id', '=', self.id)])
        self._billing_overwrite(
            txs,
            partner_name=new_name,
            partner_email=None,
            partner_phone=None,
            partner_address=None,
            partner_zip=None,
            partner_city=None,
            state_message=None,
            billing_consent=None,
        )
        self.env.cr.execute(
            SQL(
                """
                UPDATE account_move_line line SET name = replace(line.name, %(old)s, %(new)s)
                  FROM account_move move
                 WHERE move.id = line.move_id AND move.inalterable_hash IS NULL
                   AND line.partner_id = %(id)s AND strpos(line.name, %(old)s) > 0
                """,
                old=old_name,
                new=new_name,
                id=self.id,
            )
        )
        self.env['practice.reminder.pause'].search([('partner_id', '=', self.id)]).unlink()
        self.env['practice.payer.share'].search([('client_id', '=', self.id)]).unlink()

    def _billing_forget_mails(self):
        """Clear mails, histories and files; what Odoo's restricted audit trail protects stays."""
        moves = self._billing_all_moves()
        payments = self.env['account.payment'].search([('partner_id', '=', self.id)])
        payers = [('payer_id', '=', self.id)]
        mails = self.env['practice.reminder.mail'].search(payers)
        self._billing_overwrite(mails, email=None, subject=None, body=None, reason=None)
        self._billing_overwrite(self.env['practice.reminder'].search(payers), reason=None)
        own = moves.filtered(lambda move: move.partner_id == self)
        sendings = own.billing_sending_ids
        self._billing_overwrite(sendings, emails=None)
        holders = self.env['practice.card.holder'].search([('partner_id', '=', self.id)])
        free = moves.filtered(lambda move: not move.company_id.restrictive_audit_trail)
        records = [
            self,
            free,
            free.line_ids,
            payments.filtered(lambda one: not one.company_id.restrictive_audit_trail),
            self._billing_all_items(),
            self.env['practice.dispute'].search([('partner_id', '=', self.id)]),
            holders,
        ]
        about = Domain.OR(
            Domain('model', '=', one._name) & Domain('res_id', 'in', one.ids) for one in records
        )
        messages = self.env['mail.message'].search(
            about
            # What was sent is no part of the audit trail.
            | (
                Domain('model', '=', 'account.move')
                & Domain('res_id', 'in', moves.ids)
                & Domain('message_type', '!=', 'notification')
            )
        )
        self._billing_overwrite(
            messages, body=None, subject=None, email_from=None, outgoing_email_to=None
        )
        messages.tracking_value_ids.unlink()
        self._billing_overwrite(
            messages.notification_ids.filtered('mail_email_address'), mail_email_address=NOBODY
        )
        files = self.env['ir.attachment'].search(
            Domain.OR(
                Domain('res_model', '=', one._name) & Domain('res_id', 'in', one.ids)
                for one in records
            )
            & Domain('res_field', 'in', [False, 'invoice_pdf_report_file', 'ubl_cii_xml_file'])
        )
        (files | messages.attachment_ids.filtered(self._billing_may_delete)).unlink()
        self.env['mail.mail'].search([('mail_message_id', 'in', messages.ids)]).unlink()
        # Whoever is left without a contact is removed at Stripe, cards and all.
        self._billing_overwrite(
            holders,
            partner_id=None,
            autopay='off',
            autopay_how=None,
            autopay_terms=None,
            autopay_stopped=None,
        )
        self.env['mail.activity'].search(
            Domain.OR(
                Domain('res_model', '=', one._name) & Domain('res_id', 'in', one.ids)
                for one in (self, moves)
            )
        ).unlink()

    def _billing_may_delete(self, file):
        return file.res_model != 'account.move' or not file.company_id.restrictive_audit_trail

    def _billing_forget_contact(self, new_name):
        children = self.child_ids.filtered(lambda child: child.type != 'contact')
        cleared = {name: False for name in CLEARED if name in self._fields}
        if self.commercial_partner_id == self and self.parent_id:
            cleared['parent_id'] = False
        for person in self | children:
            person.write({**cleared, 'name': new_name, 'category_id': [fields.Command.clear()]})
        people = self | children
        people.message_follower_ids.unlink()
        self.env.flush_all()
        self._billing_overwrite(
            self,
            billing_reference=None,
            billing_auto_pause_reason=None,
            billing_service_id=None,
            billing_template_id=None,
        )
        for bank in self.with_context(active_test=False).bank_ids:
            number = f'XX{bank.id}'
            self._billing_overwrite(
                bank, acc_number=number, sanitized_acc_number=number, acc_holder_name=None
            )
        attendees = self.env['calendar.attendee'].search([('partner_id', '=', self.id)])
        self._billing_overwrite(attendees, common_name=new_name, email=None)
        people.active = False
        users = self.env['res.users'].with_context(active_test=False)
        for user in users.search([('partner_id', '=', self.id)]):
            self._billing_overwrite(user, login=f'anonymised-{user.id}', signature=None)

    def _billing_overwrite(self, records, **values):
        """Overwrite texts in the database.

        What watches over changes of entries, mails and sessions watches over amounts and dates,
        none of which are touched; it would also note what they said before.
        """
        columns = {
            name: value
            for name, value in values.items()
            if name in records._fields
            and records._fields[name].store
            and records._fields[name].column_type
        }
        if not records or not columns:
            return
        self.env.cr.execute(
            SQL(
                "UPDATE %s SET %s WHERE id IN %s",
                SQL.identifier(records._table),
                SQL(", ").join(
                    SQL("%s = %s", SQL.identifier(name), value) for name, value in columns.items()
                ),
                tuple(records.ids),
            )
        )
        records.invalidate_recordset(columns, flush=False)
