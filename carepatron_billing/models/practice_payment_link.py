import secrets

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import consteq, format_date, formatLang

from ..gateways.stripe_gateway import StripeGatewayError
from ..tools import claim

# The token's first part finds the row by its index, the second proves the right to it: it alone
# has 128 bits, and it is compared in constant time.
FINDER_LENGTH = 10
PROOF_BYTES = 16
# A session that is about to close is no page to send a payer to.
# Stripe itself asks for at least half an hour.
SESSION_MARGIN = relativedelta(minutes=45)


class PracticePaymentLink(models.Model):
    _name = 'practice.payment.link'
    _description = "Payment Link"
    _rec_name = 'move_id'
    _order = 'id desc'
    _check_company_auto = True

    move_id = fields.Many2one(
        'account.move',
        string="Invoice",
        required=True,
        readonly=True,
        index=True,
        ondelete='cascade',
        check_company=True,
    )
    company_id = fields.Many2one(related='move_id.company_id', store=True, index=True)
    payer_id = fields.Many2one(related='move_id.partner_id', string="Payer")
    finder = fields.Char(required=True, readonly=True, groups='base.group_system')
    proof = fields.Char(required=True, readonly=True, groups='base.group_system')
    url = fields.Char(string="Payment link", compute='_compute_url', compute_sudo=True)
    sent_at = fields.Datetime(string="Last Sent", readonly=True)
    viewed_at = fields.Datetime(string="First Viewed", readonly=True)
    revoked_at = fields.Datetime(string="Revoked", readonly=True)
    transaction_ids = fields.One2many(
        'payment.transaction', 'billing_link_id', groups='base.group_system'
    )

    _finder_uniq = models.Constraint('unique(finder)', "Two payment links are the same.")
    _move_uniq = models.UniqueIndex(
        '(move_id) WHERE revoked_at IS NULL', "This invoice has a payment link already."
    )

    # === COMPUTE METHODS ===#

    @api.depends('finder', 'proof')
    def _compute_url(self):
        for link in self:
            link.url = f'{link.get_base_url()}/billing/pay/{link.finder}{link.proof}'

    # === CRUD METHODS ===#

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            vals['finder'] = secrets.token_urlsafe(FINDER_LENGTH)[:FINDER_LENGTH]
            vals['proof'] = secrets.token_urlsafe(PROOF_BYTES)
        return super().create(vals_list)

    @api.model
    def _from_token(self, token):
        """Return the link (sudo) that a token opens; empty where it opens none."""
        finder, proof = token[:FINDER_LENGTH], token[FINDER_LENGTH:]
        link_sudo = self.sudo().search([('finder', '=', finder)], limit=1)
        # Compared also where nothing was found: the answer takes as long.
        known = consteq(link_sudo.proof or secrets.token_urlsafe(PROOF_BYTES), proof)
        return link_sudo if known else self.sudo().browse()

    # === BUSINESS METHODS ===#

    def _status(self):
        """Return where the payer stands, from the ledger and the open transaction alone.

        :return: ``revoked``, ``cancelled``, ``paid``, ``processing``, ``unavailable``,
            ``part_paid`` or ``due``
        :rtype: str
        """
        self.ensure_one()
        move = self.move_id
        if self.revoked_at:
            return 'revoked'
        if move.state != 'posted' or move.payment_state == 'reversed':
            return 'cancelled'
        if move.currency_id.is_zero(move.amount_residual):
            return 'paid'
        if self._open_transaction().state == 'pending':
            return 'processing'
        if not self._provider():
            return 'unavailable'
        return 'part_paid' if move.payment_state == 'partial' else 'due'

    def _provider(self):
        """Return the provider (sudo) that takes payments for the invoice; none if not set up."""
        return self.company_id._billing_provider_sudo().filtered(
            lambda provider: provider.state != 'disabled'
        )

    def _open_transaction(self):
        """Return the one transaction (sudo) that may still bring money, or none."""
        return self.sudo().transaction_ids.filtered(lambda tx: tx.state in ('draft', 'pending'))

    def _mark_viewed(self):
        """Remember the first time that somebody looked; never in the way of another's click."""
        if not self.viewed_at and self.try_lock_for_update():
            self.viewed_at = fields.Datetime.now()

    def _pay(self):
        """Return the address of Stripe's page for what is due now; False if nothing is payable.

        May be called twice at once, or again after a crash at any point: there is at most one
        payable session, because one transaction is open per link, and Stripe gives the same
        session to the same transaction. Commits before it calls Stripe.

        :rtype: str | bool
        :raise StripeGatewayError: if Stripe cannot be reached or refuses.
        """
        self.ensure_one()
        tx_sudo = self._claim_transaction()
        if not tx_sudo:
            return False
        return tx_sudo._stripe_payment_link_session_url()

    def _claim_transaction(self):
        """Return the open transaction (sudo) for what is due now, closing one that does not fit."""
        link_sudo = self.sudo()
        open_tx_sudo = link_sudo._open_transaction()
        if open_tx_sudo.state == 'draft' and not link_sudo._fits(open_tx_sudo):
            # Money may be in it already: Stripe decides whether it can still be closed.
            open_tx_sudo._stripe_payment_link_close()
            link_sudo._commit()
        claim(link_sudo)
        if link_sudo._status() not in ('due', 'part_paid'):
            return self.env['payment.transaction'].sudo()
        tx_sudo = link_sudo._open_transaction() or link_sudo._create_transaction()
        # It must survive whatever happens while Stripe is called.
        link_sudo._commit()
        return tx_sudo

    def _commit(self):
        # Rule 1 of the design: what must survive is committed before the outside call.
        self.env.cr.commit()  # pylint: disable=invalid-commit

    def _fits(self, tx_sudo):
        """Whether an open transaction still asks for what is due, for long enough to be paid."""
        amount_due = self._amount_due()
        closes_at = tx_sudo.stripe_payment_link_session_expires_at
        return (
            tx_sudo.currency_id == self.move_id.currency_id
            and tx_sudo.currency_id.compare_amounts(tx_sudo.amount, amount_due) == 0
            and tx_sudo.provider_id == self._provider()
            and closes_at > fields.Datetime.now() + SESSION_MARGIN
        )

    def _amount_due(self):
        """Return what the payer owes on this invoice at this moment."""
        return self.move_id.amount_residual

    def _page_values(self):
        """Return what the pay page shows, in the words and formats of the payer's language.

        :rtype: dict
        """
        self.ensure_one()
        move, company = self.move_id, self.company_id
        status = self._status()
        lang = self.env['res.lang']._get_data(code=self.env.lang or 'en_US')
        url = f'/billing/pay/{self.finder}{self.proof}'
        receipt = self.transaction_ids.filtered(lambda tx: tx.state == 'done')[:1]
        return {
            'status': status,
            'title': company.name if status == 'revoked' else self.env._("Invoice %s", move.name),
            'html_lang': (lang.url_code or 'en').replace('_', '-'),
            'html_dir': lang.direction or 'ltr',
            'practice': company.name,
            'phone': company.phone,
            'email': company.email,
            'logo': not company.uses_default_logo
            and f'/web/binary/company_logo?company={company.id}',
            'number': move.name,
            'due_date': move.invoice_date_due and format_date(self.env, move.invoice_date_due),
            'amount_due': formatLang(self.env, self._amount_due(), currency_obj=move.currency_id),
            'amount_paid': formatLang(
                self.env, move.amount_total - move.amount_residual, currency_obj=move.currency_id
            ),
            'amount_total': formatLang(self.env, move.amount_total, currency_obj=move.currency_id),
            'receipt_email': receipt.payment_id.billing_receipt_at
            and _hint_at(receipt.partner_email),
            'pay_url': url,
            'download_url': status not in ('revoked', 'cancelled') and f'{url}/invoice',
            'test_mode': self._provider().state == 'test',
        }

    def _create_transaction(self):
        provider_sudo = self._provider()
        move = self.move_id
        return (
            self.env['payment.transaction']
            .sudo()
            .create(
                {
                    'provider_id': provider_sudo.id,
                    'payment_method_id': provider_sudo.payment_method_ids[:1].id
                    or self.env.ref('payment.payment_method_card').id,
                    'amount': self._amount_due(),
                    'currency_id': move.currency_id.id,
                    'partner_id': move.partner_id.id,
                    'operation': 'online_redirect',
                    'invoice_ids': [fields.Command.set(move.ids)],
                    'billing_link_id': self.id,
                    'landing_route': f'/billing/pay/{self.finder}{self.proof}',
                }
            )
        )

    def action_revoke(self):
        """Make the link open nothing any more; a session that is open at Stripe is closed."""
        self.ensure_one()
        self.check_access('read')
        if not self.env.user.has_group('carepatron_billing.group_front_desk'):
            raise UserError(self.env._("Only the front desk can revoke a payment link."))
        link_sudo = self.sudo()
        try:
            link_sudo._open_transaction()._stripe_payment_link_close()
        except StripeGatewayError as error:
            raise UserError(link_sudo._provider()._stripe_payment_link_explain(error)) from None
        link_sudo.revoked_at = fields.Datetime.now()
        # A new link may be asked for at once; the database must not see two.
        link_sudo.flush_recordset()


def _hint_at(email):
    """Return an address so that its owner knows it and others do not learn it."""
    name, _at, domain = (email or '').partition('@')
    return f'{name[:1]}•••@{domain}'
