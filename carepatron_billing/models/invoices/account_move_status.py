from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

# What Odoo calls settled; everything else that is posted still waits for money.
SETTLED = {'paid': 'paid', 'in_payment': 'paid', 'reversed': 'credited'}
UNPAID_STATES = ('not_paid', 'partial')
# Invoices that wait for money, those of which a part was paid too.
UNPAID = [
    ('move_type', '=', 'out_invoice'),
    ('state', '=', 'posted'),
    ('payment_state', 'in', UNPAID_STATES),
]
UNDER_WAY = ('pending', 'authorized')
# Transactions that bring money, by whatever online provider.
ON_ITS_WAY = Domain('provider_id', 'any!', Domain('code', 'not in', ('none', 'custom'))) & (
    Domain('state', 'in', UNDER_WAY)
    # The money is there, and the invoice does not know it yet.
    | (
        Domain('state', '=', 'done')
        & Domain('is_post_processed', '=', False)
        & Domain('operation', '!=', 'refund')
    )
)


class AccountMove(models.Model):
    """How an invoice stands, in the front desk's words. Nothing of it is stored.

    Here is what the ledger says; rooms put in its place what they know better.
    """

    _inherit = 'account.move'

    billing_status = fields.Selection(
        [
            ('draft', "Draft"),
            ('unpaid', "Not sent"),
            ('partial', "Part paid"),
            ('processing', "Processing"),
            ('overdue', "Overdue"),
            ('paid', "Paid"),
            ('credited', "Credited"),
            ('cancelled', "Cancelled"),
        ],
        compute='_compute_billing_status',
        search='_search_billing_status',
        help="How the invoice stands, in the front desk's words.",
    )

    @api.depends(
        'company_id',
        'invoice_date_due',
        'payment_state',
        'state',
        'transaction_ids.state',
    )
    def _compute_billing_status(self):
        today = {company: company._billing_today() for company in self.company_id}
        for move in self:
            move.billing_status = move._billing_status(today.get(move.company_id))

    def _billing_status(self, today):
        if self.state in ('draft', 'cancel'):
            return 'draft' if self.state == 'draft' else 'cancelled'
        if self.move_type == 'out_refund':
            return 'credited'
        if self.payment_state in SETTLED:
            return SETTLED[self.payment_state]
        if self._billing_is_processing():
            return 'processing'
        if (
            self.move_type == 'out_invoice'
            and self.invoice_date_due
            and self.invoice_date_due < today
        ):
            return 'overdue'
        return 'partial' if self.payment_state == 'partial' else 'unpaid'

    @api.model
    def _search_billing_status(self, operator, value):
        if operator != 'in':
            return NotImplemented
        return Domain.OR(self._billing_status_domain(status) for status in value if status)

    @api.model
    def _billing_status_domain(self, status: str) -> Domain:
        """Return which invoices stand so, as `_compute_billing_status` tells it of one.

        Everything in it is stored and indexed: no invoice is looked at that is not in question.
        """
        if status in ('draft', 'cancelled'):
            return Domain('state', '=', 'draft' if status == 'draft' else 'cancel')
        posted = Domain('state', '=', 'posted')
        credit = Domain('move_type', '=', 'out_refund')
        if status == 'credited':
            return posted & (credit | Domain('payment_state', '=', 'reversed'))
        invoice = posted & ~credit
        if status == 'paid':
            return invoice & Domain('payment_state', 'in', ('paid', 'in_payment'))
        waiting = invoice & Domain('payment_state', 'not in', tuple(SETTLED))
        # Rights on the invoice are what counts; payers' transactions have their own.
        processing = Domain('transaction_ids', 'any!', ON_ITS_WAY)
        if status == 'processing':
            return waiting & processing
        waiting &= ~processing
        overdue = Domain('move_type', '=', 'out_invoice') & Domain.OR(
            Domain('company_id', '=', company.id)
            & Domain('invoice_date_due', '<', company._billing_today())
            for company in self.env.companies
        )
        if status == 'overdue':
            return waiting & overdue
        partial = Domain('payment_state', '=', 'partial')
        return waiting & ~overdue & (partial if status == 'partial' else ~partial)

    # === MONEY ON ITS WAY === #

    def _billing_is_processing(self) -> bool:
        """Whether money for this invoice is on its way, by whatever online provider."""
        self.ensure_one()
        return bool(self.sudo().transaction_ids.filtered_domain(ON_ITS_WAY))

    @api.model
    def _billing_processing_sql(self) -> SQL:
        """Return the condition that money is on its way for an `account_move` named `move`."""
        query = self.env['payment.transaction'].sudo()._search(ON_ITS_WAY)
        query.add_join(
            'JOIN',
            'rel',
            'account_invoice_transaction_rel',
            SQL("rel.transaction_id = payment_transaction.id"),
        )
        query.add_where(SQL("rel.invoice_id = move.id"))
        return SQL("EXISTS %s", query.subselect())
