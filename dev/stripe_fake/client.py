"""A client of the stand-in's switches and hosted pages, for tests and demonstrations."""

import re
import time
from typing import Any
from urllib.parse import urljoin

import requests
from requests import Response

from .records import Record


class FakeError(Exception):
    """The stand-in refused; the text says why."""


class FakeClient:
    """Talks to a running stand-in.

    :param url: as it printed it when it started.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip('/')
        self._http = requests.Session()
        self._http.trust_env = False

    # === WHAT WAS SEEN === #

    def requests(self, path: str = '', method: str | None = None, after: int = 0) -> list[Record]:
        """Return the API requests received, oldest first, whose path contains `path`."""
        return [
            row
            for row in self._get('requests', after=after)
            if path in row['path'] and method in (None, row['method'])
        ]

    def forget_requests(self) -> None:
        """Forget the requests received so far."""
        self._post('requests/forget')

    def received_text(self) -> str:
        """Return everything that was sent to the API as one text, to search for a word."""
        return '\n'.join(
            f'{row["method"]} {row["path"]} {row["params"]} {row["idempotency_key"]}'
            for row in self._get('requests')
        )

    def deliveries(self, type: str | None = None, state: str | None = None) -> list[Record]:
        """Return the webhook deliveries, oldest first, each with its attempts."""
        return [
            row
            for row in self._get('deliveries')
            if type in (None, row['type']) and state in (None, row['state'])
        ]

    def totals(self, account: str, live: bool = False) -> Record:
        """Return an account's money in sums; see `ledger.totals`."""
        return self._get('totals', account=account, live=str(live).lower())

    def objects(self, kind: str, account: str, live: bool = False) -> list[Record]:
        """Return an account's objects of a kind (`charge`, `refund`, …), newest first."""
        return self._get('objects', kind=kind, account=account, live=str(live).lower())

    # === WEBHOOKS === #

    def webhooks(
        self, mode: str, types: list[str] | None = None, count: int | None = None, **options: Any
    ) -> None:
        """Say how coming events are delivered; see `Control.webhook_mode`."""
        self._post('webhooks/mode', mode=mode, types=types, count=count, **options)

    def hold_webhooks(self, **options: Any) -> None:
        """Keep coming events until `release`."""
        self.webhooks('hold', **options)

    def deliver(self, event: str | None = None, order: str = 'created') -> list[Record]:
        """Send what is held or late now; return the deliveries with their outcome."""
        return self._post('webhooks/deliver', event=event, order=order)

    def release(self, order: str = 'created') -> list[Record]:
        """Deliver normally again, and send what was kept."""
        self.webhooks('normal')
        return self.deliver(order=order)

    def resend(self, event: str) -> list[Record]:
        """Send an event once more; return the deliveries with their outcome."""
        return self._post('webhooks/resend', event=event)

    def wait_delivered(self, timeout: float = 15) -> None:
        """Return when no delivery is under way.

        :raises FakeError: some are still waiting after `timeout` seconds.
        """
        end = time.monotonic() + timeout
        while True:
            waiting = [
                row
                for row in self._get('deliveries')
                if row['state'] in ('waiting', 'grouped', 'sending')
            ]
            if not waiting:
                return
            if time.monotonic() > end:
                raise FakeError(f'still waiting: {[row["type"] for row in waiting]}')
            time.sleep(0.05)

    # === BEHAVIOUR === #

    def set(self, **settings: Any) -> Record:
        """Change settings; see `world.DEFAULTS`."""
        return self._post('settings', **settings)

    def advance(self, seconds: float) -> Record:
        """Let time pass at Stripe."""
        return self._post('clock', seconds=seconds)

    def fail_next(
        self,
        path: str = '',
        status: int = 500,
        when: str = 'before',
        times: int = 1,
        **options: Any,
    ) -> None:
        """Let coming API calls end in an error: `before`, `after` or `instead` of their effect."""
        self._post('faults', path=path, status=status, when=when, times=times, **options)

    def drop_next(
        self, path: str = '', when: str = 'after', times: int = 1, **options: Any
    ) -> None:
        """Cut the connection of coming API calls, `before` or `after` they took effect."""
        self._post('faults', path=path, drop=True, when=when, times=times, **options)

    def slow_next(self, seconds: float, path: str = '', times: int = 1, **options: Any) -> None:
        """Let coming API calls take longer."""
        self._post('faults', path=path, latency=seconds, times=times, **options)

    def clear_faults(self) -> None:
        """Spare the coming API calls again."""
        self._post('faults', clear=True)

    def key(self, key: str, **options: Any) -> Record:
        """Set a key's `account`, `permissions` (a list) or `revoked`."""
        return self._post('keys', key=key, **options)

    def account(self, account: str, **options: Any) -> Record:
        """Change an account: `country`, `default_currency`, `fee_percent`, `charges_enabled`, …"""
        return self._post('accounts', account=account, **options)

    def account_of(self, key: str) -> str:
        """Return the id of the account that a key opens."""
        answer = self._http.get(f'{self.url}/v1/account', auth=(key, ''), timeout=30)
        answer.raise_for_status()
        return answer.json()['id']

    def do(self, action: str, id: str, **options: Any) -> Record:
        """Let something happen to an object; see `Control._do_…` for the actions."""
        return self._post(f'do/{action}', id=id, **options)

    def settle_debit(self, id: str) -> Record:
        """Let the bank debit of a PaymentIntent or session arrive."""
        return self.do('settle_debit', id)

    def fail_debit(self, id: str) -> Record:
        """Let the bank debit of a PaymentIntent or session bounce."""
        return self.do('fail_debit', id)

    def refund(self, id: str, amount: int | None = None, **options: Any) -> Record:
        """Give back a charge, PaymentIntent or session, as in Stripe's dashboard."""
        return self.do('refund', id, amount=amount, **options)

    def dispute(self, id: str, **options: Any) -> Record:
        """Open a dispute of a charge, PaymentIntent or session."""
        return self.do('dispute', id, **options)

    def close_dispute(self, id: str, outcome: str, **options: Any) -> Record:
        """End a dispute: `won`, `lost` or `warning_closed`."""
        return self.do('close_dispute', id, outcome=outcome, **options)

    def payout(self, account: str, **options: Any) -> Record:
        """Pay out all that lies on an account's balance."""
        return self.do('payout', account, **options)

    def annotate(self, id: str, **metadata: Any) -> Record:
        """Add metadata to an object, as another app of the same account does."""
        return self.do('annotate', id, **metadata)

    def turn_card(self, id: str, number: str, **options: Any) -> Record:
        """Let the bank answer for a saved card as it does for a test number from now on."""
        return self.do('turn_card', id, number=number, **options)

    def expire_session(self, id: str) -> Record:
        """Expire an open session now."""
        return self.do('expire_session', id)

    def reset(self) -> None:
        """Forget everything."""
        self._post('reset')

    # === HOSTED PAGES, AS A BROWSER USES THEM === #

    def pay_session(
        self,
        session_id: str,
        card: str = '4242424242424242',
        authenticate: str = 'complete',
        **fields: Any,
    ) -> str | None:
        """Fill in the hosted page and send it.

        :param card: a test card's number, or a bank account's with `way='debit'`.
        :param authenticate: 'complete' or 'fail' on the page that asks who the payer is.
        :param fields: form fields to send besides: `save='1'`, `email`, `way`, …
        :return: the address that the browser is sent to, or None if the page stays.
        """
        form = {
            'way': 'card',
            'email': 'payer@example.com',
            'name': 'Pat Payer',
            'number': card,
            'account': card,
            'expiry': '12/34',
            'cvc': '123',
            **fields,
        }
        return self._submit(f'{self.url}/c/pay/{session_id}', form, authenticate)

    def _submit(self, address: str, form: Record, authenticate: str) -> str | None:
        answer = self._http.post(address, data=form, allow_redirects=False, timeout=30)
        if answer.status_code != 303:
            return None
        target = urljoin(address, answer.headers['Location'])
        if re.match(re.escape(self.url) + '/authenticate/', target):
            return self._submit(target, {'answer': authenticate}, authenticate)
        return target

    def onboard(self, link: str, answer: str = 'finish') -> str:
        """Go through the page of an account link; return where the browser is sent."""
        page = self._http.get(link, allow_redirects=False, timeout=30)
        if page.status_code == 303:
            return page.headers['Location']
        page = self._http.post(link, data={'answer': answer}, allow_redirects=False, timeout=30)
        return page.headers['Location']

    def _get(self, path: str, /, **params: Any) -> Any:
        return self._read(self._http.get(f'{self.url}/_fake/{path}', params=params, timeout=30))

    def _post(self, path: str, /, **values: Any) -> Any:
        return self._read(self._http.post(f'{self.url}/_fake/{path}', timeout=120, json=values))

    def _read(self, answer: Response) -> Any:
        result = answer.json()
        if answer.status_code != 200:
            raise FakeError(result['error'])
        return result
