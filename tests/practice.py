"""The demo practice as its people and Stripe meet it: by its server's own doors."""

import email
import email.policy
import threading
import time
import uuid
from contextlib import closing
from datetime import datetime, timedelta, timezone

import psycopg2
import requests
from psycopg2.extensions import new_type, register_type, string_types

from dev.logins import LOGINS
from dev.stripe_fake.client import FakeClient

SERVICE_NAME = "Trauma therapy for burnout"
SERVICE_CODE = "F43.1"
# Whatever PostgreSQL answers, as it writes it.
TEXT = new_type(tuple(string_types), "TEXT", lambda value, _cursor: value or "")


class Refused(Exception):
    """What the server does not do, in its words; `kind` is the name of Odoo's exception."""

    def __init__(self, error):
        super().__init__(error["message"])
        self.kind = error["name"].rpartition(".")[2]


class Practice:
    """One running Odoo with a practice in it, and the Stripe fake that it is connected to."""

    def __init__(self, server, stack, database):
        self.server = server
        self.stack = stack
        self.database = database
        self._name = stack.databases.full_name(database)
        self.stripe = FakeClient(stack.stripe_url)
        self._services = {}
        self._sessions = {}

    def connect_stripe(self):
        """Connect the practice to the fake with a key, as its manager does."""
        key = f"sk_test_{self.database}OfTheRiversidePractice"
        self.stripe.account(self.stripe.account_of(key), name="Riverside Practice")
        self.call("manager", "practice.stripe.setup", "create", {"secret_key": key})

    def call(self, login, model, method, *args, **kwargs):
        """Call a public method as a user's web client does.

        :raise Refused: the server answers with an error
        """
        params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        cookies = {"session_id": self._session(login)}
        return self._ask(f"/web/dataset/call_kw/{model}/{method}", params, cookies)[0]

    def press(self, login, model, button, record):
        """Press a button on one record."""
        return self.call(login, model, button, [record])

    def _session(self, login):
        """Return the session of a demo user, who logs in once.

        Not XML-RPC: it takes the password with each call, and checking one takes most of a second.
        """
        if login not in self._sessions:
            password = next(known.password for known in LOGINS if known.login == login)
            user = {"db": self._name, "login": login, "password": password}
            _user, cookies = self._ask("/web/session/authenticate", user)
            self._sessions[login] = cookies["session_id"]
        return self._sessions[login]

    def _ask(self, path, params, cookies=None):
        """Ask one of the server's JSON addresses; return what it answers and sets as cookies."""
        answer = requests.post(
            self.server.url + path, json={"params": params}, cookies=cookies, timeout=600
        )
        answer.raise_for_status()
        told = answer.json()
        if "error" in told:
            raise Refused(told["error"]["data"])
        return told.get("result"), answer.cookies

    def sql(self, query):
        """Return the rows of a query, as lists of texts."""
        # `databases.query` starts a program for each; hundreds of them take a minute.
        server = self.stack.databases.connection
        with closing(
            psycopg2.connect(
                host=server.host,
                port=server.port,
                user=server.user,
                password=server.password or None,
                dbname=self._name,
            )
        ) as connection:
            connection.autocommit = True
            register_type(TEXT, connection)
            with connection.cursor() as cursor:
                cursor.execute(query)
                return [list(row) for row in cursor]

    def value(self, query):
        """Return the one value of a query."""
        ((value,),) = self.sql(query)
        return value

    def new_session(self, price=120.0, start=None, **values):
        """Return the id of a new session of a new client with a practitioner, tomorrow unless
        it is said when."""
        client = self.call(
            "admin",
            "res.partner",
            "create",
            {"name": f"Client {uuid.uuid4().hex[:8]}", "email": f"{uuid.uuid4().hex}@example.com"},
        )
        start = (start or datetime.now(timezone.utc) + timedelta(days=1)).astimezone(timezone.utc)
        practitioner = self.value("SELECT partner_id FROM res_users WHERE login = 'practitioner'")
        return self.call(
            "practitioner",
            "calendar.event",
            "create",
            {
                "name": "Session",
                "start": start.strftime("%Y-%m-%d %H:%M:%S"),
                "stop": (start + timedelta(hours=1)).strftime("%Y-%m-%d %H:%M:%S"),
                "partner_ids": [(6, 0, [client, int(practitioner)])],
                "billing_service_id": self._service(price),
                **values,
            },
            context={"no_mail_to_attendees": True},
        )

    def _service(self, price):
        """Return the id of a service with a price, always the same one: a new product lets the
        server forget what it has cached."""
        if price not in self._services:
            self._services[price] = self.call(
                "admin",
                "product.product",
                "create",
                {
                    "name": SERVICE_NAME,
                    "default_code": SERVICE_CODE,
                    "type": "service",
                    "list_price": price,
                    "taxes_id": [(5,)],
                },
            )
        return self._services[price]

    def new_invoice(self, price=120.0):
        """Return the id of a posted invoice of a new session, made by the front desk."""
        session = self.new_session(price)
        action = self.call("frontdesk", "calendar.event", "action_billing_invoice", [session])
        return action["res_id"]

    def link(self, invoice):
        """Return the address of an invoice's pay page, as the dialog shows it."""
        dialog = self.call(
            "frontdesk", "practice.payment.link.send", "create", {"move_id": invoice}
        )
        (values,) = self.call("frontdesk", "practice.payment.link.send", "read", [dialog], ["url"])
        return values["url"]

    def click_pay(self, link):
        """Click *Pay*; return the answer, its redirection not followed."""
        return requests.post(link, allow_redirects=False, timeout=60)

    def pay_by_hand(self, invoice, amount):
        """Register a payment at the desk, as an accountant would."""
        company = self.value(f"SELECT company_id FROM account_move WHERE id = {invoice}")
        context = {
            "active_model": "account.move",
            "active_ids": [invoice],
            "allowed_company_ids": [int(company)],
        }
        wizard = self.call(
            "admin",
            "account.payment.register",
            "create",
            {"amount": amount, "payment_difference_handling": "open"},
            context=context,
        )
        self.call(
            "admin", "account.payment.register", "action_create_payments", [wizard], context=context
        )

    def credit(self, invoice):
        """Take an invoice back by a credit note for all of it, as an accountant would."""
        ((company, journal),) = self.sql(
            f"SELECT company_id, journal_id FROM account_move WHERE id = {invoice}"
        )
        context = {
            "active_model": "account.move",
            "active_ids": [invoice],
            "allowed_company_ids": [int(company)],
        }
        wizard = self.call(
            "admin",
            "account.move.reversal",
            "create",
            {"journal_id": int(journal), "reason": "Not attended"},
            context=context,
        )
        action = self.call(
            "admin", "account.move.reversal", "refund_moves", [wizard], context=context
        )
        self.call("admin", "account.move", "action_post", [action["res_id"]], context=context)

    def payments(self, invoice):
        """Return the payments booked for an invoice: state, amount and account of the money."""
        return self.sql(
            "SELECT payment.state, payment.amount, account.account_type"
            "  FROM account_payment payment"
            "  JOIN account_invoice_transaction_rel rel"
            "    ON rel.transaction_id = payment.payment_transaction_id"
            "  JOIN account_move_line line"
            "    ON line.move_id = payment.move_id AND line.debit > 0"
            "  JOIN account_account account ON account.id = line.account_id"
            f" WHERE rel.invoice_id = {invoice}"
        )

    def account(self):
        """Return the id of the Stripe account that the practice is connected to."""
        return self.value(
            "SELECT stripe_payment_link_account FROM payment_provider"
            " WHERE stripe_payment_link_account IS NOT NULL"
        )

    def charges(self, invoice):
        """Return the successful charges at Stripe for an invoice."""
        references = {
            reference
            for (reference,) in self.sql(
                "SELECT reference FROM payment_transaction tx"
                "  JOIN account_invoice_transaction_rel rel ON rel.transaction_id = tx.id"
                f" WHERE rel.invoice_id = {invoice}"
            )
        }
        return [
            charge
            for charge in self.stripe.objects("charge", self.account())
            if charge["status"] == "succeeded" and charge["metadata"]["reference"] in references
        ]

    def autopay(self, invoice, notice=0):
        """Have the payer's card charged by itself from now on, as the desk does on consent.

        At noon, since nobody is charged at night; the scheduler may do it at any moment.

        :param int notice: days before a charge on which it is announced
        """
        offset = datetime.now(timezone.utc).hour - 12
        self.sql(
            f"UPDATE res_partner SET tz = 'Etc/GMT{offset:+d}' WHERE id IN"
            " (SELECT partner_id FROM res_company) RETURNING id"
        )
        self.sql(f"UPDATE res_company SET billing_autopay_notice_days = {notice} RETURNING id")
        holder = self.value(
            "SELECT holder.id FROM practice_card_holder holder JOIN account_move move"
            f"   ON move.partner_id = holder.partner_id WHERE move.id = {invoice}"
        )
        values = {"autopay": "issue", "autopay_how": "on the phone"}
        self.call("frontdesk", "practice.card.holder", "write", [int(holder)], values)

    def client_email(self, invoice):
        """Return the address of the client that an invoice is for."""
        return self.value(
            "SELECT email FROM res_partner JOIN account_move ON partner_id = res_partner.id"
            f" WHERE account_move.id = {invoice}"
        )

    def age_transactions(self):
        """Let the reconcile cron think that the open payments are an hour old."""
        self.sql(
            "UPDATE payment_transaction SET last_state_change = last_state_change"
            " - interval '1 hour' WHERE state IN ('draft', 'pending') RETURNING id"
        )

    def invoice_state(self, invoice):
        """Return how an invoice stands: payment state and what is open."""
        ((state, residual),) = self.sql(
            f"SELECT payment_state, amount_residual FROM account_move WHERE id = {invoice}"
        )
        return state, float(residual)

    def run_cron(self, xmlid, module="carepatron_billing"):
        """Run a scheduled job now, as an administrator would by its button.

        Waits where the scheduler is just running it.
        """
        self.run_cron_record(self.cron(xmlid, module))

    def cron(self, xmlid, module="carepatron_billing"):
        """Return the id of a scheduled job."""
        (cron,) = self.call(
            "admin",
            "ir.model.data",
            "search_read",
            [("module", "=", module), ("name", "=", xmlid)],
            ["res_id"],
        )
        return cron["res_id"]

    def run_cron_record(self, cron):
        """Run a scheduled job as `run_cron` does, by its id."""

        def run():
            try:
                return self.call("admin", "ir.cron", "method_direct_trigger", [cron])
            except Refused as refusal:
                if "already executing" not in str(refusal):
                    raise
                return False

        # The scheduler may be at a thousand invoices.
        wait_until(run, seconds=120)


def read_mail(source):
    """Return a mail's text (its HTML version) and the kinds of what is attached.

    :param source: the mail as it came over SMTP
    """
    mail = email.message_from_string(source, policy=email.policy.default)
    body = mail.get_body(("html",)).get_content()
    return body, [part.get_content_type() for part in mail.iter_attachments()]


def let_an_hour_pass(practice):
    """Let the provider have asked Stripe for missed events an hour ago."""
    practice.sql(
        "UPDATE payment_provider SET stripe_payment_link_polled_at ="
        " stripe_payment_link_polled_at - interval '1 hour' RETURNING id"
    )


def wait_until(condition, seconds=30):
    """Return when a condition holds; fail with what it last gave after some time."""
    end = time.monotonic() + seconds
    while True:
        outcome = condition()
        if outcome:
            return outcome
        assert time.monotonic() < end, f"still {outcome!r} after {seconds} seconds"
        time.sleep(0.05)


def at_once(*functions):
    """Call functions in threads that start together; return what each gave or raised."""
    barrier = threading.Barrier(len(functions))
    outcomes = [None] * len(functions)

    def run(place, function):
        barrier.wait()
        try:
            outcomes[place] = function()
        except Exception as error:  # the caller looks at it
            outcomes[place] = error

    threads = [
        threading.Thread(target=run, args=(place, function))
        for place, function in enumerate(functions)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
