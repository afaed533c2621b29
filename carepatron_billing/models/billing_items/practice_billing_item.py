from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date, format_datetime

# Attendance of sessions that did not take place; at most a fee is billed for them.
MISSED = ('no_show', 'late_cancelled', 'cancelled')

# What an invoice said cannot change below it.
FACTS = {
    'company_id',
    'client_id',
    'payer_id',
    'date',
    'service_id',
    'name',
    'code',
    'quantity',
    'price_unit',
    'currency_id',
    'tax_ids',
    'extra_tax_data',
}


class PracticeBillingItem(models.Model):
    _name = 'practice.billing.item'
    _description = "Billing Item"
    _inherit = ['mail.thread']
    _order = 'date desc, id desc'
    _check_company_auto = True

    name = fields.Char(
        string="Description",
        compute='_compute_from_service',
        store=True,
        readonly=False,
        required=True,
        precompute=True,
    )
    company_id = fields.Many2one(
        'res.company',
        string="Practice",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    client_id = fields.Many2one(
        'res.partner',
        required=True,
        index=True,
        ondelete='restrict',
        check_company=True,
        tracking=True,
    )
    payer_id = fields.Many2one(
        'res.partner',
        required=True,
        index=True,
        ondelete='restrict',
        check_company=True,
        tracking=True,
        compute='_compute_payer_id',
        store=True,
        readonly=False,
        precompute=True,
    )
    event_id = fields.Many2one(
        'calendar.event',
        string="Session",
        index='btree_not_null',
        ondelete='set null',
    )
    date = fields.Datetime(required=True, default=fields.Datetime.now, index=True)
    service_date = fields.Date(
        compute='_compute_service_date',
        store=True,
        precompute=True,
        help="The day of the session where the practice is.",
    )
    practitioner_id = fields.Many2one('res.users', index=True)
    service_id = fields.Many2one(
        'product.product',
        required=True,
        ondelete='restrict',
        check_company=True,
        domain=[('type', '=', 'service'), ('sale_ok', '=', True)],
    )
    code = fields.Char(
        compute='_compute_from_service',
        store=True,
        readonly=False,
        precompute=True,
    )
    quantity = fields.Float(digits='Product Unit', default=1.0, required=True)
    price_unit = fields.Float(
        string="Price",
        digits='Product Price',
        required=True,
        tracking=True,
        compute='_compute_price',
        store=True,
        readonly=False,
        precompute=True,
    )
    currency_id = fields.Many2one(
        'res.currency',
        required=True,
        compute='_compute_currency_id',
        store=True,
        readonly=False,
        precompute=True,
    )
    tax_ids = fields.Many2many(
        'account.tax',
        string="Taxes",
        check_company=True,
        compute='_compute_tax_ids',
        store=True,
        readonly=False,
        precompute=True,
        # A rate that was put away meanwhile stays with the work that it was recorded for.
        context={'active_test': False},
    )
    # Named as on Odoo's invoice lines, where it goes: a share's tax is what is left of the whole
    # session's, not what its own price would give.
    extra_tax_data = fields.Json()
    fiscal_position_id = fields.Many2one(
        'account.fiscal.position',
        check_company=True,
        compute='_compute_fiscal_position_id',
        store=True,
        precompute=True,
    )
    amount_untaxed = fields.Monetary(
        string="Without Tax",
        compute='_compute_amounts',
        store=True,
        precompute=True,
    )
    amount_tax = fields.Monetary(
        string="Tax",
        compute='_compute_amounts',
        store=True,
        precompute=True,
    )
    amount_total = fields.Monetary(
        string="Total",
        compute='_compute_amounts',
        store=True,
        precompute=True,
    )
    attendance = fields.Selection(
        [
            ('attended', "Attended"),
            ('no_show', "No-show"),
            ('late_cancelled', "Late cancellation"),
            ('cancelled', "Cancelled"),
        ],
        tracking=True,
        readonly=True,
    )
    confirm_reason = fields.Selection(
        [
            ('entered_late', "Entered in the calendar after it had begun"),
            ('possible_copy', "May be a copy of a session that is invoiced already"),
            ('session_gone', "Its session is no longer in the calendar"),
            ('attendance', "Nobody has said yet whether it took place"),
            ('late_decline', "Declined by the invitation, too late to be free of charge"),
        ],
        string="To Be Confirmed",
        readonly=True,
    )
    session_gone_at = fields.Datetime(
        string="Session Gone",
        readonly=True,
        help="When the session disappeared from the calendar.",
    )
    session_moved_to = fields.Datetime(
        compute='_compute_session_moved_to',
        help="Where the session is in the calendar, if it was moved after it was invoiced.",
    )
    waived = fields.Boolean(readonly=True)
    waive_reason = fields.Char(string="Not Billed Because", readonly=True, tracking=True)
    # Empty here: invoices say which items are on them.
    invoice_id = fields.Many2one('account.move', readonly=True, index=True)
    state = fields.Selection(
        [
            ('to_confirm', "To confirm"),
            ('unbilled', "Not invoiced"),
            ('invoiced', "Invoiced"),
            ('waived', "Waived"),
            ('not_billable', "Not billed"),
        ],
        compute='_compute_state',
        store=True,
        index=True,
        tracking=True,
    )
    is_paid = fields.Boolean(string="Paid", compute='_compute_is_paid')

    _session_unique = models.UniqueIndex(
        '(event_id, client_id, payer_id) WHERE event_id IS NOT NULL',
        "This client's session is waiting to be invoiced already.",
    )

    # === COMPUTE METHODS === #

    @api.depends('name', 'client_id', 'service_date')
    def _compute_display_name(self):
        for item in self:
            item.display_name = self.env._(
                "%(client)s, %(date)s",
                client=item.client_id.name or '',
                date=format_date(self.env, item.service_date) if item.service_date else '',
            )

    @api.depends('client_id')
    def _compute_payer_id(self):
        for item in self:
            item.payer_id = item.client_id

    @api.depends('date', 'company_id')
    def _compute_service_date(self):
        for item in self:
            item.service_date = item.date and item.company_id._billing_day(item.date)

    @api.depends('service_id', 'payer_id')
    def _compute_from_service(self):
        for item in self:
            service = item.service_id.with_context(lang=item.payer_id.lang or self.env.lang)
            item.name = service.name
            item.code = service.default_code

    @api.depends('payer_id', 'company_id')
    def _compute_fiscal_position_id(self):
        Position = self.env['account.fiscal.position']
        for company, items in self.grouped('company_id').items():
            for payer, payer_items in items.grouped('payer_id').items():
                payer_items.fiscal_position_id = Position.with_company(
                    company
                )._get_fiscal_position(payer)

    @api.depends('client_id', 'company_id')
    def _compute_currency_id(self):
        for item in self:
            item.currency_id = item._get_pricelist().currency_id or item.company_id.currency_id

    def _get_pricelist(self):
        return self.client_id.with_company(self.company_id).property_product_pricelist

    @api.depends('service_id', 'client_id', 'company_id', 'fiscal_position_id')
    def _compute_price(self):
        """Take the price of the client's pricelist, else the service's own; where prices include
        tax, adapt it to the payer's."""
        groups = defaultdict(self.browse)
        for item in self:
            groups[item.company_id, item._get_pricelist(), item.date] |= item
        for (company, pricelist, date), items in groups.items():
            currency = pricelist.currency_id or company.currency_id
            prices = pricelist.with_company(company)._get_products_price(
                items.service_id.with_company(company), 1.0, currency=currency, date=date
            )
            for item in items:
                item.price_unit = item.service_id._get_tax_included_unit_price_from_price(
                    prices.get(item.service_id.id, 0.0),
                    item.service_id.taxes_id._filter_taxes_by_company(company),
                    fiscal_position=item.fiscal_position_id,
                )

    @api.depends('service_id', 'company_id', 'fiscal_position_id')
    def _compute_tax_ids(self):
        for item in self:
            taxes = item.service_id.taxes_id._filter_taxes_by_company(item.company_id)
            item.tax_ids = item.fiscal_position_id.map_tax(taxes)

    @api.depends(
        'price_unit',
        'quantity',
        'tax_ids',
        'currency_id',
        'service_id',
        'payer_id',
        'extra_tax_data',
    )
    def _compute_amounts(self):
        Tax = self.env['account.tax']
        for item in self:
            base_line = item._prepare_base_line()
            Tax._add_tax_details_in_base_line(base_line, item.company_id)
            Tax._round_base_lines_tax_details([base_line], item.company_id)
            details = base_line['tax_details']
            item.amount_untaxed = details['total_excluded_currency']
            item.amount_total = details['total_included_currency']
            item.amount_tax = item.amount_total - item.amount_untaxed

    def _prepare_base_line(self) -> dict:
        """Return this item as Odoo's tax engine takes it."""
        return self.env['account.tax']._prepare_base_line_for_taxes_computation(
            self,
            partner_id=self.payer_id,
            product_id=self.service_id,
            currency_id=self.currency_id or self.company_id.currency_id,
            rate=1.0,
        )

    @api.depends('invoice_id', 'waived', 'attendance', 'is_fee', 'confirm_reason')
    def _compute_state(self):
        for item in self:
            if item.invoice_id:
                item.state = 'invoiced'
            elif item.waived:
                item.state = 'waived'
            elif item.attendance in MISSED and not item.is_fee:
                item.state = 'not_billable'
            elif item.confirm_reason:
                item.state = 'to_confirm'
            else:
                item.state = 'unbilled'

    @api.depends('date', 'state', 'event_id.start', 'event_id.allday')
    def _compute_session_moved_to(self):
        invoiced = self.filtered(lambda item: item.state == 'invoiced' and item.event_id)
        facts = invoiced.event_id._billing_facts()
        for item in self:
            moved = item in invoiced and facts[item.event_id].date
            item.session_moved_to = moved if moved != item.date else False

    @api.depends('invoice_id.payment_state')
    def _compute_is_paid(self):
        for item in self:
            item.is_paid = item.sudo().invoice_id.payment_state in ('paid', 'in_payment')

    # === CRUD METHODS === #

    def write(self, vals):
        if FACTS & vals.keys() and 'invoiced' in self.mapped('state'):
            raise UserError(
                self.env._(
                    "This session is on an invoice. Credit the invoice first, then change it."
                )
            )
        return super().write(vals)

    # === ACTION METHODS === #

    def action_billing_confirm(self):
        """Confirm that these sessions took place and are to be billed."""
        self.confirm_reason = False

    def action_billing_waive(self):
        """Ask for the reason why these items are not billed."""
        self._check_waivable()
        action = self.env['ir.actions.act_window']._for_xml_id(
            'carepatron_billing.practice_billing_waive_action'
        )
        return {**action, 'context': {'default_item_ids': self.ids}}

    def action_billing_unwaive(self):
        """Bill these items after all."""
        self.write({'waived': False, 'waive_reason': False})

    # === BUSINESS METHODS === #

    def _waive(self, reason: str):
        """Leave these items unbilled.

        :param reason: why
        """
        self._check_waivable()
        self.write({'waived': True, 'waive_reason': reason})

    def _check_waivable(self):
        if self.filtered(lambda item: item.state == 'invoiced'):
            raise UserError(self.env._("An invoiced session cannot be waived. Credit it instead."))

    def _get_label(self) -> str:
        """Return words that name this item on screen and say nothing of the service."""
        tz = self.company_id._billing_zone().key
        return f"{self.client_id.name}, {format_datetime(self.env, self.date, tz=tz)}"
