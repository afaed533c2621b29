"""The hot paths take the queries of their budgets, no more and no fewer."""

import json
import os
import runpy
from collections import Counter
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from odoo import sql_db
from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user

from odoo.addons.carepatron_billing.tests.common import BillingCommon
from odoo.addons.carepatron_billing.tests.reminders_common import RemindersCommon
from odoo.addons.carepatron_billing.tests.test_stripe_gateway import EVENT, signed

from dev.bench.web_client import WebClient
from dev.environment import paths
from dev.stripe_fake.client import FakeClient
from tests.budgets import BUDGETS, MOST_SLACK, SLACK, Budget

AUTOPAY_INVOICES = paths.CHECKOUT / "dev/odoo_scripts/autopay_invoices.py"
INVOICES = "carepatron_billing.account_move_billing_action"
UNINVOICED = "carepatron_billing.practice_billing_item_action"
CLIENTS = "carepatron_billing.res_partner_billing_action"
MONDAY = datetime(2020, 1, 6, 7)


class Budgeted:
    """Counts queries, and makes what is counted on."""

    def assert_budget(self, path, work, records=0):
        """See that work takes the queries of its budget, and return what it returns.

        It has been done before, so that what Odoo keeps of rights and views is there.

        :param records: on how many it works, where the budget grows with them
        """
        asked = Counter()
        execute = sql_db.Cursor.execute

        def count(cr, query, *args, **kwargs):
            text = getattr(query, "code", query)
            asked[sql_db.categorize_query(text.decode() if isinstance(text, bytes) else text)] += 1
            return execute(cr, query, *args, **kwargs)

        self.env.flush_all()
        self.env.invalidate_all()
        # By chance Odoo tidies up its bus besides.
        with patch.object(sql_db.Cursor, "execute", count), patch("random.random", lambda: 1):
            result = work()
            self.env.flush_all()
        budget = BUDGETS[path]
        allowed = budget.once + budget.each * records
        if abs(asked.total() - allowed) > max(SLACK, min(allowed // 10, MOST_SLACK)):
            advice = (
                "Save some, or change its line in budgets.py and say why in the commit."
                if asked.total() > allowed
                else "Bring its line in budgets.py down, lest the gain is lost unnoticed."
            )
            tables = ", ".join(f"{table} {times}" for (_, table), times in asked.most_common())
            self.fail(
                f"{path}, {records} records: {asked.total()} queries, its budget is {allowed}."
                f" {advice} ({tables})"
            )
        return result

    @contextmanager
    def committing(self, **context):
        """Give an environment that may commit."""
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            yield self.env(cr=cr, context={**self.env.context, **context})

    def make_clients(self, count):
        return self.env["res.partner"].create(
            [
                {"name": f"Client {number}", "email": f"{number}@example.com", "customer_rank": 1}
                for number in range(count)
            ]
        )

    def make_items(self, clients):
        return self.env["practice.billing.item"].create(
            [
                {
                    "client_id": client.id,
                    "service_id": self.service.id,
                    "company_id": self.company.id,
                }
                for client in clients
            ]
        )


class TestPageBudgets(Budgeted, BillingCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connect_provider()

    def test_pay_page(self):
        move = self.make_invoice()
        path, number = move._billing_payment_link()._path(), move.name

        def show():
            self.assertIn(number, self.url_open(path).text)

        show()
        show()
        self.assert_budget("pay page", show)

    def test_webhook(self):
        path = f"/billing/stripe/webhook/{self.provider.id}"
        secret = self.provider.stripe_payment_link_webhook_secret

        def receive(event):
            body = json.dumps({**EVENT, "id": event})
            headers = {"Stripe-Signature": signed(body, secret)}
            self.assertEqual(self.url_open(path, data=body, headers=headers).status_code, 200)

        receive("evt_1")
        receive("evt_2")
        self.assert_budget("webhook", lambda: receive("evt_3"))
        received = self.env["practice.stripe.event"].search(
            [("provider_id", "=", self.provider.id)]
        )
        self.assertEqual(len(received), 3)


class TestDeskBudgets(Budgeted, BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connect_provider()
        cls.desk = cls.env_of(cls.front_desk)

    @classmethod
    def env_of(cls, user):
        context = {"lang": "en_US", "tz": "UTC", "allowed_company_ids": cls.company.ids}
        return cls.env(user=user, context=context)

    # === THE COUNT ITSELF === #

    def test_queries_beyond_the_slack_fail_and_saved_ones_too(self):
        def ask():
            for _time in range(9):
                self.env.cr.execute("SELECT id FROM res_users LIMIT 1")
            self.env.cr.execute("SELECT id FROM res_partner LIMIT 1")
            return "done"

        with patch.dict(BUDGETS, planted=Budget(10)):
            self.assertEqual(self.assert_budget("planted", ask), "done")
        with patch.dict(BUDGETS, planted=Budget(0, each=10)):
            self.assert_budget("planted", ask, 1)
        for budget, words in ((5, "budget is 5. Save some"), (15, "budget is 15. Bring .* down")):
            with (
                self.subTest(budget),
                patch.dict(BUDGETS, planted=Budget(budget)),
                self.assertRaisesRegex(AssertionError, f"10 queries, its {words}.*res_partner 1"),
            ):
                self.assert_budget("planted", ask)

    def test_each_budget_is_counted(self):
        source = Path(__file__).read_text()
        for path in BUDGETS:
            self.assertIn(f'"{path}"', source)

    # === THE MAIN JOB === #

    def test_main_job(self):
        def invoice(session):
            action = session.action_billing_invoice()
            return self.desk["account.move"].browse(action["res_id"])

        def send(move):
            action = move.action_billing_send_link()
            dialog = self.desk[action["res_model"]].with_context(**action["context"])
            dialog.create({}).action_send()

        def sessions():
            session = self.make_session().with_env(self.desk)
            self.env.invalidate_all()
            return session

        for _turn in range(2):
            move = invoice(sessions())
            move._billing_document_attachment()
            send(move)
        session = sessions()
        move = self.assert_budget("session invoiced", lambda: invoice(session))
        move._billing_document_attachment()
        self.assert_budget("payment link sent", lambda: send(move))
        self.assertTrue(move.billing_link_sent_at)

    def test_documents(self):
        report = self.desk["ir.actions.report"].with_context(force_report_rendering=True)
        lines = [
            Command.create({"name": f"Session {number}", "price_unit": 120.0})
            for number in range(6)
        ]
        moves = self.env["account.move"].create(
            [
                {"move_type": "out_invoice", "partner_id": client.id, "invoice_line_ids": lines}
                for client in self.make_clients(6)
            ]
        )
        moves.action_post()

        def draw(some):
            content, kind = report._render_qweb_pdf("account.account_invoices", some.ids)
            self.assertEqual((content[:5], kind), (b"%PDF-", "pdf"))

        draw(moves[:2])
        for some in (moves[2:3], moves[3:]):
            self.assert_budget("document", lambda some=some: draw(some), len(some))

    def test_each_invoice_of_a_batch_costs_few_queries(self):
        batch = self.desk["practice.billing.batch"].sudo()
        batch = batch.create(
            {"company_id": self.company.id, "invoice_date": self.company._billing_today()}
        )

        def items(count):
            return self.make_items(self.make_clients(count)).with_env(self.desk).sudo()

        batch._invoice_groups(list(items(2)))
        for count in (2, 10):
            some = items(count)
            self.assert_budget(
                "batch invoice", lambda some=some: batch._invoice_groups(list(some)), count
            )
            self.assertEqual(some.invoice_id.mapped("state"), ["posted"] * count)

    # === SCREENS === #

    def assert_screens(self, screens):
        """See that screens take their budgets, however much there is to be shown."""
        for screen in (*screens.values(), *screens.values()):
            self.env.invalidate_all()
            screen()
        for _more in range(2):
            for path, screen in screens.items():
                self.assert_budget(path, screen)
            self.make_work()

    def make_work(self):
        """Make invoices, paid ones among them, and what is not invoiced; return an open one."""
        items = self.make_items([*self.make_clients(4), *[self.client_partner] * 6])
        self.pay_by_hand(items[:4]._invoice("session")[0])
        return items[4:6]._invoice("session")[0]

    def test_overview_asks_the_same_number_of_queries_for_more_invoices(self):
        manager = new_test_user(
            self.env, "boss@example.com", groups="carepatron_billing.group_manager"
        )
        self.make_work()
        self.assert_screens(
            {
                "overview": self.desk["practice.overview"].get_overview,
                "overview of a manager": self.env_of(manager)["practice.overview"].get_overview,
            }
        )

    def test_list_asks_the_database_as_often_for_many_invoices_as_for_few(self):
        web = WebClient(self.desk)
        self.make_work()
        self.assert_screens(
            {
                "list of invoices": lambda: web.open_list(INVOICES),
                "list of uninvoiced work": lambda: web.open_list(UNINVOICED),
                "list of uninvoiced work by client": lambda: web.open_list(UNINVOICED, "client_id"),
            }
        )

    def test_forms(self):
        web = WebClient(self.desk)
        move = self.make_work()
        self.assert_screens(
            {
                "invoice": lambda: web.open_form(INVOICES, move),
                "client": lambda: web.open_form(CLIENTS, self.client_partner),
            }
        )

    def make_week(self, monday, count):
        """Make a week of sessions, in part private, not invoiced yet, or waived."""
        days = [monday + timedelta(days=number % 5, hours=number // 5) for number in range(count)]
        sessions = self.env["calendar.event"].union(*map(self.make_session, days))
        sessions[::4].privacy = "private"
        items = self.env["practice.billing.item"]._make_for_events(sessions[2:])
        items.action_billing_confirm()
        items[::5]._waive("Ill")
        items.filtered(lambda item: item.state == "unbilled")[::2]._invoice()
        return sessions

    def test_calendar_week(self):
        web = WebClient(self.desk)
        for number, count in enumerate((8, 8, 8, 24)):
            monday = MONDAY + timedelta(weeks=number)
            self.make_week(monday, count)

            def show(monday=monday):
                return web.open_week(
                    monday, monday + timedelta(days=7), self.practitioner.partner_id
                )

            shown = self.assert_budget("calendar week", show) if number > 1 else show()
            self.assertEqual(len(shown), count)
            states = {record["billing_state"] for record in shown}
            self.assertEqual(states, {"unbilled", "invoiced", "waived"})

    def test_a_week_is_marked_by_one_query(self):
        few, many = (
            self.make_week(MONDAY + timedelta(weeks=number), count).with_env(self.desk)
            for number, count in enumerate((5, 20))
        )
        few._billing_read_states()
        for sessions in (few[:1], few, many):
            states = self.assert_budget("marks of a week", sessions._billing_read_states)
            self.assertEqual(states.keys(), set(sessions.ids))


class TestReminderBudgets(Budgeted, RemindersCommon):
    def make_overdue(self, count):
        moves = [self.make_due(partner=client) for client in self.make_clients(count)]
        return self.env["account.move"].union(*moves)

    def test_finding_what_is_due_asks_the_same_queries_for_one_and_for_many(self):
        def find():
            return self.Rule._letters(self.Rule._load(self.company), self.company._billing_today())

        self.make_overdue(1)
        find()
        for count in (1, 9):
            self.assertEqual(len(self.assert_budget("reminders found", find)), count)
            self.make_overdue(8)

    def test_mails(self):
        self.rule.attach_invoice = True
        for path, is_kept in (("reminder mail and document", False), ("reminder mail", True)):
            for count in (1, 2, 6):
                moves = self.make_overdue(count)
                if is_kept:
                    moves.with_context(force_report_rendering=True)._billing_stored_documents()
                with self.committing(force_report_rendering=True) as env:
                    company = self.company.with_env(env)

                    def send(company=company):
                        return company.env["practice.reminder.mail"]._send_due(company)

                    if count == 1:
                        send()
                    else:
                        self.assert_budget(path, send, count)
                self.assertEqual(self.sent().move_id & moves, moves)
                self.assertEqual(len(moves.sudo().invoice_pdf_report_id), count)


class TestAutopayBudget(Budgeted, BillingCommon):
    def test_charges(self):
        key = "sk_test_budgetsOfThisPractice"
        fake = FakeClient(os.environ["STRIPE_API_BASE"])
        self.connect_provider()
        self.provider.stripe_payment_link_secret_key = key
        self.provider.stripe_payment_link_account = fake.account_of(key)
        with self.committing() as env:
            for turn, count in enumerate((1, 1, 3)):
                made = runpy.run_path(
                    AUTOPAY_INVOICES, init_globals={"env": env, "given": {"count": count}}
                )["result"]
                env.invalidate_all()
                charge = env["practice.card.holder"]._cron_autopay
                if turn:
                    self.assert_budget("autopay charge", charge, count)
                else:
                    charge()
                moves = env["account.move"].browse(made["invoices"])
                self.assertEqual(set(moves.mapped("payment_state")), {"paid"})
