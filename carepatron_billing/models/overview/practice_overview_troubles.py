from datetime import timedelta
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from ...const import FRONT_DESK, MANAGER, PRACTITIONER, PROVIDER_CODE
from ..disputes.practice_dispute import TO_ANSWER
from ..invoices.account_move_status import UNPAID

# A mail that failed longer ago was seen to, or no longer matters.
MAIL_DAYS = 30
# The cards in their order, the worst first, and who sees them: `_trouble_<kind>` gives each.
TROUBLES = {
    'disputes': FRONT_DESK,
    'stripe': MANAGER,
    'events': MANAGER,
    'credits': MANAGER,
    'alarms': MANAGER,
    'failed': PRACTITIONER,
    'mails': PRACTITIONER,
    'reminders': FRONT_DESK,
    'confirm': PRACTITIONER,
    'receipts': FRONT_DESK,
}


class Trouble(NamedTuple):
    """One card: what is stuck, what to do about it, and the records that it is about."""

    text: str
    advice: str = ""
    model: str = ''
    domain: list | Domain = ()
    action: str = ''
    # A filter of the list that shows these records, in place of the bare domain.
    filter: str = ''
    button: str = ""
    # Where records are not what is counted.
    count: int | None = None


class PracticeOverview(models.AbstractModel):
    """What needs a look on the first screen."""

    _inherit = 'practice.overview'

    @api.model
    def open_trouble(self, kind: str) -> dict:
        """Return the action that shows what is amiss.

        :param kind: of `TROUBLES`
        :raise AccessError: if there is no such card for the user
        """
        self.env['practice.billing.item'].check_access('read')
        if kind not in TROUBLES or not self.env.user.has_group(TROUBLES[kind]):
            raise AccessError(self.env._("You may not open this list."))
        trouble = getattr(self, f'_trouble_{kind}')()
        if not trouble.action:
            return self.env['res.company']._billing_action_settings()
        action = self.env['ir.actions.act_window']._for_xml_id(trouble.action)
        if trouble.filter:
            return {**action, 'context': {f'search_default_{trouble.filter}': 1}}
        return {**action, 'domain': list(trouble.domain), 'context': {'create': False}}

    @api.model
    def _get_troubles(self, counts: dict[str, int]) -> list[dict]:
        """Return the cards that have something to tell.

        :param counts: what is known already, by kind
        """
        cards = []
        for kind, group in TROUBLES.items():
            if not self.env.user.has_group(group) or counts.get(kind) == 0:
                continue
            trouble = getattr(self, f'_trouble_{kind}')()
            count = counts.get(kind, trouble.count)
            if count is None:
                count = self.env[trouble.model].search_count(trouble.domain)
            if count or (trouble.text and not trouble.model):
                cards.append(
                    {
                        'kind': kind,
                        'count': count,
                        'text': trouble.text,
                        'advice': trouble.advice,
                        'button': trouble.button or self.env._("Look at them"),
                    }
                )
        return cards

    def _own(self) -> Domain:
        return Domain('company_id', 'in', self.env.companies.ids)

    # === THE CARDS === #

    def _trouble_disputes(self) -> Trouble:
        """Disputes to answer, and lost ones whose invoices wait for a decision."""
        domain = self._own() & (
            Domain('state', 'in', TO_ANSWER)
            | (Domain('state', '=', 'lost') & Domain('move_ids', 'any', UNPAID))
        )
        disputes = self.env['practice.dispute'].search(domain)
        days = [dispute._day_due() for dispute in disputes if dispute.state in TO_ANSWER]
        advice = self.env._("Credit the invoice, or have it paid another way.")
        if first := min(filter(None, days), default=None):
            advice = self.env._(
                "Stripe waits for an answer until %s.", format_date(self.env, first)
            )
        return Trouble(
            self.env._("Disputed payments that wait for you"),
            advice,
            'practice.dispute',
            domain,
            'carepatron_billing.practice_dispute_action',
            count=len(disputes),
        )

    def _trouble_stripe(self) -> Trouble:
        return Trouble(self._stripe_problem(), button=self.env._("Open settings"), count=0)

    def _trouble_events(self) -> Trouble:
        return Trouble(
            self.env._("Reports of Stripe that could not be booked"),
            self.env._("Each says why. Mend that, then retry it."),
            'practice.stripe.event',
            self._own() & Domain('state', '=', 'failed'),
            'carepatron_billing.practice_stripe_event_action',
            filter='failed',
        )

    def _trouble_credits(self) -> Trouble:
        return Trouble(
            self.env._("Credit notes that wait for your check"),
            self.env._("Money was given back at Stripe. Check them, then confirm."),
            'account.move',
            self._own() & Domain('state', '=', 'draft') & Domain('billing_refund_id', '!=', False),
            'carepatron_billing.account_move_billing_action',
        )

    def _trouble_alarms(self) -> Trouble:
        alarms = self.env['practice.link.alarm']
        recent = alarms._recent()
        return Trouble(
            self.env._("Days on which somebody tried out payment links or codes"),
            self.env._("They were shut out. If it goes on, tell whoever runs the server."),
            'practice.link.alarm',
            recent,
            'carepatron_billing.practice_link_alarm_action',
            count=len(set(alarms.search(recent).mapped('day'))),
        )

    def _trouble_failed(self) -> Trouble:
        return Trouble(
            self.env._("Sessions that could not be invoiced, or not sent"),
            self.env._("Each says what is missing."),
            'practice.billing.item',
            self._own() & Domain('batch_error', '!=', False),
            'carepatron_billing.practice_billing_item_action',
        )

    def _trouble_mails(self) -> Trouble:
        return Trouble(
            self.env._("Invoices whose mail did not arrive"),
            self.env._("Correct the address and send the link again."),
            'account.move',
            self._unsent_invoices(),
            'carepatron_billing.account_move_billing_action',
        )

    def _trouble_reminders(self) -> Trouble:
        since = self.env.company._billing_today() - timedelta(days=MAIL_DAYS)
        return Trouble(
            self.env._("Reminders that did not arrive"),
            self.env._("Each says why. Correct the payer's address, or call."),
            'practice.reminder',
            self._own()
            & Domain('state', 'in', ('failed', 'refused', 'bounced', 'uncertain'))
            & Domain('day', '>=', since)
            & Domain('move_id', 'any', UNPAID),
            'carepatron_billing.practice_reminder_action',
        )

    def _trouble_confirm(self) -> Trouble:
        return Trouble(
            self.env._("Sessions that wait for a word from you"),
            self.env._("Did they take place? Confirm them, or don't bill them."),
            'practice.billing.item',
            self._own() & Domain('state', '=', 'to_confirm'),
            'carepatron_billing.practice_billing_item_action',
            filter='to_confirm',
            button=self.env._("Confirm"),
        )

    def _trouble_receipts(self) -> Trouble:
        since = fields.Datetime.now() - timedelta(days=MAIL_DAYS)
        payments_sudo = self.env['account.payment'].sudo()
        payments_sudo = payments_sudo._billing_receipts_failed(SQL("message.date > %s", since))
        return Trouble(
            self.env._("Receipts that did not go out"),
            self.env._("Correct the payer's address, then send them again."),
            'account.payment',
            self._own() & Domain('id', 'in', payments_sudo.ids),
            'carepatron_billing.account_payment_billing_action',
        )

    # === WHAT THEY ARE FOUND BY === #

    @api.model
    def _stripe_problem(self):
        companies = self.env.companies
        providers_sudo = (
            self.env['payment.provider']
            .sudo()
            .search(
                [
                    ('code', '=', PROVIDER_CODE),
                    ('company_id', 'in', (companies | companies.root_id).ids),
                    ('stripe_payment_link_problem', '!=', False),
                ]
            )
        )
        for provider_sudo in providers_sudo:
            return self.env.company._billing_stripe_problem_text(provider_sudo)
        return False

    @api.model
    def _unsent_invoices(self):
        """Find unpaid invoices whose last mail failed or came back."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT message.res_id
                  FROM mail_notification notification
                  JOIN mail_message message ON message.id = notification.mail_message_id
                 WHERE notification.notification_type = 'email'
                   AND notification.notification_status IN ('bounce', 'exception')
                   AND message.model = 'account.move'
                   AND message.date > %s
                   AND NOT EXISTS (
                        SELECT 1
                          FROM mail_message later
                          JOIN mail_notification told ON told.mail_message_id = later.id
                         WHERE later.model = 'account.move'
                           AND later.res_id = message.res_id
                           AND later.id > message.id
                           AND told.notification_type = 'email'
                           AND told.notification_status NOT IN ('bounce', 'exception')
                   )
                """,
                fields.Datetime.now() - timedelta(days=MAIL_DAYS),
            )
        )
        return [
            *UNPAID,
            ('company_id', 'in', self.env.companies.ids),
            ('id', 'in', [move_id for (move_id,) in rows]),
        ]
