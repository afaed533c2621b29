"""Customers: whoever pays, known to the account by an id."""

from typing import Any

from .. import webhooks
from ..records import Record
from ..wire import listing
from ..wire.operations import Call, operation
from ..world import Realm, new_id
from . import checks, payment_methods

UNDERSTOOD = (
    'address balance description email invoice_settings metadata name payment_method '
    'phone preferred_locales shipping tax_exempt'
)


def new(realm: Realm, **values: Any) -> Record:
    """Make a customer."""
    customer = realm.new(
        'customer',
        'cus',
        14,
        balance=values.pop('balance', 0),
        delinquent=False,
        invoice_prefix=new_id('x', 8)[2:].upper(),
        next_invoice_sequence=1,
        preferred_locales=values.pop('preferred_locales', []),
        tax_exempt=values.pop('tax_exempt', None) or 'none',
        invoice_settings={
            'custom_fields': None,
            'default_payment_method': None,
            'footer': None,
            'rendering_options': None,
            **values.pop('invoice_settings', {}),
        },
        **values,
    )
    webhooks.emit(realm, 'customer.created', customer)
    return customer


@operation('POST /v1/customers', UNDERSTOOD)
def create(call: Call) -> Record:
    values = _values(call.params)
    method = values.pop('payment_method', None)
    customer = new(call.realm, **values)
    if method:
        payment_methods.attach(
            call.realm, payment_methods.resolve(call.realm, method), customer['id']
        )
    return customer


@operation('GET /v1/customers/{customer}')
def retrieve(call: Call) -> Record:
    deleted = call.world.store.setting(f'deleted:{call.args[0]}')
    if deleted == call.realm.name:
        return {'id': call.args[0], 'object': 'customer', 'deleted': True}
    return call.realm.get('customer', call.args[0])


@operation(
    'POST /v1/customers/{customer}', f'{UNDERSTOOD} default_source'.replace(' payment_method', '')
)
def modify(call: Call) -> Record:
    customer = call.realm.get('customer', call.args[0])
    values = _values(call.params, customer)
    if 'invoice_settings' in values:
        default = values['invoice_settings'].get('default_payment_method')
        if default:
            call.realm.get(
                'payment_method',
                default,
                'invoice_settings[default_payment_method]',
                label='PaymentMethod',
            )
        values['invoice_settings'] = {**customer['invoice_settings'], **values['invoice_settings']}
    previous = call.realm.change(customer, **values)
    webhooks.emit(call.realm, 'customer.updated', customer, previous)
    return customer


@operation('DELETE /v1/customers/{customer}')
def delete(call: Call) -> Record:
    customer = call.realm.get('customer', call.args[0])
    for method in call.realm.all('payment_method', customer=customer['id']):
        payment_methods.detach(call.realm, method)
    call.world.store.remove(call.realm.name, customer['id'])
    call.world.store.set(f'deleted:{customer["id"]}', call.realm.name)
    webhooks.emit(call.realm, 'customer.deleted', customer)
    return {'id': customer['id'], 'object': 'customer', 'deleted': True}


@operation('GET /v1/customers', 'email')
def list_customers(call: Call) -> Record:
    equal = {'email': call.params['email']} if 'email' in call.params else {}
    return listing.page(call.realm.all('customer', **equal), call.params, '/v1/customers')


def _values(params: Record, customer: Record | None = None) -> Record:
    values: Record = {
        name: None if value == '' else value for name, value in params.items() if name != 'expand'
    }
    if values.get('email'):
        checks.email(values['email'], 'email')
    if 'metadata' in params:
        values['metadata'] = checks.metadata(params['metadata'], (customer or {}).get('metadata'))
    return values
