from datetime import timedelta

from freezegun import freeze_time

from odoo import Command, fields
from odoo.tests import HttpCase, tagged

from .session_changes_common import NOW, SessionChangesCommon
from .sessions_common import SessionsCommon


@tagged('post_install', '-at_install')
class TestSessionChanges(SessionChangesCommon):
    """What the calendar does to a session, its items follow."""

    # === ONE SESSION === #

    def test_unbilled_item_follows_a_dragged_session(self):
        event = self.make_session()
        item = self.make_items(event)
        event.start += timedelta(days=1)
        self.assertEqual(item.date, event.start)
        self.assertEqual(item.service_date, event.start.date())
        self.assertFalse(item.session_moved_to)

    def test_resizing_and_renaming_leave_the_item_alone(self):
        event = self.make_session()
        item = self.make_items(event)
        item.price_unit = 70
        event.write({'stop': event.stop + timedelta(hours=1), 'name': "Longer"})
        self.assertRecordValues(item, [{'price_unit': 70, 'state': 'unbilled'}])

    def test_new_service_and_practitioner_reach_the_unbilled_item(self):
        event = self.make_session()
        item = self.make_items(event)
        review = self.env['product.product'].create(
            {'name': "Review", 'type': 'service', 'list_price': 40}
        )
        event.write({'billing_service_id': review.id, 'user_id': self.colleague.id})
        self.assertRecordValues(
            item,
            [{'service_id': review.id, 'price_unit': 40, 'practitioner_id': self.colleague.id}],
        )

    def test_invoiced_item_keeps_its_facts_and_both_sides_say_that_the_session_moved(self):
        event = self.make_session()
        invoice = self.invoice(event)
        item = self.items(event)
        before = item.date
        event.start += timedelta(days=1)
        self.assertEqual(item.date, before)
        self.assertEqual(item.session_moved_to, event.start)
        self.assertIn("was moved to", invoice.message_ids[0].body)
        self.assertIn('moved', [entry['kind'] for entry in invoice.billing_timeline])
        notice = event.with_user(self.front_desk).billing_notice
        self.assertIn("moved since", notice)

    def test_session_moved_back_says_nothing_any_more(self):
        event = self.make_session()
        self.invoice(event)
        event.start += timedelta(days=1)
        event.start -= timedelta(days=1)
        self.assertFalse(self.items(event).session_moved_to)

    def test_client_taken_out_of_the_session_is_not_billed(self):
        event = self.make_session(self.client + self.other_client)
        self.make_items(event)
        event.partner_ids -= self.other_client
        self.assertEqual(self.items(event).client_id, self.client)

    def test_client_who_declines_beforehand_is_not_billed_afterwards_is(self):
        future = self.make_session(hours=24)
        self.make_items(future)
        past = self.make_session()
        self.make_items(past)
        for event in future | past:
            event.attendee_ids.filtered(
                lambda attendee: attendee.partner_id == self.client
            ).do_decline()
        self.assertFalse(self.items(future))
        self.assertTrue(self.items(past))

    def test_deleted_session_that_took_place_is_confirmed_first(self):
        event = self.make_session()
        item = self.make_items(event)
        event.unlink()
        self.assertRecordValues(item, [{'state': 'to_confirm', 'confirm_reason': 'session_gone'}])

    def test_deleted_session_to_come_is_not_billed(self):
        event = self.make_session(hours=24)
        item = self.make_items(event)
        event.unlink()
        self.assertFalse(item.exists())

    def test_restored_session_waits_as_before(self):
        event = self.make_session()
        item = self.make_items(event)
        event.action_archive()
        self.assertEqual(item.state, 'to_confirm')
        event.action_unarchive()
        self.assertRecordValues(item, [{'state': 'unbilled', 'session_gone_at': False}])

    def test_invoiced_session_stays_invoiced_when_deleted(self):
        event = self.make_session()
        invoice = self.invoice(event)
        item = self.items(event)
        event.unlink()
        self.assertRecordValues(item, [{'state': 'invoiced', 'invoice_id': invoice.id}])

    def test_private_session_of_another_is_followed(self):
        event = self.make_session(privacy='private')
        item = self.make_items(event)
        self.assertEqual(event.with_user(self.colleague).read(['name'])[0]['name'], "Busy")
        event.with_user(self.practitioner).start += timedelta(days=1)
        self.assertEqual(item.date, event.start)
        self.assertEqual(item.client_id, self.client)

    # === SYNC === #

    def test_prepaid_session_recreated_by_a_sync_is_confirmed_first(self):
        event = self.make_session(hours=24)
        self.invoice(event)
        event.unlink()
        again = self.make_session(hours=24, booked=0)
        self.assertRecordValues(
            self.make_items(again), [{'state': 'to_confirm', 'confirm_reason': 'possible_copy'}]
        )

    def test_sync_that_writes_attendees_alone_takes_the_client_out(self):
        event = self.make_session(self.client + self.other_client)
        self.make_items(event)
        gone = event.attendee_ids.filtered(lambda one: one.partner_id == self.other_client)
        event.write({'attendee_ids': [Command.delete(gone.id)]})
        self.assertEqual(self.items(event).client_id, self.client)

    # === WHO IS BILLED === #

    def test_unticked_client_is_not_billed_and_an_added_one_is(self):
        event = self.make_session(self.client + self.other_client)
        mother = self.env['res.partner'].create({'name': "Mia"})
        event.with_user(self.practitioner).billing_client_ids = self.client + mother
        self.env.invalidate_all()
        self.assertEqual(event.with_user(self.front_desk).billing_client_ids, self.client + mother)
        self.run_cron()
        self.assertEqual(self.items(event).client_id, self.client + mother)

    def test_service_is_the_client_s_usual_one(self):
        self.client.with_company(self.company).billing_service_id = self.service
        form_event = (
            self.env['calendar.event']
            .with_user(self.practitioner)
            .new({'user_id': self.practitioner.id, 'partner_ids': [Command.link(self.client.id)]})
        )
        self.assertEqual(form_event._billing_usual_service(), self.service)

    # === ALL DAY === #

    def test_all_day_session_is_of_its_day_everywhere(self):
        for zone in ('Pacific/Kiritimati', 'Pacific/Auckland', 'Pacific/Honolulu', 'Etc/GMT+12'):
            self.company.billing_timezone = zone
            event = self.make_session(
                allday=True, start_date=NOW.date(), stop_date=NOW.date(), booked=-100
            )
            item = self.make_items(event)
            self.assertEqual(item.service_date, NOW.date(), zone)
            self.assertEqual(item.state, 'unbilled', zone)

    def test_all_day_session_is_collected_when_its_day_is_over(self):
        event = self.make_session(
            allday=True, start_date=NOW.date(), stop_date=NOW.date(), booked=-100
        )
        Item = self.env['practice.billing.item']
        # Midnight in New York is four in the morning in UTC.
        with freeze_time(NOW.replace(day=19, hour=3, minute=50)):
            self.assertNotIn(event.id, Item._get_ended_event_ids())
        with freeze_time(NOW.replace(day=19, hour=4, minute=10)):
            self.assertIn(event.id, Item._get_ended_event_ids())

    # === MERGED CONTACTS === #

    def merge(self, source, destination):
        self.env['base.partner.merge.automatic.wizard'].create({})._merge(
            (source | destination).ids, destination
        )
        self.env.invalidate_all()

    def test_merging_two_clients_of_one_session_bills_it_once(self):
        event = self.make_session(self.client + self.other_client)
        items = self.make_items(event)
        kept = items.filtered(lambda item: item.client_id == self.other_client)
        kept._invoice()
        self.merge(self.other_client, self.client)
        self.assertEqual(self.items(event), kept)
        self.assertRecordValues(kept, [{'state': 'invoiced', 'client_id': self.client.id}])

    def test_merging_two_invoiced_clients_of_one_session_keeps_both_and_says_so(self):
        event = self.make_session(self.client + self.other_client)
        items = self.make_items(event)
        items._invoice()
        self.merge(self.other_client, self.client)
        self.assertEqual(items.mapped('state'), ['invoiced', 'invoiced'])
        self.assertEqual(len(self.items(event)), 1)
        self.assertIn("Credit one", (items - self.items(event)).message_ids[0].body)

    def test_merging_leaves_items_of_different_sessions_alone(self):
        events = self.make_session() | self.make_session(self.other_client, hours=-5)
        items = self.make_items(events)
        self.merge(self.other_client, self.client)
        self.assertEqual(items.exists(), items)
        self.assertEqual(items.client_id, self.client)

    # === GROUPS === #

    def test_group_clients_learn_nothing_of_each_other_by_mail(self):
        event = (
            self.env['calendar.event']
            .with_user(self.practitioner)
            .create(
                {
                    'name': "Class with Ada and Bo",
                    'billing_service_id': self.service.id,
                    'start': NOW + timedelta(days=1),
                    'stop': NOW + timedelta(days=1, hours=1),
                    'partner_ids': [
                        Command.set(
                            (self.practitioner.partner_id + self.client + self.other_client).ids
                        )
                    ],
                }
            )
        )
        self.assertNotIn("Ada", event.description or '')
        mails = (
            self.env['mail.message']
            .sudo()
            .search([('model', '=', 'calendar.event'), ('res_id', '=', event.id)])
        )
        for client, other in (
            (self.client, self.other_client),
            (self.other_client, self.client),
        ):
            mail = mails.filtered(lambda mail, client=client: client in mail.partner_ids)
            self.assertEqual(len(mail), 1)
            self.assertNotIn(other.name, mail.body + mail.subject)
            self.assertNotIn(other.email, mail.attachment_ids.raw.decode())
            self.assertIn(client.email, mail.attachment_ids.raw.decode())

    def test_queries_of_a_moved_session_do_not_grow_with_its_items(self):
        few, many = (
            self.make_session(
                self.env['res.partner'].create(
                    [{'name': f"Client {number}"} for number in range(count)]
                )
            )
            for count in (2, 10)
        )
        self.make_items(few | many)
        counts = []
        for event in (few, many):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            event.start += timedelta(days=1)
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLess(counts[1] - counts[0], 12, fields.Datetime.now())


@tagged('post_install', '-at_install')
class TestInvitationPage(SessionsCommon, HttpCase):
    def test_invitation_page_of_a_group_shows_the_visitor_alone(self):
        event = self.make_session(self.client + self.other_client, hours=24)
        event.description = "<p>Bo brings the mats</p>"
        viewer = event.attendee_ids.filtered(lambda one: one.partner_id == self.client)
        page = self.url_open(
            f'/calendar/meeting/view?token={viewer.access_token}&id={event.id}'
        ).text
        self.assertIn("Ada", page)
        self.assertNotIn("Bo<", page)
        self.assertNotIn("mats", page)

    # === ATTENDEES === #

    def test_client_taken_out_of_a_session_is_not_billed_whichever_way(self):
        Item = self.env['practice.billing.item']
        both = self.client | self.other_client
        removed, edited = self.make_session(both), self.make_session(both, hours=-5)
        Item._make_for_events(removed | edited)
        removed.attendee_ids.filtered(lambda one: one.partner_id == self.client).unlink()
        edited.with_user(self.practitioner).partner_ids = [Command.unlink(self.client.id)]
        self.assertEqual(self.items(removed).client_id, self.other_client)
        self.assertEqual(self.items(edited).client_id, self.other_client)

    def test_attendee_replaced_in_one_edit_keeps_what_was_marked(self):
        event = self.make_session()
        event.with_user(self.practitioner).action_billing_attended()
        attendee = event.attendee_ids.filtered(lambda one: one.partner_id == self.client)
        event.write(
            {
                'attendee_ids': [
                    Command.delete(attendee.id),
                    Command.create({'partner_id': self.client.id}),
                ]
            }
        )
        self.assertEqual(self.items(event).attendance, 'attended')
