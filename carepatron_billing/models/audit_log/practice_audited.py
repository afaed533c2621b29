from odoo import api, models
from odoo.fields import NO_ACCESS

from ...const import PROVIDER_CODE

# Values of these kinds are not told, only that they changed: long, or no words at all.
UNTOLD_TYPES = ('binary', 'html', 'image', 'json', 'many2many', 'properties', 'text')
# Whose names say what somebody came for, or who somebody is.
UNTOLD_MODELS = ('product.product', 'product.template', 'res.partner')


class PracticeAudited(models.AbstractModel):
    """Settings of which the audit log keeps who changed what, from which value to which."""

    _name = 'practice.audited'
    _description = "Settings with an Audit Log"

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Override to note what is made."""
        records = super().create(vals_list)
        self.env['practice.audit.log']._note(
            'settings', records._audit_filter(), self.env._("Created")
        )
        return records

    def write(self, vals):
        """Override to note what is changed, in one row for each record."""
        audited = self._audit_filter()
        names = [
            name
            for name in vals
            if name in audited._fields
            and name != 'sequence'
            and audited._fields[name].type != 'one2many'
            and audited._audit_keeps(name)
        ]
        if not audited or not names:
            return super().write(vals)
        before = audited._audit_values(names)
        result = super().write(vals)
        after = audited._audit_values(names)
        details = {
            record: "; ".join(
                audited._audit_tell(name, before[record][name], after[record][name])
                for name in names
                if before[record][name] != after[record][name]
            )
            for record in audited
        }
        changed = audited.filtered(details.get)
        self.env['practice.audit.log']._note('settings', changed, details)
        return result

    def unlink(self):
        """Override to note what is deleted."""
        self.env['practice.audit.log']._note(
            'settings', self._audit_filter(), self.env._("Deleted")
        )
        return super().unlink()

    # === BUSINESS METHODS === #

    def _audit_filter(self):
        """Return those of these records that the log tells of."""
        return self

    @api.model
    def _audit_keeps(self, name):
        """Whether the log tells of changes of a field."""
        return True

    def _audit_values(self, names) -> dict:
        """Return the present values, by record and field."""
        return {
            record: {name: record_sudo[name] for name in names}
            for record, record_sudo in zip(self, self.sudo(), strict=True)
        }

    @api.model
    def _audit_tell(self, name, old, new):
        """Return a change in words, without values that are secret, or no business of the log."""
        field = self._fields[name]
        label = field._description_string(self.env)
        if (
            field.groups == NO_ACCESS
            or field.type in UNTOLD_TYPES
            or field.comodel_name in UNTOLD_MODELS
        ):
            return self.env._("%s changed", label)
        return self.env._(
            "%(field)s: %(old)s → %(new)s",
            field=label,
            old=self._audit_word(field, old),
            new=self._audit_word(field, new),
        )

    @api.model
    def _audit_word(self, field, value):
        if field.type == 'boolean':
            return self.env._("yes") if value else self.env._("no")
        if field.type == 'many2one':
            value = value.display_name
        elif field.type == 'selection':
            value = dict(field._description_selection(self.env)).get(value)
        return "–" if value in (False, None, '') else str(value)


class PracticeInvoiceTemplate(models.Model):
    _name = 'practice.invoice.template'
    _inherit = ['practice.audited', 'practice.invoice.template']


class PracticeReminderRule(models.Model):
    _name = 'practice.reminder.rule'
    _inherit = ['practice.audited', 'practice.reminder.rule']


class PracticeFeeRule(models.Model):
    _name = 'practice.fee.rule'
    _inherit = ['practice.audited', 'practice.fee.rule']

    def _audit_name(self):
        # Its name would be that of a service.
        return dict(self._fields['attendance']._description_selection(self.env))[self.attendance]


class PracticePayerShare(models.Model):
    _name = 'practice.payer.share'
    _inherit = ['practice.audited', 'practice.payer.share']

    def _audit_name(self):
        return self.client_id.name


class MailTemplate(models.Model):
    _name = 'mail.template'
    _inherit = ['practice.audited', 'mail.template']

    def _audit_filter(self):
        """Only those of the addon."""
        ids = self.get_external_id()
        return self.filtered(lambda one: ids[one.id].startswith('carepatron_billing.'))


class ResCompany(models.Model):
    _name = 'res.company'
    _inherit = ['practice.audited', 'res.company']

    def _audit_keeps(self, name):
        """Only what the practice's settings show."""
        return name in self._get_billing_settings_fields()


class PaymentProvider(models.Model):
    _name = 'payment.provider'
    _inherit = ['practice.audited', 'payment.provider']

    def _audit_filter(self):
        """Only ours."""
        return self.filtered(lambda one: one.code == PROVIDER_CODE)

    def _audit_keeps(self, name):
        """Who is paid, and by which key."""
        return name in (
            'state',
            'stripe_payment_link_account',
            'stripe_payment_link_account_name',
            'stripe_payment_link_connection',
            'stripe_payment_link_secret_key',
            'stripe_payment_link_webhook_secret',
        )


class AccountTax(models.Model):
    """Rates that a manager changes; a chart of accounts brings hundreds."""

    _inherit = 'account.tax'

    def _billing_add_rate(self, company, values):
        tax = super()._billing_add_rate(company, values)
        self.env['practice.audit.log']._note('settings', tax, self.env._("Created"))
        return tax

    def _billing_change_rate(self, values):
        tax = super()._billing_change_rate(values)
        self.env['practice.audit.log']._note('settings', tax, self.env._("Changed"))
        return tax

    def action_billing_archive(self):
        result = super().action_billing_archive()
        self.env['practice.audit.log']._note('settings', self, self.env._("Archived"))
        return result

    def action_billing_restore(self):
        result = super().action_billing_restore()
        self.env['practice.audit.log']._note('settings', self, self.env._("Restored"))
        return result
