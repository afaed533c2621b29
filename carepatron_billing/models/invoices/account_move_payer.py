from odoo import api, fields, models
from odoo.fields import Command
from odoo.tools import format_date

TEXTS = ('line_section', 'line_subsection', 'line_note')


class AccountMove(models.Model):
    """What a payer learns of sessions that somebody else attended: the amount, unless the client
    or the share allows more."""

    _inherit = 'account.move'

    billing_hides_sessions = fields.Boolean(
        compute='_compute_billing_hides_sessions',
        groups='carepatron_billing.group_practitioner,account.group_account_invoice',
        help="The payer gets the amount and the period, and no detail of the sessions.",
    )

    @api.depends(
        'billing_client_id', 'company_id', 'invoice_line_ids.billing_item_id', 'partner_id'
    )
    def _compute_billing_hides_sessions(self):
        for move in self:
            move.billing_hides_sessions = bool(move._billing_hidden_lines())

    def _billing_clients(self):
        """Return whose sessions these are (sudo); the payer may be somebody else."""
        return self.sudo().invoice_line_ids.billing_item_id.client_id or (
            self.sudo().billing_client_id
        )

    def _billing_hidden_lines(self):
        """Return the lines (sudo) of this document that its payer is not shown one by one."""
        self.ensure_one()
        move_sudo = self.sudo()
        lines_sudo = move_sudo.invoice_line_ids
        if not self.is_sale_document(include_receipts=True) or not move_sudo._billing_clients():
            return lines_sudo.browse()
        # What stands beside sessions and names no client belongs to all of them.
        fallback = move_sudo.billing_client_id or move_sudo._billing_clients()
        clients = {line: line.billing_item_id.client_id or fallback for line in lines_sudo}
        hidden = {
            client
            for client in fallback.union(*clients.values())
            if not move_sudo._billing_shows_sessions_of(client)
        }
        return lines_sudo.filtered(
            lambda line: line.display_type not in TEXTS and hidden.intersection(clients[line])
        )

    def _billing_shows_sessions_of(self, client: models.Model) -> bool:
        """Whether the payer is shown a client's sessions: the own ones, or by permission.

        :param client: whose sessions these are (sudo)
        """
        payer = self.partner_id
        if client == payer or (client == payer.parent_id and payer.type != 'contact'):
            # Also at another address of the client's own.
            return True
        payers = payer | payer.parent_id
        shares = client.billing_share_ids.filtered(
            lambda share: share.company_id == self.company_id and share.payer_id in payers
        )
        if shares:
            return any(shares.mapped('shows_sessions'))
        return client.billing_shows_sessions

    def _get_move_lines_to_report(self):
        """Override of `account`: one neutral line for what the payer is not shown, as tax law asks.

        It says what kind of service it was, when, the amount and the tax.
        """
        lines = super()._get_move_lines_to_report()
        hidden_sudo = self._billing_hidden_lines()
        if not hidden_sudo:
            return lines
        shown = lines.filtered(
            lambda line: line.display_type not in TEXTS and line.sudo() not in hidden_sudo
        )
        return shown.union(
            *(
                self._billing_neutral_line(group_sudo)
                for group_sudo in hidden_sudo.grouped('tax_ids').values()
            )
        )

    def _billing_neutral_line(self, lines_sudo):
        """Return a line that stands in no book for these, which have the same taxes."""
        dates = [date for date in lines_sudo.mapped('billing_service_date') if date]
        subtotal = sum(lines_sudo.mapped('price_subtotal'))
        total = sum(lines_sudo.mapped('price_total'))
        is_included = self.company_price_include == 'tax_included'
        return self.env['account.move.line'].new(
            {
                'display_type': 'product',
                'name': self._billing_neutral_name(dates),
                'quantity': 1.0,
                'price_unit': total if is_included else subtotal,
                'price_subtotal': subtotal,
                'price_total': total,
                'discount': 0.0,
                'product_id': False,
                'product_uom_id': False,
                'currency_id': self.currency_id.id,
                'tax_ids': [Command.set(lines_sudo.tax_ids.ids)],
            }
        )

    def _billing_neutral_name(self, dates):
        if not dates:
            return self.env._("Professional services")
        first, last = (format_date(self.env, date) for date in (min(dates), max(dates)))
        if first == last:
            return self.env._("Professional services, %s", first)
        return self.env._("Professional services, %(first)s to %(last)s", first=first, last=last)

    def _need_ubl_cii_xml(self, *args, **kwargs):
        """Override of `account_edi_ubl_cii`, where that is installed: the payer who is not shown
        the sessions gets no electronic invoice, which would list them."""
        return not self._billing_hidden_lines() and super()._need_ubl_cii_xml(*args, **kwargs)
