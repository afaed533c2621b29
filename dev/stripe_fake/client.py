"""A client of the stand-in's switches and hosted pages, for tests and demonstrations."""

import re
import time
from urllib.parse import urljoin

import requests


class FakeError(Exception):
    """The stand-in refused; the text says why."""


class FakeClient:
    """Talks to a running stand-in.

    :param str url: as it printed it when it started.
    """

    def __init__(self, url):
        self.url = url.rstrip('/')
        self._http = requests.Session()
        self._http.trust_env = False

    # === WHAT WAS SEEN === #

    def requests(self, path='', method=None, after=0):
        """Return the API requests received, oldest first, whose path contains `path`."""
        return [
            row
            for row in self._get('requests', after=after)
            if path in row['path'] and method in (None, row['method'])
        ]

    def forget_requests(self):
        """Forget the requests received so far."""
        self._post('requests/forget')

    def received_text(self):
        """Return everything that was sent to the API as one text, to search for a word."""
        return '\n'.join(
            f'{row["method"]} {row["path"]} {row["params"]} {row["idempotency_key"]}'
            for row in self._get('requests')
        )

    def deliveries(self, type=None, state=None):
        """Return the webhook deliveries, oldest first, each with its attempts."""
        return [
            row
            for row in self._get('deliveries')
            if type in (None, row['type']) and state in (None, row['state'])
        ]

    def totals(self, account, live=False):
        """Return an account's money in sums; see `ledger.totals`."""
        return self._get('totals', account=account, live=str(live).lower())

    def objects(self, kind, account, live=False):
        """Return an account's objects of a kind (`charge`, `refund`, …), newest first."""
        return self._get('objects', kind=kind, account=account, live=str(live).lower())

    # === WEBHOOKS === #

    def webhooks(self, mode, types=None, count=None, **options):
        """Say how coming events are delivered; see `Control.webhook_mode`."""
        self._post('webhooks/mode', mode=mode, types=types, count=count, **options)

    def hold_webhooks(self, **options):
        """Keep coming events until `release`."""
        self.webhooks('hold', **options)

    def deliver(self, event=None, order='created'):
        """Send what is held or late now; return the deliveries with their outcome."""
        return self._post('webhooks/deliver', event=event, order=order)

    def release(self, order='created'):
        """Deliver normally again, and send what was kept."""
        self.webhooks('normal')
        return self.deliver(order=order)

    def resend(self, event):
        """Send an event once more; return the deliveries with their outcome."""
        return self._post('webhooks/resend', event=event)

    def wait_delivered(self, timeout=15):
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

    def set(self, **settings):
        """Change settings; see `world.DEFAULTS`."""
        return self._post('settings', **settings)

    def advance(self, seconds):
        """Let time pass at Stripe."""
        return self._post('clock', seconds=seconds)

    def fail_next(self, path='', status=500, when='before', times=1, **options):
        """Let coming API calls end in an error: `before`, `after` or `instead` of their effect."""
        self._post('faults', path=path, status=status, when=when, times=times, **options)

    def drop_next(self, path='', when='after', times=1, **options):
        """Cut the connection of coming API calls, `before` or `after` they took effect."""
        self._post('faults', path=path, drop=True, when=when, times=times, **options)

    def slow_next(self, seconds, path='', times=1, **options):
        """Let coming API calls take longer."""
        self._post('faults', path=path, latency=seconds, times=times, **options)

    def clear_faults(self):
        """Spare the coming API calls again."""
        self._post('faults', clear=True)

    def key(self, key, **options):
        """Set a key's `account`, `permissions` (a list) or `revoked`."""
        return self._post('keys', key=key, **options)

    def account(self, account, **options):
        """Change an account: `country`, `default_currency`, `fee_percent`, `charges_enabled`, …"""
        return self._post('accounts', account=account, **options)

    def account_of(self, key):
        """Return the id of the account that a key opens."""
        answer = self._http.get(f'{self.url}/v1/account', auth=(key, ''), timeout=30)
        answer.raise_for_status()
        return answer.json()['id']

    def do(self, action, id, **options):
        """Let something happen to an object; see `Control._do_…` for the actions."""
        return self._post(f'do/{action}', id=id, **options)

    def settle_debit(self, id):
        """Let the bank debit of a PaymentIntent or session arrive."""
        return self.do('settle_debit', id)

    def fail_debit(self, id):
        """Let the bank debit of a PaymentIntent or session bounce."""
        return self.do('fail_debit', id)

    def refund(self, id, amount=None, **options):
        """Give back a charge, PaymentIntent or session, as in Stripe's dashboard."""
        return self.do('refund', id, amount=amount, **options)

    def dispute(self, id, **options):
        """Open a dispute of a charge, PaymentIntent or session."""
        return self.do('dispute', id, **options)

    def close_dispute(self, id, outcome, **options):
        """End a dispute: `won`, `lost` or `warning_closed`."""
        return self.do('close_dispute', id, outcome=outcome, **options)

    def payout(self, account, **options):
        """Pay out all that lies on an account's balance."""
        return self.do('payout', account, **options)

    def annotate(self, id, **metadata):
        """Add metadata to an object, as another app of the same account does."""
        return self.do('annotate', id, **metadata)

    def turn_card(self, id, number, **options):
        """Let the bank answer for a saved card as it does for a test number from now on."""
        return self.do('turn_card', id, number=number, **options)

    def expire_session(self, id):
        """Expire an open session now."""
        return self.do('expire_session', id)

    def reset(self):
        """Forget everything."""
        self._post('reset')

    # === HOSTED PAGES, AS A BROWSER USES THEM === #

    def pay_session(self, session_id, card='4242424242424242', authenticate='complete', **fields):
        """Fill in the hosted page and send it.

        :param str card: a test card's number, or a bank account's with `way='debit'`.
        :param str authenticate: 'complete' or 'fail' on the page that asks who the payer is.
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

    def _submit(self, address, form, authenticate):
        answer = self._http.post(address, data=form, allow_redirects=False, timeout=30)
        if answer.status_code != 303:
            return None
        target = urljoin(address, answer.headers['Location'])
        if re.match(re.escape(self.url) + '/authenticate/', target):
            return self._submit(target, {'answer': authenticate}, authenticate)
        return target

    def onboard(self, link, answer='finish'):
        """Go through the page of an account link; return where the browser is sent."""
        page = self._http.get(link, allow_redirects=False, timeout=30)
        if page.status_code == 303:
            return page.headers['Location']
        answer = self._http.post(link, data={'answer': answer}, allow_redirects=False, timeout=30)
        return answer.headers['Location']

    def _get(self, path, /, **params):
        return self._read(self._http.get(f'{self.url}/_fake/{path}', params=params, timeout=30))

    def _post(self, path, /, **values):
        return self._read(self._http.post(f'{self.url}/_fake/{path}', timeout=120, json=values))

    def _read(self, answer):
        result = answer.json()
        if answer.status_code != 200:
            raise FakeError(result['error'])
        return result
