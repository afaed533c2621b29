"""Many invoices at a time: two at it at once, and a server that dies in the middle."""

from functools import partial

import pytest

from tests.practice import at_once, wait_until

LIVE = """
    SELECT count(*), count(DISTINCT line.billing_item_id), count(DISTINCT line.move_id)
      FROM account_move_line line
     WHERE line.billing_item_id IN (%s) AND line.billing_is_live AND line.parent_state = 'posted'
"""


@pytest.fixture
def make_items(practice):
    """Let the front desk enter charges of one client: `make_items(200)` returns their ids."""

    def make_items(count):
        client = practice.call(
            "admin", "res.partner", "create", {"name": "Busy client", "email": "busy@example.com"}
        )
        [service] = practice.call(
            "frontdesk", "product.product", "search", [("default_code", "=", "PT45")], limit=1
        )
        return practice.call(
            "frontdesk",
            "practice.billing.item",
            "create",
            [{"client_id": client, "service_id": service}] * count,
        )

    return make_items


def billed(practice, items):
    """Return how many live lines, items and invoices there are for these items."""
    [row] = practice.sql(LIVE % ", ".join(map(str, items)))
    return tuple(map(int, row))


def start_batch(practice, login, items):
    """Select items, see the preview, click *Create invoices*."""
    action = practice.call(login, "practice.billing.item", "action_billing_preview", items)
    dialog = action["res_id"]
    practice.call(login, "practice.billing.preview", "write", [dialog], {"mode": "session"})
    return practice.call(login, "practice.billing.preview", "action_invoice", [dialog])


def test_two_users_invoicing_the_same_items_at_once_bill_each_once(practice, make_items):
    items = make_items(200)

    def invoice(login):
        return lambda: practice.call(
            login, "practice.billing.item", "action_billing_invoice", items
        )

    # Known to the client beforehand: the first call logs in.
    for login in ("frontdesk", "manager"):
        practice.call(login, "res.users", "search", [("login", "=", login)])
    outcomes = at_once(invoice("frontdesk"), invoice("manager"))
    assert [outcome["res_id"] for outcome in outcomes] == [outcomes[0]["res_id"]] * 2
    assert billed(practice, items) == (200, 200, 1)


def test_automatic_invoicing_run_twice_at_once_bills_each_once(practice, make_items):
    items = make_items(60)
    (item,) = practice.call(
        "admin", "practice.billing.item", "read", items[:1], ["client_id", "company_id"]
    )
    company = [item["company_id"][0]]
    hours = practice.call("manager", "res.company", "read", company, ["billing_auto_hours"])
    practice.call("manager", "res.company", "write", company, {"billing_auto_hours": 0})
    practice.call(
        "admin",
        "res.partner",
        "write",
        [item["client_id"][0]],
        {"billing_auto": "session"},
        context={"allowed_company_ids": company},
    )
    # Odoo runs a job once at a time; its copy runs beside it, as another server's would.
    jobs = [
        practice.cron(name) for name in ("ir_cron_automatic_invoices", "ir_cron_invoice_batches")
    ]
    copies = [practice.call("admin", "ir.cron", "copy", [job])[0] for job in jobs]

    def done():
        outcomes = at_once(*(partial(practice.run_cron_record, job) for job in jobs + copies))
        assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        return billed(practice, items)[0] == 60

    try:
        wait_until(done, seconds=60)
    finally:
        practice.call(
            "manager",
            "res.company",
            "write",
            company,
            {"billing_auto_hours": hours[0]["billing_auto_hours"]},
        )
        ids = ", ".join(map(str, jobs + copies))
        failures = practice.value(f"SELECT sum(failure_count) FROM ir_cron WHERE id IN ({ids})")
        practice.call("admin", "ir.cron", "unlink", copies)
    assert billed(practice, items) == (60, 60, 1)
    assert int(failures) == 0


def test_batch_killed_in_the_middle_goes_on_and_bills_each_once(practice, make_items):
    items = make_items(1000)
    start_batch(practice, "frontdesk", items)
    wait_until(lambda: billed(practice, items)[0] > 0, seconds=60)
    practice.server.kill()
    before = billed(practice, items)[0]
    assert 0 < before < 1000
    practice.server.restart()

    def done():
        practice.run_cron("ir_cron_invoice_batches")
        return billed(practice, items)[0] == 1000

    wait_until(done, seconds=180)
    assert billed(practice, items) == (1000, 1000, 1000)
