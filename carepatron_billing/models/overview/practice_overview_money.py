from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from ..disputes.practice_dispute import TO_ANSWER
from ..invoices.account_move_status import UNPAID
from .practice_overview import MAIL_DAYS


class PracticeOverview(models.AbstractModel):
    """What the first screen says of credit, disputes and receipts, to the front desk."""

    _inherit = 'practice.overview'

    # === BUSINESS METHODS === #

    @api.model
    def open_trouble(self, kind):
        """Override to open disputes and payments whose receipts did not go out."""
        if kind not in ('disputes', 'receipts'):
            return super().open_trouble(kind)
        self.env['practice.billing.item'].check_access('read')
        act_window = self.env['ir.actions.act_window']
        if kind == 'disputes':
            action = act_window._for_xml_id('carepatron_billing.practice_dispute_action')
            return {**action, 'domain': self._disputes_to_see_to(), 'context': {}}
        action = act_window._for_xml_id('carepatron_billing.account_payment_billing_action')
        return {**action, 'domain': self._unsent_receipts(), 'context': {}}

    @api.model
    def _get_figures(self, uninvoiced, is_desk):
        figures = super()._get_figures(uninvoiced, is_desk)
        credit = self._read_credit() if is_desk else []
        if credit:
            figure = self._figure(
                'credit',
                self.env._("Clients' credit"),
                credit,
                (self.env._("client"), self.env._("clients")),
                "",
                'carepatron_billing.res_partner_billing_action',
                'search_default_has_credit',
            )
            # Employers and insurers have credit too.
            figure['context']['search_default_type_person'] = 0
            figures.append(figure)
        return figures

    @api.model
    def _read_credit(self):
        """Return what clients paid too much or were credited, and have not used."""
        lines_sudo = self.env['account.move.line'].sudo()
        payers = Domain('partner_id', '!=', False)
        groups = lines_sudo._read_group(
            self.env['res.partner']._billing_credit_domain(payers, self.env.companies),
            ['company_id', 'currency_id'],
            ['amount_residual_currency:sum', 'partner_id:count_distinct'],
        )
        return self._sum_up(
            (company, currency, -amount, count) for company, currency, amount, count in groups
        )

    # === WHAT NEEDS A LOOK === #

    @api.model
    def _get_troubles(self, to_confirm, is_desk, is_manager):
        troubles = super()._get_troubles(to_confirm, is_desk, is_manager)
        if not is_desk:
            return troubles
        Dispute = self.env['practice.dispute']
        disputes = Dispute.search(self._disputes_to_see_to())
        if disputes:
            days = [dispute._day_due() for dispute in disputes if dispute.state in TO_ANSWER]
            first = min(filter(None, days), default=None)
            advice = self.env._("Credit the invoice, or have it paid another way.")
            if first:
                until = format_date(self.env, first)
                advice = self.env._("Stripe waits for an answer until %s.", until)
            troubles.insert(
                0,
                {
                    'kind': 'disputes',
                    'count': len(disputes),
                    'text': self.env._("Disputed payments that wait for you"),
                    'advice': advice,
                    'button': self.env._("Look at them"),
                },
            )
        receipts = self.env['account.payment'].search_count(self._unsent_receipts())
        if receipts:
            troubles.append(
                {
                    'kind': 'receipts',
                    'count': receipts,
                    'text': self.env._("Receipts that did not go out"),
                    'advice': self.env._("Correct the payer's address, then send them again."),
                    'button': self.env._("Look at them"),
                }
            )
        return troubles

    @api.model
    def _disputes_to_see_to(self):
        """Find disputes to answer, and lost ones whose invoices wait for a decision."""
        return Domain('company_id', 'in', self.env.companies.ids) & (
            Domain('state', 'in', TO_ANSWER)
            | (Domain('state', '=', 'lost') & Domain('move_ids', 'any', UNPAID))
        )

    @api.model
    def _unsent_receipts(self):
        since = fields.Datetime.now() - timedelta(days=MAIL_DAYS)
        payments_sudo = self.env['account.payment'].sudo()
        payments_sudo = payments_sudo._billing_receipts_failed(SQL("message.date > %s", since))
        return [('company_id', 'in', self.env.companies.ids), ('id', 'in', payments_sudo.ids)]
