"""Test cards and bank accounts, numbered as in https://docs.stripe.com/testing."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """How a test number behaves.

    :param decline: decline code, or None for a card that pays.
    :param code: error code beside it.
    :param message: what Stripe tells the payer.
    :param authentication: 'never', 'unless_set_up' or 'always'.
    :param attach: whether the card can be saved (some only fail when charged).
    """

    brand: str = 'visa'
    decline: str | None = None
    code: str = 'card_declined'
    message: str = 'Your card was declined.'
    authentication: str = 'never'
    attach: bool = True
    funding: str = 'credit'
    country: str = 'US'


FUNDS = 'Your card has insufficient funds.'
CARDS = {
    '4242424242424242': Card(),
    '4000056655665556': Card(funding='debit'),
    '5555555555554444': Card(brand='mastercard'),
    '378282246310005': Card(brand='amex'),
    '4000002760000016': Card(country='DE'),
    '4000000000000002': Card(decline='generic_decline', attach=False),
    '4000000000009995': Card(decline='insufficient_funds', message=FUNDS, attach=False),
    '4000000000009987': Card(decline='lost_card', attach=False),
    '4000000000009979': Card(decline='stolen_card', attach=False),
    '4000000000000069': Card(
        decline='expired_card', code='expired_card', message='Your card has expired.', attach=False
    ),
    '4000000000000127': Card(
        decline='incorrect_cvc',
        code='incorrect_cvc',
        attach=False,
        message="Your card's security code is incorrect.",
    ),
    '4000000000000119': Card(
        decline='processing_error',
        code='processing_error',
        attach=False,
        message='An error occurred while processing your card. Try again in a little bit.',
    ),
    '4000000000000341': Card(decline='generic_decline'),
    '4000002500003155': Card(authentication='unless_set_up'),
    '4000002760003184': Card(authentication='always'),
    '4000003800000446': Card(authentication='unless_set_up'),
    '4000008260003178': Card(authentication='always', decline='insufficient_funds', message=FUNDS),
}
# Ready-made payment methods by their test ids.
PAYMENT_METHODS = {
    'pm_card_visa': '4242424242424242',
    'pm_card_visa_debit': '4000056655665556',
    'pm_card_mastercard': '5555555555554444',
    'pm_card_amex': '378282246310005',
    'pm_card_visa_chargeDeclined': '4000000000000002',
    'pm_card_chargeDeclined': '4000000000000002',
    'pm_card_visa_chargeDeclinedInsufficientFunds': '4000000000009995',
    'pm_card_chargeDeclinedInsufficientFunds': '4000000000009995',
    'pm_card_chargeDeclinedExpiredCard': '4000000000000069',
    'pm_card_chargeDeclinedLostCard': '4000000000009987',
    'pm_card_chargeDeclinedStolenCard': '4000000000009979',
    'pm_card_chargeCustomerFail': '4000000000000341',
    'pm_card_authenticationRequired': '4000002760003184',
    'pm_card_authenticationRequiredOnSetup': '4000002500003155',
}
# Bank debits: the account number says how the debit will end.
DEBIT_TYPES = {
    'eur': 'sepa_debit',
    'usd': 'us_bank_account',
    'gbp': 'bacs_debit',
    'aud': 'au_becs_debit',
    'cad': 'acss_debit',
}
DEBIT_ACCOUNTS = {
    'DE89370400440532013000': 'settles',
    'DE62370400440532013001': 'fails',
    '000123456789': 'settles',
    '000111111116': 'fails',
}


def passes_luhn(number: str) -> bool:
    """Tell whether the check digit of a card number is right."""
    digits = [int(digit) for digit in reversed(number)]
    doubled = [2 * digit - 9 if digit > 4 else 2 * digit for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
