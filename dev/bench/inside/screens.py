"""What the server does for the app's screens, with few invoices and with many.

Runs inside Odoo's shell. The first invoices are made as the desk makes them; the others are copies
of them, row by row in SQL, so that the measurement does not take hours to begin.

`given`: `few`, how many invoices, and as many sessions that wait; `times`, how many times as many
invoices there are then; `waiting`, how many sessions wait then, for no practice lets all of its
work wait; `rounds`. `result`: for few and for many, per screen the median `ms` and `queries`.
"""

from odoo.tools import SQL

from dev.bench.meter import Meter
from dev.bench.web_client import WebClient

#: The tables in which the invoices are, and which of their columns lead to which of the others.
TABLES = {
    "res_partner": {"commercial_partner_id": "res_partner"},
    "account_move": {
        "partner_id": "res_partner",
        "commercial_partner_id": "res_partner",
        "partner_shipping_id": "res_partner",
        "origin_payment_id": "account_payment",
    },
    "account_payment": {
        "move_id": "account_move",
        "partner_id": "res_partner",
    },
    "account_full_reconcile": {},
    "practice_billing_item": {
        "client_id": "res_partner",
        "payer_id": "res_partner",
        "invoice_id": "account_move",
    },
    "account_move_line": {
        "move_id": "account_move",
        "partner_id": "res_partner",
        "payment_id": "account_payment",
        "full_reconcile_id": "account_full_reconcile",
        "billing_item_id": "practice_billing_item",
    },
    "account_partial_reconcile": {
        "debit_move_id": "account_move_line",
        "credit_move_id": "account_move_line",
        "full_reconcile_id": "account_full_reconcile",
    },
    "practice_payment_link": {"move_id": "account_move", "payer_id": "res_partner"},
}
#: Columns that are unique.
UNIQUE = {
    "account_move": ("name", "access_token"),
    "practice_payment_link": ("finder",),
}


class Copier:
    """Copies rows, with what they refer to, many times."""

    def __init__(self, env, times):
        self._env = env
        self._times = times
        self._ids = {}
        self._step = {}

    def copy(self, rows):
        """Copy rows so often that there are `times` as many.

        :param rows: the ids of the rows of each table
        """
        self._env.flush_all()
        self._ids = rows
        for table in TABLES:
            ((highest,),) = self._env.execute_query(
                SQL("SELECT coalesce(max(id), 0) + 1 FROM %s", SQL.identifier(table))
            )
            self._step[table] = highest
        # Rows refer to one another in circles.
        self._env.cr.execute("SET session_replication_role = replica")
        for table in TABLES:
            self._copy_table(table)
        self._env.cr.execute("SET session_replication_role = origin")
        self._env.cr.execute("ANALYZE")
        self._env.invalidate_all()

    def _copy_table(self, table):
        columns = [
            name
            for (name,) in self._env.execute_query(
                SQL(
                    "SELECT column_name FROM information_schema.columns"
                    " WHERE table_schema = 'public' AND table_name = %s",
                    table,
                )
            )
        ]
        if not self._ids.get(table):
            return
        self._env.cr.execute(
            SQL(
                "INSERT INTO %s (%s) SELECT %s FROM %s, generate_series(1, %s) AS k WHERE id IN %s",
                SQL.identifier(table),
                SQL(", ").join(map(SQL.identifier, columns)),
                SQL(", ").join(self._value(table, column) for column in columns),
                SQL.identifier(table),
                self._times - 1,
                tuple(self._ids[table]),
            )
        )
        self._env.cr.execute(
            SQL(
                "SELECT setval(%s, (SELECT max(id) FROM %s))",
                f"{table}_id_seq",
                SQL.identifier(table),
            )
        )

    def _value(self, table, column):
        name = SQL.identifier(column)
        if column == "id":
            return SQL("id + k * %s", self._step[table])
        if column in UNIQUE.get(table, ()):
            return SQL("%s || '-' || k", name)
        target = TABLES[table].get(column)
        if not target or not self._ids.get(target):
            return name
        return SQL(
            "CASE WHEN %s IN %s THEN %s + k * %s ELSE %s END",
            name,
            tuple(self._ids[target]),
            name,
            self._step[target],
            name,
        )


def make_first(env, company, count):
    """Return a client who comes often, and one of the invoices; half of them are paid."""
    service = env["product.product"].search(
        [("company_id", "=", company.id), ("type", "=", "service")], limit=1
    )
    clients = env["res.partner"].create(
        [
            {"name": f"Client {number}", "email": f"{number}@example.com", "customer_rank": 1}
            for number in range(count)
        ]
    )
    regular = env["res.partner"].create({"name": "Regular", "email": "regular@example.com"})
    items = env["practice.billing.item"].create(
        [
            {"client_id": client.id, "service_id": service.id, "company_id": company.id}
            for client in [*clients, *clients, *[regular] * 20]
        ]
    )
    invoiced = items[:count] | items[-20:-5]
    for start in range(0, len(invoiced), 50):
        invoiced[start : start + 50]._invoice("session")
    moves = items[:count].invoice_id
    paid = moves[::2]
    env["account.payment.register"].with_context(
        active_model="account.move", active_ids=paid.ids
    ).create({"group_payment": False})._create_payments()
    lines = (moves.line_ids | paid.matched_payment_ids.move_id.line_ids) | (
        paid.line_ids.matched_credit_ids.credit_move_id
    )
    entries = moves | lines.move_id
    lines = entries.line_ids
    partials = lines.matched_credit_ids | lines.matched_debit_ids
    rows = {
        "res_partner": clients.ids,
        "account_move": entries.ids,
        "account_payment": entries.origin_payment_id.ids,
        "account_full_reconcile": partials.full_reconcile_id.ids,
        "practice_billing_item": items[: 2 * count].ids,
        "account_move_line": lines.ids,
        "account_partial_reconcile": partials.ids,
        "practice_payment_link": moves.billing_link_ids.ids,
    }
    return regular, moves[0], rows


def measure(env, company, regular, invoice, rounds):
    """Return the median of each screen."""
    desk = env(
        user=env.ref("carepatron_billing.user_front_desk"),
        context={"lang": "en_US", "allowed_company_ids": company.ids},
    )
    web, meter = WebClient(desk), Meter(desk)
    steps = {
        "overview": desk["practice.overview"].get_overview,
        "invoices": lambda: web.open_list("carepatron_billing.account_move_billing_action"),
        "uninvoiced": lambda: web.open_list(
            "carepatron_billing.practice_billing_item_action", "client_id"
        ),
        "invoice": lambda: web.open_form("carepatron_billing.account_move_billing_action", invoice),
        "client": lambda: web.open_form("carepatron_billing.res_partner_billing_action", regular),
    }
    for turn in range(rounds + 1):
        for name, step in steps.items():
            desk.invalidate_all()
            if turn:
                with meter(name):
                    step()
            else:
                step()
    return meter.results()


company = env.ref("carepatron_billing.company_riverside")  # noqa: F821
env = env(context={"lang": "en_US", "allowed_company_ids": company.ids})  # noqa: F821
regular, invoice, rows = make_first(env, company, given["few"])  # noqa: F821
env.cr.execute("ANALYZE")
few = measure(env, company, regular, invoice, given["rounds"])  # noqa: F821
Copier(env, given["times"]).copy(rows)  # noqa: F821
env.cr.execute(
    SQL(
        "DELETE FROM practice_billing_item WHERE id IN (SELECT id FROM practice_billing_item"
        " WHERE state = 'unbilled' ORDER BY id OFFSET %s)",
        given["waiting"],  # noqa: F821
    )
)
env.cr.execute("ANALYZE")
many = measure(env, company, regular, invoice, given["rounds"])  # noqa: F821
result = [few, many]
