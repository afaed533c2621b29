from psycopg2.errors import SerializationFailure

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date, split_every

from ...tools.concurrency import claim
from ...tools.crons import together_or_apart

# Invoices of one commit: fifty run five times as fast as one by one.
CHUNK = 50


class PracticeBillingBatch(models.Model):
    _name = 'practice.billing.batch'
    _description = "Batch of Invoices"
    _order = 'id desc'

    company_id = fields.Many2one('res.company', string="Practice", required=True, index=True)
    mode = fields.Selection(
        [('payer', "One invoice for each payer"), ('session', "One invoice for each session")],
        required=True,
        default='payer',
        readonly=True,
    )
    invoice_date = fields.Date(required=True, readonly=True)
    template_id = fields.Many2one(
        'practice.invoice.template',
        string="Invoice Template",
        check_company=True,
        ondelete='set null',
        readonly=True,
    )
    send_links = fields.Boolean(string="Send Payment Links", readonly=True)
    item_ids = fields.One2many(
        'practice.billing.item', 'batch_id', string="Sessions", readonly=True
    )
    total = fields.Integer(string="Selected", compute='_compute_progress')
    done = fields.Integer(string="Invoiced", compute='_compute_progress')
    failed = fields.Integer(compute='_compute_progress')
    progress = fields.Float(compute='_compute_progress')
    is_open = fields.Boolean(default=True, index=True, readonly=True)

    # === COMPUTE METHODS === #

    @api.depends('create_date', 'create_uid')
    def _compute_display_name(self):
        for batch in self:
            batch.display_name = self.env._(
                "Invoices of %(date)s", date=format_date(self.env, batch.invoice_date)
            )

    @api.depends('item_ids.state', 'item_ids.batch_error')
    def _compute_progress(self):
        for batch in self:
            failed = batch.item_ids.filtered('batch_error')
            batch.total = len(batch.item_ids)
            batch.done = len(batch.item_ids.filtered(lambda item: item.state == 'invoiced'))
            batch.failed = len(failed)
            settled = failed | batch.item_ids - batch._get_pending()
            batch.progress = 100 * len(settled) / batch.total if batch.total else 100

    # === ACTION METHODS === #

    def action_open(self) -> dict:
        """Show how far this batch is."""
        return {
            'type': 'ir.actions.act_window',
            'name': self.env._("Invoicing"),
            'res_model': self._name,
            'res_id': self.id,
            'view_mode': 'form',
        }

    def action_retry(self):
        """Try again what failed."""
        self.check_access('read')
        batch_sudo = self.sudo()
        batch_sudo._reopen()
        batch_sudo.item_ids.batch_error = False
        self.env.ref('carepatron_billing.ir_cron_invoice_batches').sudo()._trigger()
        return True

    def action_open_invoices(self) -> dict:
        """Show the invoices of this batch."""
        return self.item_ids.invoice_id._billing_action_open()

    # === BUSINESS METHODS === #

    def _get_pending(self):
        """Return the items that are still to be invoiced."""
        return self.item_ids.filtered(
            lambda item: item.state == 'unbilled' and not item.batch_error
        )

    def _reopen(self):
        """Have this batch worked on again."""
        if not self.is_open:
            # Credited since; whoever wants it invoiced once more selects it anew.
            self._get_pending().batch_id = False
        self.is_open = True

    def _get_groups(self) -> list[models.Model]:
        """Return the items of each invoice that is still to be made."""
        return list(self._get_pending()._group_for_invoices(self.mode).values())

    def _invoice_groups(self, groups: list):
        """Invoice groups of items; one bad item never stops the rest, and is named.

        :param groups: recordsets of `practice.billing.item`, one for each invoice
        """
        items = self.env['practice.billing.item']
        together_or_apart(
            self.env,
            groups,
            lambda some: items.union(*some)._invoice(self.mode, **self._get_invoice_values()),
            lambda group, error: self._fail(group, str(error)),
        )

    def _get_invoice_values(self) -> dict:
        """Return what was chosen for all invoices of this batch; without a date, they are of the
        day on which they are made."""
        chosen = {'invoice_date': self.invoice_date, 'billing_template_id': self.template_id.id}
        return {name: value for name, value in chosen.items() if value}

    def _fail(self, items, reason: str):
        """Say on items why they are not invoiced, or not sent.

        :param reason: in words for the desk
        """
        items.sudo().batch_error = reason

    def _send(self, move):
        """Send the payment link of an invoice, once; what hinders that is said on its items."""
        links_sudo = move.sudo().billing_link_ids
        claim(links_sudo)
        links_sudo.invalidate_recordset(['sent_at'])
        if move.billing_link_sent_at:
            return
        move = move.with_user(self.create_uid).sudo(False).with_company(self.company_id)
        problem = False
        if not move.partner_id.email:
            problem = self.env._("The payer has no e-mail address.")
        else:
            try:
                with self.env.cr.savepoint():
                    dialog = move.env['practice.payment.link.send'].create({'move_id': move.id})
                    dialog._send()
            except UserError as error:
                self.env.invalidate_all()
                problem = str(error)
        if problem:
            self._fail(
                move.sudo().billing_item_ids, self.env._("Invoiced, but not sent: %s", problem)
            )

    def _get_unsent(self):
        if not self.send_links:
            return self.env['account.move']
        return self.item_ids.filtered(
            lambda item: item.state == 'invoiced' and not item.batch_error
        ).invoice_id.filtered(lambda move: not move.billing_link_sent_at)

    @api.model
    def _cron_invoice(self):
        """Go on with the batches that are not done, a chunk of invoices a commit."""
        for batch in self.search([('is_open', '=', True)], order='id'):
            if not batch._run():
                return

    def _run(self) -> bool:
        """Invoice and send what is pending.

        :return: whether there is time left
        """
        try:
            return self._work()
        except SerializationFailure:
            # Somebody bills or sends the same; the next run looks again.
            self.env.cr.rollback()
            self.env.ref('carepatron_billing.ir_cron_invoice_batches').sudo()._trigger()
            self.env['ir.cron']._commit_progress()
            return False

    def _work(self):
        cron = self.env['ir.cron']
        worker = self.with_user(self.create_uid).sudo().with_company(self.company_id)
        groups = worker._get_groups()
        left = len(groups)
        for chunk in split_every(CHUNK, groups, list):
            # What somebody else has just invoiced is left alone, and comes no more.
            self.env['practice.billing.item'].union(*chunk).invalidate_recordset(['state'])
            worker._invoice_groups(
                [group.filtered(lambda one: one.state == 'unbilled') for group in chunk]
            )
            self.env.flush_all()
            left -= len(chunk)
            # Something remains until the batch is closed; else the cron would not come back soon.
            if not cron._commit_progress(len(chunk), remaining=left + 1):
                return False
        # What leaves the house is one a commit, which empties the cache: each is read alone.
        unsent = worker._get_unsent()
        for place, move in enumerate(unsent):
            worker._send(move.with_prefetch())
            self.env.flush_all()
            if not cron._commit_progress(1, remaining=len(unsent) - place):
                return False
        self.is_open = False
        self._notify_creator()
        others = self.search_count([('is_open', '=', True)])
        return bool(cron._commit_progress(remaining=others))

    def _notify_creator(self):
        """Tell who selected these sessions that they are done."""
        self.create_uid._bus_send(
            'simple_notification',
            {
                'type': 'warning' if self.failed else 'success',
                'message': self.env._(
                    "%(done)s sessions are invoiced, %(failed)s need a look.",
                    done=self.done,
                    failed=self.failed,
                ),
            },
        )
