from odoo import fields, models
from odoo.tools import SQL


class PracticeReminderEffect(models.Model):
    """What reminders bring: each invoice with each reminder of it, and when it was paid."""

    _name = 'practice.reminder.effect'
    _description = "Effect of Reminders"
    _auto = False
    _order = 'invoice_date desc, id'
    _depends = {
        'account.move': ['company_id', 'invoice_date', 'partner_id', 'payment_state', 'state'],
        'account.move.line': ['move_id'],
        'account.partial.reconcile': ['debit_move_id', 'max_date'],
        'practice.payment.link': ['move_id'],
        'practice.reminder': ['day', 'move_id', 'rule_id', 'state', 'user_id'],
    }

    move_id = fields.Many2one('account.move', string="Invoice", readonly=True)
    payer_id = fields.Many2one('res.partner', readonly=True)
    company_id = fields.Many2one('res.company', string="Practice", readonly=True)
    rule_id = fields.Many2one('practice.reminder.rule', string="Reminder", readonly=True)
    kind = fields.Selection(
        [
            ('rule', "Reminded by rule"),
            ('hand', "Reminded by hand"),
            ('none', "Never reminded"),
        ],
        string="How",
        readonly=True,
    )
    is_reminded = fields.Boolean(string="Was Reminded Of", readonly=True)
    invoice_date = fields.Date(string="Issued", readonly=True)
    day = fields.Date(string="Reminded On", readonly=True)
    paid_on = fields.Date(readonly=True)
    paid_within_week = fields.Float(
        string="Paid within 7 Days (%)",
        aggregator='avg',
        readonly=True,
        help="Of the invoices that were reminded of, by the days since the reminder.",
    )
    days_after_reminder = fields.Float(
        string="Days from Reminder to Payment", aggregator='avg', readonly=True
    )
    days_to_pay = fields.Float(
        string="Days from Invoice to Payment",
        aggregator='avg',
        readonly=True,
        help="By the month of issue this shows what changed since a rule was switched on.",
    )

    @property
    def _table_query(self):
        # A reminder is judged once it is a week old, or paid.
        return SQL(
            """
            SELECT row_number() OVER (ORDER BY move.id, reminder.id) AS id,
                   move.id AS move_id, move.partner_id AS payer_id, move.company_id,
                   reminder.rule_id, reminder.id IS NOT NULL AS is_reminded,
                   CASE WHEN reminder.id IS NULL THEN 'none'
                        WHEN reminder.rule_id IS NULL AND reminder.user_id IS NOT NULL THEN 'hand'
                        ELSE 'rule'
                    END AS kind,
                   move.invoice_date, reminder.day, paid.day AS paid_on,
                   CASE WHEN reminder.id IS NULL THEN NULL
                        WHEN paid.day - reminder.day <= 7 THEN 100.0
                        WHEN paid.day IS NOT NULL OR reminder.day < current_date - 7 THEN 0.0
                    END AS paid_within_week,
                   paid.day - reminder.day AS days_after_reminder,
                   paid.day - move.invoice_date AS days_to_pay
              FROM account_move move
         LEFT JOIN practice_reminder reminder
                ON reminder.move_id = move.id AND reminder.state = 'sent'
         LEFT JOIN LATERAL (
                   SELECT max(partial.max_date) AS day
                     FROM account_partial_reconcile partial
                     JOIN account_move_line line ON line.id = partial.debit_move_id
                    WHERE line.move_id = move.id
                      AND move.payment_state IN ('paid', 'in_payment')
                   ) paid ON TRUE
             WHERE move.move_type = 'out_invoice' AND move.state = 'posted'
               AND EXISTS (SELECT FROM practice_payment_link link WHERE link.move_id = move.id)
            """
        )
