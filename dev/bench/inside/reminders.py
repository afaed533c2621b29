"""Reminders of many overdue invoices: ours on this database, `account_credit_control` on a peer's.

Runs inside Odoo's shell, in which one process serves both databases.

`given`: `peer`, that database's full name; `peer_url` of a server on it; `mails`, overdue invoices
of as many payers; `invoices`, to how many they are multiplied for finding what is due. `result`:
`ms` and `queries` for each step, of a mail or of a whole search.
"""

import time
from datetime import timedelta

from odoo import SUPERUSER_ID, Command, api, fields, sql_db
from odoo.modules.registry import Registry

ROUNDS = 5
OVERDUE = 20


class Taken:
    """The time and the queries of a block."""

    def __enter__(self):
        self._queries, self._start = sql_db.sql_counter, time.perf_counter()
        return self

    def __exit__(self, *_error):
        self._seconds = time.perf_counter() - self._start
        self._queries = sql_db.sql_counter - self._queries

    def per(self, count):
        """Return milliseconds and queries of each."""
        return {"ms": self._seconds * 1000 / count, "queries": self._queries / count}


def make_invoices(env, company):
    """Return overdue invoices, each of a payer of its own."""
    service = env["product.product"].create(
        {"name": "Session", "type": "service", "list_price": 120.0, "taxes_id": [Command.clear()]}
    )
    payers = env["res.partner"].create(
        [
            {"name": f"Payer {number}", "email": f"payer{number}@example.com"}
            for number in range(given["mails"])  # noqa: F821
        ]
    )
    due = fields.Date.today() - timedelta(days=OVERDUE)
    moves = env["account.move"].create(
        [
            {
                "move_type": "out_invoice",
                "company_id": company.id,
                "partner_id": payer.id,
                "invoice_date": due,
                "invoice_date_due": due,
                "invoice_payment_term_id": False,
                "invoice_line_ids": [Command.create({"product_id": service.id})],
            }
            for payer in payers
        ]
    )
    moves.action_post()
    env.cr.commit()
    return moves


def multiply(env, moves, total):
    """Copy invoices, with what makes them due, until there are so many."""
    env.flush_all()
    cr = env.cr
    copies = total // len(moves) - 1

    def columns(table, *without):
        cr.execute(
            "SELECT quote_ident(column_name) FROM information_schema.columns"
            " WHERE table_name = %s AND column_name <> ALL(%s) AND is_generated = 'NEVER'",
            [table, ["id", *without]],
        )
        return [name for (name,) in cr.fetchall()]

    cr.execute("SELECT max(id) FROM account_move")
    (last,) = cr.fetchone()
    cr.execute(
        "CREATE TEMP TABLE copied AS SELECT id AS old, number,"
        " %s + row_number() OVER (ORDER BY number, id) AS new"
        " FROM account_move CROSS JOIN generate_series(1, %s) number WHERE id IN %s",
        [last, copies, tuple(moves.ids)],
    )
    names = columns("account_move", "name", "sequence_number")
    cr.execute(
        f"INSERT INTO account_move (id, name, sequence_number, {', '.join(names)})"
        " SELECT new, name || '-' || number, number * 100000 + sequence_number,"
        f" {', '.join(names)} FROM account_move JOIN copied ON copied.old = id"
    )
    cr.execute("SELECT setval('account_move_id_seq', max(id)) FROM account_move")
    names = columns("account_move_line", "move_id")
    cr.execute(
        f"INSERT INTO account_move_line (move_id, {', '.join(names)})"
        f" SELECT new, {', '.join(names)} FROM account_move_line"
        " JOIN copied ON copied.old = move_id WHERE display_type = 'payment_term'"
    )
    cr.execute("ANALYZE account_move")
    cr.execute("ANALYZE account_move_line")
    cr.commit()
    env.invalidate_all()


class Ours:
    """Our reminders of overdue invoices."""

    def __init__(self, env):
        company = env.ref("carepatron_billing.company_riverside")
        self.env = env(context={"lang": "en_US", "allowed_company_ids": company.ids})
        self.company = company.with_env(self.env)
        self.company.write(
            {
                "billing_reminder_from": 0.0,
                "billing_reminder_to": 24.0,
                "billing_reminder_weekends": True,
            }
        )
        self.moves = make_invoices(self.env, self.company)
        rules = self.company.billing_reminder_rule_ids
        rules.filtered(lambda rule: rule.when == "after" and rule.days == 7).is_on = True
        self.env.cr.commit()

    def send_twice(self):
        """Remind of invoices without a document, which is made and stored, then with it."""
        self.moves.invoice_pdf_report_id.unlink()
        self.moves.invalidate_recordset()
        self.env.cr.commit()
        return self._send(), self._send()

    def _send(self):
        Mail = self.env["practice.reminder.mail"]
        with Taken() as taken:
            Mail._send_due(self.company)
        sent = Mail.search([("company_id", "=", self.company.id), ("state", "=", "sent")])
        assert len(sent) >= len(self.moves), f"{len(sent)} mails of {len(self.moves)} were sent"
        outcome = taken.per(len(sent))
        sent.reminder_ids.unlink()
        sent.unlink()
        self.env.cr.commit()
        return outcome

    def find(self):
        """Search among few, and among many."""
        few = min((self._find() for _ in range(ROUNDS)), key=lambda taken: taken["ms"])
        multiply(self.env, self.moves, given["invoices"])  # noqa: F821
        many = sorted((self._find() for _ in range(ROUNDS)), key=lambda taken: taken["ms"])
        return few, many[ROUNDS // 2]

    def _find(self):
        Rule = self.env["practice.reminder.rule"]
        self.env.invalidate_all()
        with Taken() as taken:
            letters = Rule._letters(Rule._load(self.company), self.company._billing_today())
        assert len(letters) >= len(self.moves)
        return taken.per(1)


def mean(*taken):
    """Return the average of what was taken."""
    return {key: sum(one[key] for one in taken) / len(taken) for key in taken[0]}


def measure_peer(env):
    """Run its policy on the same invoices, mail what it found; run it on many."""
    company = env.ref("base.main_company")
    env = env(context={"lang": "en_US", "allowed_company_ids": company.ids})
    company = company.with_env(env)
    env["ir.config_parameter"].set_param("report.url", given["peer_url"])  # noqa: F821
    policy = env.ref("account_credit_control.credit_control_3_time")
    moves = make_invoices(env, company)
    receivable = moves.line_ids.filtered(lambda line: line.display_type == "payment_term")
    policy.account_ids = receivable.account_id
    company.credit_policy_id = policy
    env["account.move"].search([("id", "not in", moves.ids)]).credit_policy_id = env.ref(
        "account_credit_control.credit_control_no_follow"
    )
    env.cr.commit()

    def find():
        run = env["credit.control.run"].create(
            {"date": fields.Date.today(), "policy_ids": [Command.set(policy.ids)]}
        )
        env.cr.commit()
        with Taken() as taken:
            run.generate_credit_lines()
            env.flush_all()
        env.cr.commit()
        return run, taken.per(1)

    run, _few = find()
    with Taken() as taken:
        run.set_to_ready_lines()
        run.run_channel_action()
        # Its mails leave after the commit.
        env.cr.commit()
    messages = env["mail.message"].search(
        [("model", "=", "credit.control.communication"), ("attachment_ids", "!=", False)]
    )
    assert len(messages) == len(moves), f"{len(messages)} mails of {len(moves)} were made"
    multiply(env, moves, given["invoices"])  # noqa: F821
    _run, many = find()
    return {"find": many, "mail": taken.per(len(moves))}


ours = Ours(env)  # noqa: F821
# Before and after the peer: a machine is busier at one time than at another.
before = ours.send_twice()
with Registry(given["peer"]).cursor() as peer_cr:  # noqa: F821
    peer = measure_peer(api.Environment(peer_cr, SUPERUSER_ID, {}))
made, stored = (mean(*taken) for taken in zip(before, ours.send_twice(), strict=True))
few, many = ours.find()
result = {"peer": peer, "made": made, "stored": stored, "find_few": few, "find": many}
