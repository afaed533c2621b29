from contextlib import contextmanager
from datetime import datetime, timedelta
from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import TransactionCase, new_test_user

# What must never leave the practice: each is unmistakable wherever it turns up.
CLINICAL_NAME = "Trauma therapy for burnout"
CLINICAL_CODE = "F43.1"


@contextmanager
def real_rendering(registry):
    """Lift the shortcut by which Odoo gives HTML for PDF while tests run."""
    report = registry['ir.actions.report']
    shortcut = report._pre_render_qweb_pdf

    def render(self, *args, **kwargs):
        return shortcut(self.with_context(force_report_rendering=True), *args, **kwargs)

    with patch.object(report, '_pre_render_qweb_pdf', render):
        yield


class BillingCommon(TransactionCase):
    """A practice with a front desk, a client and a service; nothing of it reaches Stripe."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env.company
        cls.company.partner_id.tz = 'America/New_York'
        cls.front_desk = new_test_user(
            cls.env, 'desk@example.com', groups='carepatron_billing.group_front_desk'
        )
        cls.practitioner = new_test_user(
            cls.env, 'practitioner@example.com', groups='carepatron_billing.group_practitioner'
        )
        cls.client_partner = cls.env['res.partner'].create(
            {'name': "Dana Whitfield", 'email': 'dana@example.com', 'lang': 'en_US'}
        )
        cls.service = cls.env['product.product'].create(
            {
                'name': CLINICAL_NAME,
                'default_code': CLINICAL_CODE,
                'type': 'service',
                'list_price': 120.0,
                'taxes_id': [Command.clear()],
            }
        )
        cls.provider = cls.company._billing_provider_sudo()
        cls.provider.action_reset_credentials()

    @classmethod
    def connect_provider(cls, state='test'):
        """Switch the provider on as if an account were connected."""
        cls.provider.write(
            {
                'stripe_payment_link_secret_key': 'sk_test_never_used_in_these_tests',
                'stripe_payment_link_webhook_secret': 'whsec_known_to_the_tests',
                'state': state,
            }
        )

    @classmethod
    def make_session(cls, start=None, user=None):
        """Return a session of the client's with the practitioner, tomorrow unless told."""
        start = start or datetime.now().replace(microsecond=0) + timedelta(days=1)
        user = user or cls.practitioner
        return (
            cls.env['calendar.event']
            .with_context(no_mail_to_attendees=True)
            .create(
                {
                    'name': "Session",
                    'start': start,
                    'stop': start + timedelta(hours=1),
                    'user_id': user.id,
                    'partner_ids': [Command.set([cls.client_partner.id, user.partner_id.id])],
                    'billing_service_id': cls.service.id,
                }
            )
        )

    @classmethod
    def make_invoice(cls, price=None, **values):
        """Return a posted invoice of one session."""
        if price is not None:
            cls.service.list_price = price
        item = cls.env['practice.billing.item']._make_for_events(cls.make_session())
        move = item._invoice()
        if values:
            move.write(values)
        return move

    @classmethod
    def make_invoice_of_another(cls):
        """Return a posted invoice of another client, equal in all but that."""
        move = cls.env['account.move'].create(
            {
                'move_type': 'out_invoice',
                'partner_id': cls.client_partner.copy().id,
                'invoice_line_ids': [Command.create({'product_id': cls.service.id})],
            }
        )
        move.action_post()
        return move

    @classmethod
    def make_transaction(cls, move):
        """Return the open transaction that a click on *Pay* makes, before Stripe is called."""
        tx = move._billing_payment_link()._create_transaction()
        tx.stripe_payment_link_session = 'cs_test_1'
        return tx

    @classmethod
    def session_of(cls, tx, **values):
        """Return a Checkout Session as Stripe would show it after a successful payment."""
        return {
            'id': tx.stripe_payment_link_session,
            'object': 'checkout.session',
            'status': 'complete',
            'payment_status': 'paid',
            'amount_total': tx._billing_minor_amount(),
            'currency': tx.currency_id.name.lower(),
            'metadata': tx._billing_metadata(),
            'payment_intent': {'id': 'pi_1', 'status': 'succeeded'},
            **values,
        }

    def mails_to(self, address):
        """Return the mails that wait for an address, sent or not."""
        return self.env['mail.mail'].sudo().search([('email_to', 'like', address)])

    def pay_by_hand(self, move, amount=None, receipt=False):
        """Register a payment at the desk, without a receipt; None leaves that to the setting."""
        wizard = (
            self.env['account.payment.register']
            .with_context(active_model='account.move', active_ids=move.ids, billing_receipt=receipt)
            .create(
                {'amount': amount or move.amount_residual, 'payment_difference_handling': 'open'}
            )
        )
        return wizard._create_payments()
