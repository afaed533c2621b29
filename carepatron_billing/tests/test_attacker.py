"""A stolen link, a practitioner's login, a client's and another practice's: all are tried on all.

Every record carries words that are nobody else's. Whoever asks for it, in whatever way, must not be
answered with them unless `security/access.md` says so, and must change nothing.
"""

import functools
import inspect
import itertools
import json
import re
from urllib.parse import quote

from odoo.http import _generate_routing_rules
from odoo.tests import tagged
from odoo.tools import mute_logger

from .access_common import (
    MODULE,
    PARTS,
    ROLES,
    is_ours,
    own_methods,
    own_models,
    read_table,
)
from .attacker_common import REFUSED, AttackerCommon

# What a document and its page are made of: whoever has an invoice's link is shown it.
ON_THE_DOCUMENT = (
    'account.journal',
    'account.move',
    'account.move.line',
    'practice.invoice.template',
    'practice.payment.link',
    'res.company',
    'res.partner',
)
RECORD_OF = {
    'provider_id': 'payment.provider',
    'move_id': 'account.move',
    'transaction_id': 'payment.transaction',
    'dispute_id': 'practice.dispute',
}
# Odoo lets whoever may read an invoice say something about it.
CHANGES = {'write': 'w', 'create': 'c', 'unlink': 'd', 'copy': 'c', 'message_post': 'r'}
QUIET = (
    'odoo.http',
    'odoo.addons.base.models.ir_rule',
    'odoo.addons.carepatron_billing.controllers.pay',
    'odoo.addons.mail.models.mail_mail',
    'odoo.orm.models',
    'odoo.sql_db',
    'werkzeug',
)


@functools.cache
def records_table():
    return read_table("Records")


def allowed(model, role, operation='r'):
    """Return the sides whose records a role may use, as the table of records states it."""
    sides = set()
    for part in records_table()[model][ROLES.index(role)].split(', '):
        whose, letters = ('', part) if ' ' not in part else part.rsplit(' ', 1)
        if operation in letters:
            sides |= {'': {'own', 'others'}, 'own': {'own'}, 'others': {'others'}}.get(
                whose, {'foreign'}
            )
    return sides


@tagged('post_install', '-at_install')
class TestAttacker(AttackerCommon):
    # === THE ATTACKERS === #

    def test_practitioner_learns_and_changes_nothing_of_colleagues_and_other_practices(self):
        self.attack(
            self.practitioner,
            'practitioner',
            {'others': 'others', 'foreign': 'foreign'},
        )

    def test_manager_of_another_practice_learns_and_changes_nothing_here(self):
        self.attack(self.stranger, 'manager', {'own': 'foreign'})

    def test_client_learns_and_changes_nothing_but_the_own_invoices(self):
        self.attack(self.roles['portal'], 'portal', {'own': 'own', 'others': 'others'})

    @mute_logger(*QUIET)
    def test_stolen_link_opens_its_own_invoice_alone(self):
        link = self.victims['own', 'practice.payment.link']
        card = self.victims['own', 'practice.card.holder']
        token = link.url.rpartition('/')[2]
        before = self.rows(lambda side, model: model != 'practice.payment.link' or side != 'own')
        self.closed = {word for word, place in self.words.items() if not self.is_shown(*place)}
        self.told = []
        self.assertEqual(self.url_open(f'/billing/pay/{token}').status_code, 200)
        for side in self.sides:
            self.try_routes(side, [token, token[:10] + card.url[-22:], token[:10] + 'x' * 22])
            self.try_odoos_pages(side, f'access_token={token}&token={token[10:]}')
            self.try_threads(side, token=token)
        invoice = self.victims['own', 'account.move'].id
        for values in (
            {'choice': 'part', 'amount': '-1', 'move_id': invoice, 'state': 'done'},
            {'choice': 'all', 'company_id': self.other_company.id, 'partner_id': 1},
            {'do': 'remove', 'card': self.victims['own', 'payment.token'].id},
            {'invoice_ids': invoice, 'landing_route': '//evil.example', 'provider_id': 1},
        ):
            for door in ('pay', 'cards'):
                self.open(f'/billing/{door}/{token}', data=values)
        self.assertFalse(self.told)
        self.assert_unchanged(before)

    def is_shown(self, side, model):
        """Whether a record is part of what the client is shown on the invoice and its page."""
        return side == 'own' and model in ON_THE_DOCUMENT

    # === WHAT THEY TRY === #

    @mute_logger(*QUIET)
    def attack(self, user, role, sides):
        """Try everything with a login on records of some sides.

        :param dict sides: each side's name, and how the table calls it for this user
        """
        closed = {
            (side, model)
            for side, model in self.victims
            if side in sides
            and sides[side] not in allowed(model, role)
            and not (role == 'portal' and self.is_shown(side, model))
        }
        self.assertTrue(closed)
        self.closed = {word for word, place in self.words.items() if place in closed}
        self.told = []
        before = self.rows(
            lambda side, model: (
                side in sides
                and not any(sides[side] in allowed(model, role, change) for change in 'wd')
            )
        )
        self.attacker = user
        self.authenticate(user.login, user.login.ljust(8, 'x'))
        for side, called in sides.items():
            for model in sorted({model for _side, model in self.victims}):
                may = {letter for letter in 'rwcd' if called in allowed(model, role, letter)}
                self.try_model(side, model, may)
            self.try_methods(side)
            self.try_routes(side, ['x' * 32])
            self.try_odoos_pages(side)
            self.try_threads(side)
        self.try_paths(closed)
        self.try_dashboards([side for side in sides if sides[side] == 'foreign'])
        self.assertFalse(self.told)
        self.assert_unchanged(before)

    def try_model(self, side, model, may):
        """Read, search, group, export, complete, copy, change: what may be done is left out."""
        record = self.victims[side, model]
        one, ids = [('id', '=', record.id)], [record.id]
        spec = {name: {} for name in record._fields}
        texts = [
            name
            for name, field in record._fields.items()
            if field.store and field.type in ('char', 'text') and not field.groups
        ][:3]
        ways = [
            ('read', [ids]),
            ('web_read', [ids, spec]),
            ('web_search_read', [one, spec]),
            ('name_search', [''], {'domain': one}),
            ('export_data', [ids, texts]),
            ('formatted_read_group', [one, texts, ['__count']]),
            ('onchange', [ids, {}, [], spec]),
            ('copy', [ids]),
            ('message_post', [ids], {'body': "Hacked"}),
            ('write', [ids, dict.fromkeys(texts[:1], "Hacked")]),
            ('unlink', [ids]),
        ]
        if record._transient or record._auto:
            values = self.values_to_make(record._name, side)
            if values:
                ways.append(('create', [values]))
        for method, arguments, *named in ways:
            letter = CHANGES.get(method)
            if letter in may or not self.has_way(record, method):
                continue
            answer = self.call(record._name, method, arguments, *named)
            if answer is not REFUSED and letter:
                self.told.append((side, model, method, "was done"))

    def has_way(self, record, method):
        if method == 'message_post':
            return 'message_ids' in record._fields
        return method not in ('copy', 'create') or record._name in own_models(self.env)

    def values_to_make(self, model, side):
        values = self._values(self.sides[side], self.sides[side]['user']).get(model)
        if model in PARTS:
            field, whole = PARTS[model]
            values = {**values, field: self.victims[side, whole].id}
        return values

    def try_methods(self, side):
        """Press each button of the addon on records that are closed."""
        for model, method in own_methods(self.env):
            record = self.victims.get((side, model), self.env[model])
            self.call(model, method, [record.ids])

    def try_routes(self, side, tokens):
        """Open each address of the addon with what an attacker knows or can guess."""
        for url, endpoint in _generate_routing_rules(self.env.registry._init_modules, False):
            if not is_ours(inspect.unwrap(endpoint.func)):
                continue
            methods = endpoint.routing.get('methods') or ['GET', 'POST']
            for token, method in itertools.product(tokens, methods):
                path = re.sub(
                    r'<(?:\w+:)?(\w+)>',
                    functools.partial(self.fill_in, side=side, token=token),
                    url,
                )
                session = {'session_id': 'cs_test_guessed'}
                self.open(
                    path,
                    params=session if method == 'GET' else None,
                    data=session if method == 'POST' else None,
                    method=method,
                    allow_redirects=False,
                )

    def fill_in(self, part, side, token):
        if part[0].startswith('<int:'):
            return str(self.victims[side, RECORD_OF.get(part[1], 'account.move')].id)
        return token

    def try_odoos_pages(self, side, query=''):
        """Open Odoo's own addresses of files, pictures, documents and portal pages."""
        invoice = self.victims[side, 'account.move']
        words = [word for word, place in self.words.items() if place[0] == side]
        attachments = self.env['ir.attachment'].sudo().search([('name', 'in', words)])
        partner = self.victims[side, 'res.partner']
        paths = [
            *(f'/web/content/{attachment.id}' for attachment in attachments[::5]),
            *(f'/web/image/{attachment.id}' for attachment in attachments[::20]),
            f'/web/content/account.move/{invoice.id}/invoice_pdf_report_file',
            f'/web/content/practice.payment.link/{self.victims[side, "practice.payment.link"].id}'
            '/qr_code',
            f'/web/content/payment.provider/{self.victims[side, "payment.provider"].id}'
            '/stripe_payment_link_secret_key',
            f'/web/image/res.partner/{partner.id}/image_128',
            f'/report/html/account.report_invoice/{invoice.id}',
            f'/report/html/{MODULE}.report_account_move/{invoice.id}',
            f'/report/html/{MODULE}.report_account_payment_receipt/'
            f'{self.victims[side, "account.payment"].id}',
            f'/report/pdf/{MODULE}.report_account_move/{invoice.id}',
            f'/report/html/account.report_invoice/{invoice.id}?context='
            + quote(json.dumps({'billing_document': invoice.id, 'proforma_invoice': True})),
            f'/my/invoices/{invoice.id}',
            f'/my/invoices/{invoice.id}?report_type=html',
            f'/payment/pay?invoice_id={invoice.id}&partner_id={partner.id}&amount=1',
            f'/mail/view?model=account.move&res_id={invoice.id}',
            '/my/invoices',
            '/my/payment_method',
        ]
        for path in paths:
            if not query or 'access_token' not in path:
                mark = '&' if '?' in path else '?'
                self.open(f'{path}{mark}{query}' if query else path)

    def try_threads(self, side, **extra):
        """Fetch what is said and planned on closed records."""
        for (of, _model), record in self.victims.items():
            if of != side or 'message_ids' not in record._fields:
                continue
            thread = {'thread_model': record._name, 'thread_id': record.id, **extra}
            self.ask('/mail/thread/messages', thread)
            wanted = {**thread, 'request_list': ['followers', 'attachments', 'activities']}
            self.ask('/mail/data', {'fetch_params': [['mail.thread', wanted]]})
        first = {'channels': [], 'last': 0, 'is_first_poll': True}
        self.ask('/websocket/peek_notifications', first)

    def try_paths(self, closed):
        """Ask for closed words by ways that lead over records that are open."""
        places = {}
        for word, place in self.words.items():
            if place in closed:
                places.setdefault(self.victims[place]._name, []).append((place, word))
        for model in sorted(self.env.registry):
            for name, field in self.env[model]._fields.items():
                if MODULE not in field._modules or not field.relational or not field.store:
                    continue
                for place, word in places.get(field.comodel_name, ())[:6]:
                    for told in self.victims[place]._fields.values():
                        if told.store and told.type in ('char', 'text', 'html'):
                            path = f'{name}.{told.name}'
                            answer = self.call(model, 'search', [[(path, 'ilike', word)]])
                            if answer is not REFUSED and answer:
                                self.told.append((model, path, word, "is found"))

    def try_dashboards(self, foreign):
        """Look at the overview as if another practice's company were switched on."""
        for side in foreign:
            company = self.sides[side]['company'].id
            context = {'context': {'allowed_company_ids': [company]}}
            self.call('practice.overview', 'get_overview', [], context)
            for model in own_models(self.env):
                if not self.env[model]._abstract:
                    self.call(model, 'search_read', [[]], context)
        self.call('res.users', '_get_activity_groups', [])
        self.call('mail.activity', 'search_read', [[]])
        self.call('mail.message', 'search_read', [[]])
        self.call('ir.attachment', 'search_read', [[('res_model', '!=', False)], ['name', 'raw']])
