"""What two people do at the same moment, in transactions of their own."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg2
import pytest
import requests

from dev.logins import LOGINS

DEADLINE = 30


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
    """Hold a row until so many transactions wait for it, then let them go at once."""
    connection = stack.databases.connection

    @contextmanager
    def hold(table, row, waiting):
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
            yield
            deadline = time.monotonic() + DEADLINE
            blocked = 0
            while blocked < waiting:
                assert time.monotonic() < deadline, f"{blocked} of {waiting} came to wait"
                cursor.execute(
                    "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid != pg_backend_pid()"
                )
                blocked = cursor.fetchone()[0]
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
