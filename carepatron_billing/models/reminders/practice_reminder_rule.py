from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import formatLang

from ...tools.actions import open_dialog
from ...tools.clinical import told_by_templates
from .plan import Timing

# Text of the mail, when, days, every, times.
DEFAULT_RULES = (
    ('soon', 'before', 3, 0, 0),
    ('due', 'on', 0, 0, 0),
    ('kind', 'after', 7, 0, 0),
    ('firm', 'after', 21, 14, 1),
    ('last', 'after', 49, 0, 0),
)


class PracticeReminderRule(models.Model):
    """When payers are reminded of what is due, of which invoices, and in which words."""

    _name = 'practice.reminder.rule'
    _description = "Reminder Rule"
    _order = 'company_id, sort_days, id'
    _check_company_auto = True

    company_id = fields.Many2one(
        'res.company',
        string="Practice",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(related='company_id.currency_id')
    is_on = fields.Boolean(string="On", readonly=True, copy=False)
    start_date = fields.Date(
        readonly=True,
        copy=False,
        help="Reminders that were planned for an earlier day are not sent any more.",
    )
    when = fields.Selection(
        [
            ('before', "before the due date"),
            ('on', "on the due date"),
            ('after', "after the due date"),
        ],
        required=True,
        default='after',
    )
    days = fields.Integer(default=7)
    every = fields.Integer(string="Then Every", default=14, help="Days between repetitions.")
    times = fields.Integer(string="Repetitions", help="0: it is sent once.")
    sort_days = fields.Integer(compute='_compute_sort_days', store=True)
    sentence = fields.Char(compute='_compute_sentence')
    audience_sentence = fields.Char(string="For", compute='_compute_sentence')
    template_id = fields.Many2one(
        'mail.template',
        string="E-mail",
        required=True,
        ondelete='restrict',
        domain=[('model', '=', 'account.move')],
        default=lambda self: self.env.ref(
            'carepatron_billing.mail_template_reminder_kind', raise_if_not_found=False
        ),
    )
    clinical = fields.Char(
        compute='_compute_clinical',
        help="Names and codes of services that the mail tells, though it may not.",
    )
    attach_invoice = fields.Boolean(string="Attach the invoice (PDF)", default=True)
    audience = fields.Selection(
        [
            ('all', "All invoices"),
            ('amount', "Invoices of at least an amount"),
            ('template', "Invoices of a template"),
            ('tag', "Clients with a tag"),
        ],
        string="Remind Of",
        required=True,
        default='all',
    )
    minimum = fields.Monetary(string="At Least", help="Of what is due at that moment.")
    invoice_template_id = fields.Many2one(
        'practice.invoice.template', ondelete='restrict', check_company=True
    )
    tag_id = fields.Many2one('res.partner.category', ondelete='restrict')

    _days_check = models.Constraint(
        'CHECK(days BETWEEN 0 AND 365)', "Say a number of days from 0 to 365."
    )
    _times_check = models.Constraint(
        'CHECK(times BETWEEN 0 AND 12)', "A reminder can be repeated up to 12 times."
    )

    # === COMPUTE METHODS === #

    @api.depends('when', 'days')
    def _compute_sort_days(self):
        for rule in self:
            rule.sort_days = rule._offset()

    @api.depends(
        'when',
        'days',
        'every',
        'times',
        'audience',
        'minimum',
        'invoice_template_id',
        'tag_id',
    )
    def _compute_sentence(self):
        for rule in self:
            rule.sentence = rule._sentence()
            rule.audience_sentence = rule._audience_sentence()

    @api.depends(
        'template_id.subject',
        'template_id.body_html',
        'company_id.billing_privacy_subject',
        'company_id.billing_privacy_mail',
    )
    def _compute_clinical(self):
        for rule in self:
            told = told_by_templates(rule.company_id._origin, rule.template_id._origin)
            rule.clinical = ", ".join(told)

    @api.depends('sentence')
    def _compute_display_name(self):
        for rule in self:
            rule.display_name = rule.sentence

    # === CONSTRAINT METHODS === #

    @api.constrains('every', 'times')
    def _check_every(self):
        for rule in self:
            if rule.times and not 1 <= rule.every <= 365:
                raise ValidationError(
                    self.env._("Say after how many days the reminder is repeated, from 1 to 365.")
                )

    @api.constrains('audience', 'minimum', 'invoice_template_id', 'tag_id')
    def _check_audience(self):
        for rule in self:
            missing = (
                (rule.audience == 'amount' and rule.minimum <= 0)
                or (rule.audience == 'template' and not rule.invoice_template_id)
                or (rule.audience == 'tag' and not rule.tag_id)
            )
            if missing:
                raise ValidationError(
                    self.env._("Say which amount, invoice template or tag the rule is about.")
                )

    # === ACTION METHODS === #

    def action_switch_on(self) -> dict | bool:
        """Switch the rule on; where invoices are overdue already, ask about them first, and warn
        if its mail tells what clients came for.
        """
        self.ensure_one()
        self.check_access('write')
        dialog = self.env['practice.reminder.start'].create({'rule_id': self.id})
        if not dialog.overdue_count and not self.clinical:
            return dialog.action_start()
        return open_dialog(dialog, self.env._("Switch on: %s", self.sentence))

    def action_switch_off(self):
        """Send nothing by this rule any more."""
        self.is_on = False
        return True

    def action_open_template(self) -> dict:
        """Open the words of the mail."""
        self.ensure_one()
        return {
            'type': 'ir.actions.act_window',
            'res_model': 'mail.template',
            'res_id': self.template_id.id,
            'view_mode': 'form',
            'target': 'new',
        }

    def action_preview(self) -> dict:
        """Show the mail with a real invoice of the practice."""
        self.ensure_one()
        self.check_access('write')
        preview = self.env['practice.reminder.preview'].create({'rule_id': self.id})
        return preview._action_open()

    # === BUSINESS METHODS === #

    @api.model
    def _make_defaults(self, companies: models.Model):
        """Give companies the rules that most practices want, all off.

        :param companies: the ones without a rule
        """
        return self.sudo().create(
            [
                {
                    'company_id': company.id,
                    'when': when,
                    'days': days,
                    'every': every or 14,
                    'times': times,
                    'template_id': self.env.ref(
                        f'carepatron_billing.mail_template_reminder_{tone}'
                    ).id,
                }
                for company in companies
                for tone, when, days, every, times in DEFAULT_RULES
            ]
        )

    def _offset(self):
        return {'before': -self.days, 'on': 0, 'after': self.days}[self.when or 'on']

    def _timing(self) -> Timing:
        """Return when the rule reminds."""
        self.ensure_one()
        start = {'start': self.start_date} if self.start_date else {}
        times = self.times if self.every > 0 else 0
        return Timing(self.id, self._offset(), self.every, times, **start)

    def _sentence(self):
        if self.when == 'on' or not self.days:
            first = self.env._("On the due date")
        elif self.when == 'before':
            first = (
                self.env._("1 day before the due date")
                if self.days == 1
                else self.env._("%s days before the due date", self.days)
            )
        else:
            first = (
                self.env._("1 day after the due date")
                if self.days == 1
                else self.env._("%s days after the due date", self.days)
            )
        if self.times <= 0:
            return first
        if self.times == 1:
            return self.env._(
                "%(first)s, and again %(days)s days later", first=first, days=self.every
            )
        return self.env._(
            "%(first)s, then every %(days)s days, %(times)s times",
            first=first,
            days=self.every,
            times=self.times,
        )

    def _audience_sentence(self):
        if self.audience == 'amount':
            amount = formatLang(self.env, self.minimum, currency_obj=self.currency_id)
            return self.env._("Invoices of %s or more", amount)
        if self.audience == 'template':
            return self.env._("Invoices in the look of %s", self.invoice_template_id.name or "…")
        if self.audience == 'tag':
            return self.env._("Clients tagged %s", self.tag_id.name or "…")
        return self.env._("All invoices")
