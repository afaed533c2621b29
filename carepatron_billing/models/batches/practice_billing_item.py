from odoo import fields, models


class PracticeBillingItem(models.Model):
    """Items that are invoiced together, and what hinders it."""

    _inherit = 'practice.billing.item'

    batch_id = fields.Many2one(
        'practice.billing.batch', index='btree_not_null', ondelete='set null', readonly=True
    )
    batch_error = fields.Char(string="Not Done Because", readonly=True)
    age = fields.Integer(
        string="Days", compute='_compute_age', help="Days since the session took place."
    )

    # The overview looks for the few that failed among all that ever were.
    _batch_error_idx = models.Index('(company_id) WHERE batch_error IS NOT NULL')

    def _compute_age(self):
        for item in self:
            today = item.company_id._billing_today()
            item.age = (today - item.service_date).days if item.service_date else 0

    # === ACTION METHODS === #

    def action_billing_preview(self) -> dict:
        """Show what invoices these items give, before anything is posted."""
        self.check_access('write')
        waiting = self.filtered(lambda item: item.state in ('unbilled', 'to_confirm'))
        wizard = self.env['practice.billing.preview'].create({'item_ids': waiting.ids})
        return wizard._action_open()

    # === BUSINESS METHODS === #

    def _get_obstacles(self, date, send: bool = False) -> list[tuple[str, str, models.Model, bool]]:
        """Return what hinders these items from being invoiced, in the order of the remedies.

        :param datetime.date date: of the invoices
        :param send: whether their links are to be sent
        :return: kind, message, items, and whether they are left out because of it
        """
        found = [
            (
                'confirm',
                self.env._("Not confirmed yet"),
                self.filtered(lambda item: item.state == 'to_confirm'),
                True,
            ),
            (
                'price',
                self.env._("Without a price"),
                self.filtered(lambda item: item.currency_id.is_zero(item.price_unit)),
                True,
            ),
            (
                'service',
                self.env._("The service is archived"),
                self.filtered(lambda item: not item.sudo().service_id.active),
                True,
            ),
        ]
        for company, items in self.grouped('company_id').items():
            journal_sudo = (
                self.env['account.journal']
                .sudo()
                .search(
                    [
                        *self.env['account.journal']._check_company_domain(company),
                        ('type', '=', 'sale'),
                    ],
                    limit=1,
                )
            )
            if not journal_sudo:
                found.append(
                    ('journal', self.env._("The practice has no sales journal"), items, True)
                )
            elif company.sudo()._get_violated_lock_dates(date, True, journal_sudo):
                found.append(
                    (
                        'period',
                        self.env._("The books are closed for the date of the invoice"),
                        items,
                        True,
                    )
                )
        found.append(
            (
                'filed',
                self.env._("Filed under a company; invoiced privately, not to the company"),
                self.filtered(lambda item: item.sudo().payer_id.billing_is_filed),
                False,
            )
        )
        if send:
            found.append(
                (
                    'email',
                    self.env._("The payer has no e-mail address; invoiced, but not sent"),
                    self.filtered(lambda item: not item.payer_id.email),
                    False,
                )
            )
        return [obstacle for obstacle in found if obstacle[2]]
