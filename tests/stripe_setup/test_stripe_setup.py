"""Setup payments: by a key or by Connect, how the account stands, what webhooks missed, the end."""

import pytest

from dev.stripe_fake.client import FakeClient
from tests.payer import PAID, save_card, session_in
from tests.practice import Refused, wait_until
from tests.stripe_setup.manager import (
    ALL_PERMISSIONS,
    card,
    company,
    connect,
    disconnect,
    new_key,
    provider,
)


def check(practice, key):
    """Return what the dialog shows after a click on *Check*."""
    names = ["is_checked", "problem", "notice", "checked_account", "checked_country"]
    names += ["checked_currency", "checked_mode", "is_leaving"]
    answer = practice.call(
        "manager",
        "practice.stripe.setup",
        "onchange",
        [],
        {"company_id": company(practice), "secret_key": key, "check_count": 1, "way": "key"},
        ["check_count"],
        {name: {} for name in [*names, "company_id", "secret_key", "check_count", "way"]},
    )
    return {name: answer["value"].get(name, False) for name in names}


def endpoints(practice, account):
    return practice.stripe.objects("webhook_endpoint", account)


def test_check_shows_whose_account_it_is_and_saves_nothing(practice, fake):
    key = new_key()
    account = fake.account_of(key)
    fake.account(account, name="Harbour Practice", country="GB")
    shown = check(practice, f" {key[:20]}\n{key[20:]} \n")
    assert shown == {
        "is_checked": True,
        "problem": False,
        "notice": False,
        "checked_account": "Harbour Practice",
        "checked_country": "United Kingdom",
        "checked_currency": "GBP",
        "checked_mode": "test",
        "is_leaving": False,
    }
    assert provider(practice, "stripe_payment_link_secret_key") == ""
    assert endpoints(practice, account) == []


def test_wrong_keys_are_named_exactly(practice, fake):
    revoked = new_key()
    fake.key(revoked, revoked=True)
    whole = new_key()
    fake.key(whole, account=fake.account_of(whole))
    for key, word in (
        ("", "Paste"),
        ("pk_test_51HarbourPractice", "publishable"),
        ("sk_live_…4242", "cut off"),
        (whole[:-4], "not copied whole"),
        (revoked, "revoked"),
    ):
        shown = check(practice, key)
        assert word in shown["problem"], key
        assert not shown["is_checked"]


def test_each_permission_that_a_restricted_key_lacks_is_listed(practice, fake):
    key = new_key("rk_test")
    fake.key(key, permissions=["accounts_kyc_basic_read", "charge_read", "event_read"])
    problem = check(practice, key)["problem"]
    assert [line.strip("• ") for line in problem.splitlines()[1:]] == [
        "Checkout Sessions: Write",
        "PaymentIntents: Write",
        "PaymentMethods: Write",
        "Charges and Refunds: Write",
        "Balance Transactions: Read",
        "Customers: Write",
        "SetupIntents: Read",
        "Webhook Endpoints: Write",
        "Disputes: Read",
        "Payouts: Read",
    ]
    fake.key(key, permissions=ALL_PERMISSIONS)
    assert check(practice, key)["is_checked"]
    connect(practice, key)
    invoice = practice.new_invoice()
    assert fake.pay_session(session_in(practice.click_pay(practice.link(invoice))))
    wait_until(lambda: practice.invoice_state(invoice) == PAID)


def test_endpoint_that_fits_is_kept_and_a_stale_one_replaced(practice, fake):
    key = new_key()
    account = fake.account_of(key)
    connect(practice, key)
    (first,) = endpoints(practice, account)
    assert "account.updated" in first["enabled_events"]
    connect(practice, key)
    assert endpoints(practice, account) == [first]
    # Its secret is lost, so that what it sends could not be told from a forgery.
    practice.sql(
        "UPDATE payment_provider SET stripe_payment_link_webhook_secret = NULL RETURNING id"
    )
    practice.call("manager", "res.company", "action_billing_stripe_check", [company(practice)])
    (second,) = endpoints(practice, account)
    assert second["id"] != first["id"]


def test_nobody_reads_a_secret_and_no_dialog_keeps_one(practice, fake):
    key = new_key()
    dialog = connect(practice, key)
    secret = provider(practice, "stripe_payment_link_webhook_secret")
    (values,) = practice.call("manager", "practice.stripe.setup", "read", [dialog])
    assert key not in str(values)
    (row,) = practice.sql(f"SELECT to_jsonb(t) FROM practice_stripe_setup t WHERE id = {dialog}")
    assert key not in str(row)
    identifier = int(provider(practice, "id"))
    for field in ("stripe_payment_link_secret_key", "stripe_payment_link_webhook_secret"):
        for method, arguments in (
            ("read", ([identifier], [field])),
            ("export_data", ([identifier], [field])),
            ("search_read", ([(field, "=like", "%")], ["id"])),
            ("write", ([identifier], {field: "sk_test_ofSomebodyElse"})),
        ):
            with pytest.raises(Refused):
                practice.call("admin", "payment.provider", method, *arguments)
    (values,) = practice.call("admin", "payment.provider", "read", [identifier])
    assert key not in str(values)
    assert secret not in str(values)
    assert key not in practice.server.log_text()
    assert secret not in practice.server.log_text()


def test_test_key_is_no_key_for_a_practice_that_takes_real_payments(practice, fake):
    connect(practice, new_key("sk_test"))
    live = new_key("sk_live")
    # The fake takes live endpoints at https addresses only.
    with pytest.raises(Refused, match="Stripe refused"):
        connect(practice, live)
    assert "Payments become real" in check(practice, live)["notice"]
    assert provider(practice, "state") == "test"


def test_account_that_changes_closes_what_is_open_at_the_old_one(practice, fake):
    old, new = new_key(), new_key()
    connect(practice, old)
    invoice = practice.new_invoice()
    link = practice.link(invoice)
    session = session_in(practice.click_pay(link))
    assert "another account" in check(practice, new)["notice"]
    connect(practice, new)
    assert endpoints(practice, fake.account_of(old)) == []
    (closed,) = fake.objects("checkout.session", fake.account_of(old))
    assert (closed["id"], closed["status"]) == (session, "expired")
    # What the old account still tells of it is no failure of the new one.
    fake.wait_delivered()
    practice.run_cron("ir_cron_process_events")
    told = "SELECT count(*) FROM practice_stripe_event WHERE state = 'failed'"
    assert practice.value(f"{told} AND object_reference = '{session}'") == "0"
    assert fake.pay_session(session_in(practice.click_pay(link)))
    wait_until(lambda: practice.invoice_state(invoice) == PAID)


def test_status_follows_the_account_and_survives_a_revoked_key(practice, fake):
    key = new_key()
    account = fake.account_of(key)
    connect(practice, key)
    assert card(practice, "state", "charges_enabled", "requirements") == ("test", True, False)
    fake.account(account, payouts_enabled=False, currently_due=["external_account"])
    wait_until(lambda: card(practice, "payouts_enabled") == (False,))
    assert card(practice, "requirements") == ("a bank account for payouts",)
    assert card(practice, "last_event", "events_failed") == (wait_card(practice), 0)
    fake.key(key, revoked=True)
    practice.run_cron("ir_cron_refresh_accounts")
    (problem,) = card(practice, "problem")
    assert "revoked" in problem
    fake.key(key, revoked=False)
    practice.call("manager", "res.company", "action_billing_stripe_check", [company(practice)])
    assert card(practice, "problem") == (False,)


def wait_card(practice):
    return wait_until(lambda: card(practice, "last_event")[0])


def test_lost_events_are_asked_for(practice, fake):
    key = new_key()
    connect(practice, key)
    invoice = practice.new_invoice()
    fake.webhooks("lost")
    session = session_in(practice.click_pay(practice.link(invoice)))
    assert fake.pay_session(session)
    fake.account(fake.account_of(key), country="GB")
    fake.wait_delivered()
    seen = f"SELECT count(*) FROM practice_stripe_event WHERE object_reference = '{session}'"
    assert practice.value(seen) == "0"
    practice.sql("UPDATE payment_provider SET stripe_payment_link_polled_at = NULL RETURNING id")
    practice.run_cron("ir_cron_poll_events")
    wait_until(lambda: practice.invoice_state(invoice) == PAID)
    assert practice.value(seen) == "1"
    wait_until(lambda: card(practice, "country") == ("United Kingdom",))


def test_disconnecting_leaves_nothing_open_at_stripe_and_keeps_history(practice, fake):
    key = new_key()
    account = fake.account_of(key)
    connect(practice, key)
    paid, due = practice.new_invoice(), practice.new_invoice()
    assert fake.pay_session(session_in(practice.click_pay(practice.link(paid))))
    wait_until(lambda: practice.invoice_state(paid) == PAID)
    open_session = session_in(practice.click_pay(practice.link(due)))
    disconnect(practice)
    assert endpoints(practice, account) == []
    statuses = {row["id"]: row["status"] for row in fake.objects("checkout.session", account)}
    assert statuses[open_session] == "expired"
    assert practice.payments(paid) == [["paid", "120.00", "asset_cash"]]
    assert provider(practice, "stripe_payment_link_secret_key") == ""
    assert provider(practice, "stripe_payment_link_webhook_secret") == ""
    assert card(practice, "state", "connection") == ("disabled", False)


def test_saved_cards_are_removed_at_stripe_before_the_key_goes(practice, fake):
    key = new_key()
    connect(practice, key)
    payers = [save_card(practice, practice.new_invoice()) for _client in range(2)]
    dialog = practice.call("manager", "practice.stripe.disconnect", "create", {})
    model = "practice.stripe.disconnect"
    assert practice.call("manager", model, "read", [dialog], ["payer_count"])[0]["payer_count"] == 2
    # Where Stripe does not answer, the key stays: it is needed to remove them.
    fake.fail_next("/v1/customers", status=500, times=9)
    with pytest.raises(Refused, match="could not be removed at Stripe"):
        practice.call("manager", model, "action_disconnect", [dialog])
    fake.clear_faults()
    practice.press("manager", model, "action_disconnect", dialog)
    account = fake.account_of(key)
    assert fake.objects("customer", account) == []
    cards = practice.value(
        "SELECT count(*) FROM payment_token"
        f" WHERE partner_id IN ({payers[0]}, {payers[1]})"
        "    AND (active OR stripe_payment_link_to_detach)"
    )
    assert cards == "0"
    assert provider(practice, "stripe_payment_link_secret_key") == ""


def test_cards_are_removed_at_the_old_account_before_another_takes_its_place(practice, fake):
    left, old, new = new_key(), new_key(), new_key()
    connect(practice, left)
    save_card(practice, practice.new_invoice())
    assert check(practice, old)["is_leaving"]
    assert not check(practice, left)["is_leaving"]
    dialog = practice.call("manager", "practice.stripe.setup", "create", {})
    shown = practice.call("manager", "practice.stripe.setup", "read", [dialog], ["payer_count"])
    assert shown[0]["payer_count"] == 1
    connect(practice, old, cards="leave")
    assert len(fake.objects("customer", fake.account_of(left))) == 1
    payer = save_card(practice, practice.new_invoice())
    holder = practice.value(f"SELECT id FROM practice_card_holder WHERE partner_id = {payer}")
    agreed = {"autopay": "due", "autopay_how": "On the phone"}
    practice.call("frontdesk", "practice.card.holder", "write", [int(holder)], agreed)
    # Where Stripe does not answer, the account stays: its key is needed to remove them.
    fake.fail_next("/v1/customers", status=500, times=9)
    with pytest.raises(Refused, match="could not be removed at Stripe"):
        connect(practice, new)
    fake.clear_faults()
    assert provider(practice, "stripe_payment_link_account") == fake.account_of(old)
    connect(practice, new)
    assert provider(practice, "stripe_payment_link_account") == fake.account_of(new)
    assert fake.objects("customer", fake.account_of(old)) == []
    kept = f"SELECT count(*) FROM payment_token WHERE partner_id = {payer} AND active"
    assert practice.value(kept) == "0"
    assert practice.value(f"SELECT autopay FROM practice_card_holder WHERE id = {holder}") == "off"


def test_debit_that_arrives_after_disconnecting_is_booked_once_connected_again(practice, fake):
    key = new_key()
    connect(practice, key)
    invoice = practice.new_invoice()
    session = session_in(practice.click_pay(practice.link(invoice)))
    assert fake.pay_session(session, card="000123456789", way="debit")
    wait_until(lambda: card(practice, "debits") == (1,))
    disconnect(practice)
    fake.settle_debit(session)
    practice.age_transactions()
    practice.run_cron("ir_cron_reconcile")
    assert practice.invoice_state(invoice) == ("not_paid", 120.0)
    connect(practice, key)
    practice.run_cron("ir_cron_reconcile")
    assert practice.invoice_state(invoice) == PAID
    assert card(practice, "debits") == (0,)


def test_stripe_out_of_reach_keeps_the_account_until_it_can_be_left(practice, fake):
    connect(practice, new_key())
    practice.click_pay(practice.link(practice.new_invoice()))
    fake.drop_next("/v1/checkout/sessions", when="before", times=20)
    with pytest.raises(Refused, match="cannot be reached"):
        disconnect(practice)
    assert card(practice, "state") == ("test",)


def test_connected_account_is_made_completed_and_paid_into(practice, fake):
    platform = FakeClient.account_of(fake, "sk_test_platformOfThisInstallation")

    def go_on():
        action = practice.call(
            "manager", "res.company", "action_billing_stripe_complete", [company(practice)]
        )
        return action["url"]

    dialog = practice.call("manager", "practice.stripe.setup", "create", {"way": "connect"})
    action = practice.call(
        "manager", "practice.stripe.setup", "action_continue_at_stripe", [dialog]
    )
    account = provider(practice, "stripe_payment_link_account")
    assert account != platform
    assert fake.onboard(action["url"], "partly").endswith("/return")
    assert card(practice, "state", "connection") == ("disabled", "connect")
    # A link opens once: whoever comes back is sent for a new one.
    assert fake.onboard(action["url"]).endswith("/refresh")
    assert fake.onboard(go_on()).endswith("/return")
    practice.call("manager", "res.company", "action_billing_stripe_check", [company(practice)])
    assert card(practice, "state", "charges_enabled") == ("test", True)
    assert provider(practice, "stripe_payment_link_account") == account
    assert provider(practice, "coalesce(stripe_payment_link_secret_key, '')") == ""

    invoice = practice.new_invoice()
    assert fake.pay_session(session_in(practice.click_pay(practice.link(invoice))))
    wait_until(lambda: practice.invoice_state(invoice) == PAID)
    assert len(fake.objects("charge", account)) == 1
    assert fake.objects("charge", platform) == []

    # Stripe tells a platform's endpoint of every connected account; only ours counts.
    before = practice.value("SELECT count(*) FROM practice_stripe_event")
    fake.account("acct_of_another_practice", _platform=platform, country="GB")
    fake.wait_delivered()
    assert practice.value("SELECT count(*) FROM practice_stripe_event") == before
    disconnect(practice)
    assert endpoints(practice, platform) == []


def test_only_managers_of_the_practice_set_it_up(practice, fake):
    key = new_key()
    for login in ("frontdesk", "practitioner"):
        with pytest.raises(Refused):
            connect(practice, key, login)
        for action in ("check", "complete", "disconnect"):
            with pytest.raises(Refused):
                practice.call(
                    login, "res.company", f"action_billing_stripe_{action}", [company(practice)]
                )
    foreign = practice.call("admin", "res.company", "create", {"name": f"Other {key[-8:]}"})
    for method, arguments in (
        ("create", ({"company_id": foreign, "secret_key": key},)),
        ("onchange", ([], {"company_id": foreign, "check_count": 1}, ["check_count"], {})),
    ):
        with pytest.raises(Refused):
            practice.call("manager", "practice.stripe.setup", method, *arguments)
