"""First steps: what a new practice sets up, told by the facts themselves and nothing beside."""

from odoo import fields, models


class ResCompany(models.Model):
    _inherit = 'res.company'

    billing_first_steps_hidden = fields.Boolean(
        string="First Steps Are Put Away",
        help="A manager has taken them off the overview; Help brings them back.",
    )

    # === ACTION METHODS === #

    def action_billing_hide_first_steps(self, hidden: bool = True):
        """Take the first steps off the overview, or bring them back.

        :param hidden:
        """
        self.ensure_one()
        self.write({'billing_first_steps_hidden': hidden})
        return True

    # === BUSINESS METHODS === #

    def _get_billing_settings_fields(self):
        return super()._get_billing_settings_fields() | {'billing_first_steps_hidden'}

    def _billing_first_steps(self) -> list[dict]:
        """Return the steps in their order: what each is for, and whether it is done."""
        self.ensure_one()
        return [
            self._billing_step_payments(),
            self._billing_step_settings(),
            self._billing_step_template(),
            self._billing_step_reminders(),
            self._billing_step_invoice(),
        ]

    def _billing_step_payments(self):
        name = self.billing_stripe_account_name
        return {
            'key': 'payments',
            'title': self.env._("Set up payments"),
            'text': (
                self.env._("Clients pay to %s by a link.", name)
                if name
                else self.env._("Connect your Stripe account, so that clients pay by a link.")
            ),
            'done': self.billing_stripe_state != 'disabled',
            'action': 'carepatron_billing.practice_stripe_setup_action',
        }

    def _billing_step_settings(self):
        missing = [
            label
            for field, label in (
                ('street', self.env._("street")),
                ('city', self.env._("city")),
                ('country_id', self.env._("country")),
                ('email', self.env._("e-mail address")),
                ('billing_timezone', self.env._("time zone")),
            )
            if not self[field]
        ]
        return {
            'key': 'settings',
            'title': self.env._("Complete the billing settings"),
            'text': (
                self.env._("Still missing: %s.", ", ".join(missing))
                if missing
                else self.env._("What an invoice needs of you is there.")
            ),
            'done': not missing,
            'action': 'carepatron_billing.res_company_billing_action_server',
        }

    def _billing_step_template(self):
        templates = self.billing_template_ids
        # A practice begins with one, in which nobody has chosen anything.
        designed = len(templates) > 1 or any(
            template.write_date > template.create_date for template in templates
        )
        return {
            'key': 'template',
            'title': self.env._("Give invoices your look"),
            'text': (
                self.env._("Your invoices look as you designed them.")
                if designed
                else self.env._("Choose a layout, your logo and colours.")
            ),
            'done': designed,
            'method': 'action_edit',
            'model': 'practice.invoice.template',
            'record': self._billing_default_template().id,
        }

    def _billing_step_reminders(self):
        done = self.env['practice.reminder.rule'].search_count(
            [('company_id', '=', self.id), ('is_on', '=', True)], limit=1
        )
        return {
            'key': 'reminders',
            'title': self.env._("Let payers be reminded"),
            'text': (
                self.env._("Payers are reminded of what is due.")
                if done
                else self.env._("Look at those that wait here, and switch on what you like.")
            ),
            'done': bool(done),
            'action': 'carepatron_billing.practice_reminder_rule_action',
        }

    def _billing_step_invoice(self):
        done = self.env['account.move'].search_count(
            [
                ('company_id', '=', self.id),
                ('move_type', '=', 'out_invoice'),
                ('state', '=', 'posted'),
            ],
            limit=1,
        )
        return {
            'key': 'invoice',
            'title': self.env._("Issue the first invoice"),
            'text': (
                self.env._("You have issued invoices.")
                if done
                else self.env._("Choose a client, add services, and send the payment link.")
            ),
            'done': bool(done),
            'action': 'carepatron_billing.account_move_billing_action_create',
        }
