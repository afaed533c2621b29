"""Asks the server for what Odoo's web client asks it for, by the views' own fields."""

import ast
from datetime import datetime
from typing import Any

from lxml import etree

#: What the web client opens of its own accord.
GROUPS = RECORDS = 80


class WebClient:
    """A user's web client; what it opens a second time, it has the action and the view of.

    :param env: the user's, with the context of their web client
    """

    def __init__(self, env: Any):
        self.env = env
        self._known: dict[tuple[str, str], tuple[dict, Any, dict]] = {}

    def open_list(self, name: str, group_by: str | None = None) -> dict:
        """Open a list, with its groups if it has some."""
        action, arch, fields = self._open(name, "list")
        model = self.env[action["res_model"]]
        domain = ast.literal_eval(action["domain"] or "[]")
        specification = self._specify(arch, fields)
        if not group_by:
            return model.web_search_read(domain, specification, limit=RECORDS, count_limit=10001)
        sums = [node.get("name") for node in arch.iter("field") if node.get("sum")]
        return model.web_read_group(
            domain,
            [group_by],
            ["__count", *(f"{name}:sum" for name in sums), "currency_id:array_agg_distinct"],
            limit=GROUPS,
            auto_unfold=True,
            unfold_read_specification=specification,
            unfold_read_default_limit=RECORDS,
        )

    def open_form(self, name: str, record: Any) -> list[dict]:
        """Open a record."""
        _action, arch, fields = self._open(name, "form")
        return record.with_env(self.env).web_read(self._specify(arch, fields))

    def open_week(self, start: datetime, stop: datetime, people: Any) -> list[dict]:
        """Open the calendar between two moments, with the calendars of these partners."""
        _action, arch, _fields = self._open("calendar.action_calendar_event", "calendar")
        mapped = map(arch.get, ("date_start", "date_stop", "date_delay", "all_day", "color"))
        named = (node.get("name") for node in arch.iter("field"))
        events = self.env["calendar.event"].with_context(
            calendar_filters={"all": True, "user": False}
        )
        records = events.search_read(
            [("start", "<=", str(stop)), ("stop", ">=", str(start))],
            list(dict.fromkeys(["display_name", *mapped, *named])),
        )
        people.with_env(events.env).get_attendee_detail([record["id"] for record in records])
        return records

    def _open(self, name: str, kind: str) -> tuple[dict, Any, dict]:
        """Return an action, and the arch and the fields of its view of a kind."""
        if (name, kind) not in self._known:
            action = self.env["ir.actions.act_window"]._for_xml_id(name)
            view = next(view for view in action["views"] if view[1] == kind)
            found = self.env[action["res_model"]].get_views([view])
            arch = etree.fromstring(found["views"][kind]["arch"])
            self._known[name, kind] = action, arch, found["models"][action["res_model"]]["fields"]
        return self._known[name, kind]

    def _specify(self, arch: Any, fields: dict) -> dict:
        """Return the specification of a view's fields, as the web client makes it."""
        specification: dict[str, dict] = {}
        for node in arch.iter("field"):
            if any(parent.tag == "field" for parent in node.iterancestors()):
                continue
            name = node.get("name")
            kind = fields[name]["type"]
            if kind == "many2one":
                specification[name] = {"fields": {"display_name": {}}}
            elif kind in ("one2many", "many2many"):
                rows: dict[str, dict] = {
                    child.get("name"): {}
                    for child in node.iterdescendants("field")
                    if child.getparent().tag == "list"
                }
                specification[name] = {"fields": rows or {"display_name": {}}, "limit": 40}
            else:
                specification[name] = {}
        return specification
