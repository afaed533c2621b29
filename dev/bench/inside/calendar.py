"""The calendar's week read by turns: ours on this database, stock Odoo's on a peer's.

Runs inside Odoo's shell, in which one process serves both databases.

`given`: `peer`, the stock database's full name; `weeks`, the sessions of each week; `rounds`, how
often each is read. `result`: per side and week the median `ms` and `queries`.
"""

from datetime import datetime, timedelta
from functools import cached_property

from odoo import SUPERUSER_ID, Command, api
from odoo.modules.registry import Registry

from dev.bench.meter import Meter
from dev.bench.web_client import WebClient

QUIET = {"no_mail_to_attendees": True, "no_reset_password": True, "skip_contact_description": True}
MONDAY = datetime(2020, 1, 6)
CLIENTS, PRACTITIONERS = 40, 4
# One session in so many is private, and so masked for the front desk.
PRIVATE = 10


class Side:
    """A calendar with weeks of sessions; both sides' are made of the same values."""

    group = "base.group_user"

    def __init__(self, env, company):
        self.env = env(context={"lang": "en_US", "allowed_company_ids": company.ids, **QUIET})
        self.company = company.with_env(self.env)
        self.clients = self.env["res.partner"].create(
            [{"name": f"Client {number}"} for number in range(CLIENTS)]
        )
        self.practitioners = self._users("Practitioner", PRACTITIONERS)
        self.desk = self._users("Desk", 1)
        self.weeks = {}
        for number, sessions in enumerate(given["weeks"]):  # noqa: F821
            monday = MONDAY + timedelta(weeks=number)
            self.weeks[str(sessions)] = monday
            self.bill(
                self.env["calendar.event"].create(
                    [self.session(monday, index) for index in range(sessions)]
                )
            )
        self.env.cr.execute("ANALYZE")
        self.env.cr.commit()
        context = {"lang": "en_US", "tz": "UTC", "allowed_company_ids": company.ids}
        self.web = WebClient(self.env(user=self.desk, context=context))
        self.meter = Meter(self.web.env)

    def _users(self, name, count):
        return self.env["res.users"].create(
            [
                {
                    "name": f"{name} {number}",
                    "login": f"{name}{number}",
                    "company_id": self.company.id,
                    "company_ids": [Command.set(self.company.ids)],
                    "group_ids": [Command.set(self.env.ref(self.group).ids)],
                }
                for number in range(count)
            ]
        )

    def session(self, monday, index):
        """Return the values of a week's session."""
        practitioner = self.practitioners[index % PRACTITIONERS]
        start = monday + timedelta(days=index % 5, hours=7 + index // 5 % 11)
        attendees = practitioner.partner_id + self.clients[index % CLIENTS]
        return {
            "name": "Session",
            "start": start,
            "stop": start + timedelta(hours=1),
            "user_id": practitioner.id,
            "partner_ids": [Command.set(attendees.ids)],
            "privacy": False if index % PRIVATE else "private",
        }

    def bill(self, sessions):
        """Bill a part of the sessions."""

    def read(self, week):
        """Do what the web client asks for to show a week."""
        self.env.invalidate_all()
        start = self.weeks[week]
        with self.meter(week):
            records = self.web.open_week(
                start, start + timedelta(days=7), self.practitioners.partner_id
            )
        assert len(records) == int(week), len(records)
        return records


class Ours(Side):
    """A practice's calendar, which its front desk reads."""

    group = "carepatron_billing.group_front_desk"

    @cached_property
    def service(self):
        """What the sessions cost."""
        return self.env["product.product"].create(
            {"name": "Session", "type": "service", "list_price": 120.0}
        )

    def session(self, monday, index):
        """Return the values of a week's session that can be billed."""
        return {**super().session(monday, index), "billing_service_id": self.service.id}

    def bill(self, sessions):
        """Leave some sessions without an item, waive some and invoice some."""
        items = self.env["practice.billing.item"]._make_for_events(sessions[len(sessions) // 4 :])
        items.action_billing_confirm()
        items[::5]._waive("Measured")
        items.filtered(lambda item: item.state == "unbilled")[::2]._invoice()


def measure(env, peer_env):
    """Return both sides' results."""
    company = env.ref("carepatron_billing.company_riverside")
    sides = {"ours": Ours(env, company), "peer": Side(peer_env, peer_env.ref("base.main_company"))}
    for week in map(str, given["weeks"]):  # noqa: F821
        states = {record["billing_state"] for record in sides["ours"].read(week)}
        assert states == {"unbilled", "invoiced", "waived"}, states
        sides["peer"].read(week)
    for side in sides.values():
        side.meter = Meter(side.web.env)
    for _round in range(given["rounds"]):  # noqa: F821
        for week in map(str, given["weeks"]):  # noqa: F821
            for side in sides.values():
                side.read(week)
    return {name: side.meter.results() for name, side in sides.items()}


with Registry(given["peer"]).cursor() as peer_cr:  # noqa: F821
    result = measure(env, api.Environment(peer_cr, SUPERUSER_ID, {}))  # noqa: F821
