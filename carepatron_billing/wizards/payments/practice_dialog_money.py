from odoo import api, fields, models


class PracticeDialogMoney(models.AbstractModel):
    """A dialog about money that is taken or given by hand: from which till or bank."""

    _name = 'practice.dialog.money'
    _inherit = 'practice.dialog'
    _description = "Dialog About Money by Hand"

    journal_ids = fields.Many2many('account.journal', compute='_compute_journal_ids')
    journal_id = fields.Many2one(
        'account.journal',
        compute='_compute_journal_id',
        store=True,
        precompute=True,
        readonly=False,
        domain="[('id', 'in', journal_ids)]",
    )

    @api.depends('company_id')
    def _compute_journal_ids(self):
        for wizard in self:
            wizard.journal_ids = wizard.company_id._billing_manual_journals()

    @api.depends('journal_ids')
    def _compute_journal_id(self):
        for wizard in self:
            journals = wizard.journal_ids
            cash = journals.filtered(lambda journal: journal.type == 'cash')
            wizard.journal_id = (cash or journals)[:1]._origin
