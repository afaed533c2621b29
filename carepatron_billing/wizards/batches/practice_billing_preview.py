from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ...tools.actions import open_dialog
from ...tools.clinical import told_by_templates

# Beyond so many invoices the work goes on in the background.
AT_ONCE = 20


class PracticeBillingPreview(models.TransientModel):
    """Which invoices a selection of sessions gives, and what hinders it."""

    _name = 'practice.billing.preview'
    _inherit = 'practice.dialog'
    _description = "Invoice Sessions"

    item_ids = fields.Many2many('practice.billing.item', string="Sessions", required=True)
    mode = fields.Selection(
        [('payer', "One invoice for each payer"), ('session', "One invoice for each session")],
        string="Make",
        required=True,
        default='payer',
    )
    invoice_date = fields.Date(
        required=True, default=lambda self: self.env.company._billing_today()
    )
    company_id = fields.Many2one('res.company', compute='_compute_company_id')
    template_id = fields.Many2one(
        'practice.invoice.template',
        string="Invoice Template",
        check_company=True,
        help="Empty: the client's, the practitioner's or the practice's.",
    )
    send_links = fields.Boolean(string="Send payment links at once")
    clinical = fields.Char(
        compute='_compute_clinical',
        help="Names and codes of services that the usual mail tells, though it may not.",
    )
    line_ids = fields.One2many(
        'practice.billing.preview.line', 'preview_id', compute='_compute_lines', store=True
    )
    obstacle_ids = fields.One2many(
        'practice.billing.preview.obstacle', 'preview_id', compute='_compute_lines', store=True
    )
    missing = fields.Char(
        compute='_compute_lines', store=True, help="The kinds of what hinders, with commas."
    )
    summary = fields.Char(compute='_compute_lines', store=True)

    @api.depends('item_ids')
    def _compute_company_id(self):
        for wizard in self:
            companies = wizard.item_ids.company_id
            wizard.company_id = companies if len(companies) == 1 else False

    @api.depends('item_ids', 'send_links')
    def _compute_clinical(self):
        template = self.env.ref('carepatron_billing.mail_template_payment_link')
        for wizard in self:
            companies = wizard.item_ids.company_id._origin if wizard.send_links else ()
            told = {word for one in companies for word in told_by_templates(one, template)}
            wizard.clinical = ", ".join(sorted(told))

    @api.depends('item_ids', 'mode', 'invoice_date', 'send_links')
    def _compute_lines(self):
        for wizard in self:
            items = wizard.item_ids._origin
            obstacles = items._get_obstacles(
                wizard.invoice_date or self.env.company._billing_today(), wizard.send_links
            )
            ready = wizard._get_ready(obstacles)
            groups = ready._group_for_invoices(wizard.mode)
            wizard.line_ids = [Command.clear()] + [
                Command.create(
                    {
                        'payer_id': group.payer_id.id,
                        'clients': ", ".join(group.client_id.mapped('name')),
                        'sessions': len(group),
                        'currency_id': group.currency_id.id,
                        'amount_total': sum(group.mapped('amount_total')),
                    }
                )
                for group in groups.values()
            ]
            wizard.obstacle_ids = [Command.clear()] + [
                Command.create({'kind': kind, 'name': message, 'item_ids': blocked.ids})
                for kind, message, blocked, _left_out in obstacles
            ]
            wizard.missing = ",".join(obstacle[0] for obstacle in obstacles)
            amounts = " + ".join(
                currency.format(sum(same.mapped('amount_total')))
                for currency, same in ready.grouped('currency_id').items()
            )
            if len(groups) == 1:
                wizard.summary = self.env._("1 invoice, %s", amounts)
            elif groups:
                wizard.summary = self.env._(
                    "%(count)s invoices, %(totals)s", count=len(groups), totals=amounts
                )
            else:
                wizard.summary = self.env._("Nothing can be invoiced yet")

    def _action_open(self):
        return open_dialog(self, self.env._("Invoice sessions"))

    def _get_ready(self, obstacles):
        left_out = self.env['practice.billing.item'].union(
            *(blocked for _kind, _message, blocked, out in obstacles if out)
        )
        return (self.item_ids._origin - left_out).filtered(lambda item: item.state == 'unbilled')

    def action_mend(self) -> dict:
        """Open what has to be mended of the kind that the button says.

        The buttons are the form's own: those of its rows ask to save first, once anything in the
        dialog was changed.
        """
        kind = self.env.context.get('billing_mend')
        obstacle = self.obstacle_ids.filtered(lambda one: one.kind == kind)[:1]
        # Somebody may have mended it meanwhile.
        return obstacle.action_mend() if obstacle else self._action_open()

    def action_invoice(self) -> dict:
        """Make the invoices: at once if they are few, else in the background.

        :return: the invoices, or how far the batch is
        :raise UserError: if nothing is ready
        """
        self.ensure_one()
        self.item_ids.check_access('write')
        ready = self._get_ready(self.item_ids._get_obstacles(self.invoice_date))
        if not ready:
            raise UserError(
                self.env._("None of these sessions can be invoiced yet. See what is missing.")
            )
        ready_sudo = ready.sudo()
        ready_sudo.batch_error = False
        batches_sudo = self.env['practice.billing.batch'].sudo()
        for company, items_sudo in ready_sudo.grouped('company_id').items():
            batch_sudo = batches_sudo.create(
                {
                    'company_id': company.id,
                    'mode': self.mode,
                    'invoice_date': self.invoice_date,
                    # Practices have their own; of several nothing was asked.
                    'template_id': self.template_id.id if company == self.company_id else False,
                    'send_links': self.send_links,
                }
            )
            items_sudo.batch_id = batch_sudo
            batches_sudo |= batch_sudo
        if sum(len(batch._get_groups()) for batch in batches_sudo) > AT_ONCE or self.send_links:
            self.env.ref('carepatron_billing.ir_cron_invoice_batches').sudo()._trigger()
            return batches_sudo[:1].sudo(False).action_open()
        for batch_sudo in batches_sudo:
            batch_sudo._invoice_groups(batch_sudo._get_groups())
            batch_sudo.is_open = False
        if ready.filtered('batch_error'):
            return batches_sudo[:1].sudo(False).action_open()
        return ready.invoice_id._billing_action_open()


class PracticeBillingPreviewLine(models.TransientModel):
    _name = 'practice.billing.preview.line'
    _inherit = 'practice.dialog'
    _description = "Invoice to Make"

    preview_id = fields.Many2one('practice.billing.preview', ondelete='cascade')
    payer_id = fields.Many2one('res.partner')
    clients = fields.Char()
    sessions = fields.Integer()
    currency_id = fields.Many2one('res.currency')
    amount_total = fields.Monetary(string="Total")


class PracticeBillingPreviewObstacle(models.TransientModel):
    _name = 'practice.billing.preview.obstacle'
    _inherit = 'practice.dialog'
    _description = "What Hinders an Invoice"

    preview_id = fields.Many2one('practice.billing.preview', ondelete='cascade')
    kind = fields.Char()
    name = fields.Char(string="Missing")
    item_ids = fields.Many2many('practice.billing.item')
    count = fields.Integer(string="Sessions", compute='_compute_count')

    @api.depends('item_ids')
    def _compute_count(self):
        for obstacle in self:
            obstacle.count = len(obstacle.item_ids)

    def action_mend(self) -> dict:
        """Open what has to be mended."""
        self.ensure_one()
        if self.kind == 'journal':
            # The accountant's to do; says so, unless it is done meanwhile.
            self.env['practice.billing.item']._get_sales_journals(self.item_ids.company_id[:1])
        if self.kind in ('journal', 'period'):
            self.preview_id.invoice_date = self.env.company._billing_today()
            return self.preview_id._action_open()
        records = self._get_to_mend()
        views = [(False, 'list'), (False, 'form')]
        if records._name == 'product.template':
            views = [
                (self.env.ref(f'carepatron_billing.product_template_billing_view_{kind}').id, kind)
                for _view, kind in views
            ]
        return {
            'type': 'ir.actions.act_window',
            'name': self.name,
            'res_model': records._name,
            'views': views if len(records) > 1 else views[1:],
            'res_id': records.id if len(records) == 1 else False,
            'domain': [('id', 'in', records.ids)],
            'context': {'active_test': False},
        }

    def _get_to_mend(self) -> models.Model:
        """Return the records in which the user can mend what is missing."""
        items = self.item_ids
        if self.kind in ('email', 'filed'):
            return items.payer_id
        services = items.sudo().service_id.product_tmpl_id.sudo(False)
        if self.kind == 'service' and services.has_access('write'):
            return services
        return items  # where another service can be chosen
