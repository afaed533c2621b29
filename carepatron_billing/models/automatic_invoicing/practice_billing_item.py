from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain


class PracticeBillingItem(models.Model):
    """When an item is invoiced without anybody's click, and what keeps it from that."""

    _inherit = 'practice.billing.item'

    decided_at = fields.Datetime(
        readonly=True, help="When somebody last said whether this is to be billed."
    )
    tried_at = fields.Datetime(
        readonly=True, help="When automatic invoicing last came to this item."
    )

    # === CRUD METHODS === #

    def write(self, vals):
        if vals.keys() & {'confirm_reason', 'waived'}:
            vals = {**vals, 'decided_at': fields.Datetime.now()}
        return super().write(vals)

    # === BUSINESS METHODS === #

    @api.model
    def _get_automatically_due(self, company_sudo: models.Model) -> models.Model:
        """Return a practice's items (sudo) that automatic invoicing comes to now.

        When that is follows from the rules alone. After a time without service, what was due
        meanwhile is due once.

        :param company_sudo: the practice
        """
        now = fields.Datetime.now()
        domain = (
            Domain('company_id', '=', company_sudo.id)
            & Domain('state', 'in', ('unbilled', 'to_confirm'))
            & Domain('date', '<=', now)
            & (Domain('batch_id', '=', False) | Domain('batch_id.is_open', '=', False))
        )
        if company_sudo.billing_auto_from:
            domain &= Domain('service_date', '>=', company_sudo.billing_auto_from)
        items_sudo = self.sudo().with_company(company_sudo).search(domain, order='date, id')
        facts = items_sudo.event_id._billing_facts()
        return items_sudo.filtered(
            lambda item: (
                (moment := item._get_automatic_moment(facts.get(item.event_id))) and moment <= now
            )
        )

    def _get_automatic_moment(self, fact):
        """Return when automatic invoicing comes to this item: the first moment of the rule after
        the session, the rule's last change, the last decision about it and the last attempt.

        :param Fact fact: of its session; None without one
        :return: naive, in UTC; False if it never does
        :rtype: datetime.datetime | bool
        """
        rule = self.company_id._billing_automation(self.payer_id, self.client_id)
        if rule.schedule.cycle == 'off':
            return False
        ends = fact.ends if fact else max(self.date, self.create_date)
        decided = max(filter(None, (ends, rule.since, self.decided_at)))
        if rule.schedule.cycle == 'session' and not (self.tried_at and self.tried_at >= decided):
            return max(decided, ends + timedelta(hours=self.company_id.billing_auto_hours))
        after = decided
        if self.tried_at:
            after = max(after, self.tried_at + timedelta(seconds=1))
        return self.company_id._billing_next_moment(rule.schedule, after)

    def _get_waiting_reason(self) -> str | bool:
        """Return why this item waits for somebody although its time has come, or False."""
        if self.state == 'to_confirm':
            reasons = dict(self._fields['confirm_reason']._description_selection(self.env))
            return self.env._("To be confirmed: %s", reasons[self.confirm_reason])
        if self.invoice_line_ids:
            return self.env._("Its invoice was credited. Invoice it again yourself, or waive it.")
        partners = (self.payer_id, self.client_id)
        company = self.company_id
        return next(
            filter(None, (one.with_company(company)._billing_pause() for one in partners)), False
        )
