import io
import json
import re
import zipfile
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, new_test_user, tagged

from .common import CLINICAL_NAME, BillingCommon


@tagged('post_install', '-at_install')
class TestClientRights(BillingCommon, HttpCase):
    """Export of what is kept of a client, and anonymising what need not be kept any more."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connect_provider()
        cls.manager = new_test_user(
            cls.env, 'rights', password='rights', groups='carepatron_billing.group_manager'
        )
        cls.child = cls.env['res.partner'].create({'name': "Robin Ashcroft"})
        cls.own_move = cls.make_invoice(price=80.0)
        cls.token = cls.env['payment.token'].create(
            {
                'provider_id': cls.provider.id,
                'payment_method_id': cls.env.ref('payment.payment_method_card').id,
                'partner_id': cls.client_partner.id,
                'payment_details': '4242',
                'billing_brand': 'visa',
                'provider_ref': 'pm_secret',
                'stripe_payment_link_customer': 'cus_secret',
            }
        )
        cls.holder = cls.env['practice.card.holder']._for(cls.client_partner, cls.company)

    def make_invoice_for_child(self):
        """Return an invoice of a child's session that the client pays."""
        item = self.env['practice.billing.item'].create(
            {
                'client_id': self.child.id,
                'payer_id': self.client_partner.id,
                'service_id': self.service.id,
                'name': "Play therapy",
                'date': fields.Datetime.now(),
                'company_id': self.company.id,
            }
        )
        return item._invoice()

    def export(self, partner):
        """Return the files of a client's export by name."""
        content = partner.with_user(self.manager)._billing_export_zip(self.company)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    def settle(self):
        """Pay what is open and let the time for keeping records pass."""
        for move in self.client_partner._billing_all_moves():
            if move.amount_residual:
                self.pay_by_hand(move)
        later = self.company._billing_today() + timedelta(days=366 * 12)
        clock = patch.object(
            self.env.registry['res.company'], '_billing_today', lambda company: later
        )
        self.addCleanup(clock.stop)
        clock.start()

    def anonymise(self, typed, user=None):
        dialog = self.env['practice.client.anonymise'].with_user(user or self.manager)
        return dialog.create(
            {'partner_id': self.client_partner.id, 'typed': typed}
        ).action_anonymise()

    # === EXPORT === #

    def test_export_holds_what_is_the_clients_and_nothing_of_others_or_secret(self):
        child_move = self.make_invoice_for_child()
        self.own_move._billing_mail_link()
        self.pay_by_hand(self.own_move, amount=30.0)
        files = self.export(self.client_partner)
        data = json.loads(files['billing.json'])
        invoices = {row['name']: row for row in data['invoices']}
        self.assertEqual(set(invoices), {self.own_move.name, child_move.name})
        self.assertEqual(invoices[self.own_move.name]['amount_residual'], 50.0)
        self.assertIn(invoices[self.own_move.name]['document'], files)
        self.assertFalse(invoices[child_move.name]['document'])
        self.assertEqual([row['invoice'] for row in data['services']], [self.own_move.name])
        self.assertEqual([row['name'] for row in data['sessions']], [CLINICAL_NAME])
        self.assertEqual([row['last_four'] for row in data['cards']], ['4242'])
        self.assertEqual([row['amount'] for row in data['payments']], [30.0])
        self.assertTrue(data['mails'])
        self.assertIn("Sent a payment link", [row['act'] for row in data['log']])
        words = (files['billing.html'] + files['billing.json']).decode()
        link = self.own_move._billing_payment_link()
        for secret in ("Robin", "Play therapy", 'secret', link.proof, self.holder.proof):
            self.assertNotIn(secret, words)
        others = json.loads(self.export(self.child)['billing.json'])
        self.assertEqual([row['invoice'] for row in others['services']], [child_move.name])
        self.assertNotIn("Dana", json.dumps(others))

    def test_only_managers_of_the_practice_export_and_it_is_noted(self):
        path = f'/billing/client/{self.client_partner.id}/export'
        self.authenticate('rights', 'rights')
        self.assertEqual(self.url_open(path).headers['Content-Type'], 'application/zip')
        row = self.env['practice.audit.log'].search([('act', '=', 'export')])
        self.assertEqual((row.user_id, row.partner_name), (self.manager, "Dana Whitfield"))
        desk = self.client_partner.with_user(self.front_desk)
        with self.assertRaises(AccessError):
            desk._billing_export_zip(self.company)
        with self.assertRaises(AccessError):
            self.anonymise("Dana Whitfield", user=self.front_desk)

    # === ANONYMISING === #

    def test_client_is_kept_while_something_is_open_or_young(self):
        reasons = "\n".join(self.client_partner._billing_why_kept())
        self.assertIn(self.own_move.name, reasons)
        self.assertIn("keeps records until", reasons)
        self.settle()
        self.assertFalse(self.client_partner._billing_why_kept())
        self.make_invoice_of_another()
        self.env['account.move'].create(
            {'move_type': 'out_invoice', 'partner_id': self.client_partner.id}
        )
        with self.assertRaisesRegex(UserError, "draft invoice"):
            self.anonymise("Dana Whitfield")
        self.assertEqual(self.client_partner.name, "Dana Whitfield")

    def test_anonymised_client_is_nobody_and_the_books_are_the_same(self):
        self.own_move._billing_mail_link()
        self.own_move._message_log(body="Dana Whitfield called about therapy")
        self.settle()
        self.env.flush_all()
        before = self.books()
        partner = self.client_partner
        self.assertIn(partner, partner.search([('billing_is_past_retention', '=', True)]))
        with self.assertRaises(UserError):
            self.anonymise("Dana")
        self.anonymise("dana whitfield")
        self.anonymise("dana whitfield")  # a second click changes nothing more
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(self.books(), before)
        self.assertEqual(self.left_overs("Dana", "dana@example.com", CLINICAL_NAME), [])
        self.assertFalse(partner.active or self.token.active or self.holder.partner_id)
        self.assertTrue(self.token.stripe_payment_link_to_detach)
        self.assertTrue(all(self.own_move.billing_link_ids.mapped('revoked_at')))
        log = self.env['practice.audit.log'].search([('act', '=', 'anonymise')])
        self.assertEqual(log.user_id, self.manager)

    def test_sealed_entries_keep_their_seal(self):
        self.own_move.journal_id.restrict_mode_hash_table = True
        self.own_move._hash_moves()
        self.assertTrue(self.own_move.inalterable_hash)
        self.settle()
        self.anonymise("Dana Whitfield")
        self.assertEqual(self.own_move.invoice_line_ids.mapped('name'), [CLINICAL_NAME])
        self.env.user.group_ids += self.env.ref('account.group_account_user')
        [chain] = [
            one
            for one in self.company._check_hash_integrity()['results']
            if one['journal_name'].startswith(self.own_move.journal_id.name)
        ]
        self.assertEqual(chain['status'], 'verified')

    def test_card_entered_before_and_reported_after_is_not_kept(self):
        tx = self.env['payment.transaction'].create(
            {
                'provider_id': self.provider.id,
                'payment_method_id': self.env.ref('payment.payment_method_card').id,
                'reference': 'V1',
                'amount': 0.0,
                'currency_id': self.company.currency_id.id,
                'partner_id': self.client_partner.id,
                'operation': 'validation',
                'tokenize': True,
            }
        )
        self.settle()
        self.anonymise("Dana Whitfield")
        card = {'brand': 'visa', 'last4': '1881', 'exp_month': 12, 'exp_year': 2034}
        method = {'id': 'pm_late', 'card': card, 'customer': 'cus_late'}
        tx._billing_record(
            {
                'id': 'cs_late',
                'status': 'complete',
                'payment_status': 'no_payment_required',
                'setup_intent': {'id': 'seti_late', 'payment_method': method},
            }
        )
        self.assertEqual(tx.state, 'done')
        self.assertFalse(tx.token_id.active)
        self.assertTrue(tx.token_id.stripe_payment_link_to_detach)
        self.assertEqual(self.left_overs("1881"), [])
        self.assertFalse(tx.token_id.payment_details)

    def books(self):
        """Return what an accountant holds us to."""
        self.env.cr.execute(
            """
            SELECT move.id, move.name, move.date, move.state, move.payment_state,
                   move.amount_total, move.amount_residual, line.account_id, line.debit,
                   line.credit, line.amount_residual, line.partner_id, line.matching_number
              FROM account_move move JOIN account_move_line line ON line.move_id = move.id
             ORDER BY line.id
            """
        )
        return self.env.cr.fetchall()

    def left_overs(self, *words):
        """Return the columns of the database that still tell of this client.

        The service itself, the practice's own people and the other tables of Odoo's demo data
        have these words, too.
        """
        partner, found = self.client_partner, []
        moves = partner._billing_all_moves()
        items = partner._billing_all_items()
        for records in (
            partner,
            moves,
            moves.line_ids,
            items,
            items.event_id,
            items.event_id.attendee_ids,
            moves.billing_sending_ids,
            self.env['account.payment'].search([('partner_id', '=', partner.id)]),
            self.env['practice.audit.log'].search([('partner_ref', '=', partner.id)]),
            self.env['mail.message'].search([('model', 'in', ('account.move', 'res.partner'))]),
            self.env['mail.mail'].search([('model', '=', 'account.move')]),
            self.env['mail.notification'].search([]),
            self.env['ir.attachment'].search(
                [('res_model', '=', 'account.move'), ('res_id', 'in', moves.ids)]
            ),
        ):
            for record in records:
                self.env.cr.execute(
                    f'SELECT row_to_json(t)::text FROM {record._table} t WHERE id = %s',
                    [record.id],
                )
                [text] = self.env.cr.fetchone()
                for word in words:
                    # Ids and times have any digits: a number is looked for as one of its own.
                    edge = r'\b' if word.isdigit() else ''
                    if re.search(f'{edge}{re.escape(word)}{edge}', text):
                        found.append((record._name, word))
        return sorted(set(found))
