"""+ New invoice: the front desk's own form, and what becomes of it."""

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .sessions_common import SessionsCommon

VIEW = 'carepatron_billing.account_move_billing_view_form'


@tagged('post_install', '-at_install')
class TestNewInvoice(SessionsCommon):
    def new_form(self, user=None, **context):
        moves = self.env['account.move'].with_user(user or self.front_desk)
        action = moves.action_billing_new()
        return Form(moves.with_context(**action['context'], **context), VIEW)

    def pick(self, form, *items):
        """Tick the boxes of sessions as the form's widget does; the field is never saved."""
        form._values['billing_offer'] = [
            {**entry, 'picked': entry['id'] in [item.id for item in items]}
            for entry in form.billing_offer
        ]
        form._perform_onchange('billing_offer')

    def make_item(self, **values):
        return self.env['practice.billing.item']._make_for_events(self.make_session(**values))

    # === FORM === #

    def test_front_desk_invoices_a_service_without_accounting_groups(self):
        with self.new_form() as form:
            form.billing_client_id = self.client
            with form.invoice_line_ids.new() as line:
                line.product_id = self.service
        move = form.record
        self.assertEqual(move.state, 'draft')
        self.assertEqual(move.partner_id, self.client)
        self.assertFalse(move.invoice_user_id, "who writes it is no practitioner")
        self.assertTrue(move.invoice_line_ids.billing_service_date)
        self.assertEqual(move.invoice_line_ids.billing_code, self.service.default_code)
        self.assertEqual(move.invoice_line_ids.name, self.service.name)
        move.action_billing_create()
        self.assertEqual(move.state, 'posted')
        self.assertEqual(move.billing_status, 'unpaid')
        self.assertTrue(move.billing_link_ids)

    def test_service_costs_what_the_client_pays_for_it(self):
        self.env.ref('base.group_user').implied_ids += self.env.ref(
            'product.group_product_pricelist'
        )
        pricelist = self.env['product.pricelist'].create(
            {
                'name': "Reduced",
                'item_ids': [
                    Command.create({'compute_price': 'fixed', 'fixed_price': 33.0}),
                ],
            }
        )
        self.client.property_product_pricelist = pricelist
        with self.new_form() as form:
            form.billing_client_id = self.client
            with form.invoice_line_ids.new() as line:
                line.product_id = self.service
                self.assertEqual(line.price_unit, 33.0)

    def test_ticked_sessions_become_lines_at_their_own_price(self):
        item = self.make_item()
        item.price_unit = 77.0
        item.name = "Agreed words"
        with self.new_form() as form:
            form.billing_client_id = self.client
            self.assertEqual([entry['id'] for entry in form.billing_offer], item.ids)
            self.pick(form, item)
            with form.invoice_line_ids.edit(0) as line:
                self.assertEqual(line.price_unit, 77.0)
                self.assertEqual(line.name, "Agreed words")
        move = form.record
        self.assertEqual(move.invoice_line_ids.billing_item_id, item)
        self.assertEqual(move.invoice_line_ids.price_unit, 77.0)
        self.assertEqual(move.invoice_user_id, item.practitioner_id)
        self.assertEqual(item.state, 'invoiced')
        self.assertEqual(item.invoice_id, move)

    def test_session_that_is_unticked_waits_again(self):
        item = self.make_item()
        with self.new_form() as form:
            form.billing_client_id = self.client
            self.pick(form, item)
        with Form(form.record, VIEW) as form:
            self.pick(form)
        self.assertFalse(form.record.invoice_line_ids)
        self.assertEqual(item.state, 'unbilled')

    def test_sessions_of_the_client_before_leave_with_that_client(self):
        item = self.make_item()
        with self.new_form() as form:
            form.billing_client_id = self.client
            self.pick(form, item)
            form.billing_client_id = self.other_client
        self.assertFalse(form.record.invoice_line_ids)
        self.assertEqual(item.state, 'unbilled')

    def test_session_on_a_draft_is_offered_to_nobody_else(self):
        item = self.make_item()
        with self.new_form() as form:
            form.billing_client_id = self.client
            self.pick(form, item)
        other = self.new_form()
        other.billing_client_id = self.client
        self.assertFalse(other.billing_offer)

    def test_whoever_pays_for_the_client_is_billed(self):
        self.env['practice.payer.share'].create(
            {'client_id': self.client.id, 'payer_id': self.other_client.id}
        )
        form = self.new_form()
        form.billing_client_id = self.client
        self.assertEqual(form.partner_id, self.other_client)

    def test_draft_that_is_thrown_away_frees_its_sessions(self):
        item = self.make_item()
        with self.new_form() as form:
            form.billing_client_id = self.client
            self.pick(form, item)
        form.record.action_billing_discard()
        self.assertFalse(form.record.exists())
        self.assertEqual(item.state, 'unbilled')

    # === WHAT IS REFUSED === #

    def test_incomplete_invoice_says_what_is_missing(self):
        move = self.new_form().save()
        with self.assertRaisesRegex(UserError, "Choose the client"):
            move.action_billing_create()
        with Form(move, VIEW) as form:
            form.billing_client_id = self.client
        with self.assertRaisesRegex(UserError, "Add a service"):
            move.action_billing_create()
        with Form(move, VIEW) as form, form.invoice_line_ids.new() as line:
            line.product_id = self.service
            line.price_unit = 0.0
        with self.assertRaisesRegex(UserError, "more than zero"):
            move.action_billing_create()

    def test_create_twice_issues_once(self):
        with self.new_form() as form:
            form.billing_client_id = self.client
            with form.invoice_line_ids.new() as line:
                line.product_id = self.service
        form.record.action_billing_create()
        name = form.record.name
        form.record.action_billing_create()
        self.assertEqual(form.record.name, name)

    def test_front_desk_writes_nothing_of_the_books_but_drafts(self):
        move = self.invoice(self.make_session()).with_user(self.front_desk)
        desk = self.env['account.move'].with_user(self.front_desk)
        for change in (
            lambda: move.write({'narration': "changed"}),
            lambda: move.invoice_line_ids.write({'price_unit': 1.0}),
            move.unlink,
            lambda: desk.create({'move_type': 'entry'}),
            lambda: desk.create({'move_type': 'in_invoice'}),
            lambda: desk.create({'move_type': 'out_refund'}),
        ):
            with self.assertRaises(AccessError):
                change()

    def test_practitioner_begins_no_invoice(self):
        moves = self.env['account.move'].with_user(self.practitioner)
        with self.assertRaises(AccessError):
            moves.create({'move_type': 'out_invoice'})

    def test_odoos_own_invoice_form_is_as_before(self):
        with Form(self.env['account.move'].with_context(default_move_type='out_invoice')) as form:
            form.partner_id = self.client
            with form.invoice_line_ids.new() as line:
                line.product_id = self.service
        self.assertEqual(form.record.invoice_user_id, self.env.user)
        self.assertFalse(form.record.billing_client_id)
        self.assertFalse(form.record.invoice_line_ids.billing_service_date)
