from datetime import timedelta

from odoo import api, fields, models
from odoo.api import SUPERUSER_ID
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools.actions import notification

# Who looks at the same page again within this time is not noted again.
SAME_VISIT = timedelta(hours=1)


class PracticeAuditLog(models.Model):
    """Who did what with invoices, cards and settings.

    Rows are written in the transaction of the act, by the addon alone. They refer to their record
    without holding it: it may be deleted, its name stays; and whoever books a payment never waits
    for somebody who merely looks at an invoice.
    """

    _name = 'practice.audit.log'
    _description = "Audit Log"
    _order = 'date desc, id desc'
    _rec_name = 'name'

    date = fields.Datetime(
        string="When", required=True, readonly=True, default=fields.Datetime.now, index=True
    )
    actor = fields.Selection(
        [
            ('user', "Staff"),
            ('portal', "Client by login"),
            ('link', "Somebody with the link"),
            ('system', "By itself"),
        ],
        string="Kind of Person",
        required=True,
        readonly=True,
    )
    user_id = fields.Many2one('res.users', readonly=True, ondelete='set null', index=True)
    user_name = fields.Char(string="Name", readonly=True, help="As it was then.")
    act = fields.Selection(
        [
            ('issue', "Issued"),
            ('page', "Opened the page"),
            ('document', "Opened the document"),
            ('link', "Sent a payment link"),
            ('invoice', "Sent the invoice"),
            ('reminder', "Sent a reminder"),
            ('receipt', "Sent a receipt"),
            ('revoke', "Revoked a link"),
            ('card_saved', "Saved a card"),
            ('card_removed', "Removed a card"),
            ('autopay', "Changed autopay"),
            ('charge', "Asked a card to pay"),
            ('payment', "Booked a payment"),
            ('refund', "Refunded"),
            ('correct', "Corrected"),
            ('undo', "Undone"),
            ('waive', "Waived"),
            ('unwaive', "Billed after all"),
            ('email', "Corrected an e-mail address"),
            ('settings', "Changed settings"),
            ('role', "Changed roles"),
            ('export', "Exported"),
            ('anonymise', "Anonymised"),
        ],
        string="What",
        required=True,
        readonly=True,
        index=True,
    )
    res_model = fields.Char(string="Kind of Record", required=True, readonly=True)
    res_id = fields.Many2oneReference(string="Record ID", model_field='res_model', readonly=True)
    name = fields.Char(string="On", readonly=True, help="The record's name, as it was then.")
    partner_ref = fields.Integer(string="Client ID", readonly=True, aggregator=None)
    partner_name = fields.Char(string="Client", readonly=True, help="As it was then.")
    detail = fields.Char(string="Details", readonly=True)
    who = fields.Char(compute='_compute_who')
    company_id = fields.Many2one(
        'res.company', string="Practice", required=True, readonly=True, index=True
    )

    _record_idx = models.Index('(res_model, res_id, date)')
    _partner_idx = models.Index('(partner_ref) WHERE partner_ref <> 0')

    # === COMPUTE METHODS === #

    @api.depends('actor', 'user_name')
    def _compute_who(self):
        kinds = dict(self._fields['actor']._description_selection(self.env))
        for row in self:
            row.who = row.user_name or kinds[row.actor]

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Override: rows are written by what they tell of, never by hand.

        :raise AccessError: if somebody writes one
        """
        if not self.env.su:
            raise AccessError(self.env._("The audit log is written by itself."))
        return super().create(vals_list)

    def write(self, vals):
        """Override: what happened stays as it was told, for whoever asks and by whatever way.

        :raise AccessError: always, but to an administrator of the database
        """
        self._check_administrator()
        return super().write(vals)

    def unlink(self):
        """Override: see `write`."""
        self._check_administrator()
        return super().unlink()

    def _check_administrator(self):
        if not self.env.user.has_group('base.group_system'):
            raise AccessError(self.env._("The audit log cannot be changed."))

    # === ACTION METHODS === #

    def action_open_record(self) -> dict:
        """Show the record that a row tells of, if it is still there."""
        self.ensure_one()
        self.check_access('read')
        record = self.res_model in self.env and self.env[self.res_model].browse(self.res_id)
        if not record or not record.exists():
            return notification(self.env._("There is nothing to show, or not any more."), 'info')
        if self.res_model == 'account.move':
            return record._billing_action_open()
        return record.get_formview_action()

    @api.model
    def _action_of(self, records) -> dict:
        """Return the action that shows the rows of records; a contact's include its invoices'."""
        domain = Domain('res_model', '=', records._name) & Domain('res_id', 'in', records.ids)
        if records._name == 'res.partner':
            domain |= Domain('partner_ref', 'in', records.ids)
        action = self.env['ir.actions.act_window']._for_xml_id(
            'carepatron_billing.practice_audit_log_action'
        )
        return {**action, 'domain': list(domain)}

    # === BUSINESS METHODS === #

    @api.model
    def _note(self, act: str, records, details=""):
        """Note what is being done with records, by one query for all of them.

        :param act: a value of `act`
        :param records: recordset of any model; empty, nothing is noted
        :param details: what is told beside, neutrally: no service, no note, no secret; for all of
            them, or by record
        :type details: str | dict
        """
        # While the addon is being installed nobody does anything.
        if not records or not self.env.registry.ready:
            return
        who = self._who()
        self.sudo().create(
            [
                {
                    **who,
                    **self._facts_of(record),
                    'act': act,
                    'detail': details.get(record, "") if isinstance(details, dict) else details,
                }
                for record in records
            ]
        )

    @api.model
    def _note_opened(self, act, records):
        """Note that somebody looks at records, once for each visit."""
        if not records:
            return
        who = self._who()
        rows = self.sudo().search_fetch(
            Domain('res_model', '=', records._name)
            & Domain('res_id', 'in', records.ids)
            & Domain('date', '>', fields.Datetime.now() - SAME_VISIT)
            & Domain('act', '=', act)
            & Domain('actor', '=', who['actor'])
            & Domain('user_id', '=', who['user_id']),
            ['res_id'],
        )
        known = set(rows.mapped('res_id'))
        self._note(act, records.filtered(lambda record: record.id not in known))

    def _who(self):
        """Return who acts; of somebody with a link, nothing is kept but that."""
        user = self.env.user
        if user.id == SUPERUSER_ID:
            actor = 'system'
        elif not user.share:
            actor = 'user'
        elif not user._is_public():
            actor = 'portal'
        else:
            actor = 'link' if self.env.context.get('billing_by_link') else 'system'
        is_person = actor in ('user', 'portal')
        return {
            'actor': actor,
            'user_id': is_person and user.id,
            'user_name': is_person and user.sudo().name,
        }

    def _facts_of(self, record):
        """Return what a row keeps of a record: which it is, whose, and of which practice."""
        record = record.sudo()
        fields_of = record._fields
        names = ('billing_client_id', 'client_id', 'partner_id', 'payer_id')
        partners = (record[name] for name in names if name in fields_of)
        partner = record if record._name == 'res.partner' else next(filter(None, partners), None)
        company = record if record._name == 'res.company' else None
        if company is None and 'company_id' in fields_of:
            company = record.company_id
        if record._name in ('res.users', 'res.company'):
            partner = None
        return {
            'res_model': record._name,
            'res_id': record.id,
            'name': record._audit_name(),
            'partner_ref': partner.id if partner else 0,
            'partner_name': partner and partner.name,
            'company_id': (company or self.env.company).id,
        }

    def _forget_partner(self, partner: models.Model, new_name: str):
        """Take a client's name out of the log; that and when something was done stays.

        Told to the database, which keeps rows from changing for nobody.

        :param partner: who is anonymised
        :param new_name: what is told instead
        """
        self.env.cr.execute(
            SQL(
                """
                UPDATE practice_audit_log
                   SET partner_name = %(new)s,
                       name = CASE WHEN name = partner_name THEN %(new)s ELSE name END,
                       detail = CASE WHEN act = 'charge' THEN NULL ELSE detail END
                 WHERE partner_ref = %(id)s
                """,
                new=new_name,
                id=partner.id,
            )
        )
        self.invalidate_model(['partner_name', 'name', 'detail'])

    def _merge_contacts(self, sources: models.Model, destination):
        """Let the log follow contacts that turn out to be one person.

        :param sources: merged into `destination`
        """
        self.env.cr.execute(
            SQL(
                """
                UPDATE practice_audit_log SET partner_ref = %(new)s WHERE partner_ref IN %(old)s
                """,
                new=destination.id,
                old=tuple(sources.ids),
            )
        )


class Base(models.AbstractModel):
    _inherit = 'base'

    def _audit_name(self) -> str:
        """Return what the audit log calls a record; never what a client came for."""
        return self.display_name

    def export_data(self, fields_to_export):
        """Override of `base` to note who exports what belongs to billing."""
        result = super().export_data(fields_to_export)
        if self._name.startswith('practice.') or self._name in (
            'account.move',
            'account.move.line',
            'account.payment',
            'payment.transaction',
            'res.partner',
        ):
            log_sudo = self.env['practice.audit.log'].sudo()
            log_sudo.create(
                {
                    **log_sudo._who(),
                    'act': 'export',
                    'res_model': self._name,
                    'name': self._description,
                    'company_id': self.env.company.id,
                    'detail': self.env._("%s records", len(self)),
                }
            )
        return result
