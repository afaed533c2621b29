"""Reminders leave by a real mail server that misbehaves: nothing is lost, nothing comes twice."""

import http.client
import threading
from collections import Counter
from functools import partial

import pytest

from tests.post_office import PostOffice
from tests.practice import Refused, at_once, wait_until


@pytest.fixture(scope="module")
def post_office():
    office = PostOffice()
    yield office
    office.close()


@pytest.fixture(scope="module")
def server_options(post_office):
    return {"smtp_port": post_office.port, "workers": 2, "max_cron_threads": 0}


@pytest.fixture
def payers(practice, post_office):
    """Let the demo practice's open invoices be due today; return the addresses to be reminded."""
    post_office.behave()
    post_office.accepted.clear()
    practice.sql("DELETE FROM practice_reminder RETURNING id")
    practice.sql("DELETE FROM practice_reminder_mail RETURNING id")
    practice.sql(
        "UPDATE res_company SET billing_reminder_from = 0, billing_reminder_to = 24,"
        " billing_reminder_weekends = true RETURNING id"
    )
    practice.sql(
        'UPDATE practice_reminder_rule SET is_on = true, attach_invoice = false, start_date = NULL'
        " WHERE \"when\" = 'on' AND company_id IN"
        " (SELECT id FROM res_company WHERE name = 'Riverside Practice') RETURNING id"
    )
    practice.sql(
        "UPDATE account_move_line SET date_maturity = current_date - 2"
        " WHERE display_type = 'payment_term' RETURNING id"
    )
    practice.sql("UPDATE practice_payment_link SET sent_at = NULL RETURNING id")
    rows = practice.sql(
        "SELECT DISTINCT email_normalized FROM res_partner partner"
        "  JOIN account_move move ON move.partner_id = partner.id"
        " WHERE move.move_type = 'out_invoice' AND move.state = 'posted'"
        "   AND move.payment_state IN ('not_paid', 'partial') AND email_normalized IS NOT NULL"
        "   AND move.company_id IN (SELECT company_id FROM practice_reminder_rule WHERE is_on)"
    )
    addresses = sorted(address for (address,) in rows)
    assert len(addresses) >= 6
    return addresses


def send(practice):
    practice.run_cron("ir_cron_send_reminders")


def states(practice):
    """Return the state of each address's mails."""
    return dict(practice.sql("SELECT email, state FROM practice_reminder_mail ORDER BY id"))


def test_server_that_refuses_is_slow_and_dies_in_the_middle(practice, post_office, payers):
    refused, later, *others = payers
    post_office.answers = {refused: "550 No such user", later: "451 Come back later"}
    post_office.pause = 0.1
    post_office.dies_after = 3
    send(practice)
    assert (
        practice.value(
            "SELECT count(*) FROM mail_activity WHERE summary LIKE '%mail server cannot be reached'"
        )
        == "1"
    )
    # The one that it took with its last breath: nobody can know, so nobody sends it again.
    (lost,) = [address for address, state in states(practice).items() if state == "uncertain"]
    post_office.dies_after = None
    send(practice)
    send(practice)
    assert Counter(post_office.accepted) == Counter(others)
    outcome = states(practice)
    assert outcome.pop(refused) == "refused"
    assert outcome.pop(later) == "failed"
    assert outcome.pop(lost) == "uncertain"
    assert set(outcome.values()) == {"sent"}
    # An hour later the mail server is asked again, and never about the address that it refused.
    post_office.answers = {refused: "550 No such user"}
    practice.sql(
        "UPDATE practice_reminder_mail SET attempted_at = attempted_at - interval '2 hours'"
        " WHERE state = 'failed' RETURNING id"
    )
    send(practice)
    assert Counter(post_office.accepted) == Counter([*others, later])


def test_killed_between_the_mail_and_its_record(practice, post_office, payers):
    def send_in_vain():
        with pytest.raises((OSError, http.client.HTTPException)):
            send(practice)

    post_office.silent_for = payers[3]
    running = threading.Thread(target=send_in_vain)
    running.start()
    post_office.wait()
    practice.server.kill()
    running.join()
    practice.server.restart()
    practice.sql(
        "UPDATE practice_reminder_mail SET attempted_at = attempted_at - interval '1 hour',"
        " create_date = create_date - interval '1 hour' RETURNING id"
    )
    send(practice)
    assert Counter(post_office.accepted) == Counter(payers)
    outcome = states(practice)
    assert outcome.pop(payers[3]) == "uncertain"
    assert set(outcome.values()) == {"sent"}


def test_schedulers_of_two_servers_at_once_send_each_payer_one_mail(practice, post_office, payers):
    # Slow enough for the second one to come while the first one sends.
    post_office.pause = 0.05
    job = practice.cron("ir_cron_send_reminders")
    # Odoo runs a job once at a time; its copy runs beside it, as another server's would.
    copy = practice.call("admin", "ir.cron", "copy", [job])[0]
    try:
        outcomes = at_once(*(partial(practice.run_cron_record, cron) for cron in (job, copy)))
    finally:
        practice.call("admin", "ir.cron", "unlink", [copy])
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert Counter(post_office.accepted) == Counter(payers)
    assert set(states(practice).values()) == {"sent"}


def test_scheduler_and_front_desk_at_once_send_each_payer_one_mail(practice, post_office, payers):
    post_office.pause = 0.02
    moves = [
        int(move)
        for (move,) in practice.sql(
            "SELECT min(move.id) FROM account_move move"
            "  JOIN res_partner partner ON partner.id = move.partner_id"
            " WHERE move.move_type = 'out_invoice' AND move.state = 'posted'"
            "   AND move.payment_state IN ('not_paid', 'partial')"
            "   AND move.company_id IN (SELECT company_id FROM practice_reminder_rule WHERE is_on)"
            f"   AND email_normalized IN ({', '.join(map(repr, payers))})"
            " GROUP BY email_normalized ORDER BY 1"
        )
    ]

    def remind(login):
        def run():
            for move in moves:
                try:
                    practice.call(login, "account.move", "action_billing_remind", [move])
                except Refused as refusal:
                    if "today already" not in str(refusal):
                        raise

        practice.call(login, "res.users", "search", [("login", "=", login)])
        return run

    outcomes = at_once(lambda: send(practice), remind("frontdesk"), remind("manager"))
    assert outcomes == [None] * 3
    send(practice)
    wait_until(lambda: len(post_office.accepted) >= len(payers))
    assert Counter(post_office.accepted) == Counter(payers)
