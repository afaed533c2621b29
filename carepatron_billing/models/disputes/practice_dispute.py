from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from odoo.addons.payment import utils as payment_utils

from ...const import MANAGER_ACTIVITY
from ...tools.concurrency import claim, from_timestamp

INQUIRY = ('warning_needs_response', 'warning_under_review')
TO_ANSWER = ('needs_response', 'warning_needs_response')
OPEN = (*TO_ANSWER, 'under_review', 'warning_under_review')


class PracticeDispute(models.Model):
    """A payment that the payer's bank disputes at Stripe.

    What Stripe says of it is taken over as it is at the moment of looking, so that late and
    repeated reports do no harm. Its movements of money are booked each once.
    """

    _name = 'practice.dispute'
    _inherit = ['mail.thread', 'mail.activity.mixin']
    _description = "Dispute"
    _rec_name = 'dispute'
    _order = 'id desc'
    # The desk only reads disputes, and marks what it is asked to do about them as done.
    _mail_post_access = 'read'

    provider_id = fields.Many2one(
        'payment.provider', required=True, readonly=True, index=True, ondelete='restrict'
    )
    company_id = fields.Many2one(related='provider_id.company_id', store=True, index=True)
    dispute = fields.Char(string="At Stripe", required=True, readonly=True)
    transaction_id = fields.Many2one(
        'payment.transaction', required=True, readonly=True, index=True, ondelete='restrict'
    )
    partner_id = fields.Many2one('res.partner', string="Payer", required=True, readonly=True)
    move_ids = fields.Many2many(
        'account.move',
        'practice_dispute_move_rel',
        'dispute_id',
        'move_id',
        string="Invoices",
        readonly=True,
    )
    currency_id = fields.Many2one('res.currency', required=True, readonly=True)
    amount = fields.Monetary(readonly=True)
    reason = fields.Selection(
        [
            ('bank_cannot_process', "The bank could not process it"),
            ('check_returned', "The cheque was returned"),
            ('credit_not_processed', "A refund was promised and did not come"),
            ('customer_initiated', "The payer objected at the bank"),
            ('debit_not_authorized', "The debit was not authorised"),
            ('duplicate', "Charged twice"),
            ('fraudulent', "The payer does not know the charge"),
            ('general', "No reason given"),
            ('incorrect_account_details', "Wrong bank account"),
            ('insufficient_funds', "Not enough money on the account"),
            ('noncompliant', "Against the card network's rules"),
            ('product_not_received', "Not received"),
            ('product_unacceptable', "Not as agreed"),
            ('subscription_canceled', "Charged after cancelling"),
            ('unrecognized', "The payer does not recognise the charge"),
        ],
        readonly=True,
    )
    state = fields.Selection(
        [
            ('warning_needs_response', "Question to answer"),
            ('warning_under_review', "Question answered"),
            ('warning_closed', "Question settled"),
            ('needs_response', "To answer"),
            ('under_review', "The bank decides"),
            ('prevented', "Prevented"),
            ('won', "Won"),
            ('lost', "Lost"),
        ],
        required=True,
        readonly=True,
        tracking=True,
    )
    is_open = fields.Boolean(compute='_compute_is_open', store=True)
    opened_at = fields.Datetime(string="Opened", readonly=True)
    closed_at = fields.Datetime(string="Closed", readonly=True)
    evidence_due = fields.Datetime(string="Answer until", readonly=True)

    _dispute_uniq = models.UniqueIndex(
        '(provider_id, dispute)', "This dispute has been taken over already."
    )

    # === COMPUTE METHODS === #

    @api.depends('state')
    def _compute_is_open(self):
        for dispute in self:
            dispute.is_open = dispute.state in OPEN

    @api.depends('amount', 'partner_id')
    def _compute_display_name(self):
        for dispute in self:
            dispute.display_name = self.env._(
                "%(amount)s of %(payer)s",
                amount=dispute.currency_id.format(dispute.amount),
                payer=dispute.partner_id.display_name,
            )

    # === ACTION METHODS === #

    def action_open_at_stripe(self) -> dict:
        """Open the dispute on Stripe's dashboard, where it is answered."""
        self.ensure_one()
        self.check_access('read')
        part = 'test/' if self.sudo().provider_id.state == 'test' else ''
        return {
            'type': 'ir.actions.act_url',
            'url': f'https://dashboard.stripe.com/{part}disputes/{self.dispute}',
            'target': 'new',
        }

    # === BUSINESS METHODS === #

    @api.model
    def _sync_from_stripe(self, provider, dispute_id) -> bool:
        """Bring a dispute, and the books, up to what Stripe shows of it now.

        :return: whether it is one of a payment of this database.
        """
        shown = provider._billing_gateway().dispute(dispute_id)
        source = self.env['payment.transaction']._billing_find_by_intent(
            provider, shown.get('payment_intent')
        )
        if not source:
            return False
        self._update_from_stripe(source, shown)
        return True

    @api.model
    def _update_from_stripe(self, source: models.Model, shown: dict) -> models.Model:
        """Record the dispute of a payment, and book what it moved.

        :param source: the payment
        :param shown: the dispute, just fetched
        """
        claim(source)
        provider = source.provider_id
        if not source.payment_id:
            raise UserError(
                self.env._("The disputed payment %s is not booked yet.", source.reference)
            )
        dispute = self.search([('provider_id', '=', provider.id), ('dispute', '=', shown['id'])])
        values = self._values(source, shown)
        if dispute:
            dispute.write(values)
        else:
            dispute = self.create(
                {
                    **values,
                    'provider_id': provider.id,
                    'dispute': shown['id'],
                    'transaction_id': source.id,
                    'partner_id': source.payment_id.partner_id.id,
                    'move_ids': source._billing_paid_moves().ids,
                    'opened_at': from_timestamp(shown['created']),
                }
            )
        dispute._book(shown)
        dispute._follow_up()
        return dispute

    def _values(self, source, shown):
        states, reasons = (dict(self._fields[name].selection) for name in ('state', 'reason'))
        # Stripe may learn to say more; what is unknown here is not settled.
        state = shown['status'] if shown['status'] in states else 'under_review'
        due = shown['evidence_details'].get('due_by')
        currency = source.currency_id.with_context(active_test=False).search(
            [('name', '=', shown['currency'].upper())]
        )
        decimals = source.provider_id._billing_decimals(currency)
        return {
            'state': state,
            'reason': shown['reason'] if shown['reason'] in reasons else 'general',
            'currency_id': currency.id,
            'amount': payment_utils.to_major_currency_units(shown['amount'], currency, decimals),
            'evidence_due': due and from_timestamp(due),
            'closed_at': False if state in OPEN else fields.Datetime.now(),
        }

    def _took_money(self):
        """Whether the bank took the money back, at least for the time being."""
        self.ensure_one()
        return self.state in ('needs_response', 'under_review', 'lost')

    def _day_due(self):
        """Return the practice's day until which an answer may be given, if there is one."""
        self.ensure_one()
        return self.evidence_due and self.company_id._billing_day(self.evidence_due)

    def _follow_up(self):
        """Ask a manager for what is to be done, by when; what else follows from the state, rooms
        add."""
        self.activity_unlink([MANAGER_ACTIVITY])
        company = self.company_id
        if self.state in TO_ANSWER:
            company._billing_notify_manager(
                self,
                lambda env: env._("A payment is disputed: answer at Stripe in time"),
                self._day_due(),
                once=False,
            )
        elif self._is_to_be_settled():
            company._billing_notify_manager(
                self,
                lambda env: env._("A dispute was lost: credit the invoice, or have it paid"),
                once=False,
            )

    def _is_to_be_settled(self):
        """Whether it was lost and its invoices wait for somebody's decision."""
        return self.state == 'lost' and any(
            not move.currency_id.is_zero(move.amount_residual) for move in self.move_ids
        )

    def _describe(self) -> str:
        """Return in sentences how it stands and what to do, for the invoice's page."""
        self.ensure_one()
        env = self.env
        amount = self.currency_id.format(self.amount)
        day = self._day_due()
        if self.state in INQUIRY:
            text = env._("The payer's bank asks about a payment of %s.", amount)
        else:
            text = env._("The payer's bank took back %s of what was paid.", amount)
        reasons = dict(self._fields['reason']._description_selection(env))
        text = env._("%(text)s Its reason: %(reason)s.", text=text, reason=reasons[self.reason])
        if self.state in TO_ANSWER and day:
            until = format_date(env, day)
            return env._("%(text)s Stripe waits for an answer until %(day)s.", text=text, day=until)
        if self.is_open:
            return env._("%s The answer was handed in; the bank decides.", text)
        if self.state == 'lost':
            return env._(
                "%s The dispute was lost, and the invoice is open again: credit it, or have it"
                " paid another way.",
                text,
            )
        return text
