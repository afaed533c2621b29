from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ...tools.concurrency import claim


class PracticeBillingItem(models.Model):
    """How items come on invoices."""

    _inherit = 'practice.billing.item'

    invoice_line_ids = fields.One2many(
        'account.move.line',
        'billing_item_id',
        string="Invoice Lines",
        readonly=True,
    )
    invoice_id = fields.Many2one(compute='_compute_invoice_id', store=True)

    # === COMPUTE METHODS === #

    @api.depends('invoice_line_ids.billing_is_live')
    def _compute_invoice_id(self):
        for item in self:
            item.invoice_id = item.invoice_line_ids.filtered('billing_is_live').move_id[:1]

    # === ACTION METHODS === #

    def action_billing_invoice(self) -> dict:
        """Invoice these items and show their invoices.

        :return: the action that opens the invoices, also those that somebody else made meanwhile
        :raise UserError: if something is missing for an invoice; it says what
        """
        self.check_access('write')
        self._invoice()
        return self.invoice_id._billing_action_open()

    def action_billing_open_invoice(self):
        """Show the invoice of this item."""
        return self.invoice_id._billing_action_open()

    # === BUSINESS METHODS === #

    def _invoice(self, mode: str = 'payer', **values):
        """Put these items on posted invoices: one for each payer, practice and currency.

        Items that are invoiced already, by somebody else a moment ago too, are left alone.
        The caller answers for the right to do so.

        :param mode: see `_group_for_invoices`
        :param values: further ones of the invoices; without a date, they are of the practice's
            today
        :return: the new invoices
        :raise UserError: if something is missing for an invoice; it says what
        """
        claim(self)
        items_sudo = self.sudo().filtered(lambda item: item.state != 'invoiced')
        items_sudo._check_invoiceable()
        # Odoo notes each new invoice, and each item that is invoiced, by itself and with several
        # queries; here the invoices are noted at once, and an item shows its invoice.
        items_sudo = items_sudo.with_context(tracking_disable=True)
        moves_sudo = self.env['account.move'].sudo().with_context(tracking_disable=True)
        for company, company_items_sudo in items_sudo.grouped('company_id').items():
            journals_sudo = company_items_sudo._get_sales_journals(company)
            groups = company_items_sudo._group_for_invoices(mode)
            moves_sudo |= moves_sudo.with_company(company).create(
                [
                    {
                        **items._prepare_invoice(),
                        **values,
                        'journal_id': journals_sudo.sorted(
                            lambda journal, currency=currency: journal.currency_id != currency
                        )[0].id,
                    }
                    for (_company, _payer, currency, _session), items in groups.items()
                ]
            )
        items_sudo._recompute_recordset(['state'])
        moves_sudo.with_context(billing_last_sequences={})._post(soft=False)
        moves = self.env['account.move'].browse(moves_sudo.ids)
        note = self.env._("Invoice created")
        moves.sudo()._message_log_batch(bodies=dict.fromkeys(moves.ids, note))
        return moves

    def _group_for_invoices(self, mode: str = 'payer') -> dict[tuple, models.BaseModel]:
        """Return the items of each invoice.

        :param mode: `payer`: one for each payer; `session`: one for each payer and session
        """
        return self.sorted(lambda item: (item.date, item.id)).grouped(
            lambda item: (
                item.company_id,
                item.payer_id,
                item.currency_id,
                (item.event_id or item) if mode == 'session' else None,
            )
        )

    def _check_invoiceable(self):
        """Raise a `UserError` that names the items which cannot be invoiced, and the remedy."""

        def check(items, message):
            if items:
                raise UserError("\n".join([message, *(f"- {item._get_label()}" for item in items)]))

        check(
            self.filtered(lambda item: item.state == 'to_confirm'),
            self.env._("Confirm these sessions first; they were entered after they had begun:"),
        )
        check(
            self.filtered(lambda item: item.state != 'unbilled'),
            self.env._("These sessions are waived or cancelled. Bill them again first:"),
        )
        check(
            self.filtered(lambda item: item.currency_id.is_zero(item.price_unit)),
            self.env._(
                "These sessions have no price. Set the price of their service, or on the session:"
            ),
        )

    @api.model
    def _get_sales_journals(self, company):
        """Return the journals in which a practice's invoices may be, the usual one first.

        :raise UserError: if there is none
        """
        Journal = self.env['account.journal']
        journals = Journal.search([*Journal._check_company_domain(company), ('type', '=', 'sale')])
        if not journals:
            raise UserError(
                self.env._(
                    "%s cannot issue invoices yet. Ask your accountant to add a sales journal.",
                    company.name,
                )
            )
        return journals

    def _prepare_invoice(self) -> dict:
        """Return the values of the one invoice of these items."""
        company, payer = self.company_id, self.payer_id
        practitioners = self.practitioner_id
        term = (
            payer.with_company(company).property_payment_term_id or company.billing_payment_term_id
        )
        # Where the items disagree, Odoo finds the payer's fiscal position anew.
        positions = {item.fiscal_position_id.id for item in self}
        agreed = {'fiscal_position_id': positions.pop()} if len(positions) == 1 else {}
        return {
            **agreed,
            'move_type': 'out_invoice',
            'company_id': company.id,
            'billing_client_id': self.client_id.id if len(self.client_id) == 1 else False,
            'partner_id': payer.id,
            'currency_id': self.currency_id.id,
            'invoice_date': company._billing_today(),
            'invoice_payment_term_id': term.id,
            'invoice_user_id': practitioners.id if len(practitioners) == 1 else False,
            'invoice_line_ids': [
                Command.create(item._prepare_invoice_line())
                for item in self.sorted(lambda item: (item.date, item.id))
            ],
        }

    def _prepare_invoice_line(self) -> dict:
        """Return the values of this item's line on an invoice."""
        return {
            'billing_item_id': self.id,
            'billing_service_date': self.service_date,
            'billing_code': self.code,
            'product_id': self.service_id.id,
            'name': self._get_line_name(),
            'quantity': self.quantity,
            'price_unit': self.price_unit,
            'tax_ids': [Command.set(self.tax_ids.ids)],
            'extra_tax_data': self.extra_tax_data,
        }

    def _get_line_name(self) -> str:
        """Return what the invoice says: to somebody who pays for a client, also for whom."""
        if self.payer_id == self.client_id:
            return self.name
        return f"{self.name}\n{self.client_id.name}"

    def _drop(self):
        """Override to keep what was invoiced once and credited."""
        credited = self.filtered('invoice_line_ids')
        credited.attendance = 'cancelled'
        return super(PracticeBillingItem, self - credited)._drop()
