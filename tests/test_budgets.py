"""The hot paths take the queries of their budgets, no more and no fewer."""

import json
import os
import runpy
from contextlib import contextmanager
from datetime import datetime, timedelta
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

AUTOPAY_INVOICES = paths.CHECKOUT / "dev/odoo_scripts/autopay_invoices.py"
KEY = "sk_test_budgetsOfThisPractice"
MONDAY = datetime(2020, 1, 6)


class BudgetsMixin:
    def assert_budget(self, path, work, records=0):
        """See what a path takes; it has been done before, so that what Odoo keeps is there.

        :param records: of how many the budget counts each
        """
        self.env.flush_all()
        self.env.invalidate_all()
        # Odoo tidies up its bus now and then, by chance.
        with patch("random.random", return_value=1):
            before = sql_db.sql_counter
            real = sql_db.Cursor.execute
            log = []

            def execute(cr, query, params=None, **kw):
                import re

                q = query.code if hasattr(query, "code") else query
                m = re.findall(r'(?:FROM|INTO|UPDATE|JOIN) "?(\w+)', q)
                log.append((q[:6], m[:3], re.sub(r"\s+", " ", q)[-110:]))
                return real(cr, query, params, **kw)

            with patch.object(sql_db.Cursor, "execute", execute):
                result = work()
            self.env.flush_all()
            taken = sql_db.sql_counter - before
        print("TAKEN", path, records, taken)
        if path in ("pay page", "webhook", "invoices", "uninvoiced grouped"):
            for one in log:
                print("   Q", *one)
        return result

    @contextmanager
    def committing(self):
        """Give an environment that may commit."""
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            yield self.env(cr=cr)

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


class TestPageBudgets(BudgetsMixin, BillingCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connect_provider()

    def test_pay_page(self):
        link = self.make_invoice()._billing_payment_link()

        def show():
            answer = self.url_open(link._path())
            self.assertIn(link.move_id.name, answer.text)

        for _ in "abcd":
            self.assert_budget("pay page", show)

    def test_webhook(self):
        secret = self.provider.stripe_payment_link_webhook_secret

        def receive(number):
            body = json.dumps({**EVENT, "id": f"evt_{number}"})
            answer = self.url_open(
                f"/billing/stripe/webhook/{self.provider.id}",
                data=body,
                headers={"Stripe-Signature": signed(body, secret)},
            )
            self.assertEqual(answer.status_code, 200)

        for n in "abcd":
            self.assert_budget("webhook", lambda n=n: receive(n))


class TestDeskBudgets(BudgetsMixin, BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connect_provider()
        cls.desk = cls.env(
            user=cls.front_desk,
            context={"lang": "en_US", "tz": "UTC", "allowed_company_ids": cls.company.ids},
        )

    def test_documents(self):
        report = self.desk["ir.actions.report"].with_context(force_report_rendering=True)
        lines = [Command.create({"name": f"Session {n}", "price_unit": 120.0}) for n in range(6)]
        clients = self.make_clients(20)
        moves = self.env["account.move"].create(
            [
                {"move_type": "out_invoice", "partner_id": client.id, "invoice_line_ids": lines}
                for client in clients
            ]
        )
        moves.action_post()

        def draw(some):
            content, kind = report._render_qweb_pdf("account.account_invoices", some.ids)
            self.assertEqual(kind, "pdf")
            self.assertTrue(content.startswith(b"%PDF"))

        n = 0
        for count in (1, 1, 1, 2, 3, 6):
            some = moves[n : n + count]
            n += count
            self.assert_budget("documents", lambda some=some: draw(some), count)

    def test_invoices(self):
        batch = (
            self.desk["practice.billing.batch"]
            .sudo()
            .create({"company_id": self.company.id, "invoice_date": self.company._billing_today()})
        )
        for count in (1, 1, 2, 5, 10, 20):
            items = self.make_items(self.make_clients(count)).with_env(self.desk).sudo()
            self.assert_budget(
                "invoices", lambda items=items: batch._invoice_groups(list(items)), count
            )
            self.assertEqual(len(items.invoice_id), count)
            self.assertEqual(set(items.invoice_id.mapped("state")), {"posted"})

    def test_main_job(self):
        for _ in "abcd":
            session = self.make_session().with_env(self.desk)
            action = self.assert_budget("session", session.action_billing_invoice)
            move = self.desk["account.move"].browse(action["res_id"])

            def send():
                action = move.action_billing_send_link()
                dialog = self.desk[action["res_model"]].with_context(**action["context"])
                dialog.create({"attach_invoice": False}).action_send()

            self.assert_budget("send", send)

    def test_screens(self):
        manager = new_test_user(
            self.env, "boss@example.com", groups="carepatron_billing.group_manager"
        )
        web = WebClient(self.desk)
        regular = self.make_clients(1)
        screens = {
            "overview": self.desk["practice.overview"].get_overview,
            "manager": self.desk["practice.overview"].with_user(manager).get_overview,
            "invoices": lambda: web.open_list("carepatron_billing.account_move_billing_action"),
            "uninvoiced": lambda: web.open_list("carepatron_billing.practice_billing_item_action"),
            "uninvoiced grouped": lambda: web.open_list(
                "carepatron_billing.practice_billing_item_action", "client_id"
            ),
            "invoice": lambda: web.open_form(
                "carepatron_billing.account_move_billing_action", self.invoice
            ),
            "client": lambda: web.open_form(
                "carepatron_billing.res_partner_billing_action", regular
            ),
        }
        for count in (5, 5, 10, 20):
            clients = self.make_clients(count)
            items = self.make_items([*clients, *clients, *[regular] * 20])
            invoiced = items[:count] | items[-20:-5]
            invoiced._invoice("session")
            for move in items[:count:2].invoice_id:
                self.pay_by_hand(move)
            self.invoice = items[1].invoice_id
            for name, screen in screens.items():
                self.assert_budget(name, screen, count)

    def test_week(self):
        web = WebClient(self.desk)
        monday = MONDAY
        for count in (8, 8, 20, 40):
            events = self.env["calendar.event"].union(
                *(
                    self.make_session(start=monday + timedelta(days=i % 5, hours=7 + i // 5 % 11))
                    for i in range(count)
                )
            )
            events[::4].privacy = "private"
            items = self.env["practice.billing.item"]._make_for_events(events[count // 4 :])
            items.action_billing_confirm()
            items[::5]._waive("Measured")
            items.filtered(lambda item: item.state == "unbilled")[::2]._invoice()
            weeks = self.assert_budget(
                "week",
                lambda monday=monday: web.open_week(
                    monday, monday + timedelta(days=7), self.practitioner.partner_id
                ),
                count,
            )
            self.assertEqual(len(weeks), count)
            self.assertEqual(
                {e["billing_state"] for e in weeks}, {"unbilled", "invoiced", "waived"}
            )
            monday += timedelta(weeks=1)


class TestReminderBudgets(BudgetsMixin, RemindersCommon):
    def remind(self, path, count):
        with self.committing() as env:
            env = env(context={"force_report_rendering": True})
            mails = env["practice.reminder.mail"]
            self.assert_budget(path, lambda: mails._send_due(self.company.with_env(env)), count)

    def test_reminders(self):
        self.rule.attach_invoice = True
        for count in (1, 1, 2, 5, 10):
            moves = self.env["account.move"].union(
                *(self.make_due(partner=client) for client in self.make_clients(count))
            )
            self.remind("reminder made", count)
            self.assertEqual(len(self.sent(moves[0])), 1)
            self.assertTrue(moves.sudo().invoice_pdf_report_id)
        for count in (1, 1, 2, 5, 10):
            moves = self.env["account.move"].union(
                *(self.make_due(partner=client) for client in self.make_clients(count))
            )
            moves.with_context(force_report_rendering=True)._billing_stored_documents()
            self.remind("reminder stored", count)
            self.assertEqual(len(self.sent(moves[0])), 1)


class TestAutopayBudget(BudgetsMixin, BillingCommon):
    def test_charges(self):
        self.connect_provider()
        self.provider.write(
            {
                "stripe_payment_link_secret_key": KEY,
                "stripe_payment_link_account": FakeClient(os.environ["STRIPE_API_BASE"]).account_of(
                    KEY
                ),
            }
        )
        self.env["practice.card.holder"].search([]).unlink()
        with self.committing() as env:
            for count in (1, 1, 2, 4):
                made = runpy.run_path(
                    AUTOPAY_INVOICES, init_globals={"env": env, "given": {"count": count}}
                )["result"]
                env.invalidate_all()
                self.assert_budget("autopay", env["practice.card.holder"]._cron_autopay, count)
                moves = env["account.move"].browse(made["invoices"])
                self.assertEqual(set(moves.mapped("payment_state")), {"paid"})
