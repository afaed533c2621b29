from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tools import format_date

from ...const import FRONT_DESK
from ...tools.concurrency import claim


class AccountMove(models.Model):
    """+ New invoice: what the front desk's own form needs, and the page that it becomes."""

    _inherit = 'account.move'

    billing_client_id = fields.Many2one(
        'res.partner',
        string="Client",
        index='btree_not_null',
        check_company=True,
        help="Whom the invoice is for. Somebody else may pay it.",
    )
    billing_offer = fields.Json(
        compute='_compute_billing_offer',
        groups='base.group_user',
        help="The client's sessions that wait to be invoiced, and which of them are on it.",
    )

    # === COMPUTE METHODS === #

    def _compute_invoice_default_sale_person(self):
        """Override of `account`: who writes an invoice at the desk has not held the session."""
        ours = self.filtered('billing_client_id')
        result = super(AccountMove, self - ours)._compute_invoice_default_sale_person()
        for move in ours:
            move.invoice_user_id = move.invoice_user_id
        return result

    @api.depends('billing_client_id', 'partner_id', 'currency_id', 'state', 'invoice_line_ids')
    @api.depends_context('lang', 'uid')
    def _compute_billing_offer(self):
        for move in self:
            move.billing_offer = move._billing_offer() if move.state == 'draft' else False

    def _billing_offer(self) -> list[dict]:
        """Return what the form offers to add.

        :return: `id`, `date`, `name`, `amount` and whether it is `picked`, for each session
        """
        picked = self.invoice_line_ids.billing_item_id._origin
        # What is on an invoice, those may see who may see the invoice.
        items_sudo = (picked | self._billing_waiting_items()).sudo()
        return [
            {
                'id': item.id,
                'date': format_date(self.env, item.service_date),
                'name': item.name,
                'amount': item.currency_id.format(item.amount_total),
                'picked': item in picked,
            }
            for item in items_sudo.sorted(lambda item: (item.date, item.id))
        ]

    def _billing_waiting_items(self):
        """Return the sessions that could be on this invoice and are on none."""
        items = self.env['practice.billing.item']
        client, payer = self.billing_client_id._origin, self.partner_id._origin
        if not client or not payer or not items.has_access('read'):
            return items
        return items.search(
            Domain('state', '=', 'unbilled')
            & Domain('client_id', '=', client.id)
            & Domain('payer_id', '=', payer.id)
            & Domain('company_id', '=', self.company_id.id)
            & Domain('currency_id', '=', self.currency_id.id)
        )

    # === ONCHANGE METHODS === #

    @api.onchange('billing_client_id')
    def _onchange_billing_client_id(self):
        """Bill whoever usually pays for this client, at the client's prices."""
        client = self.billing_client_id
        if not client or self.state != 'draft':
            return
        company = self.company_id or self.env.company
        self.invoice_date = self.invoice_date or company._billing_today()
        waiting = self.env['practice.billing.item'].search(
            Domain('state', '=', 'unbilled')
            & Domain('client_id', '=', client._origin.id)
            & Domain('company_id', '=', company.id)
        )
        self.partner_id = self._billing_usual_payer(client._origin, waiting, company)
        pricelist = client.with_company(company).property_product_pricelist
        currency = waiting.currency_id[:1] or pricelist.currency_id or company.currency_id
        if not self.invoice_line_ids.billing_item_id:
            self.currency_id = currency
        self.invoice_line_ids -= self.invoice_line_ids.filtered(
            lambda line: line.billing_item_id and line.billing_item_id.client_id != client._origin
        )
        self.invoice_line_ids._billing_take_from_service()

    @api.model
    def _billing_usual_payer(self, client, waiting, company):
        """Return who is asked for what a client owes beside the shares of others."""
        if waiting:
            return client if client in waiting.payer_id else waiting.payer_id[0]
        share_sudo = client.sudo().billing_share_ids.filtered(
            lambda share: share.company_id == company and share.kind == 'remainder'
        )
        return share_sudo.payer_id[:1].sudo(self.env.su) or client

    @api.onchange('partner_id')
    def _onchange_billing_payer(self):
        if not self.billing_client_id or self.state != 'draft':
            return
        company = self.company_id or self.env.company
        if not self.invoice_payment_term_id:
            self.invoice_payment_term_id = company.billing_payment_term_id
        payer = self.partner_id._origin
        self.invoice_line_ids -= self.invoice_line_ids.filtered(
            lambda line: line.billing_item_id and line.billing_item_id.payer_id != payer
        )
        self.invoice_line_ids._billing_take_from_service(('tax_ids',))

    @api.onchange('billing_offer')
    def _onchange_billing_offer(self):
        """Put the sessions that were ticked onto the invoice, take the others off."""
        if self.state != 'draft' or not isinstance(self.billing_offer, list):
            return
        picked = self.env['practice.billing.item'].browse(
            [entry['id'] for entry in self.billing_offer if entry['picked']]
        )
        lines = self.invoice_line_ids.filtered('billing_item_id')
        new = (picked & self._billing_waiting_items()) - lines.billing_item_id._origin
        self.invoice_line_ids -= lines.filtered(
            lambda line: line.billing_item_id._origin not in picked
        )
        # A line that was begun and has no service yet is in the way.
        self.invoice_line_ids -= self.invoice_line_ids.filtered(
            lambda line: line.display_type == 'product' and not line.product_id and not line.name
        )
        self.invoice_line_ids = [
            Command.create(item._prepare_invoice_line())
            for item in new.sorted(lambda item: (item.date, item.id))
        ]
        for line in self.invoice_line_ids.filtered(lambda line: line.billing_item_id in new):
            # A line that is not stored yet is filled from its service once more.
            line.update(line.billing_item_id._origin._prepare_invoice_line())
        practitioners = self.invoice_line_ids.billing_item_id.practitioner_id
        if new and len(practitioners) == 1:
            self.invoice_user_id = practitioners

    # === ACTION METHODS === #

    @api.model
    def action_billing_new(self, client: models.Model | None = None) -> dict:
        """Open the form of a new invoice.

        :param client: whom it is for, if that is known
        """
        action = self.env['ir.actions.act_window']._for_xml_id(
            'carepatron_billing.account_move_billing_new_action'
        )
        context = {
            'default_move_type': 'out_invoice',
            'default_invoice_date': fields.Date.to_string(self.env.company._billing_today()),
        }
        if client:
            context['default_billing_client_id'] = client.id
        return {**action, 'context': context}

    def action_billing_create(self):
        """Issue this draft.

        :raise UserError: if something is missing; it says what
        """
        self.ensure_one()
        self._billing_check_group(FRONT_DESK)
        claim(self)
        move_sudo = self.sudo()
        if move_sudo.state != 'draft':
            return True
        self._billing_check_complete()
        if not move_sudo.invoice_date:
            move_sudo.invoice_date = move_sudo.company_id._billing_today()
        move_sudo._post(soft=False)
        return True

    def action_billing_discard(self) -> dict:
        """Throw this draft away; its sessions wait again.

        :raise UserError: if it was issued before
        """
        self.ensure_one()
        self._billing_check_group(FRONT_DESK)
        if self.state != 'draft' or self.posted_before:
            raise UserError(self.env._("Only a draft that was never issued can be thrown away."))
        self.unlink()
        return self.env['ir.actions.act_window']._for_xml_id(
            'carepatron_billing.account_move_billing_action'
        )

    # === BUSINESS METHODS === #

    def _billing_check_complete(self):
        """Raise a `UserError` that says what is missing before the invoice can be issued."""
        lines = self.invoice_line_ids.filtered(lambda line: line.display_type == 'product')
        if not self.partner_id:
            raise UserError(self.env._("Choose the client first."))
        if not lines:
            raise UserError(
                self.env._("Add a service first, or one of the client's sessions. Then create it.")
            )
        unnamed = lines.filtered(lambda line: not line.product_id and not line.name)
        if unnamed:
            raise UserError(self.env._("Choose a service in each line, or remove the line."))
        if self.currency_id.compare_amounts(self.amount_total, 0.0) <= 0:
            raise UserError(
                self.env._("The total is not more than zero. Enter the price of each service.")
            )
