"""The list of uninvoiced work read by turns, on this database and on a peer's.

Runs inside Odoo's shell, in which one process serves both databases.

`given`: `peer`, the other database's full name; `sizes`, the items of this one and of the peer's;
`open`, how many of them are not invoiced; `rounds`, how often each list is opened. `result`: per
side the median `ms` and `queries` of the list as it opens (`grouped`) and `plain`.
"""

from odoo import SUPERUSER_ID, Command, api
from odoo.modules.registry import Registry
from odoo.tools import SQL

from dev.bench.meter import Meter
from dev.bench.web_client import RECORDS, WebClient

CLIENTS, PRACTITIONERS = 100, 5
ACTION = "carepatron_billing.practice_billing_item_action"


class Practice:
    """A practice with some items that wait among many that are invoiced."""

    def __init__(self, env, size):
        company = env.ref("carepatron_billing.company_riverside")
        self.env = env(context={"lang": "en_US", "allowed_company_ids": company.ids})
        self.company = company.with_env(self.env)
        self._fill(size)
        desk = self.env.ref("carepatron_billing.user_front_desk")
        reader = self.env(user=desk, context={**self.env.context, "tz": "UTC"})
        self.web = WebClient(reader)
        self.meter = Meter(reader)

    def _fill(self, size):
        """Make the items; what is not invoiced is spread among what is."""
        service = self.env["product.product"].create(
            {"name": "Session", "type": "service", "list_price": 120.0}
        )
        clients = self.env["res.partner"].create(
            [{"name": f"Client {number}"} for number in range(CLIENTS)]
        )
        users = self.env["res.users"].create(
            [
                {
                    "name": f"Practitioner {number}",
                    "login": f"measured{number}",
                    "company_id": self.company.id,
                    "company_ids": [Command.set(self.company.ids)],
                }
                for number in range(PRACTITIONERS)
            ]
        )
        model = self.env["practice.billing.item"].create(
            {"client_id": clients[0].id, "service_id": service.id, "company_id": self.company.id}
        )
        self.env.flush_all()
        # In both practices each client has as many items that wait.
        step = size // given["open"]  # noqa: F821
        client = SQL("%s + number / %s %% %s", clients[0].id, step, CLIENTS)
        changed = {
            "client_id": client,
            "payer_id": client,
            "practitioner_id": SQL("%s + number %% %s", users[0].id, PRACTITIONERS),
            "date": SQL("date - number * interval '1 hour'"),
            "service_date": SQL("service_date - number / 24"),
            "state": SQL("CASE WHEN number %% %s = 0 THEN 'unbilled' ELSE 'invoiced' END", step),
        }
        columns = [
            name
            for name, field in model._fields.items()
            if field.store and field.column_type and name not in {"id", *changed}
        ]
        self.env.cr.execute(
            SQL(
                "INSERT INTO practice_billing_item (%s) SELECT %s"
                " FROM practice_billing_item, generate_series(1, %s) number WHERE id = %s",
                SQL(", ").join(map(SQL.identifier, [*columns, *changed])),
                SQL(", ").join([*map(SQL.identifier, columns), *changed.values()]),
                size,
                model.id,
            )
        )
        self.env.invalidate_all()
        model.unlink()
        self.env.cr.execute("ANALYZE")
        self.env.cr.commit()

    def open_list(self):
        """Do what the web client asks for when the list opens, and when its groups are left."""
        self.env.invalidate_all()
        with self.meter("grouped"):
            found = self.web.open_list(ACTION, "client_id")
        total = sum(group["__count"] for group in found["groups"])
        self.env.invalidate_all()
        with self.meter("plain"):
            found = self.web.open_list(ACTION)
        assert len(found["records"]) == RECORDS
        return total


def measure(env, peer_env):
    """Return both sides' results."""
    sides = {
        name: Practice(side_env, size)
        for name, side_env, size in zip(
            ("ours", "peer"),
            (env, peer_env),
            given["sizes"],  # noqa: F821
            strict=True,
        )
    }
    for side in sides.values():
        side.open_list()
        side.meter = Meter(side.web.env)
    for _round in range(given["rounds"]):  # noqa: F821
        for side in sides.values():
            side.open_list()
    return {name: side.meter.results() for name, side in sides.items()}


with Registry(given["peer"]).cursor() as peer_cr:  # noqa: F821
    result = measure(env, api.Environment(peer_cr, SUPERUSER_ID, {}))  # noqa: F821
