"""The stand-in's own switches, under `/_fake/`: what a test or a person tells it to do."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from werkzeug.wrappers import Request, Response

from . import faults, objects
from .ledger import totals
from .objects import accounts, charges, disputes, intents, payouts, refunds, sessions
from .records import Record, Route
from .webhooks import Deliveries
from .wire.errors import StripeError
from .wire.expand import public
from .world import DEFAULTS, HOSTED, Realm, World


class Control:
    """Answers JSON; what fails says why, with status 400 or 404."""

    def __init__(self, world: World, deliveries: Deliveries) -> None:
        self.world = world
        self.deliveries = deliveries

    def routes(self) -> Iterator[Route]:
        """Yield path, methods and view of each switch."""
        post, get = ['POST'], ['GET']
        yield '/_fake/requests', get, self._wrap(self.requests)
        yield '/_fake/requests/forget', post, self._wrap(self.forget_requests)
        yield '/_fake/deliveries', get, self._wrap(self.list_deliveries)
        yield '/_fake/webhooks/mode', post, self._wrap(self.webhook_mode)
        yield '/_fake/webhooks/deliver', post, self._wrap(self.deliver)
        yield '/_fake/webhooks/resend', post, self._wrap(self.resend)
        yield '/_fake/settings', get, self._wrap(self.settings)
        yield '/_fake/settings', post, self._wrap(self.change_settings)
        yield '/_fake/clock', post, self._wrap(self.advance_clock)
        yield '/_fake/faults', post, self._wrap(self.plan_fault)
        yield '/_fake/keys', post, self._wrap(self.configure_key)
        yield '/_fake/accounts', post, self._wrap(self.configure_account)
        yield '/_fake/totals', get, self._wrap(self.totals)
        yield '/_fake/objects', get, self._wrap(self.objects)
        yield '/_fake/do/<action>', post, self._wrap(self.do)
        yield '/_fake/reset', post, self._wrap(self.reset)

    def _wrap(self, view: Callable[..., Any]) -> Callable[..., Response]:
        def answer(request: Request, **arguments: Any) -> Response:
            given = (
                (request.get_json(silent=True) or {})
                if request.method == 'POST'
                else request.args.to_dict()
            )
            status = 200
            try:
                result = view(given, **arguments)
            except StripeError as error:
                status, result = 400, {'error': str(error)}
            except (KeyError, TypeError, ValueError) as error:
                status, result = 400, {'error': f'{type(error).__name__}: {error}'}
            text = json.dumps(result, indent=2).replace(HOSTED, self.world.base_url)
            return Response(text, status, content_type='application/json')

        answer.__name__ = view.__name__
        return answer

    # === WHAT WAS SEEN === #

    def requests(self, given: Record) -> list[Record]:
        """Return the API requests received, oldest first; `after`: only newer ids."""
        rows = self.world.store.execute(
            'SELECT id, body FROM request WHERE id > ? ORDER BY id', (int(given.get('after', 0)),)
        )
        return [{'id': identifier, **json.loads(body)} for identifier, body in rows]

    def forget_requests(self, given: Record) -> Record:
        """Forget the requests received."""
        self.world.store.execute('DELETE FROM request')
        return {}

    def list_deliveries(self, given: Record) -> list[Record]:
        """Return the webhook deliveries, oldest first, with each attempt."""
        return self.deliveries.all()

    def totals(self, given: Record) -> Record:
        """Return what an account's books must show; `account`, `live`."""
        return totals(Realm(self.world, given['account'], given.get('live') == 'true'))

    def objects(self, given: Record) -> list[Record]:
        """Return an account's objects of a `kind`, newest first."""
        realm = Realm(self.world, given['account'], given.get('live') == 'true')
        return public(realm.all(given['kind']))

    # === HOW IT BEHAVES === #

    def webhook_mode(self, given: Record) -> Record:
        """Set how coming events are delivered.

        `mode`: normal, late (`delay` seconds), twice, out_of_order (`window` seconds), lost, hold.
        `types` limits it to event types, `count` to the next so many deliveries; with either, the
        rule is put before those that stand, else it replaces them.
        """
        modes = ('normal', 'late', 'twice', 'out_of_order', 'lost', 'hold')
        if given['mode'] not in modes:
            raise ValueError(f'mode must be one of {", ".join(modes)}')
        with self.world.store.transaction():
            rules = self.world.store.setting('webhook_rules', [])
            limited = given.get('types') or given.get('count')
            self.world.store.set('webhook_rules', [given, *rules] if limited else [given])
        return {}

    def deliver(self, given: Record) -> list[Record | None]:
        """Send what is held or late at once; `event` (id or type), `order`: created or reverse.

        Answers when all were tried; deliveries that never got a chance stay in their state.
        """
        states = given.get('states') or ['held', 'waiting', 'grouped']
        claimed = self.deliveries.claim(states, given.get('event'), given.get('order', 'created'))
        return self.deliveries.send_in_turn(claimed)

    def resend(self, given: Record) -> list[Record | None]:
        """Send an `event` again, to each endpoint that listens to it, and say what came back."""
        return self.deliveries.resend(given['event'])

    def settings(self, given: Record) -> Record:
        """Return the settings."""
        return {name: self.world.setting(name) for name in DEFAULTS}

    def change_settings(self, given: Record) -> Record:
        """Change settings; `DEFAULTS` in `world` lists them."""
        with self.world.store.transaction():
            for name, value in given.items():
                if name not in DEFAULTS:
                    raise ValueError(f'{name} is no setting; there are {", ".join(DEFAULTS)}')
                self.world.store.set(name, value)
            self.world.store.after_commit(self.world.wake)
        return self.settings({})

    def advance_clock(self, given: Record) -> Record:
        """Let `seconds` pass for sessions, payouts and idempotency keys."""
        with self.world.store.transaction():
            offset = self.world.setting('clock_offset') + given['seconds']
            self.world.store.set('clock_offset', offset)
            self.world.store.after_commit(self.world.wake)
        return {'now': self.world.now()}

    def plan_fault(self, given: Record) -> Record:
        """Plan a misfortune for coming API calls; see `faults.plan`."""
        with self.world.store.transaction():
            if given.get('clear'):
                self.world.store.set('faults', [])
            else:
                faults.plan(self.world, given)
        return {}

    def configure_key(self, given: Record) -> Record:
        """Set a `key`'s `account`, `permissions` (of a restricted one), or `revoked`."""
        with self.world.store.transaction():
            name = f'key:{given["key"]}'
            known = self.world.store.setting(name, {})
            known.update(
                {
                    part: given[part]
                    for part in ('account', 'permissions', 'revoked')
                    if part in given
                }
            )
            self.world.store.set(name, known)
            if known.get('account'):
                objects.ensure_account(self.world, known['account'])
            if 'wording' in given:
                self.world.store.set('permission_wording', given['wording'])
        return known

    def configure_account(self, given: Record) -> Record:
        """Change an `account` (made if new): country, default_currency, fee, name, and so on."""
        values = dict(given)
        account = values.pop('account')
        fee_percent, fee_fixed = values.pop('fee_percent', None), values.pop('fee_fixed', None)
        due = values.pop('currently_due', None)
        name = values.pop('name', None)
        with self.world.store.transaction():
            objects.ensure_account(self.world, account)
            record = self.world.store.get('accounts', account)
            if fee_percent is not None:
                values['_fee_percent'] = str(fee_percent)
            if fee_fixed is not None:
                values['_fee_fixed'] = fee_fixed
            if 'rates' in values:
                values['_rates'] = values.pop('rates')
            if due is not None:
                values['requirements'] = accounts.requirements(due)
            if name is not None:
                values['business_profile'] = {**record['business_profile'], 'name': name}
            if 'country' in values:
                values.setdefault(
                    'default_currency', accounts.CURRENCY_OF.get(values['country'], 'eur')
                )
            unknown = {name for name in values if not name.startswith('_')} - set(record)
            if unknown:
                raise ValueError(f'unknown: {", ".join(sorted(unknown))}')
            return public(
                accounts.update(self.world, account, livemode=bool(given.get('live')), **values)
            )

    def reset(self, given: Record) -> Record:
        """Forget everything."""
        self.world.store.clear()
        return {}

    # === WHAT HAPPENS AT STRIPE OR AT A BANK === #

    def do(self, given: Record, action: str) -> Any:
        """Let something happen to the object `id`; see the methods `_do_…`."""
        act = getattr(self, f'_do_{action}', None)
        if act is None:
            raise ValueError(f'unknown action {action}')
        given = dict(given)
        identifier = given.pop('id')
        with self.world.store.transaction():
            if identifier.startswith('acct_'):
                realm, record = Realm(self.world, identifier, given.pop('live', False)), None
            elif holder := Realm.holding(self.world, identifier):
                realm, record = holder, holder.find(identifier)
            else:
                raise ValueError(f'nothing here has the id {identifier}')
            result = act(realm, record, **given)
            return public(result if result is not None else realm.find(identifier))

    def _do_settle_debit(self, realm: Realm, record: Record) -> None:
        intents.settle(realm, self._intent(realm, record))

    def _do_fail_debit(self, realm: Realm, record: Record) -> None:
        intents.bounce(realm, self._intent(realm, record))

    def _do_expire_session(self, realm: Realm, record: Record) -> None:
        if record['status'] != 'open':
            raise ValueError(f'the session is {record["status"]}')
        sessions.expire(realm, record)

    def _do_book_fee(self, realm: Realm, record: Record) -> Record:
        charge = self._charge(realm, record)
        charges.book_fee(self.world, realm.name, charge['id'])
        return realm.find(charge['id'])

    def _do_refund(
        self,
        realm: Realm,
        record: Record,
        amount: int | None = None,
        state: str | None = None,
        reason: str | None = None,
    ) -> Record:
        return refunds.new(realm, self._charge(realm, record), amount, state, reason=reason)

    def _do_settle_refund(self, realm: Realm, record: Record) -> None:
        refunds.settle(realm, record)

    def _do_fail_refund(
        self, realm: Realm, record: Record, reason: str = 'expired_or_canceled_card'
    ) -> None:
        refunds.fail(realm, record, reason)

    def _do_dispute(self, realm: Realm, record: Record, **values: Any) -> Record:
        return disputes.open_dispute(realm, self._charge(realm, record), **values)

    def _do_close_dispute(
        self, realm: Realm, record: Record, outcome: str, fee_back: bool = False
    ) -> Record:
        return disputes.close(realm, record, outcome, fee_back)

    def _do_payout(self, realm: Realm, record: Record, include_pending: bool = True) -> Record:
        return payouts.automatic(realm, include_pending)

    def _do_pay_payout(self, realm: Realm, record: Record) -> None:
        payouts.arrive(realm, record)

    def _do_fail_payout(self, realm: Realm, record: Record) -> None:
        payouts.fail(realm, record)

    def _do_disconnect(self, realm: Realm, record: Record) -> Record:
        # The owner of a connected account takes the platform's access away.
        account = realm.profile()
        account['_platform'] = None
        self.world.store.put('accounts', account)
        return account

    def _do_annotate(self, realm: Realm, record: Record, **metadata: Any) -> None:
        # Another app of the same account, or somebody in the dashboard, adds metadata.
        realm.change(record, metadata={**record['metadata'], **metadata})

    def _do_turn_card(
        self, realm: Realm, record: Record, number: str, expiry: str | None = None
    ) -> None:
        # The bank thinks anew of a card that was saved: it answers as the test number does.
        values: Record = {'_number': number}
        if expiry:
            month, year = map(int, expiry.split('/'))
            values['card'] = {**record['card'], 'exp_month': month, 'exp_year': year}
        realm.change(record, **values)

    def _do_detach(self, realm: Realm, record: Record) -> None:
        objects.payment_methods.detach(realm, record)

    def _intent(self, realm: Realm, record: Record) -> Record:
        return (
            realm.find(record['payment_intent']) if record['object'] != 'payment_intent' else record
        )

    def _charge(self, realm: Realm, record: Record) -> Record:
        if record['object'] == 'charge':
            return record
        return realm.find(self._intent(realm, record)['latest_charge'])
