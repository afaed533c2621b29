"""Events, and how they reach the webhook endpoints: signed, retried, and as badly as told."""

import ipaddress
import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import requests
import stripe

from .records import Record
from .wire.expand import public
from .world import HOSTED, Realm, World

TIMEOUT = 20  # seconds that an endpoint has to answer
NORMAL = {'mode': 'normal'}


def emit(realm: Realm, kind: str, record: Record, previous: Record | None = None) -> Record:
    """Record an event about an object and send it to whoever listens.

    :param kind: Stripe's event type.
    :param previous: `previous_attributes` of an update.
    """
    data = {'object': public(record)}
    if previous:
        data['previous_attributes'] = public(previous)
    endpoints = _listening(realm, kind)
    connected = realm.profile().get('_platform')
    values: Record = {
        'api_version': stripe.api_version,
        'data': data,
        'type': kind,
        'pending_webhooks': len(endpoints),
        'request': realm.origin or {'id': None, 'idempotency_key': None},
    }
    if connected:
        values['account'] = realm.account
    event = realm.new('event', 'evt', **values)
    for endpoint_realm, endpoint in endpoints:
        _plan(realm.world, event, realm.name, endpoint_realm, endpoint)
    return event


def _listening(realm: Realm, kind: str) -> list[tuple[Realm, Record]]:
    """Return the endpoints that an event goes to: the account's own, and its platform's."""
    found = [
        (realm, endpoint) for endpoint in realm.all('webhook_endpoint') if not endpoint['_connect']
    ]
    platform = realm.profile().get('_platform')
    if platform:
        above = Realm(realm.world, platform, realm.livemode)
        found += [
            (above, endpoint) for endpoint in above.all('webhook_endpoint') if endpoint['_connect']
        ]
    return [
        (owner, endpoint)
        for owner, endpoint in found
        if endpoint['status'] == 'enabled' and ({'*', kind} & set(endpoint['enabled_events']))
    ]


def _plan(
    world: World, event: Record, realm_name: str, endpoint_realm: Realm, endpoint: Record
) -> None:
    rule = _rule_for(world, event['type'])
    mode = rule['mode']
    now = time.time()
    state, due, group = 'waiting', now, None
    if mode == 'late':
        due = now + rule.get('delay', 2)
    elif mode in ('hold', 'lost'):
        state = 'held' if mode == 'hold' else 'lost'
    elif mode == 'out_of_order':
        # All of one window are sent together at its end, the newest first.
        window = rule.get('window', 0.5)
        group = f'{int(now / window)}'
        state, due = 'grouped', (int(now / window) + 1) * window
    for _copy in range(2 if mode == 'twice' else 1):
        world.store.insert(
            'INSERT INTO delivery (event, state, due, body) VALUES (?, ?, ?, ?)',
            (
                event['id'],
                state,
                due,
                json.dumps(
                    {
                        'event': event['id'],
                        'type': event['type'],
                        'realm': realm_name,
                        'endpoint_realm': endpoint_realm.name,
                        'endpoint': endpoint['id'],
                        'url': endpoint['url'],
                        'mode': mode,
                        'group': group,
                        'attempts': [],
                    }
                ),
            ),
        )
    world.store.after_commit(world.wake)


def _rule_for(world: World, kind: str) -> Record:
    """Return the delivery rule for an event type, and count it."""
    rules = world.store.setting('webhook_rules', [])
    for rule in rules:
        if rule.get('types') and kind not in rule['types']:
            continue
        if rule.get('count') is not None:
            rule['count'] -= 1
            world.store.set('webhook_rules', [each for each in rules if each.get('count') != 0])
        return rule
    return NORMAL


def is_loopback(url: str) -> bool:
    """Tell whether a URL names this machine only."""
    host = urlsplit(url).hostname or ''
    if host == 'localhost' or host.endswith('.localhost'):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Deliveries:
    """Sends what is planned and keeps what came back."""

    def __init__(self, world: World) -> None:
        self.world = world
        # Whatever was under way when the process ended was not confirmed: it goes out again.
        self.world.store.execute("UPDATE delivery SET state = 'waiting' WHERE state = 'sending'")

    def all(self) -> list[Record]:
        """Return every delivery, oldest first."""
        rows = self.world.store.execute('SELECT id, state, due, body FROM delivery ORDER BY id')
        return [
            {'id': identifier, 'state': state, 'due': due, **json.loads(body)}
            for identifier, state, due, body in rows
        ]

    def start_due(self, pool: ThreadPoolExecutor) -> float:
        """Hand what is due to the pool; return when the next delivery is due."""
        store, now = self.world.store, time.time()
        with store.transaction():
            single = [
                row[0]
                for row in store.execute(
                    "SELECT id FROM delivery WHERE state = 'waiting' AND due <= ? ORDER BY due, id",
                    (now,),
                )
            ]
            grouped = [
                row[0]
                for row in store.execute(
                    "SELECT id FROM delivery WHERE state = 'grouped' AND due <= ? "
                    'ORDER BY due, id DESC',
                    (now,),
                )
            ]
            for identifier in single + grouped:
                self._state(identifier, 'sending')
            rows = store.execute(
                "SELECT MIN(due) FROM delivery WHERE state IN ('waiting', 'grouped')"
            )
        for identifier in single:
            pool.submit(self.send, identifier)
        if grouped:
            pool.submit(self.send_in_turn, grouped)
        return rows[0][0] or now + 3600

    def send_in_turn(self, identifiers: Sequence[int | None]) -> list[Record | None]:
        """Make one attempt at each delivery, one after the other."""
        return [self.send(identifier) for identifier in identifiers]

    def claim(
        self, states: Sequence[str], event: str | None = None, order: str = 'created'
    ) -> list[int]:
        """Take deliveries out of the worker's hands, to be sent at once.

        :return: their ids, in the order in which to send them.
        """
        with self.world.store.transaction():
            found = [
                row
                for row in self.all()
                if row['state'] in states and event in (None, row['event'], row['type'])
            ]
            if order == 'reverse':
                found.reverse()
            for row in found:
                self._state(row['id'], 'sending')
        return [row['id'] for row in found]

    def resend(self, event: str) -> list[Record | None]:
        """Send an event once more to each endpoint that it was meant for.

        :raises KeyError: an unknown event.
        """
        realm = Realm.holding(self.world, event)
        if realm is None:
            raise KeyError(event)
        kind = realm.find(event)['type']
        with self.world.store.transaction():
            identifiers = [
                self.world.store.insert(
                    "INSERT INTO delivery (event, state, due, body) VALUES (?, 'sending', ?, ?)",
                    (
                        event,
                        time.time(),
                        json.dumps(
                            {
                                'event': event,
                                'type': kind,
                                'realm': realm.name,
                                'endpoint_realm': owner.name,
                                'endpoint': endpoint['id'],
                                'url': endpoint['url'],
                                'mode': 'resent',
                                'group': None,
                                'attempts': [],
                            }
                        ),
                    ),
                )
                for owner, endpoint in _listening(realm, kind)
            ]
        return self.send_in_turn(identifiers)

    def send(self, identifier: int | None) -> Record | None:
        """Make one attempt; return the delivery with its outcome."""
        with self.world.store.transaction():
            rows = self.world.store.execute('SELECT body FROM delivery WHERE id = ?', (identifier,))
            if not rows:  # the stand-in was reset meanwhile
                return None
            body = json.loads(rows[0][0])
            payload, secret = self._payload(body)
        attempt = {'time': time.time(), **self._post(body['url'], payload, secret)}
        with self.world.store.transaction():
            return self._conclude(identifier, body, attempt)

    def _payload(self, body: Record) -> tuple[str, str] | tuple[None, None]:
        owner = Realm.of_name(self.world, body['endpoint_realm'])
        endpoint = owner.find(body['endpoint'])
        event = Realm.of_name(self.world, body['realm']).find(body['event'])
        if endpoint is None or event is None:
            return None, None
        event['api_version'] = endpoint['api_version'] or event['api_version']
        text = json.dumps(public(event), indent=2).replace(HOSTED, self.world.base_url)
        return text, endpoint['_secret']

    def _post(self, url: str, payload: str | None, secret: str | None) -> Record:
        if payload is None or secret is None:
            return {'error': 'the endpoint was deleted', 'final': True}
        if not is_loopback(url):
            return {
                'error': 'not sent: the stand-in speaks to this machine only',
                'final': True,
            }
        header = stripe.WebhookSignature.generate_signature_header(payload, secret)
        session = requests.Session()
        session.trust_env = False
        try:
            answer = session.post(
                url,
                data=payload.encode(),
                timeout=TIMEOUT,
                allow_redirects=False,
                headers={
                    'Content-Type': 'application/json; charset=utf-8',
                    'Stripe-Signature': header,
                    'User-Agent': 'Stripe/1.0 (local stand-in)',
                },
            )
        except requests.RequestException as error:
            return {'error': type(error).__name__}
        finally:
            session.close()
        return {'status': answer.status_code, 'answer': answer.text[:500]}

    def _conclude(self, identifier: int | None, body: Record, attempt: Record) -> Record:
        body['attempts'].append(attempt)
        pauses = self.world.setting('retry_pauses')
        tried = len(body['attempts'])
        due = time.time()
        if 200 <= attempt.get('status', 0) < 300:
            state = 'delivered'
            self._count_down(body)
        elif tried <= len(pauses) and not attempt.get('final'):
            state, due = 'waiting', due + pauses[tried - 1]
        else:
            state = 'failed'
        self.world.store.execute(
            'UPDATE delivery SET state = ?, due = ?, body = ? WHERE id = ?',
            (state, due, json.dumps(body), identifier),
        )
        self.world.store.after_commit(self.world.wake)
        return {'id': identifier, 'state': state, 'due': due, **body}

    def _count_down(self, body: Record) -> None:
        realm = Realm.of_name(self.world, body['realm'])
        event = realm.find(body['event'])
        if event:
            realm.change(event, pending_webhooks=max(event['pending_webhooks'] - 1, 0))

    def _state(self, identifier: int, state: str) -> None:
        self.world.store.execute('UPDATE delivery SET state = ? WHERE id = ?', (state, identifier))
