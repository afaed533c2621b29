import re

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import email_normalize, formatLang

from ...tools.actions import notification
from ...tools.concurrency import claim

LAYOUT = 'carepatron_billing.mail_layout'


class PracticePaymentLinkSend(models.TransientModel):
    """Send payment link: check the address, see what the payer will get, send."""

    _name = 'practice.payment.link.send'
    _inherit = 'practice.dialog'
    _description = "Send Payment Link"
    _check_company_auto = True

    move_id = fields.Many2one('account.move', string="Invoice", readonly=True)
    link_id = fields.Many2one(
        'practice.payment.link',
        compute='_compute_link_id',
        store=True,
        precompute=True,
        readonly=False,
        required=True,
        ondelete='cascade',
    )
    company_id = fields.Many2one(related='link_id.company_id')
    payer_id = fields.Many2one(related='link_id.payer_id', string="Payer")
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
    can_keep_email = fields.Boolean(compute='_compute_can_keep_email')
    other_emails = fields.Char(
        string="Copy to", help="Further addresses, with commas between them. Each gets the same."
    )
    language = fields.Char(compute='_compute_language')
    show_preview = fields.Boolean(string="Show the mail as it is sent")
    preview = fields.Html(compute='_compute_preview', sanitize=False)
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
    due = fields.Char(string="Asks for", compute='_compute_due')
    other_currency_id = fields.Many2one('res.currency', compute='_compute_due')
    other_due = fields.Char(compute='_compute_due')

    # === COMPUTE METHODS ===#

    @api.depends('move_id')
    def _compute_link_id(self):
        for wizard in self:
            if wizard.move_id:
                # Made here if it is missing: while a template is rendered nothing may be written.
                wizard.link_id = wizard.move_id._billing_payment_link().id
            else:
                wizard.link_id = wizard.link_id

    @api.depends('link_id')
    def _compute_email(self):
        for wizard in self:
            wizard.email = wizard.payer_id.email

    @api.depends('email', 'payer_id')
    def _compute_is_email_changed(self):
        for wizard in self:
            wizard.is_email_changed = email_normalize(wizard.email or '') != email_normalize(
                wizard.payer_id.email or ''
            )

    @api.depends('payer_id')
    @api.depends_context('uid')
    def _compute_can_keep_email(self):
        for wizard in self:
            wizard.can_keep_email = wizard.payer_id._billing_can_correct_email()

    @api.depends('link_id', 'move_id')
    def _compute_content(self):
        for wizard in self:
            wizard._check_link()
            wizard.subject, wizard.message = self._words(wizard.move_id or wizard.link_id)

    @api.depends('payer_id')
    def _compute_language(self):
        """Name the client's language where it is not the user's own."""
        for wizard in self:
            lang = wizard.payer_id.lang
            known = self.env['res.lang']._lang_get(lang) if lang and lang != self.env.lang else None
            wizard.language = known and known.name

    @api.depends('message', 'show_preview', 'link_id')
    def _compute_preview(self):
        for wizard in self:
            wizard.preview = wizard.show_preview and wizard._render_mail()

    @api.depends('link_id')
    def _compute_url(self):
        for wizard in self:
            wizard._check_link()
            wizard.url = wizard.link_id.url

    @api.depends('link_id')
    def _compute_due(self):
        """Tell what the link asks for, and what it can not: one payment has one currency."""
        for wizard in self:
            wizard._check_link()
            link_sudo = wizard.link_id.sudo()
            wizard.due = link_sudo._format(link_sudo._due().now)
            others = {}
            if not wizard.move_id:
                others = wizard.payer_id._billing_due_by_currency(wizard.company_id)
                others.pop(wizard.link_id.currency_id, None)
            wizard.other_currency_id = next(iter(others), False)
            wizard.other_due = ", ".join(
                formatLang(self.env, amount, currency_obj=currency)
                for currency, amount in others.items()
            )

    # === CONSTRAINT METHODS ===#

    @api.constrains('link_id')
    def _check_link(self):
        """Let nobody see or send a link of somebody else's invoices.

        :raise AccessError: if the user may not read the link
        """
        # Fields are computed as superuser: ask for whom.
        self.link_id.with_user(self.env.uid).check_access('read')

    @api.depends('company_id')
    def _compute_mode(self):
        for wizard in self:
            state = wizard.company_id._billing_provider_sudo().state
            wizard.is_test_mode = state == 'test'
            wizard.is_unavailable = state in (False, 'disabled')

    # === ACTION METHODS ===#

    def action_send(self) -> dict:
        """Send the link.

        :raise UserError: if the address is none, or nothing is due any more.
        """
        return self._send()

    def _send(self) -> dict:
        """Send the link to the address in the dialog, and log it on the invoice, once.

        :raise UserError: if the address is none, or nothing is due any more.
        """
        self.ensure_one()
        self._check_link()
        # Two clicks on one dialog: the second waits, is replayed, and finds it sent.
        claim(self)
        if self.is_sent:
            return {'type': 'ir.actions.act_window_close'}
        email = self._checked_email()
        emails = ", ".join([email, *self._checked_other_emails(email)])
        moves_sudo = self._checked_moves()
        self.is_sent = True
        if self.keep_email and self.is_email_changed:
            self.payer_id._billing_correct_email(email)
        self.link_id.sudo().sent_at = fields.Datetime.now()
        message_sudo = (
            moves_sudo[0]
            .with_context(
                lang=self.payer_id.lang,
                # Odoo would read the attached invoice as one that came in by mail.
                disable_attachment_import=True,
            )
            .message_post(
                body=self.message,
                subject=self.subject,
                message_type='comment',
                subtype_xmlid='mail.mt_note',
                outgoing_email_to=emails,
                email_layout_xmlid=LAYOUT,
                email_from=self._email_from(),
                author_id=self.env.user.partner_id.id,
                attachment_ids=self._attachment().ids,
            )
        )
        self.env['practice.payment.link.sending'].sudo().create(
            {'move_ids': moves_sudo.ids, 'message_id': message_sudo.id, 'emails': emails}
        )
        note = self.env._("A link to pay everything due was sent to %s.", emails)
        for move_sudo in moves_sudo[1:]:
            move_sudo.message_post(body=note, author_id=self.env.user.partner_id.id)
        # Any write makes Odoo compute the entry's lines anew.
        moves_sudo.filtered(lambda move: not move.is_move_sent).is_move_sent = True
        return notification(
            self.env._("The payment link was sent to %s.", emails),
            next={'type': 'ir.actions.client', 'tag': 'soft_reload'},
        )

    def action_send_test(self) -> dict:
        """Send the same mail to the user alone; the client gets nothing and nothing is logged.

        :raise UserError: if the user has no address
        """
        self.ensure_one()
        self._check_link()
        email = self.env.user.email_normalized
        if not email:
            raise UserError(
                self.env._("You have no e-mail address yet. Enter it in your preferences.")
            )
        attachments = []
        if self.attach_invoice and self.move_id:
            name, content = self.move_id._billing_document_pdf()
            attachments.append(Command.create({'name': name, 'raw': content}))
        self.env['mail.mail'].sudo().create(
            {
                'subject': self.env._("Test: %s", self.subject),
                'body_html': self._render_mail(),
                'email_to': email,
                'email_from': self._email_from(),
                'attachment_ids': attachments,
                'auto_delete': True,
            }
        ).send_after_commit()
        return notification(self.env._("A test was sent to %s. The client got nothing.", email))

    def action_other_currency(self) -> dict:
        """Go on to the link for what is due in another currency."""
        self.ensure_one()
        self._check_link()
        if not self.other_currency_id:
            raise UserError(self.env._("Nothing is due in another currency."))
        return self.payer_id._billing_link_dialog(self.company_id, self.other_currency_id)

    def action_show_qr(self):
        """Show the link as a QR code instead, to somebody who stands at the desk."""
        self.ensure_one()
        self._check_link()
        return self.link_id._action_show()

    # === HELPERS ===#

    @api.model
    def _words(self, record) -> tuple[str, str]:
        """Return subject and text of the mail about an invoice, or a link to everything due."""
        is_invoice = record._name == 'account.move'
        name = 'mail_template_payment_link' if is_invoice else 'mail_template_payment_link_all'
        template_sudo = self.env.ref(f'carepatron_billing.{name}').sudo()
        # The example of the settings may be drawn from an invoice that stands in no book.
        [key] = record._ids
        words = template_sudo._generate_template([key], ('subject', 'body_html'))[key]
        return words['subject'], words['body_html']

    def _checked_moves(self):
        """Return the invoices (sudo) that the mail is about.

        :raise UserError: if nothing is due any more
        """
        if self.move_id:
            self.move_id._billing_check_payable()
            return self.move_id.sudo()
        moves_sudo = self.link_id.sudo()._due().moves
        if not moves_sudo:
            raise UserError(self.env._("Nothing is due from %s any more.", self.payer_id.name))
        return moves_sudo

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

    def _checked_other_emails(self, email) -> list[str]:
        """Return the further addresses, each once."""
        found = []
        for text in re.split(r'[,;\s]+', self.other_emails or ''):
            other = email_normalize(text, strict=True)
            if text and not other:
                raise UserError(
                    self.env._(
                        "“%s” is not an e-mail address. Correct it in Copy to, with commas between"
                        " several addresses.",
                        text,
                    )
                )
            if other and other != email and other not in found:
                found.append(other)
        return found

    def _email_from(self):
        return self.company_id.email_formatted or self.env.user.email_formatted

    def _render_mail(self):
        """Return the whole mail as it leaves the practice.

        :rtype: markupsafe.Markup
        """
        self.ensure_one()
        self._check_link()
        lang = self.payer_id.lang or self.env.lang
        values = {
            'company': self.company_id.sudo(),
            'lang': lang,
            'message': self.env['mail.message'].sudo().new({'body': self.message}),
        }
        html = self.env['ir.qweb'].sudo()._render(LAYOUT, values, minimal_qcontext=True, lang=lang)
        return self.env['mail.render.mixin']._replace_local_links(html)

    def _attachment(self):
        """Return the invoice's PDF as an attachment (sudo); none if it was not wanted."""
        if not self.attach_invoice or not self.move_id:
            return self.env['ir.attachment'].sudo()
        return self.move_id._billing_document_attachment()
