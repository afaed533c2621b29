from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import email_normalize

from ..tools import claim


class PracticePaymentLinkSend(models.TransientModel):
    """Send payment link: check the address, see what the payer will get, send."""

    _name = 'practice.payment.link.send'
    _description = "Send Payment Link"
    _check_company_auto = True

    move_id = fields.Many2one('account.move', string="Invoice", required=True, readonly=True)
    company_id = fields.Many2one(related='move_id.company_id')
    payer_id = fields.Many2one(related='move_id.partner_id', string="Payer")
    email = fields.Char(
        string="E-mail",
        compute='_compute_email',
        store=True,
        precompute=True,
        readonly=False,
        required=True,
    )
    keep_email = fields.Boolean(string="Keep for next time")
    is_email_changed = fields.Boolean(compute='_compute_is_email_changed')
    subject = fields.Char(
        compute='_compute_content', store=True, precompute=True, readonly=False, required=True
    )
    message = fields.Html(
        compute='_compute_content',
        store=True,
        precompute=True,
        readonly=False,
        sanitize_style=True,
    )
    attach_invoice = fields.Boolean(string="Attach the invoice (PDF)", default=True)
    url = fields.Char(string="Payment link", compute='_compute_url')
    is_test_mode = fields.Boolean(compute='_compute_mode')
    is_unavailable = fields.Boolean(compute='_compute_mode')
    is_sent = fields.Boolean(readonly=True)

    # === COMPUTE METHODS ===#

    @api.depends('move_id')
    def _compute_email(self):
        for wizard in self:
            wizard.email = wizard.payer_id.email

    @api.depends('email', 'payer_id')
    def _compute_is_email_changed(self):
        for wizard in self:
            wizard.is_email_changed = email_normalize(wizard.email or '') != email_normalize(
                wizard.payer_id.email or ''
            )

    @api.depends('move_id')
    def _compute_content(self):
        template_sudo = self.env.ref('carepatron_billing.mail_template_payment_link').sudo()
        for wizard in self:
            # Made here if it is missing: while a template is rendered nothing may be written.
            wizard.move_id._billing_payment_link()
            rendered = template_sudo._generate_template(
                wizard.move_id.ids, ('subject', 'body_html')
            )[wizard.move_id.id]
            wizard.subject = rendered['subject']
            wizard.message = rendered['body_html']

    @api.depends('move_id')
    def _compute_url(self):
        for wizard in self:
            wizard.url = wizard.move_id._billing_payment_link().url

    @api.depends('company_id')
    def _compute_mode(self):
        for wizard in self:
            state = wizard.company_id.sudo().billing_stripe_state
            wizard.is_test_mode = state == 'test'
            wizard.is_unavailable = state == 'disabled'

    # === ACTION METHODS ===#

    def action_send(self):
        """Send the link to the address in the dialog, and log it on the invoice, once.

        :raise UserError: if the address is none, or nothing is due any more.
        """
        self.ensure_one()
        move = self.move_id
        move.check_access('read')
        # Two clicks on one dialog: the second waits, is replayed, and finds it sent.
        claim(self)
        if self.is_sent:
            return {'type': 'ir.actions.act_window_close'}
        email = self._checked_email()
        move._billing_check_payable()
        self.is_sent = True
        if self.keep_email and self.is_email_changed:
            self._keep_email(email)
        link_sudo = move._billing_payment_link()
        link_sudo.sent_at = fields.Datetime.now()
        move_sudo = move.sudo()
        move_sudo.with_context(
            lang=self.payer_id.lang,
            # Odoo would read the attached invoice as one that came in by mail.
            disable_attachment_import=True,
        ).message_post(
            body=self.message,
            subject=self.subject,
            message_type='comment',
            subtype_xmlid='mail.mt_note',
            outgoing_email_to=email,
            email_layout_xmlid='carepatron_billing.mail_layout',
            email_from=move.company_id.email_formatted or self.env.user.email_formatted,
            author_id=self.env.user.partner_id.id,
            attachment_ids=self._attachment().ids,
        )
        # Any write makes Odoo compute the entry's lines anew.
        if not move_sudo.is_move_sent:
            move_sudo.is_move_sent = True
        return {
            'type': 'ir.actions.client',
            'tag': 'display_notification',
            'params': {
                'type': 'success',
                'message': self.env._("The payment link was sent to %s.", email),
                'next': {'type': 'ir.actions.client', 'tag': 'soft_reload'},
            },
        }

    # === HELPERS ===#

    def _checked_email(self):
        email = email_normalize(self.email or '', strict=True)
        if not email:
            raise UserError(
                self.env._(
                    "“%s” is not an e-mail address. Correct it, for example to name@example.com.",
                    self.email or '',
                )
            )
        return email

    def _keep_email(self, email):
        # Whoever may bill this payer may correct where the bill goes, and nothing else of it.
        self.payer_id.check_access('read')
        self.payer_id.sudo().email = email

    def _attachment(self):
        """Return the invoice's PDF as an attachment (sudo); none if it was not wanted."""
        if not self.attach_invoice:
            return self.env['ir.attachment'].sudo()
        return self.move_id._billing_document_attachment()
