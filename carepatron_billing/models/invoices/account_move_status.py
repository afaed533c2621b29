from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

# What Odoo calls settled; everything else that is posted still waits for money.
SETTLED = {'paid': 'paid', 'in_payment': 'paid', 'reversed': 'credited'}
UNDER_WAY = ('pending', 'authorized')
NOT_ONLINE = ('none', 'custom')
# Invoices that wait for money, those of which a part was paid too.
UNPAID = [
    ('move_type', '=', 'out_invoice'),
    ('state', '=', 'posted'),
    ('payment_state', 'in', ('not_paid', 'partial')),
]


class AccountMove(models.Model):
    """How an invoice stands, in the front desk's words. Nothing of it is stored."""

    _inherit = 'account.move'

    billing_status = fields.Selection(
        [
            ('draft', "Draft"),
            ('unpaid', "Not sent"),
            ('sent', "Sent"),
            ('viewed', "Viewed"),
            ('partial', "Part paid"),
            ('processing', "Processing"),
            ('overdue', "Overdue"),
            ('paid', "Paid"),
            ('part_refunded', "Partly refunded"),
            ('refunded', "Refunded"),
            ('disputed', "In dispute"),
            ('credited', "Credited"),
            ('open_credit', "Credit to use"),
            ('cancelled', "Cancelled"),
        ],
        compute='_compute_billing_status',
        search='_search_billing_status',
        help="How the invoice stands, in the front desk's words.",
    )

    @api.depends(
        'amount_residual',
        'billing_dispute_ids.is_open',
        'billing_link_ids.revoked_at',
        'billing_link_ids.sent_at',
        'billing_link_ids.viewed_at',
        'company_id',
        'invoice_date_due',
        'is_move_sent',
        'payment_state',
        'reversal_move_ids.amount_residual',
        'state',
        'transaction_ids.state',
    )
    def _compute_billing_status(self):
        today = {company: company._billing_today() for company in self.company_id}
        paid = self.filtered(lambda move: SETTLED.get(move.payment_state) == 'paid')
        given_back = paid._billing_given_back_by_id()
        for move, move_sudo in zip(self, self.sudo(), strict=True):
            status = move_sudo._billing_status(today.get(move.company_id))
            if status == 'paid' and move.id in given_back:
                status = 'refunded' if given_back[move.id].is_all else 'part_refunded'
            move.billing_status = status

    def _billing_status(self, today):
        if self.state in ('draft', 'cancel'):
            return 'draft' if self.state == 'draft' else 'cancelled'
        if self.move_type == 'out_refund':
            return 'credited' if self.currency_id.is_zero(self.amount_residual) else 'open_credit'
        if any(self.billing_dispute_ids.mapped('is_open')):
            return 'disputed'
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
        if self.payment_state == 'partial':
            return 'partial'
        links = self.billing_link_ids.filtered(lambda link: not link.revoked_at)
        if any(links.mapped('viewed_at')):
            return 'viewed'
        return 'sent' if self.is_move_sent or any(links.mapped('sent_at')) else 'unpaid'

    @api.model
    def _search_billing_status(self, operator, value):
        if operator != 'in':
            return NotImplemented
        return Domain.OR(self._billing_status_domain(status) for status in value if status)

    @api.model
    def _billing_status_domain(self, status):
        """Return which invoices stand so, as `_billing_status` tells it of one.

        Everything in it is stored and indexed: no invoice is looked at that is not in question.

        :rtype: Domain
        """
        if status in ('draft', 'cancelled'):
            return Domain('state', '=', 'draft' if status == 'draft' else 'cancel')
        posted = Domain('state', '=', 'posted')
        credit = posted & Domain('move_type', '=', 'out_refund')
        if status == 'open_credit':
            return credit & Domain('amount_residual', '!=', 0)
        invoice = posted & Domain('move_type', '!=', 'out_refund')
        disputed = Domain('billing_dispute_ids', 'any!', Domain('is_open', '=', True))
        if status == 'disputed':
            return invoice & disputed
        invoice &= ~disputed
        if status == 'credited':
            return (credit & Domain('amount_residual', '=', 0)) | (
                invoice & Domain('payment_state', '=', 'reversed')
            )
        if status in ('paid', 'part_refunded', 'refunded'):
            return (
                invoice
                & Domain('payment_state', 'in', ('paid', 'in_payment'))
                & self._billing_given_back_domain(status)
            )
        waiting = invoice & Domain('payment_state', 'not in', tuple(SETTLED))
        # Rights on the invoice are what counts; payers' links and transactions have their own.
        processing = Domain(
            'transaction_ids',
            'any!',
            Domain('state', 'in', UNDER_WAY)
            & Domain('provider_id', 'any!', Domain('code', 'not in', NOT_ONLINE)),
        )
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
        waiting &= ~overdue
        partial = Domain('payment_state', '=', 'partial')
        if status == 'partial':
            return waiting & partial
        waiting &= ~partial
        valid = Domain('revoked_at', '=', False)
        viewed = Domain('billing_link_ids', 'any!', valid & Domain('viewed_at', '!=', False))
        if status == 'viewed':
            return waiting & viewed
        waiting &= ~viewed
        sent = Domain('is_move_sent', '=', True) | Domain(
            'billing_link_ids', 'any!', valid & Domain('sent_at', '!=', False)
        )
        return waiting & (sent if status == 'sent' else ~sent)

    @api.model
    def _billing_given_back_domain(self, status):
        """Return of which paid invoices nothing, a part, or all was given back.

        :param str status: 'paid', 'part_refunded' or 'refunded'
        :rtype: Domain
        """
        query = self._billing_given_back_query()
        if status == 'paid':
            return Domain('id', 'not in', SQL("(SELECT move_id FROM (%s) given_back)", query))
        return Domain(
            'id',
            'in',
            SQL(
                "(SELECT move_id FROM (%s) given_back WHERE is_all = %s)",
                query,
                status == 'refunded',
            ),
        )
