"""Who may do what, as `security/access.md` states it, cell by cell.

Models, fields, methods and routes are found by looking at the addon: a new one that is not stated
fails. The failure shows the rows as they would have to read.
"""

import inspect
from unittest.mock import patch

from odoo.api import SUPERUSER_ID
from odoo.exceptions import AccessError, UserError
from odoo.http import _generate_routing_rules
from odoo.tests import tagged

from .access_common import (
    PARTS,
    ROLES,
    AccessCommon,
    is_ours,
    open_fields,
    own_methods,
    own_models,
    read_table,
)

OPERATIONS = {'read': 'r', 'write': 'w', 'create': 'c', 'unlink': 'd'}
# What methods are called with, where they ask for more than their records.
ARGUMENTS = {
    'ir.actions.report.billing_draws': ('carepatron_billing.report_account_move', []),
    'practice.invoice.template.get_preview': ({}, {}),
    'practice.overview.open_trouble': ('failed',),
}


def in_words(own, others, foreign):
    """Return a table's cell: what holds for own records, for colleagues' and other practices'."""
    if own == others == foreign == 'yes':
        return 'any'
    parts = [own or "–"] if own == others else [f"own {own}"] if own else []
    if own != others and others:
        parts.append(f"others {others}")
    if foreign:
        parts.append(f"other practices {foreign}")
    return ", ".join(parts) or "–"


@tagged('post_install', '-at_install')
class TestAccess(AccessCommon):
    maxDiff = None

    def compare(self, heading, actual):
        stated = read_table(heading)
        wrong = [
            f"| `{name}` | {' | '.join(cells)} |"
            for name, cells in actual.items()
            if stated.get(name, [])[: len(cells)] != cells
        ]
        gone = [f"(no such) {name}" for name in sorted(stated.keys() - actual.keys())]
        self.assertFalse(
            wrong + gone, "\n".join([f"{heading}: access.md says otherwise", *wrong, *gone])
        )

    def sides_of(self, model, user):
        """Return the record of each side, as a user would meet it."""
        makers = {'own': user, 'others': self.colleague, 'foreign': self.stranger}
        for name, side in self.sides.items():
            record = self.make(model, side, makers[name])
            self.assertEqual(len(record), 1, f"no {model} of {name} to look at")
            yield name, record.with_env(self.env(user=user, su=False, context={}))

    # === RECORDS === #

    def test_records_are_open_to_whom_the_table_says(self):
        actual = {}
        for model in self.models_to_look_at():
            actual[model] = []
            for role in ROLES:
                letters = dict.fromkeys(self.sides, '')
                for name, record in self.sides_of(model, self.roles[role]):
                    letters[name] = "".join(
                        letter
                        for operation, letter in OPERATIONS.items()
                        if record.has_access(operation)
                    )
                actual[model].append(in_words(**letters))
        self.compare("Records", actual)

    def test_every_way_to_read_shows_the_same_records(self):
        """Search, export, name search, groups and plain reading agree."""
        told = []
        for model in self.models_to_look_at():
            for role in ROLES[:-1]:
                for name, record in self.sides_of(model, self.roles[role]):
                    if not record.has_access('read'):
                        told += [(model, role, name, way) for way in self.ways(record)]
        self.assertFalse(told)

    def ways(self, record):
        """Return the ways by which a user gets at a record."""
        one = [('id', '=', record.id)]
        name = record.with_user(SUPERUSER_ID).display_name
        ways = {
            'search': lambda: record.search(one),
            'search_count': lambda: record.search_count(one),
            'search_read': lambda: record.search_read(one, ['display_name']),
            'name_search': lambda: [
                found for found in record.name_search(name, limit=None) if found[0] == record.id
            ],
            'read_group': lambda: record.formatted_read_group(one, [], ['__count'])[0]['__count'],
            'read': lambda: record.read(['display_name']),
            'web_read': lambda: record.web_read({'display_name': {}}),
            'export_data': lambda: record.export_data(['display_name'])['datas'],
        }
        rec_name = record._fields.get(record._rec_name)
        if rec_name is not None and not rec_name.store:
            # Names that are only computed cannot be looked for.
            del ways['name_search']
        for way, look in ways.items():
            self.env.invalidate_all()
            try:
                if look():
                    yield way
            # Exporting asks for a right of its own.
            except UserError:
                continue

    def models_to_look_at(self):
        own = [name for name in own_models(self.env) if not self.env[name]._abstract]
        return sorted({*own, *read_table("Records")})

    def test_what_is_attached_or_said_is_as_closed_as_its_record(self):
        told = []
        for model in ('practice.billing.item', 'account.move', 'practice.stripe.event'):
            for role in ROLES[:-1]:
                for name, record in self.sides_of(model, self.roles[role]):
                    if record.has_access('read'):
                        continue
                    told += [(model, role, name, one._name) for one in self.hangers(record)]
        self.assertFalse(told)

    def hangers(self, record):
        """Return what hangs on a record and is shown to its user nevertheless."""
        # Whoever says something sees it ever after.
        record_sudo = record.with_user(SUPERUSER_ID)
        on_it = {'res_model': record._name, 'res_id': record.id}
        made = [
            record_sudo.env['ir.attachment'].create({'name': "Note", 'raw': b"secret", **on_it}),
            record_sudo.message_post(body="secret", subtype_xmlid='mail.mt_note'),
            record_sudo.env['mail.activity'].create(
                {
                    'res_model_id': self.env['ir.model']._get_id(record._name),
                    'res_id': record.id,
                    'summary': "secret",
                    'user_id': self.stranger.id,
                }
            ),
        ]
        self.env.invalidate_all()
        for one in made:
            as_user = one.with_env(record.env)
            if as_user.has_access('read') or self.finds(as_user):
                yield one

    def finds(self, record):
        try:
            return record.search([('id', '=', record.id)])
        except AccessError:
            return False

    # === FIELDS === #

    def test_clients_read_those_fields_only_that_the_table_lists(self):
        actual = {}
        for model, name, groups in open_fields(self.env):
            actual.setdefault((model, groups), []).append(name)
        self.compare(
            "Fields",
            {
                f'{model}, {groups}': [", ".join(sorted(names))]
                for (model, groups), names in sorted(actual.items())
            },
        )

    # === METHODS === #

    def test_methods_are_open_to_whom_the_table_says(self):
        actual = {}
        for model, method in own_methods(self.env):
            actual[f'{model}.{method}'] = cells = []
            for role in ROLES[:-1]:
                outcomes = dict.fromkeys(self.sides, '')
                for name, record in self.targets(model, method, self.roles[role]):
                    outcomes[name] = 'yes' if self.may_call(record, method) else ''
                cells.append(in_words(**outcomes))
        self.compare("Methods", actual)

    def targets(self, model, method, user):
        if getattr(getattr(self.env.registry[model], method), '_api_model', False):
            empty = self.env[model].with_env(self.env(user=user, su=False, context={}))
            return [(name, empty) for name in self.sides]
        return self.sides_of(model, user)

    def may_call(self, record, method):
        """Whether a call is let in; that it then finds nothing to do is another matter."""
        self.env.invalidate_all()
        arguments = ARGUMENTS.get(f'{record._name}.{method}', ())
        # What has to survive a call of Stripe or of a mail server is not to survive a test.
        with (
            self.env.cr.savepoint() as savepoint,
            patch.object(self.cr, 'commit', self.env.flush_all),
        ):
            try:
                getattr(record, method)(*arguments)
                self.env.flush_all()
            except AccessError:
                return False
            except UserError:
                return True
            finally:
                self.env.clear()
                savepoint.rollback()
        return True

    # === DIALOGS === #

    def test_dialogs_cannot_be_opened_with_records_that_are_closed_to_their_user(self):
        opened = []
        for model in filter(lambda name: self.env[name]._transient, own_models(self.env)):
            for role in ('practitioner', 'front_desk', 'manager'):
                user = self.roles[role]
                Dialog = self.env[model].with_env(self.env(user=user, su=False, context={}))
                for name in ('others', 'foreign') if role == 'practitioner' else ('foreign',):
                    values = self.values_of(model, self.sides[name], user)
                    spec = {field: {} for field in Dialog._fields}
                    ways = {
                        'create': lambda d=Dialog, v=values: d.create(dict(v)),
                        'onchange': lambda d=Dialog, v=values, s=spec: d.onchange(dict(v), [], s),
                    }
                    for way, open_it in ways.items() if Dialog.has_access('create') else ():
                        try:
                            with self.env.cr.savepoint():
                                open_it()
                        except AccessError:
                            continue
                        opened.append((model, role, name, way))
        self.assertFalse(opened)

    def values_of(self, model, side, user):
        values = self._values(side, user)[model]
        if model in PARTS:
            field, whole = PARTS[model]
            values = {**values, field: self.make(whole, side, self.colleague).id}
        return values

    # === ROUTES === #

    def test_routes_are_those_that_the_table_lists(self):
        actual = {}
        for url, endpoint in _generate_routing_rules(self.env.registry._init_modules, False):
            if not is_ours(inspect.unwrap(endpoint.func)):
                continue
            routing = endpoint.routing
            methods = routing.get('methods') or ['GET', 'POST']
            for method in methods:
                csrf = "yes" if routing.get('csrf', True) else "no"
                actual[f'{method} {url}'] = [routing['auth'], csrf if method == 'POST' else "–"]
        self.compare("Routes", actual)
