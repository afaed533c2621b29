from pathlib import Path

from odoo.api import SUPERUSER_ID
from odoo.fields import NO_ACCESS, Command, Date
from odoo.models import BaseModel
from odoo.tests import new_test_user
from odoo.tools import SQL

from .sessions_common import SessionsCommon

MODULE = 'carepatron_billing'
TABLES = Path(__file__).parents[1] / 'security/access.md'
ROLES = ('practitioner', 'front_desk', 'manager', 'accountant', 'staff', 'portal', 'public')
# What a client's login has access to.
SHOWN_TO_CLIENTS = (
    'account.move',
    'account.move.line',
    'calendar.event',
    'payment.token',
    'res.partner',
)
# Lines of dialogs: the field that leads to the dialog, and its model.
PARTS = {
    'practice.billing.batch.note': ('batch_id', 'practice.billing.batch'),
    'practice.billing.preview.line': ('preview_id', 'practice.billing.preview'),
    'practice.billing.preview.obstacle': ('preview_id', 'practice.billing.preview'),
    'practice.card.charge.line': ('wizard_id', 'practice.card.charge'),
    'practice.invoice.correct.line': ('wizard_id', 'practice.invoice.correct'),
    'practice.refund.line': ('wizard_id', 'practice.refund'),
}


def read_table(heading):
    """Return the rows of the table under a heading of `access.md`, by their first cell.

    :rtype: dict[str, list[str]]
    """
    section = TABLES.read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("| \n") for line in section.splitlines() if line.startswith("|")]
    cells = [[cell.strip().replace("`", "") for cell in row.split(" | ")] for row in rows[2:]]
    return {first: others for first, *others in cells}


def is_ours(cls):
    return cls.__module__.startswith(f'odoo.addons.{MODULE}.')


def own_models(env):
    """Return the names of the models that the addon brings."""
    return sorted(name for name, cls in env.registry.items() if cls._original_module == MODULE)


def own_methods(env):
    """Return the methods of the addon that anybody with a login can call from outside.

    What Odoo has itself keeps the rule that Odoo gave it.

    :return: pairs of model and method, each where it was brought
    :rtype: list[tuple[str, str]]
    """
    found = set()
    for model, cls in env.registry.items():
        for name in {name for base in cls.mro() if is_ours(base) for name in vars(base)}:
            bringers = [base for base in cls.mro() if name in vars(base)]
            if (
                not name.startswith('_')
                and callable(getattr(cls, name))
                and not any(getattr(vars(one)[name], '_api_private', False) for one in bringers)
                and all(is_ours(one) for one in bringers)
                and not hasattr(BaseModel, name)
            ):
                found.add((model, name))
    return sorted(found)


def open_fields(env):
    """Return the fields of the addon that a client's login can read, and those that nobody can.

    :rtype: list[tuple[str, str, str]]
    """
    for_whom = {None: 'clients too', NO_ACCESS: 'nobody'}
    return sorted(
        (model, name, for_whom[field.groups])
        for model in env.registry
        for name, field in env[model]._fields.items()
        if set(field._modules) == {MODULE}
        and field.groups in for_whom
        and (model in SHOWN_TO_CLIENTS or field.groups)
    )


class AccessCommon(SessionsCommon):
    """Somebody of each role, and three of every record: of one's own, a colleague's and of another
    practice."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_company = cls.setup_other_company(name="Other Practice")['company']
        cls.stranger = cls.make_user('manager', login='stranger', company=cls.other_company)
        cls.manager = cls.make_user('manager')
        cls.roles = {
            'practitioner': cls.practitioner,
            'front_desk': cls.front_desk,
            'manager': cls.manager,
            'accountant': cls._make_plain('accountant', 'account.group_account_manager'),
            'staff': cls._make_plain('staff', 'base.group_user'),
            'portal': cls._make_plain('portal', 'base.group_portal', partner_id=cls.client.id),
            'public': cls.env.ref('base.public_user'),
        }
        cls.sides = {
            'own': cls._make_side(cls.practitioner, cls.client, cls.company),
            'others': cls._make_side(cls.colleague, cls.other_client, cls.company),
            'foreign': cls._make_side(
                cls.stranger, cls.env['res.partner'].create({'name': "Cy"}), cls.other_company
            ),
        }
        for model in ('payment.token', 'payment.transaction', *own_models(cls.env)):
            if not cls.env[model]._abstract and not cls.env[model]._transient:
                for side in cls.sides.values():
                    side['made'][model] = cls.make(model, side, side['user'])

    @classmethod
    def _make_plain(cls, login, groups, **values):
        return new_test_user(
            cls.env,
            f'test_{login}',
            groups=groups,
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
            **values,
        )

    @classmethod
    def _make_side(cls, user, client, company):
        """Return one of each record that hangs together, by its model."""
        env = cls.env(context={'allowed_company_ids': company.ids})
        service = cls.service
        if company != cls.company:
            service = env['product.product'].create(
                {'name': "Elsewhere", 'type': 'service', 'company_id': company.id}
            )
        event = cls.make_session(cls(), client, user=user, billing_service_id=service.id)
        item = env['practice.billing.item']._make_for_events(event)
        item.price_unit = 50.0
        move = item._invoice()
        waiting = cls.make_session(
            cls(), client, user=user, hours=-30, billing_service_id=service.id
        )
        draft = env['account.move'].create(
            {
                'move_type': 'out_invoice',
                'partner_id': client.id,
                'invoice_user_id': user.id,
                'invoice_line_ids': [Command.create({'name': "Report", 'price_unit': 9.0})],
            }
        )
        payment = env['account.payment.register'].with_context(
            active_model='account.move', active_ids=move.ids
        )
        payment = payment.create(
            {'amount': 1.0, 'payment_difference_handling': 'open'}
        )._create_payments()
        side = {
            'user': user,
            'company': company,
            'client': client,
            'waiting': env['practice.billing.item']._make_for_events(waiting),
            'draft': draft,
            'service': service,
            'tax': env['account.tax'].search(
                [('company_id', '=', company.id), ('type_tax_use', '=', 'sale')], limit=1
            ),
            'provider': company._billing_provider_sudo().sudo(False),
            'rule': env['practice.reminder.rule'].search(
                [('company_id', '=', company.id)], limit=1
            ),
        }
        side['made'] = {
            'account.move': move,
            'account.move (draft)': draft,
            'account.move (bill)': cls._make_bill(env, client),
            'account.move.line': move.invoice_line_ids[:1],
            'account.payment': payment,
            'account.journal': move.journal_id,
            'account.tax': side['tax'],
            'res.partner': client,
            'calendar.event': event,
            'practice.billing.item': item,
            'practice.payment.link': move.billing_link_ids.sudo(False),
            'practice.reminder.rule': side['rule'],
            'res.company': company,
            'payment.provider': side['provider'],
        }
        return side

    @classmethod
    def _make_bill(cls, env, partner):
        return env['account.move'].create(
            {
                'move_type': 'in_invoice',
                'partner_id': partner.id,
                'invoice_line_ids': [Command.create({'name': "Rent", 'price_unit': 9.0})],
            }
        )

    @classmethod
    def make(cls, model, side, user):
        """Return a record of a model, made by a user from what a side has."""
        if model in side['made']:
            return side['made'][model]
        company = side['company']
        env = cls.env(user=SUPERUSER_ID, context={'allowed_company_ids': company.ids})
        if not env[model]._auto:
            return env[model].search([('move_id', '=', side['made']['account.move'].id)], limit=1)
        values = cls._values(side, user)[model]
        if model in PARTS:
            field, whole = PARTS[model]
            values = {field: cls.make(whole, side, user).id, **values}
        record = env[model].create(values)
        # Dialogs are for whoever opened them.
        lines = [record[name] for name in values if record._fields[name].type == 'one2many']
        for made in (record, *lines):
            made.flush_recordset()
            cls.env.cr.execute(
                SQL(
                    "UPDATE %s SET create_uid = %s WHERE id = ANY(%s)",
                    SQL.identifier(made._table),
                    user.id,
                    made.ids,
                )
            )
            made.invalidate_recordset(['create_uid'])
        return record

    @classmethod
    def _values(cls, side, user):
        """Return what a record of each further model takes; whoever adds a model adds it here.

        :rtype: dict[str, dict]
        """
        made, company = side['made'], side['company'].id
        client = side['client'].id
        card = {
            'provider_id': side['provider'].id,
            'payment_method_id': cls.env.ref('payment.payment_method_card').id,
            'partner_id': client,
        }
        move, item, rule = made['account.move'].id, side['waiting'].id, side['rule'].id
        today = Date.today()
        return {
            'payment.token': {**card, 'payment_details': "4242", 'provider_ref': 'pm_1'},
            'payment.transaction': {
                **card,
                'amount': 1.0,
                'currency_id': side['company'].currency_id.id,
                'reference': f'TX-{company}-{client}',
            },
            'practice.audit.log': {
                'company_id': company,
                'actor': 'system',
                'act': 'issue',
                'res_model': 'account.move',
                'res_id': move,
                'name': "INV",
            },
            'practice.billing.batch': {'company_id': company, 'invoice_date': today},
            'practice.billing.preview': {'item_ids': [Command.set([item])]},
            'practice.billing.preview.line': {'payer_id': client, 'clients': "Ada", 'sessions': 1},
            'practice.billing.preview.obstacle': {'kind': 'price', 'name': "No price"},
            'practice.billing.waive': {'item_ids': [Command.set([item])], 'reason': "Gift"},
            'practice.card.charge': {'line_ids': [Command.create({'move_id': move})]},
            'practice.card.charge.line': {'move_id': move},
            'practice.card.holder': {'company_id': company, 'partner_id': client},
            'practice.client.anonymise': {'partner_id': client},
            'practice.dispute': {
                'provider_id': side['provider'].id,
                'dispute': f'dp_{company}_{client}',
                'transaction_id': made.get(
                    'payment.transaction', cls.env['payment.transaction']
                ).id,
                'partner_id': client,
                'currency_id': side['company'].currency_id.id,
                'state': 'needs_response',
            },
            'practice.fee.rule': {
                'company_id': company,
                'attendance': 'no_show',
                'fee_service_id': side['service'].id,
            },
            'practice.invoice.correct': {'move_id': move, 'reason': "Wrong"},
            'practice.billing.batch.note': {'name': "Ada", 'reason': "No price"},
            'practice.invoice.correct.line': {
                'line_id': made['account.move.line'].id,
                'name': "Other",
                'quantity': 1.0,
                'price_unit': 1.0,
            },
            'practice.invoice.template': {'company_id': company, 'name': "Plain"},
            'practice.link.alarm': {
                'company_id': company,
                'day': Date.subtract(today, days=client),
                'kind': 'codes',
            },
            'practice.link.code': {'company_id': company, 'payer_id': client},
            'practice.payer.share': {
                'company_id': company,
                'client_id': client,
                'payer_id': client,
            },
            'practice.payment.link.send': {'move_id': move, 'email': 'x@example.com'},
            'practice.payment.link.send.all': {'move_ids': [Command.set([move])]},
            'practice.payment.link.sending': {'move_ids': [Command.set([move])]},
            'practice.payment.record': {'move_id': move},
            'practice.refund': {'move_id': move, 'reason': "Wrong", 'way': 'credit'},
            'practice.refund.line': {'line_id': made['account.move.line'].id},
            'practice.reminder': {
                'company_id': company,
                'move_id': move,
                'rule_id': rule,
                'payer_id': client,
                'state': 'skipped',
            },
            'practice.reminder.mail': {
                'company_id': company,
                'payer_id': client,
                'day': today,
                'state': 'sent',
            },
            'practice.reminder.pause': {'company_id': company, 'move_id': move},
            'practice.reminder.plan': {
                'user_id': user.id,
                'company_id': company,
                'move_id': move,
            },
            'practice.reminder.preview': {'rule_id': rule, 'move_id': move},
            'practice.reminder.start': {'rule_id': rule},
            'practice.stripe.disconnect': {'company_id': company},
            'practice.stripe.event': {
                'provider_id': side['provider'].id,
                'event': f'evt_{company}_{client}',
                'kind': 'charge.updated',
                'object_reference': 'ch_1',
            },
            'practice.stripe.setup': {'company_id': company},
            'practice.tax.rate': {'company_id': company, 'tax_id': side['tax'].id},
        }
