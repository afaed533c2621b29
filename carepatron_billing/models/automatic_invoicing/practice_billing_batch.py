from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date

from ...tools.concurrency import claim
from ...tools.crons import work_off


class PracticeBillingBatch(models.Model):
    """What was invoiced by itself: a record for each practice and day, which tells what was done
    and what was left out."""

    _inherit = 'practice.billing.batch'

    is_automatic = fields.Boolean(string="Automatic", readonly=True)
    note_ids = fields.One2many(
        'practice.billing.batch.note', 'batch_id', string="Left Out", readonly=True
    )
    invoice_ids = fields.Many2many(
        'account.move', string="Invoices", compute='_compute_summary', compute_sudo=True
    )
    invoice_count = fields.Integer(
        string="Invoices Made", compute='_compute_summary', compute_sudo=True
    )
    sent_count = fields.Integer(string="Sent", compute='_compute_summary', compute_sudo=True)
    note_count = fields.Integer(string="Not Done", compute='_compute_summary', compute_sudo=True)
    amounts = fields.Char(string="Total", compute='_compute_summary', compute_sudo=True)

    _automatic_day_unique = models.UniqueIndex(
        '(company_id, invoice_date) WHERE is_automatic',
        "Automatic invoicing has a record of this day already.",
    )

    # === COMPUTE METHODS === #

    @api.depends('is_automatic', 'invoice_date')
    def _compute_display_name(self):
        automatic = self.filtered('is_automatic')
        for batch in automatic:
            batch.display_name = self.env._(
                "Automatic invoicing, %s", format_date(self.env, batch.invoice_date)
            )
        return super(PracticeBillingBatch, self - automatic)._compute_display_name()

    @api.depends('item_ids.state', 'item_ids.invoice_id', 'note_ids')
    def _compute_summary(self):
        for batch in self:
            invoices = batch.item_ids.invoice_id
            batch.invoice_ids = invoices
            batch.invoice_count = len(invoices)
            batch.sent_count = len(invoices.filtered('billing_link_sent_at'))
            batch.note_count = len(batch.note_ids)
            batch.amounts = " + ".join(
                currency.format(sum(same.mapped('amount_total')))
                for currency, same in invoices.grouped('currency_id').items()
            )

    # === BUSINESS METHODS === #

    @api.model
    def _cron_automatic(self):
        """Find what is due to be invoiced by itself, and have it invoiced.

        Each practice's is found anew and committed at once: after a crash, the next run goes on.
        """
        # What has just ended belongs on the same invoices.
        self.env['practice.billing.item']._cron_make_items()
        batches = self.sudo()
        work_off(
            self._get_automatic_companies(),
            lambda company_sudo: batches.with_company(company_sudo)._open_due(company_sudo),
        )

    @api.model
    def _get_automatic_companies(self):
        """Return the practices (sudo) that have work waiting and invoice by themselves, at least
        for one contact."""
        waiting = (
            self.env['practice.billing.item']
            .sudo()
            ._read_group([('state', 'in', ('unbilled', 'to_confirm'))], ['company_id'])
        )
        companies_sudo = self.env['res.company'].sudo().union(*(row[0] for row in waiting))
        own = Domain('billing_auto', 'in', ('session', 'daily', 'weekly', 'monthly'))
        return companies_sudo.filtered(
            lambda company: (
                company.billing_auto != 'off'
                or self.env['res.partner'].sudo().with_company(company).search_count(own, limit=1)
            )
        )

    def _open_due(self, company_sudo: models.Model):
        """Put what is due into the day's record, and say of the rest why it is left out.

        :param company_sudo: the practice
        """
        due_sudo = self.env['practice.billing.item']._get_automatically_due(company_sudo)
        if not due_sudo:
            return
        # Another process that got here waits, fails on serialization, and looks again.
        claim(company_sudo)
        today = company_sudo._billing_today()
        batch = self.search(
            [
                ('company_id', '=', company_sudo.id),
                ('invoice_date', '=', today),
                ('is_automatic', '=', True),
            ]
        ) or self.create(
            {
                'company_id': company_sudo.id,
                'invoice_date': today,
                'is_automatic': True,
                'send_links': True,
            }
        )
        batch._reopen()
        batch.mode = company_sudo.billing_auto_mode
        due_sudo.tried_at = fields.Datetime.now()
        waiting_sudo = due_sudo.browse()
        for item_sudo in due_sudo:
            reason = item_sudo._get_waiting_reason()
            if reason:
                waiting_sudo |= item_sudo
                batch._note(item_sudo, reason)
        ready_sudo = due_sudo - waiting_sudo
        ready_sudo.write({'batch_id': batch.id, 'batch_error': False})
        for _kind, message, blocked_sudo, is_left_out in ready_sudo._get_obstacles(today):
            if is_left_out:
                batch._fail(blocked_sudo.filtered(lambda item: not item.batch_error), message)
        self.env.ref('carepatron_billing.ir_cron_invoice_batches').sudo()._trigger()

    def _note(self, items, reason):
        """Keep in this record why items were not invoiced, or not sent."""
        self.env['practice.billing.batch.note'].sudo().create(
            [
                {
                    'batch_id': self.id,
                    'item_id': item.id,
                    'name': item._get_label(),
                    'reason': reason,
                }
                for item in items
            ]
        )

    def _fail(self, items, reason):
        if self.is_automatic:
            self._note(items, reason)
        return super()._fail(items, reason)

    def _get_groups(self):
        # What was found due may have been credited, or put on hold, before its turn came.
        if self.is_automatic:
            for item in self._get_pending():
                reason = item._get_waiting_reason()
                if reason:
                    self._note(item, reason)
                    item.sudo().batch_id = False
        return super()._get_groups()

    def _get_invoice_values(self):
        values = super()._get_invoice_values()
        if self.is_automatic:
            # What is tried again on another day is invoiced on that day.
            values.pop('invoice_date', None)
        return values

    def _get_unsent(self):
        unsent = super()._get_unsent()
        if not self.is_automatic:
            return unsent
        company = self.company_id
        return unsent.filtered(
            lambda move: any(
                company._billing_automation(item.payer_id, item.client_id).sends
                for item in move.billing_item_ids
            )
        )

    def _notify_creator(self):
        return None if self.is_automatic else super()._notify_creator()


class PracticeBillingBatchNote(models.Model):
    _name = 'practice.billing.batch.note'
    _description = "Left Out of Automatic Invoicing"
    _order = 'id desc'

    batch_id = fields.Many2one(
        'practice.billing.batch', required=True, index=True, ondelete='cascade'
    )
    company_id = fields.Many2one(related='batch_id.company_id', store=True)
    item_id = fields.Many2one('practice.billing.item', index='btree_not_null', ondelete='set null')
    name = fields.Char(string="Session", required=True)
    reason = fields.Char(string="Because", required=True)

    def action_open_item(self) -> dict:
        """Show the session that was left out."""
        return {
            'type': 'ir.actions.act_window',
            'res_model': 'practice.billing.item',
            'res_id': self.item_id.id,
            'view_mode': 'form',
        }
