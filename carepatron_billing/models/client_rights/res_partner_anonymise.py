"""Anonymising a client whose records need not be kept any more."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date, format_list

from ...const import MANAGER
from ...tools.concurrency import claim

UNDER_WAY = ('draft', 'pending', 'authorized')


class ResPartner(models.Model):
    _inherit = 'res.partner'

    billing_anonymised_at = fields.Datetime(
        string="Anonymised", readonly=True, copy=False, groups=MANAGER
    )
    billing_is_past_retention = fields.Boolean(
        string="May Be Anonymised",
        compute='_compute_billing_is_past_retention',
        search='_search_billing_is_past_retention',
        groups=MANAGER,
        help="Nothing happened for longer than records have to be kept.",
    )

    # === COMPUTE METHODS === #

    def _compute_billing_is_past_retention(self):
        past = self._billing_past_retention()
        for partner in self:
            partner.billing_is_past_retention = partner._origin.id in past

    def _search_billing_is_past_retention(self, operator, value):
        if operator != 'in':
            return NotImplemented
        return [('id', 'in' if True in value else 'not in', list(self._billing_past_retention()))]

    @api.model
    def _billing_past_retention(self) -> set[int]:
        """Return the ids of the contacts of whom nothing has to be kept any more, by the dates of
        their invoices and sessions in all practices.
        """
        kept, found = set(), set()
        moves, items = self.env['account.move'].sudo(), self.env['practice.billing.item'].sudo()
        documents = [('move_type', 'in', ('out_invoice', 'out_refund'))]
        for rows in (
            moves._read_group(documents, ['partner_id', 'company_id'], ['date:max']),
            moves._read_group(documents, ['billing_client_id', 'company_id'], ['date:max']),
            items._read_group([], ['client_id', 'company_id'], ['service_date:max']),
        ):
            for partner, company, day in rows:
                if partner and day:
                    found.add(partner.id)
                    if company._billing_keep_until(day) >= company._billing_today():
                        kept.add(partner.id)
        known = self.sudo().search(
            [('id', 'in', list(found - kept)), ('billing_anonymised_at', '=', False)]
        )
        return set(known.ids)

    # === ACTION METHODS === #

    def action_billing_anonymise(self) -> dict:
        """Show what anonymising this client does, or why it cannot be done yet.

        :raise AccessError: if the user is no manager
        """
        self.ensure_one()
        self._billing_check_rights_manager()
        action = self.env['ir.actions.act_window']._for_xml_id(
            'carepatron_billing.practice_client_anonymise_action'
        )
        return {**action, 'context': {'default_partner_id': self.id}}

    # === BUSINESS METHODS - WHETHER === #

    def _billing_all_moves(self):
        """Return all invoices (sudo) that this contact pays or was treated for."""
        return self.sudo()._billing_export_moves()

    def _billing_why_kept(self) -> list[str]:
        """Return, in sentences, why this contact (sudo) cannot be anonymised now."""
        self.ensure_one()
        env = self.env
        if self.user_ids:
            return [env._("The contact has a login. Archive it first.")]
        if self.is_company or self.ref_company_ids:
            return [env._("Companies are not anonymised, only people.")]
        if self.child_ids.filtered(lambda child: child.type == 'contact'):
            return [env._("Other contacts are filed under this one. Move them first.")]
        if self._billing_practices() - env.user.company_ids:
            return [env._("Another practice keeps records of this contact, too.")]
        reasons = []
        domains = {
            'account.move': {
                env._("a draft invoice"): Domain('state', '=', 'draft'),
                env._("an invoice of a supplier"): Domain(
                    'move_type', 'in', ('in_invoice', 'in_refund', 'in_receipt')
                ),
            },
            'payment.transaction': {
                env._("a payment under way"): Domain('state', 'in', UNDER_WAY)
                & Domain('operation', '!=', 'validation')
            },
            'practice.dispute': {env._("an open dispute"): Domain('is_open', '=', True)},
        }
        for model, whys in domains.items():
            for why, domain in whys.items():
                if env[model].search_count(domain & Domain('partner_id', '=', self.id), limit=1):
                    reasons.append(env._("There is %s.", why))
        moves = self._billing_all_moves()
        open_moves = moves.filtered(
            lambda move: (
                move.state == 'posted' and not move.currency_id.is_zero(move.amount_residual)
            )
        )
        if open_moves:
            names = format_list(env, open_moves[:5].mapped('name'))
            reasons.append(env._("Not settled yet: %s.", names))
        if env['account.move.line'].search_count(
            [
                ('partner_id', '=', self.id),
                ('parent_state', '=', 'posted'),
                ('account_id.account_type', '=', 'asset_receivable'),
                ('reconciled', '=', False),
                ('payment_id', '!=', False),
            ],
            limit=1,
        ):
            reasons.append(env._("There is credit that was neither used nor given back."))
        items = self._billing_all_items()
        if items.filtered(lambda item: item.state in ('to_confirm', 'unbilled')):
            reasons.append(env._("There are sessions that were not invoiced yet."))
        if env['practice.payer.share'].search_count(
            [('payer_id', '=', self.id), ('client_id', '!=', self.id)], limit=1
        ):
            reasons.append(env._("This contact pays for others. End that first."))
        return reasons + self._billing_why_too_young(moves, items)

    def _billing_all_items(self):
        return self.env['practice.billing.item'].search([('client_id', '=', self.id)])

    def _billing_why_too_young(self, moves, items):
        """Return what happened within the time for which each practice keeps records."""
        payments = self.env['account.payment'].search([('partner_id', '=', self.id)])
        latest = {}
        events = self.env['calendar.event'].search_fetch(
            [('partner_ids', 'in', self.ids)], ['start'], order='start DESC', limit=1
        )
        days = [
            *((move.company_id, move.date) for move in moves),
            *((payment.company_id, payment.date) for payment in payments),
            *((item.company_id, item.service_date) for item in items),
            # An appointment is of no company; the most careful practice counts.
            *(
                (company, events.start.date())
                for company in (moves.company_id | items.company_id)
                if events
            ),
        ]
        for company, day in days:
            if day:
                latest[company] = max(day, latest.get(company, day))
        return [
            self.env._(
                "%(practice)s keeps records until %(until)s: the last entry is of %(day)s.",
                practice=company.name,
                until=format_date(self.env, company._billing_keep_until(day)),
                day=format_date(self.env, day),
            )
            for company, day in latest.items()
            if company._billing_keep_until(day) >= company._billing_today()
        ]

    # === BUSINESS METHODS - DOING IT === #

    def _billing_anonymise(self) -> bool:
        """Make this contact nobody, for good; the ledger stays as it is. Done twice, it is done
        once.

        :return: whether it was done now; not, if it had been before
        :raise AccessError: if the user is no manager
        :raise UserError: if something has to be kept; it says what
        """
        self.ensure_one()
        self._billing_check_rights_manager()
        claim(self)
        partner = self.sudo().with_context(tracking_disable=True, mail_notrack=True)
        if partner.billing_anonymised_at:
            return False
        # What Stripe reports at this moment waits, or is seen: the second one is replayed.
        claim(self.env['payment.transaction'].sudo().search([('partner_id', '=', self.id)]))
        if reasons := partner._billing_why_kept():
            raise UserError("\n".join(reasons))
        old_name = partner.name
        new_name = self.env._("Anonymised client %s", self.id)
        self.env.flush_all()
        partner._billing_forget_cards()
        partner._billing_forget_texts(old_name, new_name)
        partner._billing_forget_mails()
        partner._billing_forget_contact(new_name)
        partner.billing_anonymised_at = fields.Datetime.now()
        return True
