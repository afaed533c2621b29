from datetime import timedelta

from odoo.exceptions import UserError
from odoo.tests import Form, new_test_user, tagged

from .sessions_common import SessionsCommon


@tagged('post_install', '-at_install')
class TestCalendarEvent(SessionsCommon):
    def test_one_click_makes_a_posted_invoice_and_opens_it(self):
        event = self.make_session(hours=24)
        action = event.with_user(self.front_desk).action_billing_invoice()
        invoice = self.items(event).invoice_id
        self.assertEqual(action['res_id'], invoice.id)
        self.assertRecordValues(
            invoice,
            [
                {
                    'state': 'posted',
                    'move_type': 'out_invoice',
                    'partner_id': self.client.id,
                    'amount_total': 115,
                    'company_id': self.company.id,
                    'create_uid': self.front_desk.id,
                }
            ],
        )
        view = self.env.ref('carepatron_billing.account_move_billing_view_form')
        self.assertEqual(action['views'], [(view.id, 'form')])

    def test_second_click_opens_the_same_invoice(self):
        event = self.make_session()
        first = event.with_user(self.front_desk).action_billing_invoice()
        second = event.with_user(self.practitioner).action_billing_invoice()
        self.assertEqual(first['res_id'], second['res_id'])

    def test_group_session_makes_one_invoice_for_each_client(self):
        event = self.make_session(self.client + self.other_client)
        invoices = self.invoice(event)
        self.assertEqual(invoices.partner_id, self.client + self.other_client)
        self.assertEqual(len(invoices), 2)

    def test_click_on_a_session_entered_late_confirms_it(self):
        event = self.make_session(booked=0)
        self.assertEqual(self.invoice(event).state, 'posted')

    def test_session_without_service_asks_for_one(self):
        event = self.make_session(billing_service_id=False)
        with self.assertRaisesRegex(UserError, "Choose a service"):
            self.invoice(event)

    def test_session_without_client_asks_for_one(self):
        event = self.make_session(self.env['res.partner'])
        with self.assertRaisesRegex(UserError, "Add the client"):
            self.invoice(event)

    def test_only_waived_sessions_say_so(self):
        event = self.make_session()
        self.env['practice.billing.item']._make_for_events(event)._waive("A gift")
        with self.assertRaisesRegex(UserError, "waived"):
            self.invoice(event)

    # === WHAT IS SHOWN === #

    def shown(self, event, user):
        self.env.flush_all()
        self.env.invalidate_all()
        return event.with_user(user).read(
            ['name', 'billing_service_name', 'billing_clients', 'billing_amount', 'billing_state']
        )[0]

    def state(self, event, user=None):
        self.env.flush_all()
        self.env.invalidate_all()
        return event.with_user(user or self.front_desk).billing_state

    def test_state_says_how_far_a_session_is_billed(self):
        event = self.make_session(self.client + self.other_client)
        self.assertEqual(self.state(event), 'unbilled')
        items = self.env['practice.billing.item']._make_for_events(event)
        items[0].confirm_reason = 'attendance'
        self.assertEqual(self.state(event), 'to_confirm')
        items[0].confirm_reason = False
        items[0]._invoice()
        self.assertEqual(self.state(event), 'partial')
        items[1]._waive("A gift")
        self.assertEqual(self.state(event), 'invoiced')
        self.env['account.payment.register'].with_context(
            active_model='account.move', active_ids=items.invoice_id.ids
        ).create({}).action_create_payments()
        self.assertEqual(self.state(event), 'paid')

    def test_state_counts_those_who_are_billed_alone(self):
        nobody = self.make_session(self.env['res.partner'])
        self.assertFalse(self.state(nobody))
        nobody.billing_client_ids = self.client
        self.assertEqual(self.state(nobody), 'unbilled')
        one = self.make_session(self.client + self.other_client)
        one.with_user(self.practitioner).billing_client_ids = self.client
        self.env['practice.billing.item']._make_for_events(one)._waive("A gift")
        self.assertEqual(self.state(one), 'waived')
        declined = self.make_session()
        declined.attendee_ids.filtered(
            lambda attendee: attendee.partner_id == self.client
        ).state = 'declined'
        self.assertFalse(self.state(declined))

    def test_state_of_a_private_session_shows_to_the_desk_and_its_practitioner_alone(self):
        event = self.make_session(privacy='private')
        self.assertEqual(event.with_user(self.front_desk).read(['name'])[0]['name'], "Busy")
        self.assertEqual(self.state(event), 'unbilled')
        self.assertEqual(self.state(event, self.practitioner), 'unbilled')
        self.assertFalse(self.state(event, self.colleague))

    def test_filter_finds_what_the_mark_calls_uninvoiced(self):
        events = self.make_session(self.client + self.other_client)
        events |= self.make_session()
        events |= self.make_session(self.env['res.partner'])
        events |= self.make_session(privacy='private')
        self.env['practice.billing.item']._make_for_events(events[0])[0]._invoice()
        self.invoice(events[1])
        for user in (self.front_desk, self.practitioner, self.colleague):
            found = events.with_user(user).search(
                [('id', 'in', events.ids), ('billing_is_uninvoiced', '=', True)]
            )
            rest = events.with_user(user).search(
                [('id', 'in', events.ids), ('billing_is_uninvoiced', '=', False)]
            )
            marked = events.filtered(
                lambda event, user=user: self.state(event, user) in ('unbilled', 'partial')
            )
            self.assertEqual(found, marked.with_user(user))
            self.assertEqual(found | rest, events.with_user(user))
        self.assertEqual(len(found), 0)

    def test_price_shows_before_there_is_an_item(self):
        event = self.make_session(self.client + self.other_client, hours=24)
        shown = self.shown(event, self.front_desk)
        self.assertEqual(shown['billing_service_name'], "Consultation")
        self.assertEqual(shown['billing_clients'], "Ada, Bo")
        self.assertEqual(shown['billing_amount'], 230)
        self.assertEqual(shown['billing_state'], 'unbilled')
        self.assertFalse(self.items(event))

    def test_state_follows_the_invoices(self):
        event = self.make_session(self.client + self.other_client)
        items = self.env['practice.billing.item']._make_for_events(event)
        items[0]._invoice()
        self.assertEqual(self.shown(event, self.front_desk)['billing_state'], 'partial')
        items[1]._invoice()
        self.assertEqual(self.shown(event, self.front_desk)['billing_state'], 'invoiced')
        self.env['account.payment.register'].with_context(
            active_model='account.move', active_ids=items.invoice_id.ids
        ).create({'group_payment': False})._create_payments()
        self.assertEqual(self.shown(event, self.front_desk)['billing_state'], 'paid')

    def test_desk_bills_a_private_session_whose_title_stays_hidden(self):
        event = self.make_session(privacy='private', description="<p>Told in confidence</p>")
        shown = self.shown(event, self.front_desk)
        self.assertEqual(shown['name'], "Busy")
        self.assertEqual(shown['billing_clients'], "Ada")
        self.assertEqual(shown['billing_amount'], 115)
        self.assertFalse(event.with_user(self.front_desk).read(['description'])[0]['description'])
        # The same transaction has read the masked session by now.
        invoice = self.invoice(event)
        self.assertEqual(invoice.invoice_line_ids.name, "Consultation")
        self.assertEqual(self.shown(event, self.front_desk)['billing_state'], 'invoiced')

    def test_colleague_learns_nothing_of_another_practitioner_s_session(self):
        shown = self.shown(self.make_session(privacy='private'), self.colleague)
        self.assertEqual(
            [shown[name] for name in ('billing_service_name', 'billing_clients', 'billing_state')],
            [False, False, False],
        )

    # === SERIES === #

    def make_series(self):
        return self.make_session(
            hours=-24 * 8,
            booked=-24 * 9,
            recurrency=True,
            rrule_type='daily',
            interval=7,
            end_type='count',
            count=4,
        ).recurrence_id.calendar_event_ids.sorted('start')

    def test_every_session_of_a_series_has_the_service(self):
        events = self.make_series()
        self.assertEqual(len(events), 4)
        self.assertEqual(events.billing_service_id, self.service)
        self.assertEqual(set(events.mapped('billing_state')), {'unbilled'})

    def test_editing_a_series_touches_nothing_before_items_exist(self):
        events = self.make_series()
        events[2].write({'recurrence_update': 'future_events', 'name': "Moved", 'interval': 14})
        events[0].write({'recurrence_update': 'all_events', 'location': "Room 2"})
        self.assertFalse(
            self.env['practice.billing.item'].search([('client_id', '=', self.client.id)])
        )

    def test_user_without_our_groups_keeps_the_services_of_a_series(self):
        events = self.make_series()
        plain = new_test_user(self.env, 'plain', groups='base.group_user')
        events[1].with_user(plain).write(
            {'recurrence_update': 'future_events', 'start': events[1].start + timedelta(hours=1)}
        )
        series = events[1].recurrence_id.calendar_event_ids
        self.assertEqual(len(series), 3)
        self.assertEqual(set(series.mapped('billing_service_id')), {self.service})

    def test_new_service_of_a_future_session_is_the_one_invoiced(self):
        event = self.make_session(hours=24)
        review = self.env['product.product'].create(
            {'name': "Review", 'type': 'service', 'list_price': 40}
        )
        event.billing_service_id = review
        self.assertEqual(self.invoice(event).amount_untaxed, 40)

    # === FORM === #

    def test_service_sets_the_length_of_the_session(self):
        self.service.billing_duration = 0.75
        with Form(self.env['calendar.event'].with_user(self.practitioner)) as form:
            form.name = "Ada"
            form.start = '2026-03-02 09:00:00'
            form.billing_service_id = self.service
        self.assertEqual(str(form.record.stop), '2026-03-02 09:45:00')

    def test_users_without_our_groups_keep_odoo_s_calendar(self):
        user = new_test_user(self.env, 'plain', groups='base.group_user')
        views = (
            self.env['calendar.event']
            .with_user(user)
            .get_views([(False, 'form'), (False, 'calendar'), (False, 'list')])
        )
        for view in views['views'].values():
            self.assertNotIn('billing_', view['arch'])
