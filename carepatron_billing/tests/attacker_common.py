"""Words that are planted where nobody else may read them, and an ear for them."""

import itertools
import json
import re
from unittest.mock import patch

from odoo.service.model import call_kw
from odoo.tests import HttpCase
from odoo.tools import SQL

from ..controllers import pay
from .access_common import (
    MODULE,
    AccessCommon,
    own_models,
    read_table,
)

WORD = 'Planted%05dx'
REFUSED = object()
# What tells something of others' models; of our own, and of our fields on others', all texts do.
TELLING = {
    'account.journal': ('name',),
    'account.move': ('narration', 'payment_reference', 'ref'),
    'account.move.line': ('name',),
    'account.payment': ('memo',),
    'calendar.event': ('description', 'location', 'name'),
    'payment.token': ('payment_details',),
    'payment.transaction': ('provider_reference', 'reference'),
    'res.partner': ('comment', 'name', 'phone'),
}
# Our own texts with a format; others could not be computed any more. The account's name is shown
# to the practice's people on its page.
FORMATTED = re.compile(r'color|email|lang|tz|stripe_payment_link_account_name')


class AttackerCommon(AccessCommon, HttpCase):
    """Each record carries words of its own; whoever is told one that is closed is noted."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.victims = {}
        cls.words = {}
        cls.numbers = itertools.count(1)
        models = {name for name in own_models(cls.env) if not cls.env[name]._abstract}
        for name, side in cls.sides.items():
            for model in sorted(models | set(read_table("Records"))):
                cls.victims[name, model] = cls.make(model, side, side['user']).sudo()
        for (name, model), record in cls.victims.items():
            cls._plant(name, model, record)
        cls.env.flush_all()
        cls.env.invalidate_all()

    def setUp(self):
        super().setUp()
        # Nobody is shut out: all doors are tried, and the next test's visitor finds them open.
        self.patch(pay, 'guard', pay.Guard(most_wrong=10**6))

    @classmethod
    def _word(cls, side, model):
        word = WORD % next(cls.numbers)
        cls.words[word] = (side, model)
        return word

    @classmethod
    def _plant(cls, side, model, record):
        """Put words that are this record's alone into its texts, and hang some on it."""
        columns = {}
        for name, field in record._fields.items():
            ours = MODULE in field._modules and not FORMATTED.search(name)
            if (
                field.store
                and field.column_type
                and not field.company_dependent
                and field.type in ('char', 'text', 'html')
                and not field.size
                and (ours or name in TELLING.get(record._name, ()))
            ):
                word = cls._word(side, model)
                if name == 'finder':
                    word = word[-10:]
                columns[name] = json.dumps({'en_US': word}) if field.translate else word
        if columns and record._auto:
            cls.env.cr.execute(
                SQL(
                    "UPDATE %s SET %s WHERE id = %s",
                    SQL.identifier(record._table),
                    SQL(", ").join(
                        SQL("%s = %s", SQL.identifier(name), value)
                        for name, value in columns.items()
                    ),
                    record.id,
                )
            )
            record.invalidate_recordset()
        on_it = {'res_model': record._name, 'res_id': record.id}
        word = cls._word(side, model)
        cls.env['ir.attachment'].sudo().create({'name': word, 'raw': word.encode(), **on_it})
        if 'message_ids' in record._fields and not record._transient:
            cls.env['mail.message'].sudo().create(
                {
                    'model': record._name,
                    'res_id': record.id,
                    'message_type': 'comment',
                    'subtype_id': cls.env.ref('mail.mt_note').id,
                    'body': cls._word(side, model),
                    'author_id': cls.sides[side]['user'].partner_id.id,
                }
            )
        if 'activity_ids' in record._fields:
            cls.env['mail.activity'].sudo().create(
                {
                    'res_model_id': cls.env['ir.model']._get_id(record._name),
                    'res_id': record.id,
                    'summary': cls._word(side, model),
                    'user_id': cls.sides[side]['user'].id,
                }
            )

    # === WHAT AN ATTACKER GETS === #

    def call(self, model, method, arguments, named=None):
        """Call a method as Odoo does for a browser or for RPC; return what it returns."""
        self.env.invalidate_all()
        records = self.env(user=self.attacker, su=False, context={})[model]
        try:
            with (
                self.env.cr.savepoint(),
                # What has to survive a call of Stripe or of a mail server is not to survive a test.
                patch.object(self.cr, 'commit', self.env.flush_all),
            ):
                answer = call_kw(records, method, arguments, named or {})
                text = json.dumps(answer, default=str)
        except Exception as error:  # whatever it is, it is what an attacker is told
            answer, text = REFUSED, str(error)
        self.note(text, f'{model}.{method} {arguments}'[:200])
        return answer

    def ask(self, route, params):
        request = json.dumps({'jsonrpc': '2.0', 'id': 0, 'params': params}, default=str)
        headers = {'Content-Type': 'application/json'}
        answer = self.url_open(route, data=request, headers=headers)
        self.note(answer.text, f'{route} {params}'[:200])

    def open(self, path, **options):
        """Open an address as a browser does."""
        answer = self.url_open(path, **options)
        self.note(f'{answer.headers} {answer.text}', f'{path} {options}')

    def note(self, text, question):
        for word in set(re.findall(r'Planted\d{5}x', text)) & self.closed:
            # Who asks for a word is answered with it.
            if word not in question:
                self.told.append((*self.words[word], question, word))

    def rows(self, is_kept):
        """Return victims as they stand in the database.

        :param is_kept: takes a side and a model, says whether nothing may change of it
        """
        self.env.flush_all()
        rows = {}
        for (side, model), record in self.victims.items():
            if is_kept(side, model) and record._auto:
                self.env.cr.execute(
                    SQL(
                        "SELECT to_jsonb(row) - 'write_date' - 'write_uid' FROM %s AS row"
                        " WHERE id = %s",
                        SQL.identifier(record._table),
                        record.id,
                    )
                )
                rows[side, model] = self.env.cr.fetchone()
        return rows

    def assert_unchanged(self, before):
        self.env.invalidate_all()
        after = self.rows(lambda side, model: (side, model) in before)
        changed = {
            place: (row, after[place]) for place, row in before.items() if row != after[place]
        }
        self.assertFalse(changed)
