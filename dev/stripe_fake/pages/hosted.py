"""The hosted page of a Checkout Session, and the one that asks the payer to prove who they are."""

import re
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlencode

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from ..objects import checkout, intents, payment_methods, sessions, setups
from ..objects.cards import CARDS, DEBIT_ACCOUNTS, DEBIT_TYPES, passes_luhn
from ..records import Record, Route
from ..wire.errors import StripeError
from ..world import HOSTED, Realm, World, new_id
from .render import page

DEBIT_NAMES = {
    'sepa_debit': 'SEPA Direct Debit',
    'us_bank_account': 'US bank account',
    'bacs_debit': 'Bacs Direct Debit',
    'au_becs_debit': 'BECS Direct Debit',
    'acss_debit': 'Pre-authorised debit',
}
HINTS = (
    ('4242 4242 4242 4242', 'pays'),
    ('4000 0000 0000 0002', 'is declined'),
    ('4000 0000 0000 9995', 'has insufficient funds'),
    ('4000 0000 0000 0069', 'has expired'),
    ('4000 0000 0000 9987', 'was reported lost'),
    ('4000 0025 0000 3155', 'asks who you are, unless saved before'),
    ('4000 0027 6000 3184', 'always asks who you are'),
)


class Mistyped(Exception):
    """A field of the form is wrong: `field`, and what to do as the exception's text."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Hosted:
    """Serves what Stripe serves at checkout.stripe.com."""

    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> Iterator[Route]:
        """Yield path, methods and view of each page."""
        yield '/c/pay/<identifier>', ['GET'], self.show
        yield '/c/pay/<identifier>', ['POST'], self.submit
        yield '/authenticate/<identifier>', ['GET'], self.ask
        yield '/authenticate/<identifier>', ['POST'], self.answer
        yield '/r/<identifier>', ['GET'], self.recover

    def show(self, request: Request, identifier: str) -> Response:
        """Show the form of an open session, or what became of it."""
        with self.world.store.transaction():
            realm, session = self._find(identifier)
            if session is None:
                return page(
                    'message.html',
                    404,
                    title='Nothing here',
                    text=(
                        'This address belongs to no payment. Ask whoever sent it for a new link.'
                    ),
                )
            return self._form(realm, session)

    def submit(self, request: Request, identifier: str) -> Response:
        """Take the form: pay, or say what is wrong with it."""
        with self.world.store.transaction():
            realm, session = self._find(identifier)
            if session is None:
                return self.show(request, identifier)
            form = request.form
            try:
                outcome = checkout.pay(
                    realm,
                    session,
                    self._method_maker(realm, session, form),
                    {'email': form.get('email', '').strip(), 'name': form.get('name', '').strip()},
                    save='save' in form,
                )
            except checkout.NotPayable:
                return self._closed(realm, session)
            except Mistyped as error:
                return self._form(realm, session, form, {error.field: str(error)})
            except StripeError as error:
                return self._form(realm, session, form, {'': str(error)})
            if outcome == 'requires_action':
                intent = session['payment_intent'] or session['setup_intent']
                return redirect(f'/authenticate/{intent}', 303)
            if outcome == 'failed':
                return self._form(realm, session, form, {'': self._failure(realm, session)})
            return redirect(self._success_url(session), 303)

    def ask(self, request: Request, identifier: str) -> Response:
        """Show the bank's question."""
        realm, intent, session = self._find_intent(identifier)
        if intent is None or intent['status'] != 'requires_action':
            if session:
                return redirect(f'/c/pay/{session["id"]}', 303)
            return page(
                'message.html',
                404,
                title='Nothing to confirm',
                text=('This payment is not waiting for you to confirm it.'),
            )
        return page('authenticate.html', intent=intent, name=_name(realm))

    def answer(self, request: Request, identifier: str) -> Response:
        """Take the answer to the bank's question."""
        passed = request.form.get('answer') == 'complete'
        with self.world.store.transaction():
            realm, intent, session = self._find_intent(identifier)
            if intent is None:
                return self.ask(request, identifier)
            if session:
                try:
                    outcome = checkout.authenticate(realm, session, intent, passed)
                except checkout.NotPayable:
                    return self._closed(realm, session)
                if outcome == 'failed':
                    return self._form(realm, session, {}, {'': self._failure(realm, session)})
                return redirect(self._success_url(session), 303)
            if intent['status'] == 'requires_action':
                module = setups if intent['object'] == 'setup_intent' else intents
                module.finish_authentication(realm, intent, passed)
            return self._back(intent)

    def recover(self, request: Request, identifier: str) -> Response:
        """Open a new session with the content of an expired one, where that was allowed."""
        with self.world.store.transaction():
            realm, session = self._find(identifier)
            recovery = ((session or {}).get('after_expiration') or {}).get('recovery') or {}
            if not recovery.get('url') or recovery['expires_at'] < realm.now:
                return page(
                    'message.html',
                    404,
                    title='Nothing here',
                    text=('This payment can not be taken up again. Ask for a new link.'),
                )
            fresh_id = new_id(f'cs_{realm.mode}', 58)
            copy = {
                **session,
                'id': fresh_id,
                'status': 'open',
                'created': realm.now,
                'expires_at': realm.now + sessions.LIFETIME,
                'payment_intent': None,
                'setup_intent': None,
                'recovered_from': session['id'],
                'url': f'{HOSTED}/c/pay/{fresh_id}',
            }
            realm.put(copy)
            return redirect(f'/c/pay/{fresh_id}', 303)

    # === HELPERS === #

    def _find(self, identifier: str) -> tuple[Any, Any]:
        realm = Realm.holding(self.world, identifier)
        session = realm.find(identifier, 'checkout.session') if realm else None
        return realm, sessions.fresh(realm, session) if realm and session else None

    def _find_intent(self, identifier: str) -> tuple[Any, Any, Any]:
        realm = Realm.holding(self.world, identifier)
        intent = realm.find(identifier) if realm else None
        if not realm or not intent or intent['object'] not in ('payment_intent', 'setup_intent'):
            return None, None, None
        session = intent.get('_session') and realm.find(intent['_session'])
        return realm, intent, session

    def _form(
        self,
        realm: Realm,
        session: Record,
        form: Record | None = None,
        errors: dict[str, str] | None = None,
    ) -> Response:
        if session['status'] != 'open':
            return self._closed(realm, session)
        debit = next(
            (kind for kind in session['payment_method_types'] if kind in DEBIT_TYPES.values()), None
        )
        saved = []
        if session['customer'] and session['mode'] == 'payment':
            saved = [
                method
                for method in realm.all('payment_method', customer=session['customer'])
                if method['type'] == 'card' and method['allow_redisplay'] == 'always'
            ]
        options = session['saved_payment_method_options'] or {}
        return page(
            'pay.html',
            session=session,
            name=_name(realm),
            form=form or {},
            errors=errors or {},
            lines=session['_line_items']['data'],
            hints=HINTS,
            saved=saved,
            debit=debit,
            debit_name=debit and DEBIT_NAMES[debit],
            debit_accounts=_debit_accounts(debit),
            year=time.gmtime().tm_year + 3,
            card='card' in session['payment_method_types'],
            offer_save=options.get('payment_method_save') == 'enabled',
            kept=_kept(session),
            email=(session['customer_details'] or {}).get('email'),
        )

    def _closed(self, realm: Realm, session: Record) -> Response:
        if session['status'] == 'complete':
            return page(
                'message.html',
                name=_name(realm),
                title='All done here',
                text=('This payment has been completed. There is nothing more to do.'),
                link=self._success_url(session),
                link_text=f'Back to {_name(realm)}',
            )
        return page(
            'message.html',
            name=_name(realm),
            title='This page has expired',
            text=(
                'The time to pay here is over and nothing was charged. Open the link that you were '
                'sent once more to start again.'
            ),
            link=session['cancel_url'],
            link_text=f'Back to {_name(realm)}',
        )

    def _method_maker(self, realm: Realm, session: Record, form: Record) -> Callable[[], Record]:
        """Check the typed fields now; return what makes the payment method of them later."""
        way = form.get('way', 'card')
        if way == 'saved':
            method = realm.find(form.get('payment_method', ''), 'payment_method')
            if not method or method['customer'] != session['customer']:
                raise Mistyped('', 'This card is not kept any more. Type its details below.')
            return lambda: method
        email = form.get('email', '').strip()
        if not re.fullmatch(r'[^@\s]+@[^@\s]+\.[^@\s]+', email):
            raise Mistyped('email', 'Type your e-mail address, such as name@example.com.')
        if way == 'debit':
            number = re.sub(r'\s', '', form.get('account', '')).upper()
            kind = next(
                (kind for kind in session['payment_method_types'] if kind in DEBIT_TYPES.values()),
                None,
            )
            if not kind or number not in DEBIT_ACCOUNTS:
                raise Mistyped('account', 'Type one of the test account numbers listed below.')
            return lambda: payment_methods.new_debit(realm, kind, number)
        number = re.sub(r'[\s-]', '', form.get('number', ''))
        if not number.isdigit() or not passes_luhn(number):
            raise Mistyped('number', 'Your card number is invalid.')
        if number not in CARDS:
            raise Mistyped('number', 'Only test cards work here; see the list below.')
        month, year = _expiry(form.get('expiry', ''), realm.now)
        if not re.fullmatch(r'\d{3,4}', form.get('cvc', '')):
            raise Mistyped('cvc', 'Type the security code: three or four digits.')
        redisplay = 'always' if 'save' in form else ('limited' if _kept(session) else 'unspecified')
        return lambda: payment_methods.new_card(
            realm, number, month, year, allow_redisplay=redisplay
        )

    def _failure(self, realm: Realm, session: Record) -> str:
        intent = realm.find(session['payment_intent'] or session['setup_intent'])
        return (intent.get('last_payment_error') or intent.get('last_setup_error'))['message']

    def _success_url(self, session: Record) -> str:
        return session['success_url'].replace('{CHECKOUT_SESSION_ID}', session['id'])

    def _back(self, intent: Record) -> Response:
        address = intent.get('_return_url')
        if not address:
            return page('message.html', title='Done', text='You can close this page.')
        kind = intent['object']
        status = 'succeeded' if intent['status'] == 'succeeded' else 'failed'
        query = urlencode(
            {
                kind: intent['id'],
                f'{kind}_client_secret': intent['client_secret'],
                'redirect_status': status,
            }
        )
        return redirect(f'{address}{"&" if "?" in address else "?"}{query}', 303)


def _name(realm: Realm) -> str:
    return realm.profile()['business_profile']['name']


def _kept(session: Record) -> bool:
    """Tell whether the payment method will be kept for later charges anyway."""
    card = session['payment_method_options'].get('card', {})
    return session['mode'] == 'setup' or bool(
        session['_intent_data'].get('setup_future_usage') or card.get('setup_future_usage')
    )


def _debit_accounts(kind: str | None) -> list[tuple[str, str]]:
    iban = kind == 'sepa_debit'
    return [
        (number, outcome)
        for number, outcome in DEBIT_ACCOUNTS.items()
        if number[0].isalpha() == iban
    ]


def _expiry(text: str, now: int) -> tuple[int, int]:
    match = re.fullmatch(r'(0?[1-9]|1[0-2])\s*/\s*(?:20)?(\d\d)', text.strip())
    if not match:
        raise Mistyped('expiry', 'Type month and year, such as 12/34.')
    month, year = int(match[1]), 2000 + int(match[2])
    today = datetime.fromtimestamp(now, timezone.utc)
    if (year, month) < (today.year, today.month):
        raise Mistyped('expiry', 'Your card has expired.')
    return month, year
