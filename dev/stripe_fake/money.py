"""Currencies as Stripe counts them.

Facts: https://docs.stripe.com/currencies (zero-decimal and three-decimal currencies, special
cases, minimum amounts). Amounts are integers in Stripe's minor units.
"""

from decimal import ROUND_HALF_UP, Decimal

from .wire.errors import StripeError

# fmt: off
ZERO_DECIMAL = frozenset((
    'bif', 'clp', 'djf', 'gnf', 'jpy', 'kmf', 'krw', 'mga', 'pyg', 'rwf', 'vnd', 'vuv', 'xaf',
    'xof', 'xpf',
))
THREE_DECIMAL = frozenset(('bhd', 'jod', 'kwd', 'omr', 'tnd'))
# Without decimals in life, yet counted in hundredths: the last two digits must be zero.
WHOLE_UNITS = frozenset(('isk', 'ugx'))
TWO_DECIMAL = frozenset((
    'aed', 'afn', 'all', 'amd', 'ang', 'aoa', 'ars', 'aud', 'awg', 'azn', 'bam', 'bbd', 'bdt',
    'bgn', 'bmd', 'bnd', 'bob', 'brl', 'bsd', 'bwp', 'byn', 'bzd', 'cad', 'cdf', 'chf', 'cny',
    'cop', 'crc', 'cve', 'czk', 'dkk', 'dop', 'dzd', 'egp', 'etb', 'eur', 'fjd', 'fkp', 'gbp',
    'gel', 'gip', 'gmd', 'gtq', 'gyd', 'hkd', 'hnl', 'hrk', 'htg', 'huf', 'idr', 'ils', 'inr',
    'isk', 'jmd', 'kes', 'kgs', 'khr', 'kyd', 'kzt', 'lak', 'lbp', 'lkr', 'lrd', 'lsl', 'mad',
    'mdl', 'mkd', 'mmk', 'mnt', 'mop', 'mur', 'mvr', 'mwk', 'mxn', 'myr', 'mzn', 'nad', 'ngn',
    'nio', 'nok', 'npr', 'nzd', 'pab', 'pen', 'pgk', 'php', 'pkr', 'pln', 'qar', 'ron', 'rsd',
    'rub', 'sar', 'sbd', 'scr', 'sek', 'sgd', 'shp', 'sle', 'sos', 'srd', 'std', 'szl', 'thb',
    'tjs', 'top', 'try', 'ttd', 'twd', 'tzs', 'uah', 'ugx', 'usd', 'uyu', 'uzs', 'wst', 'xcd',
    'yer', 'zar', 'zmw',
))
# fmt: on
SUPPORTED = ZERO_DECIMAL | THREE_DECIMAL | TWO_DECIMAL
MINIMUM = {  # in whole units
    'usd': '0.50',
    'aed': '2.00',
    'aud': '0.50',
    'bgn': '1.00',
    'brl': '0.50',
    'cad': '0.50',
    'chf': '0.50',
    'czk': '15.00',
    'dkk': '2.50',
    'eur': '0.50',
    'gbp': '0.30',
    'hkd': '4.00',
    'huf': '175.00',
    'inr': '0.50',
    'jpy': '50',
    'mxn': '10',
    'myr': '2',
    'nok': '3.00',
    'nzd': '0.50',
    'pln': '2.00',
    'ron': '2.00',
    'sek': '3.00',
    'sgd': '0.50',
    'thb': '10',
}
LARGEST = 99999999  # eight digits
SYMBOLS = {'usd': '$', 'eur': '€', 'gbp': '£', 'jpy': '¥', 'aud': 'A$', 'cad': 'CA$', 'inr': '₹'}
# Made-up, steady rates: dollars for one unit. An account may set its own.
BALANCE_RATES = {
    'usd': 1.0,
    'eur': 1.1,
    'gbp': 1.25,
    'jpy': 0.007,
    'aud': 0.65,
    'cad': 0.75,
    'chf': 1.1,
    'isk': 0.0072,
    'ugx': 0.00027,
    'kwd': 3.25,
    'mga': 0.00022,
}


def decimals(currency: str) -> int:
    """Return how many digits of Stripe's amounts stand behind the point."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def to_units(amount: int, currency: str) -> Decimal:
    """Return an amount in whole units of its currency."""
    return Decimal(amount).scaleb(-decimals(currency))


def to_minor(units: Decimal | int | str, currency: str) -> int:
    """Return whole units as Stripe's integer, rounded half up."""
    return int(Decimal(units).scaleb(decimals(currency)).quantize(Decimal(1), ROUND_HALF_UP))


def text(amount: int, currency: str) -> str:
    """Return an amount as Stripe writes it in its messages: `$10.00`, `1000 KWD`."""
    places = 0 if currency in WHOLE_UNITS else decimals(currency)
    units = f'{to_units(abs(amount), currency):,.{places}f}'
    sign = '-' if amount < 0 else ''
    symbol = SYMBOLS.get(currency)
    return f'{sign}{symbol}{units}' if symbol else f'{sign}{units} {currency.upper()}'


def check_currency(currency: str, param: str = 'currency') -> str:
    """Return the currency in Stripe's spelling.

    :raises StripeError: a currency that Stripe does not take.
    """
    lower = currency.lower()
    if lower not in SUPPORTED:
        raise StripeError(
            f'Invalid currency: {currency}. Stripe currently supports these currencies: '
            f'{", ".join(sorted(SUPPORTED))}',
            param=param,
        )
    return lower


def check_amount(
    amount: int,
    currency: str,
    param: str = 'amount',
    minimum: bool = True,
    subject: str | None = None,
) -> None:
    """Refuse an amount that Stripe would not charge.

    :param minimum: whether the smallest charge of the currency applies.
    :param subject: begins the message about a too small amount.
    :raises StripeError: with Stripe's code.
    """
    if amount < 0 or (amount == 0 and minimum):
        raise StripeError(
            'This value must be greater than or equal to 1.',
            param=param,
            code='parameter_invalid_integer',
        )
    if amount > LARGEST:
        raise StripeError(
            f'Amount must be no more than {text(LARGEST, currency)}',
            param=param,
            code='amount_too_large',
        )
    step = 100 if currency in WHOLE_UNITS else 10 if currency in THREE_DECIMAL else 1
    if amount % step:
        raise StripeError(
            f'Invalid amount: {currency.upper()} amounts must be evenly divisible by {step}.',
            param=param,
            code='invalid_charge_amount',
        )
    if minimum and currency in MINIMUM and to_units(amount, currency) < Decimal(MINIMUM[currency]):
        smallest = text(to_minor(MINIMUM[currency], currency), currency)
        raise StripeError(
            f'{subject or "Amount must be"} at least {smallest} {currency}',
            param=param,
            code='amount_too_small',
        )
