from odoo import api, models


class PracticePaymentLink(models.Model):
    """Who opened, sent and revoked a payment link."""

    _inherit = 'practice.payment.link'

    def _audit_name(self):
        return self.move_id.name or self.env._("Everything due")

    def _mark_viewed(self):
        result = super()._mark_viewed()
        self.env['practice.audit.log']._note_opened('page', self.move_id or self)
        return result

    def action_revoke(self):
        result = super().action_revoke()
        self.env['practice.audit.log']._note('revoke', self.move_id or self)
        return result


class PracticePaymentLinkSending(models.Model):
    _inherit = 'practice.payment.link.sending'

    @api.model_create_multi
    def create(self, vals_list):
        sendings = super().create(vals_list)
        self.env['practice.audit.log']._note('link', sendings.move_ids)
        return sendings


class PracticeReminderMail(models.Model):
    _inherit = 'practice.reminder.mail'

    def _log(self):
        new = self.filtered(lambda mail: mail.state == 'sent' and not mail.is_logged)
        result = super()._log()
        self.env['practice.audit.log']._note('reminder', new.reminder_ids.move_id)
        return result
