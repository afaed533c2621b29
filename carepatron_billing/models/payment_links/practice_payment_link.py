from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import formatLang

from ...const import FRONT_DESK
from ...tools.concurrency import create_once
from ...tools.qr_code import qr_code
from ..invoices.account_move_status import UNPAID

# Links that were not revoked, as `_live` tells it of records.
LIVE = Domain('revoked_at', '=', False)


class Due(NamedTuple):
    """What a link asks for at one moment, in its currency.

    :param open: the invoices (sudo) that are not paid
    :param moves: those of them that no money is on its way for
    :param now: what is to be paid now: instalments that are due, or what is open
    :param total: what is open in all
    :param terms: Odoo's `_get_invoice_next_payment_values` of the link's own invoice, if it is open
    """

    open: models.BaseModel
    moves: models.BaseModel
    now: float
    total: float
    terms: dict


class PracticePaymentLink(models.Model):
    """The way to pay one invoice, or (without `move_id`) everything that a payer owes."""

    _name = 'practice.payment.link'
    _inherit = 'practice.bearer.link'
    _description = "Payment Link"
    _order = 'id desc'
    _check_company_auto = True
    _token_fields = [
        'company_id',
        'currency_id',
        'finder',
        'move_id',
        'payer_id',
        'proof',
        'replaced_by_id',
        'revoked_at',
        'viewed_at',
    ]

    move_id = fields.Many2one(
        'account.move',
        string="Invoice",
        readonly=True,
        index=True,
        ondelete='cascade',
        check_company=True,
    )
    company_id = fields.Many2one(
        'res.company',
        compute='_compute_from_move',
        store=True,
        precompute=True,
        readonly=False,
        index=True,
    )
    payer_id = fields.Many2one(
        'res.partner',
        compute='_compute_from_move',
        store=True,
        precompute=True,
        readonly=False,
        index='btree_not_null',
        ondelete='cascade',
    )
    currency_id = fields.Many2one(
        'res.currency',
        compute='_compute_from_move',
        store=True,
        precompute=True,
        readonly=False,
    )
    url = fields.Char(string="Payment link")
    qr_code = fields.Binary(compute='_compute_qr_code')
    sent_at = fields.Datetime(string="Last Sent", readonly=True)
    viewed_at = fields.Datetime(string="First Viewed", readonly=True)
    revoked_at = fields.Datetime(string="Revoked", readonly=True)
    replaced_by_id = fields.Many2one(
        'practice.payment.link',
        readonly=True,
        ondelete='set null',
        help="Where the payer is sent instead, after the invoice was corrected.",
    )

    _finder_uniq = models.Constraint('unique(finder)', "Two payment links are the same.")
    _move_uniq = models.UniqueIndex(
        '(move_id) WHERE revoked_at IS NULL', "This invoice has a payment link already."
    )
    _payer_uniq = models.UniqueIndex(
        '(payer_id, company_id, currency_id) WHERE move_id IS NULL AND revoked_at IS NULL',
        "This payer has a payment link for everything due already.",
    )
    _payer_check = models.Constraint(
        'CHECK(payer_id IS NOT NULL AND company_id IS NOT NULL AND currency_id IS NOT NULL)',
        "A payment link is for an invoice, or for a payer.",
    )

    # === COMPUTE METHODS ===#

    @api.depends('move_id.company_id', 'move_id.partner_id', 'move_id.currency_id')
    def _compute_from_move(self):
        for link in self:
            link.company_id = link.move_id.company_id or link.company_id
            link.payer_id = link.move_id.partner_id or link.payer_id
            link.currency_id = link.move_id.currency_id or link.currency_id

    @api.depends('move_id', 'payer_id')
    def _compute_display_name(self):
        for link in self:
            link.display_name = link.move_id.name or self.env._(
                "Everything due: %s", link.payer_id.name
            )

    @api.depends('url')
    def _compute_qr_code(self):
        for link in self:
            link.qr_code = qr_code(link.url).partition(',')[2]

    # === CRUD METHODS ===#

    @api.model
    def _for_payer(self, payer, company, currency):
        """Return the link (sudo) to everything that a payer owes a company in a currency.

        :raise AccessError: if the user may not read the payer
        """
        payer.check_access('read')
        links_sudo = self.sudo()
        values = {'payer_id': payer.id, 'company_id': company.id, 'currency_id': currency.id}
        known = [(name, '=', value) for name, value in {'move_id': False, **values}.items()]
        found_sudo = links_sudo.search([*known, *LIVE], limit=1)
        return found_sudo or create_once(links_sudo, values, payer)

    def _live(self):
        """Return those of these links that were not revoked."""
        return self.filtered(lambda link: not link.revoked_at)

    # === BUSINESS METHODS - WHAT IS DUE ===#

    def _moves(self):
        """Return the invoices (sudo) that the link is for: its own, or the payer's open ones."""
        self.ensure_one()
        if self.move_id:
            return self.move_id.sudo()
        domain = self._get_open_domain(self.payer_id, self.company_id)
        domain &= Domain('currency_id', '=', self.currency_id.id)
        return self.env['account.move'].sudo().search(domain, order='invoice_date_due, id')

    @api.model
    def _get_open_domain(self, payer, company):
        """Return the domain of a payer's invoices that wait for money."""
        return (
            Domain(UNPAID)
            & Domain('partner_id', '=', payer.id)
            & Domain('company_id', '=', company.id)
        )

    def _status(self, due: Due | None = None, provider: models.Model | None = None) -> str:
        """Return where the payer stands, from the ledger and the open transactions alone.

        :param due: what is due, if that is known already
        :param provider: the link's, if that is known already
        :return: ``revoked``, ``replaced``, ``withdrawn``, ``cancelled``, ``credited``, ``paid``,
            ``processing``, ``unavailable``, ``part_paid`` or ``due``
        """
        self.ensure_one()
        if self.revoked_at:
            return 'revoked'
        if self.replaced_by_id:
            return 'replaced'
        move = self.move_id
        if move.state == 'draft':
            return 'withdrawn'
        if move.state == 'cancel':
            return 'cancelled'
        if move.payment_state == 'reversed':
            return 'credited'
        due = due or self._due()
        if not due.open:
            return 'paid'
        if not due.moves:
            return 'processing'
        if not (self._provider() if provider is None else provider):
            return 'unavailable'
        return 'part_paid' if move.payment_state == 'partial' else 'due'

    def _due(self) -> Due:
        """Return what may be paid at this moment; an invoice that money is on its way for waits."""
        self.ensure_one()
        open_moves = self._moves().filtered(
            lambda move: (
                move.state == 'posted' and not move.currency_id.is_zero(move.amount_residual)
            )
        )
        moves = open_moves.filtered(lambda move: not move._billing_is_processing())
        terms = self._terms(open_moves) if self.move_id and open_moves else {}
        return Due(
            open_moves,
            moves,
            sum(self._due_now(move, terms or self._terms(move)) for move in moves),
            sum(moves.mapped('amount_residual')),
            terms,
        )

    def _terms(self, move):
        """Return what Odoo knows of an invoice's next payment, on the practice's day."""
        zone = self.company_id._billing_zone().key
        return move.with_context(tz=zone)._get_invoice_next_payment_values()

    def _due_now(self, move, terms):
        """Return what is due on one invoice by its terms of payment."""
        if terms.get('installment_state') == 'epd' and self.move_id:
            # Odoo books the discount if exactly this is paid for the one invoice.
            return terms['amount_due']
        return terms.get('next_amount_to_pay', move.amount_residual)

    def _part_minimum(self, due):
        """Return the smallest amount that the practice takes; False if it takes no parts."""
        company = self.company_id
        if not company.billing_part_payment:
            return False
        minimum = company.currency_id._convert(
            company.billing_part_payment_minimum,
            self.currency_id,
            company,
            company._billing_today(),
        )
        return min(max(minimum, self.currency_id.rounding), due.total)

    def _explain_amount(self, due, amount):
        """Return why an amount can not be paid now, in words for the payer; '' if it can."""
        compare = self.currency_id.compare_amounts
        if not compare(amount, due.now) or not compare(amount, due.total):
            return ''
        minimum = self._part_minimum(due)
        if minimum is False:
            return self.env._("%s does not take part payments.", self.company_id.name)
        if compare(amount, due.total) > 0:
            return self.env._("That is more than the %s that are open.", self._format(due.total))
        if compare(amount, minimum) < 0:
            return self.env._("Please pay at least %s.", self._format(minimum))
        return ''

    def _format(self, amount):
        return formatLang(self.env, amount, currency_obj=self.currency_id)

    # === BUSINESS METHODS - PAYING ===#

    def _path(self):
        self.ensure_one()
        return f'/billing/pay/{self.finder}{self.proof}'

    def _replace_by(self, move):
        """Lead whoever opens these links to another invoice, if that has the same payer."""
        live = self._live().filtered(lambda link: link.payer_id == move.partner_id)
        if live:
            live.replaced_by_id = move._billing_payment_link()

    def _successor(self):
        """Return the link that stands for this one now, also after further corrections."""
        link = self
        while link.replaced_by_id:
            link = link.replaced_by_id
        return link.move_id.billing_link_ids._live() or link

    def _provider(self):
        """Return the provider (sudo) that takes payments for the practice; none if not set up."""
        return self.company_id._billing_provider_sudo().filtered(
            lambda provider: provider.state != 'disabled'
        )

    def _mark_viewed(self):
        """Remember the first time that somebody looked; never in the way of another's click."""
        links = self | (self.env[self._name] if self.move_id else self._moves().billing_link_ids)
        new = links._live().filtered(lambda link: not link.viewed_at)
        if new:
            # Payments refer to the link: who books one must not stumble over a mere look.
            new.try_lock_for_update(allow_referencing=True).viewed_at = fields.Datetime.now()

    # === ACTION METHODS ===#

    def _action_show(self) -> dict:
        """Return the action that shows the link as a QR code, with what the desk does with it."""
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id(
            'carepatron_billing.practice_payment_link_action'
        )
        return {**action, 'res_id': self.id}

    def action_revoke(self):
        """Make the link open nothing any more."""
        self.ensure_one()
        self.check_access('read')
        if not self.env.user.has_group(FRONT_DESK):
            raise AccessError(self.env._("Only the front desk can revoke a payment link."))
        self.sudo()._revoke()
        return True

    def _revoke(self):
        """Let this link (sudo) open nothing any more."""
        self.revoked_at = fields.Datetime.now()
        # A new link may be asked for at once; the database must not see two.
        self.flush_recordset()
