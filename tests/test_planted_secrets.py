"""A day of everything with unmistakable words in it; then they are looked for wherever they must
not be, with the privacy settings as they come (*Minimum*).

| | server's log | mail's head | mail's text | Stripe | addresses | notices to screens |
|---|---|---|---|---|---|---|
| service, its code, the code on the line | – | – | – | – | – | – |
| note on the session, reason of a refund | – | – | – | – | – | – |
| what the practitioner is | – | – | – | – | – | – |
| client's name | – | to whom; what staff is told | yes | – | – | yes |
| practitioner's name | – | of an invitation | of an invitation | – | – | yes |
| Stripe's key, webhook's secret | – | – | – | – | – | – |

The invoice, its receipt and the portal's page of it say what law and insurers ask; their files'
names say nothing. *Notices to screens* are what the web client of who may see them is sent.
"""

import re
from datetime import datetime, timedelta, timezone
from email import message_from_string
from email.policy import default

import pytest
import requests

from dev.environment.ports import free_port
from tests.payer import save_card, session_in
from tests.practice import Practice, Refused, wait_until

WORDS = {
    "service": "Quillservice",
    "code": "QC77771",
    "line code": "QL77772",
    "note": "Quillnote",
    "title": "Quilltitle",
    "reason": "Quillreason",
    "speciality": "Quillspecial",
    "client": "Quillclient",
    "practitioner": "Quilldoctor",
    "key": "QuillkeyOfTheServer",
}
ALLOWED = {
    "mail's head": {"client", "practitioner"},
    "mail's text": {"client", "practitioner"},
    "notices to screens": {"client", "practitioner"},
}
KEY = f"sk_test_{WORDS['key']}"
DECLINED = "4000000000000341"


@pytest.fixture(scope="module")
def provider(stack, database):
    """The id of the practice's provider, and what its secrets are called in the configuration."""
    query = (
        "SELECT provider.id, split_part(value, '-', 1) FROM payment_provider provider"
        "  JOIN res_users manager ON manager.company_id = provider.company_id"
        "  JOIN ir_config_parameter parameter ON parameter.key = 'database.uuid'"
        " WHERE code = 'stripe_payment_link' AND manager.login = 'manager'"
    )
    ((identifier, uuid),) = stack.databases.query(database, query)
    return identifier, f"{identifier}_{uuid}"


@pytest.fixture(scope="module")
def endpoint(stack, provider):
    """The port of this file's server, and the secret of the endpoint that reports to it."""
    port = free_port()
    answer = requests.post(
        f"{stack.stripe_url}/v1/webhook_endpoints",
        auth=(KEY, ""),
        data={
            "url": f"http://127.0.0.1:{port}/billing/stripe/webhook/{provider[0]}",
            "enabled_events[0]": "*",
        },
        timeout=30,
    )
    answer.raise_for_status()
    return port, answer.json()["secret"]


@pytest.fixture(scope="module")
def server_options(stack, database, provider, endpoint):
    """Secrets in the configuration file alone; whatever the addon logs is kept."""
    port, secret = endpoint
    return {
        "port": port,
        "log_handler": ":INFO,odoo.addons.carepatron_billing:DEBUG",
        "log_db": stack.databases.full_name(database),
        f"stripe_payment_link_key_{provider[1]}": KEY,
        f"stripe_payment_link_webhook_secret_{provider[1]}": secret,
    }


@pytest.fixture(scope="module")
def practice(server, stack, database):
    """The demo practice, connected by the key in the server's configuration."""
    practice = Practice(server, stack, database)
    dialog = practice.call("manager", "practice.stripe.setup", "create", {})
    practice.call("manager", "practice.stripe.setup", "action_connect", [dialog])
    return practice


def plan_sessions(practice, count):
    """Let the practitioner plan sessions of a client, with planted words; return the client."""
    service = practice.call(
        "admin",
        "product.product",
        "create",
        {
            "name": f"{WORDS['service']} for burnout",
            "default_code": WORDS["code"],
            "type": "service",
            "list_price": 120.0,
            "taxes_id": [(5,)],
        },
    )
    client = practice.call(
        "admin",
        "res.partner",
        "create",
        {"name": WORDS["client"], "email": "quill@example.com"},
    )
    practitioner = int(
        practice.value("SELECT partner_id FROM res_users WHERE login = 'practitioner'")
    )
    practice.call(
        "admin",
        "res.partner",
        "write",
        [practitioner],
        {"name": WORDS["practitioner"], "function": f"{WORDS['speciality']} therapist"},
    )
    tomorrow = datetime.now(timezone.utc) + timedelta(days=1)
    sessions = [
        practice.call(
            "practitioner",
            "calendar.event",
            "create",
            {
                "name": WORDS["title"],
                "description": f"<p>{WORDS['note']} was said</p>",
                "start": f"{tomorrow + timedelta(hours=2 * number):%Y-%m-%d %H:%M:%S}",
                "stop": f"{tomorrow + timedelta(hours=2 * number + 1):%Y-%m-%d %H:%M:%S}",
                "partner_ids": [(6, 0, [client, practitioner])],
                "billing_service_id": service,
            },
            # Invitations say what their own setting lets them.
            context={"no_mail_to_attendees": True},
        )
        for number in range(count)
    ]
    return client, sessions


def send_link(practice, invoice):
    """Send a payment link with the document; return it."""
    dialog = practice.call(
        "frontdesk",
        "practice.payment.link.send",
        "create",
        {"move_id": invoice, "attach_invoice": True},
    )
    practice.press("frontdesk", "practice.payment.link.send", "action_send", dialog)
    return practice.link(invoice)


def refused(practice, *call):
    """Make a call that ends in an error."""
    with pytest.raises(Refused):
        practice.call(*call)


@pytest.fixture(scope="module")
def day(practice, stack, endpoint):
    """A day of everything; return what was seen of it, by place."""
    fake = practice.stripe
    fake.forget_requests()
    stack.inbox.clear()
    seen = []
    _client, sessions = plan_sessions(practice, 6)
    numbers = []
    for session in sessions[:4]:
        action = practice.call("frontdesk", "calendar.event", "action_billing_invoice", [session])
        numbers.append(action["res_id"])
    paid, due, carded, automatic = numbers
    practice.sql(
        f"UPDATE account_move_line SET billing_code = '{WORDS['line code']}'"
        f" WHERE move_id IN ({', '.join(map(str, numbers))}) RETURNING id"
    )

    # The main job, and what goes wrong beside it.
    link = send_link(practice, paid)
    seen += [requests.get(link, timeout=60), requests.get(f"{link}/invoice", timeout=60)]
    fake.fail_next("/v1/checkout/sessions", status=500, times=9)
    seen.append(practice.click_pay(link))
    fake.clear_faults()
    answer = practice.click_pay(link)
    seen.append(answer)
    back = fake.pay_session(session_in(answer))
    seen.append(requests.get(back, timeout=60))
    wait_until(lambda: practice.invoice_state(paid)[0] == "paid")
    seen.append(requests.get(link, timeout=60))
    for path in ("pay/" + "x" * 32, "cards/" + link.rpartition("/")[2]):
        seen.append(requests.get(f"{practice.server.url}/billing/{path}", timeout=60))
    hook = f"{practice.server.url}/billing/stripe/webhook/1"
    seen.append(requests.post(hook, data=b"\xff{rubbish", timeout=60))

    # A card: saved, declined, charged; autopay's notice.
    payer = save_card(practice, carded)
    card = practice.value(
        f"SELECT provider_ref FROM payment_token WHERE active AND partner_id = {payer}"
    )
    fake.turn_card(card, DECLINED)
    for number in (DECLINED, "4242424242424242"):
        fake.turn_card(card, number)
        dialog = practice.call("frontdesk", "account.move", "action_billing_charge_card", [carded])
        practice.press("frontdesk", "practice.card.charge", "action_charge", dialog["res_id"])
    assert practice.invoice_state(carded)[0] == "paid"
    practice.autopay(automatic, notice=2)
    practice.run_cron("ir_cron_autopay")
    holder = practice.value(f"SELECT id FROM practice_card_holder WHERE partner_id = {payer}")
    practice.press("frontdesk", "practice.card.holder", "action_mail_link", int(holder))

    # Money that goes back.
    refund = practice.call(
        "manager",
        "practice.refund",
        "create",
        {"reason": WORDS["reason"], "way": "card", "scope": "part", "amount": 20.0},
        context={"default_move_id": paid},
    )
    practice.call("manager", "practice.refund", "action_refund", [refund])
    fake.dispute(practice.charges(carded)[0]["id"])
    fake.wait_delivered()
    practice.run_cron("ir_cron_process_events")

    # A reminder, a batch with its links, Odoo's own send wizard, the portal.
    practice.sql(
        "UPDATE res_company SET billing_reminder_from = 0, billing_reminder_to = 24,"
        " billing_reminder_weekends = true RETURNING id"
    )
    practice.sql(
        "UPDATE account_move_line SET date_maturity = current_date - 7"
        f" WHERE display_type = 'payment_term' AND move_id = {due} RETURNING id"
    )
    practice.call("frontdesk", "account.move", "action_billing_remind", [due])
    practice.run_cron("ir_cron_send_reminders")
    practice.call("frontdesk", "calendar.event", "action_billing_attended", sessions[4:])
    items = [
        int(item)
        for (item,) in practice.sql(
            "SELECT id FROM practice_billing_item"
            f" WHERE event_id IN ({', '.join(map(str, sessions[4:]))})"
        )
    ]
    preview = practice.call("frontdesk", "practice.billing.item", "action_billing_preview", items)[
        "res_id"
    ]
    practice.call("frontdesk", "practice.billing.preview", "action_invoice", [preview])
    practice.run_cron("ir_cron_invoice_batches")
    company = int(practice.value(f"SELECT company_id FROM account_move WHERE id = {due}"))
    wizard = practice.call(
        "admin",
        "account.move.send.wizard",
        "create",
        {"move_id": due},
        context={"allowed_company_ids": [company]},
    )
    practice.press("admin", "account.move.send.wizard", "action_send_and_print", wizard)
    portal = practice.call("admin", "account.move", "get_portal_url", [due])
    requests.get(practice.server.url + portal, timeout=60).raise_for_status()

    # Errors, a crash.
    refused(practice, "practitioner", "account.move", "write", [due], {"narration": "x"})
    refused(practice, "frontdesk", "account.move", "action_billing_undo", [paid])
    refused(practice, "frontdesk", "practice.refund", "action_refund", [refund])
    refused(practice, "frontdesk", "product.product", "create", {"name": WORDS["service"]})
    practice.server.kill()
    practice.server.restart()
    for name in ("reconcile", "poll_events", "refresh_accounts", "tidy_cards", "make_items"):
        practice.run_cron(f"ir_cron_{name}")
    practice.run_cron("ir_cron_mail_scheduler_action", module="mail")
    return look_around(practice, stack, endpoint, seen)


def look_around(practice, stack, endpoint, seen):
    """Return the texts of each place where somebody could read them."""
    log = practice.server.log.read_text(errors="replace")
    mails = [
        message_from_string(stack.inbox.source(mail["id"]), policy=default)
        for mail in stack.inbox.mails()
    ]
    heads = [str(value) for mail in mails for value in mail.values()]
    names = [part.get_filename() or "" for mail in mails for part in mail.iter_attachments()]
    texts = [
        part.get_content()
        for mail in mails
        for part in (mail.get_body(("html",)), mail.get_body(("plain",)))
        if part
    ]
    answers = [answer for first in seen for answer in (*first.history, first)]
    addresses = [answer.url for answer in answers]
    addresses += [answer.headers.get("Location", "") for answer in answers]
    addresses += re.findall(r'(?:href|src)="([^"]+)"', "\n".join(texts))
    rows = practice.sql("SELECT name, coalesce(message, '') FROM ir_logging")
    subjects = practice.sql("SELECT subject FROM mail_message WHERE subject IS NOT NULL")
    return {
        "server's log": [log, *(text for row in rows for text in row)],
        "mail's head": [*heads, *names, *(subject for (subject,) in subjects)],
        "mail's text": texts,
        "Stripe": [practice.stripe.received_text()],
        "addresses": addresses,
        "notices to screens": [row for (row,) in practice.sql("SELECT message FROM bus_bus")],
        "pages without a login": [
            answer.text for answer in answers if "html" in answer.headers.get("Content-Type", "")
        ],
        "secret": endpoint[1],
    }


def test_no_planted_word_is_where_it_must_not_be(day):
    words = {**WORDS, "webhook secret": day.pop("secret")}
    told = [
        (kind, place, around(word, text))
        for place, texts in day.items()
        for text in texts
        for kind, word in words.items()
        if word.lower() in text.lower()
        and kind not in ALLOWED.get(place, set())
        and not (place == "pages without a login" and kind == "client")
    ]
    assert not told, "\n".join(map(str, dict.fromkeys(told)))


def around(word, text):
    place = text.lower().index(word.lower())
    return text[max(place - 200, 0) : place + 120]


def test_the_day_left_its_traces_everywhere(day):
    for place, texts in day.items():
        assert "".join(texts), f"nothing was looked at: {place}"
    subjects = "\n".join(day["mail's head"])
    for word in ("Receipt", "Refund"):
        assert word in subjects, word
    assert "POST /v1/refunds" in day["Stripe"][0]
    assert "DEBUG" in day["server's log"][0]


def test_keys_in_the_servers_configuration_are_nowhere_in_the_database(practice, endpoint):
    for table in ("payment_provider", "ir_config_parameter", "mail_message", "ir_attachment"):
        for secret in (KEY, endpoint[1]):
            query = f"SELECT count(*) FROM {table} AS row WHERE row::text LIKE '%{secret}%'"
            assert practice.value(query) == "0", table
