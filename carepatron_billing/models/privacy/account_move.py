from markupsafe import Markup

from odoo import models
from odoo.tools import format_date

from ...tools.clinical import told_of
from ...tools.privacy import FULL, MINIMUM, NAMES, level_of

# Where a level takes away from what Odoo shows, instead of adding to it.
WITHHOLDING = ('document', 'portal')
# A subject names so many services at most.
SHOWN_SERVICES = 3
LIST = Markup('<ul style="margin: 0 0 16px 0; padding-left: 20px;">%s</ul>')
ENTRY = Markup('<li>%s</li>')


class AccountMove(models.Model):
    """What an invoice tells of its sessions, each way as the practice allows."""

    _inherit = 'account.move'

    def _billing_privacy(self, channel: str) -> str:
        """Return how much of this invoice's sessions may leave by a channel.

        :param channel: see `level_of`
        :return: `minimum`, `names` or `full`
        """
        self.ensure_one()
        # Documents have neutral lines instead, see `_get_move_lines_to_report`.
        if channel not in WITHHOLDING and self._billing_hidden_lines():
            return MINIMUM
        level = level_of(self.company_id, channel)
        if channel in WITHHOLDING and level != FULL and not self._billing_is_ours():
            return FULL
        return level

    def _billing_told(self, channel: str) -> list[str]:
        """Return what a channel tells of the sessions: a text for each service, or for each line.

        The texts are in the context's language.

        :param channel: see `level_of`
        """
        self.ensure_one()
        level = self._billing_privacy(channel)
        if level == MINIMUM:
            return []
        lines_sudo = self.sudo().invoice_line_ids.filtered(
            lambda line: line.display_type == 'product'
        )
        texts = [line._billing_told(level) for line in lines_sudo]
        return list(dict.fromkeys(filter(None, texts))) if level == NAMES else texts

    def _billing_told_html(self, channel) -> Markup:
        """Return what a channel tells of the sessions of these invoices, for a mail."""
        texts = [text for move in self for text in move._billing_told(channel)]
        return LIST % Markup().join(ENTRY % text for text in texts) if texts else Markup()

    def _billing_told_subject(self) -> str:
        """Return what the subject of a mail about these invoices says of their sessions.

        :return: the end of the subject; mostly empty
        """
        texts = list(dict.fromkeys(text for move in self for text in move._billing_told('subject')))
        if not texts:
            return ''
        shown = ', '.join(texts[:SHOWN_SERVICES])
        more = len(texts) - SHOWN_SERVICES
        return f': {shown}, +{more}' if more > 0 else f': {shown}'

    def _billing_clinical_words(self, subject: str, text: str) -> list[str]:
        """Return what a mail about these invoices tells of their services though it may not.

        :param subject: of the mail
        :param text: plain
        """
        found = set()
        for move in self:
            lines_sudo = move.sudo().invoice_line_ids
            found.update(told_of(lines_sudo, subject, move._billing_privacy('subject')))
            found.update(told_of(lines_sudo, text, move._billing_privacy('mail')))
        return sorted(found)

    def _billing_is_ours(self) -> bool:
        """Whether the practice's privacy is at stake: other companies of this database may sell
        other things, and their invoices say so.
        """
        self.ensure_one()
        company = self.company_id._origin
        return not self.id or self._billing_is_of_sessions() or company._billing_is_practice()

    def _billing_is_of_sessions(self) -> bool:
        """Whether this is an invoice of a client's, and not of any other trade of the company."""
        self.ensure_one()
        move_sudo = self.sudo()
        return bool(move_sudo.billing_client_id or move_sudo.invoice_line_ids.billing_item_id)

    def _billing_tells_portal_who(self) -> bool:
        """Whether a client's login shows who held the sessions."""
        if not self._billing_is_of_sessions():
            return True
        return self._billing_privacy('portal') == FULL and not self._billing_hidden_lines()


class AccountMoveLine(models.Model):
    _inherit = 'account.move.line'

    def _billing_service_name(self) -> str:
        """Return what was done, without code, client or remark."""
        self.ensure_one()
        return self.product_id.name or (self.name or '').partition('\n')[0].strip()

    def _billing_told(self, level: str) -> str:
        """Return what is told of this line (sudo) at a level.

        :param level: `names` or `full`
        """
        name = self._billing_service_name()
        if level == NAMES:
            return name
        item_sudo = self.billing_item_id
        code = self.billing_code or item_sudo.code or self.product_id.default_code
        practitioner_sudo = item_sudo.practitioner_id or self.move_id._billing_practitioners()
        parts = [
            self.billing_service_date and format_date(self.env, self.billing_service_date),
            f'{name} ({code})' if code else name,
            practitioner_sudo[:1].name,
        ]
        return ' · '.join(part for part in parts if part)
