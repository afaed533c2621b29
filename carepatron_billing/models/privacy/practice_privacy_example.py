import re

from markupsafe import Markup

from odoo import api, models
from odoo.fields import Command
from odoo.tools import format_date, formatLang

from ..invoices.account_move_status import UNPAID_STATES

# Nobody follows a client's link from the practice's settings.
ADDRESS = re.compile(r'\s(?:href|src)="[^"]*"')
REPORT = 'report.carepatron_billing.report_account_move'


class PracticePrivacyExample(models.AbstractModel):
    """What leaves by each way, drawn by what really draws it, from an invoice of the practice.

    The level that is tried stands in the context, see `privacy.Tried`.
    """

    _name = 'practice.privacy.example'
    _description = "Example of What Leaves the Practice"

    @api.model
    def _draw(self, company: models.Model, channel: str) -> Markup:
        """Return an example of what a channel tells.

        :param company: a stored one; for a new one there is none
        :param channel: see `privacy.level_of`
        """
        if not company:
            return Markup()
        if channel == 'invitation':
            return self._draw_invitation(company)
        move = self._invoice(company)
        move = move.with_context(lang=move.partner_id.lang or self.env.lang)
        return getattr(self, f'_draw_{channel}')(move)

    @api.model
    def _invoice(self, company):
        """Return the newest invoice of sessions (sudo) that the user may read, or a made-up one."""
        posted = [('company_id', '=', company.id), ('move_type', '=', 'out_invoice')]
        posted.append(('state', '=', 'posted'))
        is_open = [('payment_state', 'in', UNPAID_STATES)]
        of_sessions = [('invoice_line_ids.billing_item_id', '!=', False)]
        Move = self.env['account.move']
        move = (
            Move.search([*posted, *is_open, *of_sessions], order='id desc', limit=1)
            or Move.search([*posted, *of_sessions], order='id desc', limit=1)
            or Move.search(posted, order='id desc', limit=1)
        )
        if move:
            return move.sudo().with_company(company)
        report = self.env[REPORT].sudo().with_company(company)
        return report._make_sample(company, 'out_invoice', 2)

    def _draw_subject(self, move):
        subject, _body = self._link_mail(move)
        return Markup('<p class="mb-0">%s</p>') % subject

    def _draw_mail(self, move):
        _subject, body = self._link_mail(move)
        return Markup(ADDRESS.sub('', body))  # noqa: S704  (drawn by our own template)

    def _link_mail(self, move):
        return self.env['practice.payment.link.send']._words(move)

    def _draw_document(self, move):
        return self._draw_lines(move, 'document')

    def _draw_portal(self, move):
        return self._draw_lines(move, 'portal')

    def _draw_lines(self, move, channel):
        report = self.env[REPORT].sudo()
        report = report.with_context(billing_channel=channel, lang=move.env.lang)
        company = move.company_id._origin
        template = move._billing_template() if move.id else company._billing_default_template()
        # As a preview: who looks at it makes no payment link.
        data = {'template': template, 'sample': {'lines': 2}}
        if move.id:
            document = report._get_document(move, data)
        else:
            [document] = report._get_sample_values(data)['documents']
        return report.env['ir.qweb']._render(
            'carepatron_billing.privacy_document_example', {'doc': document}
        )

    def _draw_page(self, move):
        return move.env['ir.qweb']._render(
            'carepatron_billing.pay_what',
            {
                'amount_due': self._amount(move),
                'subject': move.env['practice.payment.link'].new({'move_id': move})._page_title(),
                'due_on': format_date(move.env, move.invoice_date_due),
                'details': move._billing_told('page'),
            },
        )

    def _draw_stripe(self, move):
        label = move.name
        if move.id:
            tx_sudo = move.env['payment.transaction'].sudo()
            tx_sudo = tx_sudo.new({'invoice_ids': [Command.set(move.ids)]})
            label = tx_sudo._billing_label()
        return Markup('<p class="mb-0">%s<br/>%s</p>') % (label, self._amount(move))

    def _amount(self, move):
        if move.id:
            amount = move.amount_residual or move.amount_total
        else:
            amount = move.tax_totals['total_amount_currency']
        return formatLang(move.env, amount, currency_obj=move.currency_id)

    def _draw_invitation(self, company):
        item = self.env['practice.billing.item'].search(
            [('company_id', '=', company.id), ('event_id', '!=', False)], order='id desc', limit=1
        )
        attendees_sudo = item.sudo().event_id.attendee_ids
        attendee_sudo = attendees_sudo.filtered(lambda one: one.partner_id == item.client_id)[:1]
        if not attendee_sudo:
            title = self.env['calendar.event']._billing_title_for(company, False)
            return Markup('<p class="mb-0">%s</p>') % title
        subject, body = attendee_sudo._billing_invitation_words()
        return Markup('<p><b>%s</b></p>%s') % (
            subject,
            Markup(ADDRESS.sub('', body)),  # noqa: S704  (drawn by a template)
        )
