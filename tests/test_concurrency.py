"""What two people do at the same moment, in transactions of their own."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg2
import pytest
import requests

from dev.logins import LOGINS
from tests.payer import payer_of
from tests.practice import wait_until

DEADLINE = 30
# Both may anonymise clients.
MANAGERS = ("manager", "admin")


class User:
    """Somebody logged in to the web client's server, without a browser."""

    def __init__(self, server, database, login):
        self.url = server.url
        self.session = requests.Session()
        password = next(known.password for known in LOGINS if known.login == login)
        self._post(
            "/web/session/authenticate", {"db": database, "login": login, "password": password}
        )

    def call(self, model, method, ids):
        return self._post(
            f"/web/dataset/call_kw/{model}/{method}",
            {"model": model, "method": method, "args": [ids], "kwargs": {}},
        )

    def _post(self, path, params):
        answer = self.session.post(
            self.url + path, json={"jsonrpc": "2.0", "params": params}, timeout=DEADLINE
        ).json()
        assert "error" not in answer, answer["error"]["data"]
        return answer["result"]


@pytest.fixture
def users(server, stack, database):
    full_name = stack.databases.full_name(database)
    return [User(server, full_name, "frontdesk"), User(server, full_name, "manager")]


@pytest.fixture
def query(stack, database):
    return lambda sql: [int(value) for (value,) in stack.databases.query(database, sql)]


@pytest.fixture
def held(stack, database):
    """Hold a row until so many transactions wait for it, then let them go at once.

    What it gives waits for so many in between: who came first goes first.
    """
    connection = stack.databases.connection

    @contextmanager
    def hold(table, row, waiting):
        def wait(waiting):
            deadline = time.monotonic() + DEADLINE
            blocked = 0
            while blocked < waiting:
                assert time.monotonic() < deadline, f"{blocked} of {waiting} came to wait"
                cursor.execute(
                    "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid != pg_backend_pid()"
                )
                blocked = cursor.fetchone()[0]

        session = psycopg2.connect(
            host=connection.host,
            port=connection.port,
            user=connection.user,
            password=connection.password or None,
            dbname=stack.databases.full_name(database),
        )
        try:
            cursor = session.cursor()
            cursor.execute(f"SELECT id FROM {table} WHERE id = {int(row)} FOR UPDATE")
            yield wait
            wait(waiting)
        finally:
            session.close()

    return hold


FUTURE_SESSION = """
    SELECT event.id FROM calendar_event event
     WHERE event.start > now() at time zone 'UTC' AND event.billing_service_id IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM practice_billing_item WHERE event_id = event.id)
       AND (SELECT count(*) FROM calendar_attendee WHERE event_id = event.id) = 2
     ORDER BY event.id LIMIT 1
"""
WAITING_ITEM = """
    SELECT id FROM practice_billing_item item
     WHERE state = 'unbilled'
       AND (SELECT count(*) FROM calendar_attendee WHERE event_id = item.event_id) = 2
     ORDER BY id LIMIT 1
"""
EVENT_OF = "SELECT event_id FROM practice_billing_item WHERE id = %s"
LIVE_LINES = """
    SELECT line.move_id FROM account_move_line line
      JOIN practice_billing_item item ON item.id = line.billing_item_id
     WHERE line.parent_state = 'posted' AND line.billing_is_live AND %s
"""


def test_two_users_invoicing_a_new_session_at_once_get_one_invoice(users, query, held):
    [event] = query(FUTURE_SESSION)
    with ThreadPoolExecutor() as pool:
        with held("calendar_event", event, waiting=2):
            clicks = [
                pool.submit(user.call, "calendar.event", "action_billing_invoice", [event])
                for user in users
            ]
        first, second = (click.result() for click in clicks)
    assert first["res_id"] == second["res_id"]
    assert query(LIVE_LINES % f"item.event_id = {event}") == [first["res_id"]]


def test_two_users_invoicing_a_waiting_item_at_once_get_one_invoice(users, query, held):
    [item] = query(WAITING_ITEM)
    with ThreadPoolExecutor() as pool:
        with held("practice_billing_item", item, waiting=2):
            clicks = [
                pool.submit(user.call, "practice.billing.item", "action_billing_invoice", [item])
                for user in users
            ]
        first, second = (click.result() for click in clicks)
    assert first["res_id"] == second["res_id"]
    assert query(LIVE_LINES % f"item.id = {item}") == [first["res_id"]]


def test_calendar_and_list_invoicing_one_session_at_once_make_one_invoice(users, query, held):
    [item] = query(WAITING_ITEM)
    [event] = query(EVENT_OF % item)
    desk, manager = users
    with ThreadPoolExecutor() as pool:
        with held("practice_billing_item", item, waiting=2):
            clicks = [
                pool.submit(desk.call, "calendar.event", "action_billing_invoice", [event]),
                pool.submit(
                    manager.call, "practice.billing.item", "action_billing_invoice", [item]
                ),
            ]
        first, second = (click.result() for click in clicks)
    assert first["res_id"] == second["res_id"]
    assert query(LIVE_LINES % f"item.id = {item}") == [first["res_id"]]


# === ANONYMISING === #


def let_years_pass(practice, client):
    """Make all that happened with a client older than it has to be kept, once the mails left."""
    wait_until(lambda: practice.sql("SELECT id FROM mail_mail WHERE state = 'outgoing'") == [])
    for table, columns, domain in (
        ("account_move", ("date", "invoice_date"), f"partner_id = {client}"),
        ("account_payment", ("date",), f"partner_id = {client}"),
        ("practice_billing_item", ("date", "service_date"), f"client_id = {client}"),
        (
            "calendar_event",
            ("start", "stop"),
            "id IN (SELECT calendar_event_id FROM calendar_event_res_partner_rel"
            f" WHERE res_partner_id = {client})",
        ),
    ):
        earlier = ", ".join(f"{column} = {column} - interval '15 years'" for column in columns)
        practice.sql(f"UPDATE {table} SET {earlier} WHERE {domain} RETURNING id")


def dialog_to_anonymise(practice, login, client):
    name = practice.value(f"SELECT name FROM res_partner WHERE id = {client}")
    return practice.call(
        login, "practice.client.anonymise", "create", {"partner_id": client, "typed": name}
    )


def books(practice, client):
    """Return what was booked for a client."""
    return practice.sql(
        "SELECT move.name, move.state, move.payment_state, line.account_id, line.balance,"
        "       line.amount_residual FROM account_move_line line"
        "  JOIN account_move move ON move.id = line.move_id"
        f" WHERE line.partner_id = {client} ORDER BY line.id"
    )


def is_anonymised(practice, client):
    return practice.value(
        f"SELECT billing_anonymised_at IS NOT NULL FROM res_partner WHERE id = {client}"
    ) in ("t", "True")


def test_two_managers_anonymising_a_client_at_once_do_it_once(practice, held):
    invoice = practice.new_invoice()
    client = payer_of(practice, invoice)
    practice.pay_by_hand(invoice, 120.0)
    let_years_pass(practice, client)
    before = books(practice, client)
    dialogs = [(login, dialog_to_anonymise(practice, login, client)) for login in MANAGERS]
    with ThreadPoolExecutor() as pool:
        with held("res_partner", client, waiting=2):
            clicks = [
                pool.submit(
                    practice.press, login, "practice.client.anonymise", "action_anonymise", dialog
                )
                for login, dialog in dialogs
            ]
        done, told = sorted((click.result() for click in clicks), key=lambda one: one["type"])
    assert done["type"] == "ir.actions.act_window"
    assert "anonymised already" in told["params"]["message"], told
    assert told["params"]["next"]["res_model"] == "res.partner"
    assert is_anonymised(practice, client)
    assert books(practice, client) == before
    assert practice.sql(
        f"SELECT act FROM practice_audit_log WHERE partner_ref = {client} AND act = 'anonymise'"
    ) == [["anonymise"]]


@pytest.mark.parametrize("first", ["manager", "stripe"])
def test_card_saved_while_its_client_is_anonymised_is_not_kept(practice, fake, held, first):
    invoice = practice.new_invoice()
    client = payer_of(practice, invoice)
    practice.pay_by_hand(invoice, 120.0)
    let_years_pass(practice, client)
    action = practice.call("frontdesk", "account.move", "action_billing_add_card", [invoice])
    holder = action["res_id"]
    action = practice.call("frontdesk", "practice.card.holder", "action_add_card", [holder])
    dialog = dialog_to_anonymise(practice, "manager", client)
    fake.hold_webhooks()
    assert fake.pay_session(action["url"].rpartition("/")[2])
    tx = practice.value(f"SELECT max(id) FROM payment_transaction WHERE partner_id = {client}")
    steps = {
        "manager": lambda: practice.press(
            "manager", "practice.client.anonymise", "action_anonymise", dialog
        ),
        "stripe": fake.release,
    }
    second = next(name for name in steps if name != first)
    with ThreadPoolExecutor() as pool:
        with held("payment_transaction", tx, waiting=2) as wait:
            clicks = [pool.submit(steps[first])]
            wait(1)
            clicks.append(pool.submit(steps[second]))
        for click in clicks:
            click.result()
    fake.wait_delivered()
    wait_until(
        lambda: practice.value(f"SELECT state FROM payment_transaction WHERE id = {tx}") == "done"
    )
    assert is_anonymised(practice, client)
    assert (
        practice.sql(f"SELECT id FROM payment_token WHERE active AND partner_id = {client}") == []
    )
    practice.run_cron("ir_cron_tidy_cards")
    assert practice.sql(f"SELECT id FROM practice_card_holder WHERE id = {holder}") == []
    assert practice.sql("SELECT id FROM payment_token WHERE stripe_payment_link_to_detach") == []
