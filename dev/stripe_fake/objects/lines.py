"""The lines of a Checkout Session, priced in place."""

from ..money import check_currency
from ..records import Record
from ..wire import shapes
from ..wire.errors import StripeError, invalid, missing_object
from ..world import new_id
from . import checks


def build_lines(
    given: list[Record], currency: str | None = None
) -> tuple[str | None, list[Record]]:
    """Return the currency and the complete line items.

    :param given: `line_items` of the request.
    :param currency: of the session, if it names one.
    :raises StripeError: lines that Stripe refuses.
    """
    if len(given) > 100:
        raise invalid('You can have up to 100 line items.', 'line_items')
    lines = []
    for index, item in enumerate(given):
        param = f'line_items[{index}]'
        price = _price_of(item, param)
        if currency not in (None, price['currency']):
            raise invalid(
                'All line items must have the same currency: '
                f'{currency} and {price["currency"]} were given.',
                f'{param}[price_data][currency]',
            )
        currency = price['currency']
        quantity = item.get('quantity')
        if quantity is None:
            raise checks.missing(f'{param}[quantity]')
        if quantity < 1:
            raise invalid(
                'This value must be greater than or equal to 1.',
                f'{param}[quantity]',
                'parameter_invalid_integer',
            )
        amount = price['unit_amount'] * quantity
        lines.append(
            shapes.build(
                'item',
                id=new_id('li'),
                amount_discount=0,
                amount_subtotal=amount,
                amount_tax=0,
                amount_total=amount,
                currency=currency,
                quantity=quantity,
                price=price,
                description=item['price_data']['product_data']['name'],
            )
        )
    return currency, lines


def _price_of(item: Record, param: str) -> Record:
    understood = {'price', 'price_data', 'quantity', 'metadata'}
    if set(item) - understood:
        raise StripeError(
            f'The local Stripe stand-in does not offer {sorted(set(item) - understood)} of a line '
            'item; Stripe itself does.',
            status=501,
            kind='api_error',
            started=False,
        )
    if 'price' in item and 'price_data' in item:
        raise invalid(
            'You may only specify one of these parameters: price, price_data.',
            f'{param}[price]',
            'parameters_exclusive',
        )
    if 'price' in item:
        raise missing_object('price', item['price'], f'{param}[price]')
    data = item.get('price_data')
    if data is None:
        raise checks.missing(f'{param}[price_data]')
    if 'product' in data:
        raise missing_object('product', data['product'], f'{param}[price_data][product]')
    if 'product_data' not in data:
        raise checks.missing(f'{param}[price_data][product_data]')
    if 'recurring' in data:
        raise invalid(
            'You specified `payment` mode but passed a recurring price. Either switch to '
            '`subscription` mode or use only one-time prices.',
            f'{param}[price_data][recurring]',
        )
    amount = data.get('unit_amount')
    if amount is None:
        raise checks.missing(f'{param}[price_data][unit_amount]')
    if amount < 0:
        raise invalid(
            'This value must be greater than or equal to 0.',
            f'{param}[price_data][unit_amount]',
            'parameter_invalid_integer',
        )
    currency = check_currency(data['currency'], f'{param}[price_data][currency]')
    return shapes.build(
        'price',
        id=new_id('price'),
        active=False,
        billing_scheme='per_unit',
        created=0,
        currency=currency,
        livemode=False,
        metadata={},
        product=new_id('prod', 14),
        type='one_time',
        unit_amount=amount,
        unit_amount_decimal=str(amount),
        tax_behavior=data.get('tax_behavior', 'unspecified'),
    )
