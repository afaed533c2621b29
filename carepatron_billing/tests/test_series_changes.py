from datetime import timedelta

from odoo import Command
from odoo.tests import tagged

from .session_changes_common import SessionChangesCommon


@tagged('post_install', '-at_install')
class TestSeriesChanges(SessionChangesCommon):
    """However a series is edited, each session is billed once."""

    def test_series_shifted_by_an_hour_bills_each_session_once(self):
        series = self.make_series()
        items = self.deliver(series, invoiced=2)
        start = series[0].start + timedelta(hours=1)
        self.edit(series[0], 'all_events', start=start, stop=start + timedelta(hours=1))
        self.run_cron()
        self.assertEqual(self.all_items(), items)
        self.assertEqual(
            items.sorted('date').mapped('state'), ['invoiced', 'invoiced', 'unbilled', 'unbilled']
        )
        new = self.env['calendar.event'].search(
            [('user_id', '=', self.practitioner.id)], order='start'
        )
        self.assertEqual(len(new), 10)
        self.assertEqual(items.sorted('date').event_id, new[:4])
        self.assertEqual(items.sorted('date')[2].date, new[2].start)

    def test_series_shifted_to_another_day_takes_its_items_along(self):
        series = self.make_series()
        items = self.deliver(series, invoiced=1)
        start = series[1].start + timedelta(days=1)
        self.edit(series[1], 'all_events', start=start, stop=start + timedelta(hours=1))
        self.run_cron()
        self.assertEqual(self.all_items(), items)
        for item in items[1:]:
            self.assertEqual(item.date.weekday(), 2)
            self.assertEqual(item.state, 'unbilled')

    def test_this_and_following_leaves_earlier_sessions_where_they_are(self):
        series = self.make_series()
        items = self.deliver(series, invoiced=1)
        first = series[0]
        start = series[2].start + timedelta(hours=2)
        self.edit(series[2], 'future_events', start=start, stop=start + timedelta(hours=1))
        self.run_cron()
        self.assertEqual(self.all_items(), items)
        self.assertEqual(items[0].event_id, first)
        self.assertEqual(items[2].date, start)
        self.assertEqual(items[3].date, start + timedelta(days=7))

    def test_renaming_what_follows_keeps_sessions_and_a_deleted_one_stays_deleted(self):
        series = self.make_series()
        items = self.deliver(series)
        series[5].with_user(self.practitioner).unlink()
        left = series.exists()
        self.edit(series[2], 'future_events', name="Renamed")
        self.assertEqual(left.exists(), left)
        self.assertEqual(left.recurrence_id.calendar_event_ids.sorted('start'), left)
        self.assertEqual(left.mapped('name').count("Renamed"), 7)
        self.assertEqual(items.event_id, series[:4])

    def test_client_added_to_what_follows_attends_each_session_once(self):
        series = self.make_series()
        series[4].partner_ids += self.other_client
        self.edit(series[3], 'future_events', partner_ids=[Command.link(self.other_client.id)])
        for event in series[3:]:
            self.assertEqual(
                event.attendee_ids.partner_id.filtered('partner_share'),
                self.client + self.other_client,
            )
            self.assertEqual(len(event.attendee_ids), 3)
        self.assertEqual(series[2].attendee_ids.partner_id.filtered('partner_share'), self.client)

    def test_occurrence_moved_by_hand_keeps_its_item_when_the_series_is_rewritten(self):
        series = self.make_series()
        self.edit(series[3], 'self_only', start=series[3].start - timedelta(days=1))
        items = self.deliver(series, invoiced=4)
        start = series[0].start + timedelta(hours=1)
        self.edit(series[0], 'all_events', start=start, stop=start + timedelta(hours=1))
        self.run_cron()
        self.assertEqual(self.all_items(), items)

    def test_cut_series_reports_what_has_no_session_any_more(self):
        series = self.make_series()
        items = self.deliver(series, invoiced=1)
        prepaid = self.make_items(series[8])
        prepaid._invoice()
        self.edit(series[0], 'all_events', count=3, end_type='count')
        self.run_cron()
        self.assertEqual(self.all_items(), items | prepaid)
        self.assertEqual(prepaid.state, 'invoiced')
        self.assertTrue(prepaid.session_gone_at)
        self.assertEqual(items[3].confirm_reason, 'session_gone')
        self.assertEqual(items[:3].mapped('state'), ['invoiced', 'unbilled', 'unbilled'])

    def test_extended_series_keeps_its_items(self):
        series = self.make_series()
        items = self.deliver(series, invoiced=1)
        self.edit(series[0], 'all_events', count=14, end_type='count')
        self.run_cron()
        self.assertEqual(self.all_items(), items)
        self.assertTrue(all(item.event_id.active for item in items))

    def test_series_moved_to_another_weekday_by_its_rule_keeps_its_items(self):
        series = self.make_series()
        items = self.deliver(series, invoiced=2)
        self.edit(series[0], 'all_events', tue=False, thu=True)
        self.run_cron()
        self.assertEqual(
            self.all_items().filtered(lambda item: item.state == 'invoiced'), items[:2]
        )
        self.assertFalse(items.filtered('session_gone_at')[2:])

    def test_whole_series_deleted_by_the_popover_leaves_what_was_delivered(self):
        series = self.make_series()
        items = self.deliver(series, invoiced=2)
        series[0].with_user(self.practitioner).action_mass_deletion('all_events')
        self.env.invalidate_all()
        self.run_cron()
        self.assertEqual(self.all_items(), items)
        self.assertEqual(
            items.mapped('state'), ['invoiced', 'invoiced', 'to_confirm', 'to_confirm']
        )

    def test_series_that_no_longer_repeats_leaves_what_was_delivered(self):
        series = self.make_series()
        items = self.deliver(series, invoiced=2)
        self.edit(series[0], 'all_events', recurrency=False)
        self.run_cron()
        self.assertEqual(self.all_items(), items)
        self.assertEqual(items[2:].mapped('state'), ['to_confirm', 'to_confirm'])

    def test_series_keeps_who_is_billed(self):
        series = self.make_series(billing_excluded_client_ids=[Command.link(self.client.id)])
        self.run_cron()
        self.assertFalse(self.items(series))
