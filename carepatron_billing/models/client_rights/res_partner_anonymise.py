"""Anonymising a client whose records need not be kept any more."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, format_date, format_list

from ...tools.concurrency import claim
from ..payment_links.practice_payment_link import LIVE

MANAGER = 'carepatron_billing.group_manager'
UNDER_WAY = ('draft', 'pending', 'authorized')
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
    _inherit = 'res.partner'

    billing_anonymised_at = fields.Datetime(
        string="Anonymised", readonly=True, copy=False, groups=MANAGER
    )
    billing_is_past_retention = fields.Boolean(
        string="May Be Anonymised",
        compute='_compute_billing_is_past_retention',
        search='_search_billing_is_past_retention',
        groups=MANAGER,
        help="Nothing happened for longer than records have to be kept.",
    )

    # === COMPUTE METHODS === #

    def _compute_billing_is_past_retention(self):
        past = self._billing_past_retention()
        for partner in self:
            partner.billing_is_past_retention = partner._origin.id in past

    def _search_billing_is_past_retention(self, operator, value):
        if operator != 'in':
            return NotImplemented
        return [('id', 'in' if True in value else 'not in', list(self._billing_past_retention()))]

    @api.model
    def _billing_past_retention(self):
        """Return the ids of the contacts of whom nothing has to be kept any more, by the dates of
        their invoices and sessions in all practices.

        :rtype: set[int]
        """
        kept, found = set(), set()
        moves, items = self.env['account.move'].sudo(), self.env['practice.billing.item'].sudo()
        documents = [('move_type', 'in', ('out_invoice', 'out_refund'))]
        for rows in (
            moves._read_group(documents, ['partner_id', 'company_id'], ['date:max']),
            moves._read_group(documents, ['billing_client_id', 'company_id'], ['date:max']),
            items._read_group([], ['client_id', 'company_id'], ['service_date:max']),
        ):
            for partner, company, day in rows:
                if partner and day:
                    found.add(partner.id)
                    if company._billing_keep_until(day) >= company._billing_today():
                        kept.add(partner.id)
        known = self.sudo().search(
            [('id', 'in', list(found - kept)), ('billing_anonymised_at', '=', False)]
        )
        return set(known.ids)

    # === ACTION METHODS === #

    def action_billing_anonymise(self):
        """Show what anonymising this client does, or why it cannot be done yet.

        :rtype: dict
        :raise AccessError: if the user is no manager
        """
        self.ensure_one()
        self._billing_check_rights_manager()
        action = self.env['ir.actions.act_window']._for_xml_id(
            'carepatron_billing.practice_client_anonymise_action'
        )
        return {**action, 'context': {'default_partner_id': self.id}}

    # === BUSINESS METHODS - WHETHER === #

    def _billing_all_moves(self):
        """Return all invoices (sudo) that this contact pays or was treated for."""
        return self.sudo()._billing_export_moves()

    def _billing_why_kept(self):
        """Return, in sentences, why this contact (sudo) cannot be anonymised now.

        :rtype: list[str]
        """
        self.ensure_one()
        env = self.env
        if self.user_ids:
            return [env._("The contact has a login. Archive it first.")]
        if self.is_company or self.ref_company_ids:
            return [env._("Companies are not anonymised, only people.")]
        if self.child_ids.filtered(lambda child: child.type == 'contact'):
            return [env._("Other contacts are filed under this one. Move them first.")]
        if self._billing_practices() - env.user.company_ids:
            return [env._("Another practice keeps records of this contact, too.")]
        reasons = []
        domains = {
            'account.move': {
                env._("a draft invoice"): Domain('state', '=', 'draft'),
                env._("an invoice of a supplier"): Domain(
                    'move_type', 'in', ('in_invoice', 'in_refund', 'in_receipt')
                ),
            },
            'payment.transaction': {
                env._("a payment under way"): Domain('state', 'in', UNDER_WAY)
                & Domain('operation', '!=', 'validation')
            },
            'practice.dispute': {env._("an open dispute"): Domain('is_open', '=', True)},
        }
        for model, whys in domains.items():
            for why, domain in whys.items():
                if env[model].search_count(domain & Domain('partner_id', '=', self.id), limit=1):
                    reasons.append(env._("There is %s.", why))
        moves = self._billing_all_moves()
        open_moves = moves.filtered(
            lambda move: (
                move.state == 'posted' and not move.currency_id.is_zero(move.amount_residual)
            )
        )
        if open_moves:
            names = format_list(env, open_moves[:5].mapped('name'))
            reasons.append(env._("Not settled yet: %s.", names))
        if env['account.move.line'].search_count(
            [
                ('partner_id', '=', self.id),
                ('parent_state', '=', 'posted'),
                ('account_id.account_type', '=', 'asset_receivable'),
                ('reconciled', '=', False),
                ('payment_id', '!=', False),
            ],
            limit=1,
        ):
            reasons.append(env._("There is credit that was neither used nor given back."))
        items = self._billing_all_items()
        if items.filtered(lambda item: item.state in ('to_confirm', 'unbilled')):
            reasons.append(env._("There are sessions that were not invoiced yet."))
        if env['practice.payer.share'].search_count(
            [('payer_id', '=', self.id), ('client_id', '!=', self.id)], limit=1
        ):
            reasons.append(env._("This contact pays for others. End that first."))
        return reasons + self._billing_why_too_young(moves, items)

    def _billing_all_items(self):
        return self.env['practice.billing.item'].search([('client_id', '=', self.id)])

    def _billing_why_too_young(self, moves, items):
        """Return what happened within the time for which each practice keeps records."""
        payments = self.env['account.payment'].search([('partner_id', '=', self.id)])
        latest = {}
        events = self.env['calendar.event'].search_fetch(
            [('partner_ids', 'in', self.ids)], ['start'], order='start DESC', limit=1
        )
        days = [
            *((move.company_id, move.date) for move in moves),
            *((payment.company_id, payment.date) for payment in payments),
            *((item.company_id, item.service_date) for item in items),
            # An appointment is of no company; the most careful practice counts.
            *(
                (company, events.start.date())
                for company in (moves.company_id | items.company_id)
                if events
            ),
        ]
        for company, day in days:
            if day:
                latest[company] = max(day, latest.get(company, day))
        return [
            self.env._(
                "%(practice)s keeps records until %(until)s: the last entry is of %(day)s.",
                practice=company.name,
                until=format_date(self.env, company._billing_keep_until(day)),
                day=format_date(self.env, day),
            )
            for company, day in latest.items()
            if company._billing_keep_until(day) >= company._billing_today()
        ]

    # === BUSINESS METHODS - DOING IT === #

    def _billing_anonymise(self):
        """Make this contact nobody, for good; the ledger stays as it is. Done twice, it is done
        once.

        :return: whether it was done now; not, if it had been before
        :rtype: bool
        :raise AccessError: if the user is no manager
        :raise UserError: if something has to be kept; it says what
        """
        self.ensure_one()
        self._billing_check_rights_manager()
        claim(self)
        partner = self.sudo().with_context(tracking_disable=True, mail_notrack=True)
        if partner.billing_anonymised_at:
            return False
        # What Stripe reports at this moment waits, or is seen: the second one is replayed.
        claim(self.env['payment.transaction'].sudo().search([('partner_id', '=', self.id)]))
        if reasons := partner._billing_why_kept():
            raise UserError("\n".join(reasons))
        old_name = partner.name
        new_name = self.env._("Anonymised client %s", self.id)
        self.env.flush_all()
        partner._billing_forget_cards()
        partner._billing_forget_texts(old_name, new_name)
        partner._billing_forget_mails()
        partner._billing_forget_contact(new_name)
        partner.billing_anonymised_at = fields.Datetime.now()
        self.env['practice.audit.log']._note('anonymise', self)
        return True

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
        self.env['practice.audit.log']._forget_partner(self, new_name)
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
