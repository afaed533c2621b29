"""The way of one API request: key, type check, idempotency, effect, answer, log."""

import json
import sys
import time
import traceback
from collections.abc import Callable
from urllib.parse import unquote

from stripe import api_version
from werkzeug.wrappers import Request, Response

from .. import faults
from ..records import Record
from ..world import HOSTED, Realm, World, new_id
from . import expand, forms, keys, validator
from .catalogue import Catalogue
from .errors import StripeError
from .idempotency import Idempotency
from .operations import Call, handler_of


class Api:
    """Answers everything under `/v1/`."""

    def __init__(self, world: World, ensure_account: Callable[[World, str], None]) -> None:
        self.world = world
        self.catalogue = Catalogue()
        self.idempotency = Idempotency(world)
        self._ensure_account = ensure_account
        self._create_endpoint, _args = self.catalogue.find('POST', '/v1/webhook_endpoints')

    def answer(self, request: Request) -> Response:
        """Return the response to a request.

        :raises Dropped: a planned fault cuts the connection.
        """
        log: Record = {
            'request_id': new_id('req', 14),
            'time': time.time(),
            'method': request.method,
            'path': request.path,
            'params': {},
            'key': None,
            'account': None,
            'idempotency_key': request.headers.get('Idempotency-Key'),
            'version': request.headers.get('Stripe-Version'),
            'status': None,
            'error': None,
        }
        headers: dict[str, str] = {}
        try:
            status, answer = self._run(request, log, headers)
        except StripeError as error:
            status, answer = error.status, error.body
            headers.update(error.headers)
        except faults.Dropped:
            log['error'] = 'connection dropped as planned'
            self._log(log)
            raise
        except Exception:
            traceback.print_exc(file=sys.stderr)
            status, answer = (
                500,
                StripeError(
                    'The local Stripe stand-in has a fault of its own; its log has the traceback.',
                    kind='api_error',
                ).body,
            )
        log['status'] = status
        if 'error' in answer:
            log['error'] = answer['error']['message']
        self._log(log)
        text = json.dumps(answer, indent=2).replace(HOSTED, self.world.base_url)
        headers = {
            'Request-Id': log['request_id'],
            'Content-Type': 'application/json',
            'Stripe-Version': log['version'] or api_version,
            **headers,
        }
        if log['idempotency_key']:
            headers['Idempotency-Key'] = log['idempotency_key']
        return Response(text, status, headers)

    def _run(self, request: Request, log: Record, headers: dict[str, str]) -> tuple[int, Record]:
        world = self.world
        key = keys.read(request.headers)
        log['key'] = keys.mask(key)
        with world.store.transaction():
            owner = keys.account_of(world, key)
            self._ensure_account(world, owner)
            log['account'] = owner
            fault = faults.next_for(world, request.method, request.path, owner)
        origin = {'id': log['request_id'], 'idempotency_key': log['idempotency_key']}
        livemode = '_live_' in key[:8]
        platform = Realm(world, owner, livemode, origin)
        version = self._check_version(log['version'])
        realm = self._acting_for(request.headers.get('Stripe-Account'), platform, key)
        log['account'] = realm.account
        operation, args = self.catalogue.find(request.method, request.path)
        if operation is None:
            raise StripeError(
                f'Unrecognized request URL ({request.method}: {request.path}). Please see '
                'https://stripe.com/docs or we can help at https://support.stripe.com/.',
                status=404,
                started=False,
            )
        form = self._read_form(request)
        log['params'] = form
        faults.strike(fault, 'before')
        keys.check_permission(world, key, realm.account, operation)
        params = validator.check(operation, form)
        function = handler_of(operation, params)
        call = Call(realm, params, tuple(unquote(arg) for arg in args), platform, key, version)
        idempotency_key = log['idempotency_key'] if request.method == 'POST' else None
        with self.idempotency.running(realm, idempotency_key):
            pause = (fault or {}).get('latency') or world.setting('latency')
            if pause:
                time.sleep(pause)
            status, answer = self._settle(
                *(call, function, fault, idempotency_key),
                *((request.method, request.path, form), headers),
            )
        faults.strike(fault, 'after')
        return status, answer

    def _settle(
        self,
        call: Call,
        function: Callable[[Call], Record],
        fault: Record | None,
        idempotency_key: str | None,
        asked: tuple[str, str, Record],
        headers: dict[str, str],
    ) -> tuple[int, Record]:
        """Replay or carry out, and remember, in one transaction."""
        realm, store = call.realm, self.world.store
        request_id = (realm.origin or {})['id']
        try:
            with store.transaction():
                remembered = self.idempotency.recall(realm, idempotency_key, *asked)
                if remembered:
                    status, answer, original = remembered
                    headers.update({'Idempotent-Replayed': 'true', 'Original-Request': original})
                    return status, answer
                faults.strike(fault, 'instead')
                result = function(call)
                answer = expand.public(expand.expand(realm, result, call.params.get('expand')))
                self.idempotency.remember(realm, idempotency_key, *asked, 200, answer, request_id)
                return 200, answer
        except StripeError as error:
            if error.started:
                with store.transaction():
                    self.idempotency.remember(
                        realm, idempotency_key, *asked, error.status, error.body, request_id
                    )
            raise

    def _read_form(self, request: Request) -> Record:
        form = forms.decode(request.query_string)
        body = request.get_data()
        if body:
            if request.mimetype != 'application/x-www-form-urlencoded':
                raise StripeError(
                    'Invalid request: the v1 API takes form-encoded parameters, not '
                    f'{request.mimetype or "an unnamed content type"}.',
                    started=False,
                )
            form.update(forms.decode(body))
        return form

    def _acting_for(self, account: str | None, platform: Realm, key: str) -> Realm:
        if not account or account == platform.account:
            return platform
        connected = self.world.store.get('accounts', account)
        if not connected or connected.get('_platform') != platform.account:
            raise StripeError(
                f"The provided key '{keys.mask(key)}' does not have access to account "
                f"'{account}' (or that account does not exist). Application access may have been "
                'revoked.',
                status=403,
                code='account_invalid',
                started=False,
            )
        return Realm(self.world, account, platform.livemode, platform.origin)

    def _check_version(self, version: str | None) -> str:
        # Its parameters name the versions that there are.
        if version and self._create_endpoint:
            try:
                validator.check(
                    self._create_endpoint,
                    {'api_version': version, 'enabled_events': {'0': '*'}, 'url': 'http://x'},
                )
            except StripeError:
                raise StripeError(f'Invalid Stripe API version: {version}', started=False) from None
        return version or api_version

    def _log(self, log: Record) -> None:
        with self.world.store.transaction():
            self.world.store.insert('INSERT INTO request (body) VALUES (?)', (json.dumps(log),))
