from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

GROUP = 'carepatron_billing.group_practitioner'


class ResPartner(models.Model):
    _inherit = 'res.partner'

    billing_service_id = fields.Many2one(
        'product.product',
        string="Usual Service",
        company_dependent=True,
        domain=[('type', '=', 'service'), ('sale_ok', '=', True)],
        groups=GROUP,
        help="Offered for new sessions with this client or practitioner.",
    )
    billing_share_ids = fields.One2many(
        'practice.payer.share',
        'client_id',
        string="Who Pays",
        groups='carepatron_billing.group_front_desk',
    )
    billing_shows_sessions = fields.Boolean(
        string="Other Payers See the Sessions",
        copy=False,
        groups='carepatron_billing.group_front_desk',
        help="For whoever is billed for this client without a share of their own.",
    )
    billing_unbilled_count = fields.Integer(
        string="Not Invoiced",
        compute='_compute_billing_unbilled_count',
        groups=GROUP,
        help="Sessions of this client, or paid by this contact, that wait to be invoiced.",
    )
    billing_invoice_count = fields.Integer(
        string="Client Invoices",
        compute='_compute_billing_invoices',
        groups=GROUP,
    )
    billing_due = fields.Monetary(
        string="Balance Due",
        compute='_compute_billing_invoices',
        currency_field='billing_currency_id',
        groups=GROUP,
    )
    billing_overdue = fields.Monetary(
        string="Overdue",
        compute='_compute_billing_invoices',
        currency_field='billing_currency_id',
        groups=GROUP,
        help="What should have been paid before today.",
    )
    billing_currency_id = fields.Many2one(
        'res.currency',
        compute='_compute_billing_invoices',
        groups=GROUP,
    )

    # === COMPUTE METHODS === #

    @api.depends_context('uid', 'allowed_company_ids')
    def _compute_billing_unbilled_count(self):
        counts = {}
        for client, payer, count in self.env['practice.billing.item']._read_group(
            self._get_billing_unbilled_domain(),
            ['client_id', 'payer_id'],
            ['__count'],
        ):
            for partner in client | payer:
                counts[partner.id] = counts.get(partner.id, 0) + count
        for partner in self:
            partner.billing_unbilled_count = counts.get(partner._origin.id, 0)

    @api.depends_context('uid', 'allowed_company_ids')
    def _compute_billing_invoices(self):
        """Count whom the invoices are for, add up what is to be paid by whom."""
        Move = self.env['account.move']
        counts, due, overdue = {}, {}, {}
        issued = Domain(self._get_billing_invoices_domain())
        for client, payer, count in Move._read_group(
            issued, ['billing_client_id', 'partner_id'], ['__count']
        ):
            for partner in client | payer:
                counts[partner.id] = counts.get(partner.id, 0) + count
        open_moves = issued & Domain('partner_id', 'in', self.ids)
        # Credit is told apart from it.
        for partner, total in Move._read_group(
            open_moves & Domain('move_type', '=', 'out_invoice'),
            ['partner_id'],
            ['amount_residual_signed:sum'],
        ):
            due[partner.id] = total
        late = Domain.OR(
            Domain('company_id', '=', company.id)
            & Domain('invoice_date_due', '<', company._billing_today())
            for company in self.env.companies
        )
        for partner, total in Move._read_group(
            open_moves & late & Domain('move_type', '=', 'out_invoice'),
            ['partner_id'],
            ['amount_residual_signed:sum'],
        ):
            overdue[partner.id] = total
        for partner in self:
            partner_id = partner._origin.id
            partner.billing_invoice_count = counts.get(partner_id, 0)
            partner.billing_due = due.get(partner_id, 0.0)
            partner.billing_overdue = overdue.get(partner_id, 0.0)
            partner.billing_currency_id = self.env.company.currency_id

    # === ACTION METHODS === #

    def action_billing_unbilled(self):
        """Show the client's sessions that wait to be invoiced."""
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id(
            'carepatron_billing.practice_billing_item_action'
        )
        return {**action, 'domain': self._get_billing_unbilled_domain(), 'context': {}}

    def action_billing_invoices(self):
        """Show the invoices that the client pays."""
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id(
            'carepatron_billing.account_move_billing_action'
        )
        return {
            **action,
            'domain': self._get_billing_invoices_domain(),
            'context': {'default_move_type': 'out_invoice', 'default_billing_client_id': self.id},
        }

    def action_billing_overdue(self):
        """Show the invoices that the client should have paid before today."""
        action = self.action_billing_invoices()
        return {
            **action,
            'domain': [
                ('partner_id', 'in', self.ids),
                ('billing_status', 'in', ('overdue',)),
            ],
        }

    def action_billing_new_invoice(self):
        """Begin an invoice for this client; the form offers what is not invoiced yet.

        :rtype: dict
        """
        self.ensure_one()
        return self.env['account.move'].action_billing_new(self)

    def action_billing_send_link(self):
        """Open the dialog that sends one link for everything that the payer owes the practice.

        Of several currencies, it is the practice's own if something is due in it.

        :rtype: dict
        :raise UserError: if nothing is due.
        """
        self.ensure_one()
        if not self.env.user.has_group('carepatron_billing.group_front_desk'):
            raise AccessError(self.env._("Only the front desk sends a link for everything due."))
        company = self.env.company
        due = self._billing_due_by_currency(company)
        if not due:
            raise UserError(self.env._("Nothing is due from %s.", self.name))
        currency = company.currency_id if company.currency_id in due else next(iter(due))
        return self._billing_link_dialog(company, currency)

    # === BUSINESS METHODS === #

    def _billing_due_by_currency(self, company):
        """Return what this payer owes a company, in each currency.

        :rtype: dict[res.currency, float]
        """
        return dict(
            self.env['account.move']._read_group(
                self.env['practice.payment.link']._get_open_domain(self, company),
                ['currency_id'],
                ['amount_residual:sum'],
            )
        )

    def _billing_link_dialog(self, company, currency):
        """Return the action of the dialog that sends the link for what is due in a currency."""
        action = self.env['ir.actions.act_window']._for_xml_id(
            'carepatron_billing.practice_payment_link_send_action'
        )
        link = self.env['practice.payment.link']._for_payer(self, company, currency)
        return {**action, 'context': {'default_link_id': link.id}}

    def _billing_can_correct_email(self):
        """Return whether a dialog may correct where this payer's bills go.

        Whoever holds the address of a login can have a new password mailed to it, and whoever
        holds a company's speaks in its name. Neither is a bill's business.

        :rtype: bool
        """
        self.ensure_one()
        if not self.has_access('read'):
            return False
        partner_sudo = self.sudo().with_context(active_test=False)
        users_sudo = partner_sudo.user_ids
        if any(not user.share for user in users_sudo) or partner_sudo.ref_company_ids:
            return False
        # Of a client's login, only who may edit the contact itself changes the address.
        return not users_sudo or self.has_access('write')

    def _billing_correct_email(self, email):
        """Correct where this payer's bills go, for whoever may bill the payer.

        :param str email: normalized
        :raise UserError: if the address is that of a login or a company, see
            `_billing_can_correct_email`
        """
        if not self._billing_can_correct_email():
            raise UserError(
                self.env._(
                    "The e-mail address of %s cannot be changed here: it belongs to a login or to"
                    " the practice. Untick Keep for next time to send without changing it.",
                    self.name,
                )
            )
        has_login = self.sudo().with_context(active_test=False).user_ids
        (self if has_login else self.sudo()).email = email

    def _get_billing_unbilled_domain(self):
        return list(
            Domain('state', 'in', ('to_confirm', 'unbilled'))
            & (Domain('client_id', 'in', self.ids) | Domain('payer_id', 'in', self.ids))
        )

    def _get_billing_invoices_domain(self):
        return [
            ('move_type', 'in', ('out_invoice', 'out_refund')),
            ('state', '=', 'posted'),
            ('company_id', 'in', self.env.companies.ids),
            '|',
            ('billing_client_id', 'in', self.ids),
            ('partner_id', 'in', self.ids),
        ]
