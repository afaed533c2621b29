import logging

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.constants import GC_UNLINK_LIMIT

from ...const import MANAGER, MANAGER_ACTIVITY
from ...gateways.stripe_gateway import StripeGatewayError
from ...tools.concurrency import REPLAYED, claim
from ...tools.crons import work_off

_logger = logging.getLogger(__name__)

# After these pauses a failed event is tried again; then a person has to.
RETRY_PAUSES = [relativedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720)]
BATCH = 100
# Stripe itself can send an event again for 30 days.
KEPT_FOR = relativedelta(days=90)
CRON = 'carepatron_billing.ir_cron_process_events'


class PracticeStripeEvent(models.Model):
    """The inbox of what Stripe reports.

    An event is stored, once, before it is answered; it is processed afterwards, as often as it
    takes. It holds no more of the event than its kind and the id of its object: the object
    itself is fetched anew, so that late and disordered events do no harm.
    """

    _name = 'practice.stripe.event'
    _inherit = ['mail.thread', 'mail.activity.mixin']
    _description = "Stripe Event"
    _rec_name = 'event'
    _order = 'id desc'
    # Managers only read events, and mark what they are asked to do about them as done.
    _mail_post_access = 'read'

    provider_id = fields.Many2one(
        'payment.provider', required=True, readonly=True, index=True, ondelete='cascade'
    )
    company_id = fields.Many2one(related='provider_id.company_id', store=True, index=True)
    event = fields.Char(required=True, readonly=True)
    kind = fields.Char(required=True, readonly=True)
    object_reference = fields.Char(string="Object", required=True, readonly=True)
    created_at = fields.Datetime(string="Happened", readonly=True)
    state = fields.Selection(
        [
            ('new', "New"),
            ('done', "Processed"),
            ('ignored', "Not for us"),
            ('failed', "Failed"),
        ],
        required=True,
        readonly=True,
        default='new',
        index=True,
    )
    attempts = fields.Integer(readonly=True)
    next_attempt_at = fields.Datetime(string="Next Attempt", readonly=True)
    error = fields.Char(readonly=True)

    _event_uniq = models.Constraint(
        'unique(provider_id, event)', "This event has been received already."
    )

    @api.model
    def _store(self, provider: models.Model, event: dict) -> bool:
        """Store a verified event once; later deliveries of it change nothing.

        :param provider: whose endpoint received it.
        :param event: as Stripe sent it.
        :return: whether it is new.
        """
        now = fields.Datetime.now()
        cron_id = self.env['ir.model.data']._xmlid_to_res_id(CRON)
        # Two deliveries at once: under REPEATABLE READ the second one fails on serialization,
        # is replayed, and then finds the first.
        # The trigger is what `ir.cron._trigger` would make, without its six queries: Stripe sends
        # events in bursts, and while it waits for an answer so does a worker.
        self.env.cr.execute(
            SQL(
                """
                WITH stored AS (
                    INSERT INTO practice_stripe_event
                                (provider_id, company_id, event, kind, object_reference, created_at,
                                 state, attempts, create_uid, create_date, write_uid, write_date)
                         VALUES (%(provider)s, %(company)s, %(event)s, %(kind)s, %(object)s,
                                 to_timestamp(%(created)s) AT TIME ZONE 'UTC',
                                 'new', 0, %(user)s, %(now)s, %(user)s, %(now)s)
                    ON CONFLICT (provider_id, event) DO NOTHING
                      RETURNING id
                )
                INSERT INTO ir_cron_trigger
                            (cron_id, call_at, create_uid, create_date, write_uid, write_date)
                     SELECT %(cron)s, %(now)s, %(user)s, %(now)s, %(user)s, %(now)s
                       FROM stored
                  RETURNING id
                """,
                provider=provider.id,
                company=provider.company_id.id,
                event=event['id'],
                kind=event['type'],
                object=event['data']['object']['id'],
                created=event['created'],
                user=self.env.uid,
                now=now,
                cron=cron_id,
            ),
            # A replay is ordinary, and the query's log line would be an error.
            log_exceptions=False,
        )
        is_new = bool(self.env.cr.fetchone())
        if is_new:
            self.env.cr.postcommit.add(self.env['ir.cron']._billing_notify_soon)
        return is_new

    # === ACTION METHODS ===#

    def action_retry(self):
        """Process failed events now, by hand; what is processed meanwhile is left alone."""
        if not self.env.user.has_group(MANAGER):
            raise AccessError(self.env._("Only a manager can retry events."))
        self.check_access('read')
        events_sudo = self.sudo()
        claim(events_sudo)
        for event_sudo in events_sudo.filtered(lambda event: event.state == 'failed'):
            event_sudo._process()
        return True

    # === PROCESSING ===#

    @api.model
    def _cron_process(self):
        """Process what is waiting, one event a commit, so that one failure stops no other."""
        now = fields.Datetime.now()
        domain = Domain('state', '=', 'new') | (
            Domain('state', '=', 'failed') & Domain('next_attempt_at', '<=', now)
        )
        events = self.search(domain, order='id', limit=BATCH)
        waiting = self.search_count(domain)
        work_off(events, lambda event: event._process(), domain, remaining=waiting)

    def _process(self):
        """Process one event; what goes wrong is kept on it and tried again later.

        :raise psycopg2.Error: one of `REPLAYED`, if another transaction was faster.
        """
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                state = 'done' if self._handle() else 'ignored'
        except REPLAYED:
            raise
        except (StripeGatewayError, UserError) as error:
            self._fail(str(error))
        except Exception as error:
            # The inbox must survive any event; the cause goes to the log and to the manager.
            _logger.exception("Stripe event %s (%s) failed", self.event, self.kind)
            self._fail(
                self.env._(
                    "Unexpected error (%s). The server's log has more.", type(error).__name__
                )
            )
        else:
            self.write({'state': state, 'error': False, 'next_attempt_at': False})
            self.activity_unlink([MANAGER_ACTIVITY])

    def _fail(self, message):
        self.env.invalidate_all()
        attempts = self.attempts + 1
        pause = RETRY_PAUSES[attempts - 1] if attempts <= len(RETRY_PAUSES) else None
        retry_at = fields.Datetime.now() + pause if pause else False
        self.write(
            {
                'state': 'failed',
                'attempts': attempts,
                'error': message,
                'next_attempt_at': retry_at,
            }
        )
        if retry_at:
            cron = self.env.ref(CRON).sudo()
            cron._trigger(retry_at)
        else:
            self._notify_manager()

    def _notify_manager(self):
        """Ask a manager to look, once per practice: the list shows what else has failed."""
        asked = [('provider_id', '=', self.provider_id.id), ('activity_ids', '!=', False)]
        if not self.search_count(asked, limit=1):
            self.company_id._billing_notify_manager(
                self,
                lambda env: env._("A report from Stripe could not be processed"),
                once=False,
            )

    @api.autovacuum
    def _gc_processed(self) -> tuple[int, bool]:
        """Forget what was settled long ago; what failed stays until somebody has seen to it.

        :return: how many were removed, and whether more are left.
        """
        settled = self.search(
            [
                ('state', 'in', ('done', 'ignored')),
                ('create_date', '<', fields.Datetime.now() - KEPT_FOR),
            ],
            limit=GC_UNLINK_LIMIT,
        )
        settled.unlink()
        return len(settled), len(settled) == GC_UNLINK_LIMIT

    # === HANDLERS === #

    @api.model
    def _handlers(self) -> dict[str, str]:
        """Return the kinds of events that we listen to, each with the method that acts upon it.

        Rooms add theirs. A method looks at the event's object as it is now, and returns whether
        it is something of this database.
        """
        return {
            'account.updated': '_refresh_account',
            'checkout.session.completed': '_sync_session',
            'checkout.session.async_payment_succeeded': '_sync_session',
            'checkout.session.async_payment_failed': '_sync_session',
            'checkout.session.expired': '_sync_session',
            'payment_intent.succeeded': '_sync_payment_intent',
            'payment_intent.payment_failed': '_sync_payment_intent',
        }

    def _handle(self) -> bool:
        handler = self._handlers().get(self.kind)
        return bool(handler) and getattr(self, handler)()

    def _refresh_account(self) -> bool:
        mine = self.object_reference == self.provider_id.stripe_payment_link_account
        if mine:
            self.provider_id._billing_refresh()
        return mine

    def _sync_session(self) -> bool:
        gateway = self.provider_id._billing_gateway()
        try:
            session = gateway.checkout_session(self.object_reference)
        except StripeGatewayError as error:
            # Whoever changes the account closes what is open at the old one, which tells of it
            # when the new one is connected already. Where money may have moved, a manager looks.
            if error.code != 'resource_missing' or self.kind != 'checkout.session.expired':
                raise
            return False
        return self._record_session(session)

    def _sync_payment_intent(self) -> bool:
        gateway = self.provider_id._billing_gateway()
        # A session that is listed is not expanded as one that is fetched.
        handled = [
            self._record_session(gateway.checkout_session(session['id']))
            for session in gateway.sessions_of_payment_intent(self.object_reference)
        ]
        return any(handled)

    def _record_session(self, session) -> bool:
        txs = self.env['payment.transaction']
        tx = txs._billing_search(self.provider_id, session)
        if tx:
            tx._billing_record(session)
        return bool(tx)
