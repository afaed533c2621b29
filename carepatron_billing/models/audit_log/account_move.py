from odoo import models

ISSUED = ('out_invoice', 'out_refund')


class AccountMove(models.Model):
    """Who issued, took back, corrected and opened an invoice."""

    _inherit = 'account.move'

    def _audit_name(self):
        """Override: the number alone, without what Odoo adds to it."""
        return self.name or self.env._("Draft invoice")

    def _post(self, soft=True):
        """Override of `account` to note who issued the documents of a practice."""
        posted = super()._post(soft)
        issued = posted.sudo().filtered(
            lambda move: (
                move.move_type in ISSUED
                and (move.billing_link_ids or move.reversed_entry_id.billing_link_ids)
            )
        )
        details = {move: move.currency_id.format(move.amount_total) for move in issued}
        self.env['practice.audit.log']._note('issue', issued, details)
        return posted

    def action_billing_undo(self):
        result = super().action_billing_undo()
        self.env['practice.audit.log']._note('undo', self)
        return result

    def _billing_correct(self, reason, lines, close=False):
        """Override to note who corrected; the reason may tell of the client's health."""
        new = super()._billing_correct(reason, lines, close=close)
        detail = self.env._("Replaced by %s", new.name) if new else ""
        self.env['practice.audit.log']._note('correct', self, detail)
        return new

    def get_billing_document(self):
        result = super().get_billing_document()
        self._billing_note_document()
        return result

    def _billing_note_document(self):
        """Note that the documents of these invoices, as far as they were issued, are looked at."""
        issued = self.filtered(lambda move: move.move_type in ISSUED and move.state != 'draft')
        self.env['practice.audit.log']._note_opened('document', issued)


class AccountMoveSend(models.AbstractModel):
    _inherit = 'account.move.send'

    def _send_mails(self, moves_data):
        """Override of `account` to note who sent an invoice by Odoo's own dialog."""
        result = super()._send_mails(moves_data)
        sent = self.env['account.move'].union(*moves_data)
        self.env['practice.audit.log']._note(
            'invoice', sent.filtered(lambda move: move.move_type in ISSUED)
        )
        return result
