from odoo import api, models

from ...const import PROVIDER_CODE


class PaymentToken(models.Model):
    """Who saved a card, and who removed it."""

    _inherit = 'payment.token'

    @api.model_create_multi
    def create(self, vals_list):
        tokens = super().create(vals_list)
        tokens._billing_note_act('card_saved')
        return tokens

    def write(self, vals):
        removed = self.filtered('active') if vals.get('active') is False else self.browse()
        result = super().write(vals)
        removed._billing_note_act('card_removed')
        return result

    def unlink(self):
        self.filtered('active')._billing_note_act('card_removed')
        return super().unlink()

    def _billing_note_act(self, act):
        own = self.filtered(lambda token: token.provider_code == PROVIDER_CODE)
        self.env['practice.audit.log']._note(act, own)


class PracticeCardHolder(models.Model):
    """Who switched autopay on or off, and made a new link."""

    _inherit = 'practice.card.holder'

    def _audit_name(self):
        return self.partner_id.name or ""

    def _autopay_changed(self):
        result = super()._autopay_changed()
        how = dict(self._fields['autopay']._description_selection(self.env))[self.autopay]
        self.env['practice.audit.log']._note('autopay', self, how)
        return result

    def action_new_link(self):
        result = super().action_new_link()
        self.env['practice.audit.log']._note('revoke', self)
        return result
