from odoo import api, models
from odoo.fields import Domain
from odoo.tools import format_amount

from ..invoices.account_move_status import UNPAID


class PracticeOverview(models.AbstractModel):
    """The figures on the first screen, in their order."""

    _inherit = 'practice.overview'

    @api.model
    def _get_figures(self, uninvoiced, is_desk):
        waiting, overdue = self._read_unpaid()
        figures = [
            self._figure(
                'uninvoiced',
                self.env._("Not invoiced yet"),
                uninvoiced,
                (self.env._("session"), self.env._("sessions")),
                self.env._("All that took place is invoiced."),
                'carepatron_billing.practice_billing_item_action',
            ),
            self._figure(
                'waiting',
                self.env._("Waiting for payment"),
                waiting,
                (self.env._("invoice"), self.env._("invoices")),
                self.env._("Nobody owes you anything."),
                'carepatron_billing.account_move_billing_action',
                'search_default_unpaid',
            ),
            self._figure(
                'overdue',
                self.env._("Of these, overdue"),
                overdue,
                (self.env._("invoice"), self.env._("invoices")),
                self.env._("Nothing is overdue."),
                'carepatron_billing.account_move_billing_action',
                'search_default_overdue',
            ),
        ]
        if is_desk:
            figures.append(
                self._figure(
                    'paid',
                    self.env._("Paid this month"),
                    self._read_paid(),
                    (self.env._("payment"), self.env._("payments")),
                    self.env._("No payment yet this month."),
                    'carepatron_billing.account_payment_billing_action',
                    'search_default_month',
                )
            )
            credit = self._read_credit()
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
    def _read_uninvoiced(self):
        """Return what waits to be invoiced, and how many sessions of it are to be confirmed."""
        groups = self.env['practice.billing.item']._read_group(
            [
                ('company_id', 'in', self.env.companies.ids),
                ('state', 'in', ('unbilled', 'to_confirm')),
            ],
            ['company_id', 'currency_id', 'state'],
            ['amount_total:sum', '__count'],
        )
        to_confirm = sum(count for *_key, state, _sum, count in groups if state == 'to_confirm')
        return self._sum_up(groups), to_confirm

    @api.model
    def _read_unpaid(self):
        """Return what is open, and what of it is overdue, in one pass over the invoices."""
        today = self.env.company._billing_today()
        groups = self.env['account.move']._read_group(
            [('company_id', 'in', self.env.companies.ids), *UNPAID],
            ['company_id', 'currency_id', 'invoice_date_due:day'],
            ['amount_residual:sum', '__count'],
        )
        late = [group for group in groups if group[2] and group[2] < today]
        return self._sum_up(groups), self._sum_up(late)

    @api.model
    def _sum_up(self, groups: list) -> list[tuple[models.Model, models.Model, float, int]]:
        """Return one line for each practice and currency.

        :param groups: practice, currency, anything else, an amount and a number
        """
        sums = {}
        for company, currency, *_rest, amount, count in groups:
            total, number = sums.get((company, currency), (0.0, 0))
            sums[company, currency] = total + amount, number + count
        return [(*key, *values) for key, values in sums.items()]

    @api.model
    def _read_paid(self):
        """Return what clients paid this month, less what was given back."""
        groups = self.env['account.payment']._read_group(
            [
                ('company_id', 'in', self.env.companies.ids),
                ('partner_type', '=', 'customer'),
                ('state', 'in', ('in_process', 'paid')),
                ('date', '>=', self.env.company._billing_today().replace(day=1)),
            ],
            ['company_id', 'currency_id', 'payment_type'],
            ['amount:sum', '__count'],
        )
        return self._sum_up(
            (company, currency, amount if kind == 'inbound' else -amount, count)
            for company, currency, kind, amount, count in groups
        )

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

    @api.model
    def _figure(self, key, label, groups, units, empty, action, *filters):
        several = len({company for company, *_rest in groups}) > 1
        number = sum(count for *_rest, count in groups)
        return {
            'key': key,
            'label': label,
            'unit': units[number != 1],
            'empty': empty,
            'count': number,
            'lines': [
                {
                    'amount': format_amount(self.env, amount, currency),
                    'company': company.name if several else '',
                }
                for company, currency, amount, _count in groups
            ],
            'action': action,
            'context': dict.fromkeys(filters, 1),
        }
