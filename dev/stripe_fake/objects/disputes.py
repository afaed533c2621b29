"""Disputes: a payer's bank takes the money back and asks for evidence."""

from datetime import datetime, timezone

from .. import webhooks
from ..records import Record
from ..wire import listing
from ..wire.errors import invalid
from ..wire.operations import Call, operation
from ..world import Realm
from . import balance, checks

FEE = 1500  # minor units of the account's currency, Stripe's list price in the United States
DAYS_TO_ANSWER = 9
EVIDENCE = (
    'access_activity_log',
    'billing_address',
    'cancellation_policy',
    'cancellation_policy_disclosure',
    'cancellation_rebuttal',
    'customer_communication',
    'customer_email_address',
    'customer_name',
    'customer_purchase_ip',
    'customer_signature',
    'duplicate_charge_documentation',
    'duplicate_charge_explanation',
    'duplicate_charge_id',
    'product_description',
    'receipt',
    'refund_policy',
    'refund_policy_disclosure',
    'refund_refusal_explanation',
    'service_date',
    'service_documentation',
    'shipping_address',
    'shipping_carrier',
    'shipping_date',
    'shipping_documentation',
    'shipping_tracking_number',
    'uncategorized_file',
    'uncategorized_text',
)
OPEN = ('needs_response', 'under_review', 'warning_needs_response', 'warning_under_review')


def open_dispute(
    realm: Realm,
    charge: Record,
    amount: int | None = None,
    reason: str = 'fraudulent',
    inquiry: bool = False,
    fee: int = FEE,
) -> Record:
    """Dispute a charge.

    :param amount: in minor units; None disputes all of it.
    :param inquiry: only a question of the bank: no money leaves yet.
    :raises StripeError: a charge that can not be disputed.
    """
    if charge['status'] != 'succeeded' or charge['disputed']:
        raise invalid(f'Charge {charge["id"]} can not be disputed.', 'charge')
    day = datetime.fromtimestamp(realm.now, timezone.utc).replace(
        hour=23, minute=59, second=59, microsecond=0
    )
    dispute = realm.new(
        'dispute',
        'du',
        amount=charge['amount'] if amount is None else amount,
        balance_transactions=[],
        charge=charge['id'],
        currency=charge['currency'],
        enhanced_eligibility_types=[],
        evidence={**dict.fromkeys(EVIDENCE), 'enhanced_evidence': {}},
        evidence_details={
            'due_by': int(day.timestamp()) + DAYS_TO_ANSWER * 24 * 3600,
            'enhanced_eligibility': {},
            'has_evidence': False,
            'past_due': False,
            'submission_count': 0,
            'submission_method': 'not_submitted',
        },
        is_charge_refundable=inquiry,
        payment_intent=charge['payment_intent'],
        payment_method_details={
            'type': 'card',
            'card': {
                'brand': 'visa',
                'case_type': 'inquiry' if inquiry else 'chargeback',
                'network': 'visa',
                'network_reason_code': '83',
            },
        },
        reason=reason,
        status='warning_needs_response' if inquiry else 'needs_response',
        _fee=fee,
    )
    realm.change(charge, disputed=True, _withdrawn=not inquiry)
    if not inquiry:
        _move(realm, dispute, -1, fee, 'Chargeback withdrawal')
    webhooks.emit(realm, 'charge.dispute.created', dispute)
    if not inquiry:
        webhooks.emit(realm, 'charge.dispute.funds_withdrawn', dispute)
    return dispute


def close(realm: Realm, dispute: Record, outcome: str, fee_back: bool = False) -> Record:
    """End a dispute.

    :param outcome: 'won', 'lost' or 'warning_closed'.
    :raises StripeError: it is closed already, or the outcome does not fit.
    """
    _require_open(dispute)
    inquiry = dispute['status'].startswith('warning')
    if (outcome == 'warning_closed') != inquiry or outcome not in ('won', 'lost', 'warning_closed'):
        raise invalid(f'A dispute with status {dispute["status"]} can not end as {outcome}.')
    charge = realm.find(dispute['charge'])
    previous = realm.change(dispute, status=outcome)
    if outcome != 'lost':
        realm.change(charge, _withdrawn=False)
    if outcome == 'won':
        _move(realm, dispute, 1, -dispute['_fee'] if fee_back else 0, 'Chargeback reversal')
        webhooks.emit(realm, 'charge.dispute.funds_reinstated', dispute)
    webhooks.emit(realm, 'charge.dispute.closed', dispute, previous)
    return dispute


def _move(realm: Realm, dispute: Record, sign: int, fee: int, description: str) -> None:
    transaction = balance.book(
        realm,
        'adjustment',
        sign * dispute['amount'],
        dispute['currency'],
        dispute['id'],
        fee=fee,
        fees=[('stripe_fee', 'Dispute fee')] if fee else [],
        category='dispute' if sign < 0 else 'dispute_reversal',
        description=f'{description} for {dispute["charge"]}',
    )
    realm.change(dispute, balance_transactions=[*dispute['balance_transactions'], transaction])


def _require_open(dispute: Record) -> None:
    if dispute['status'] not in OPEN:
        raise invalid('This dispute is already closed', code='dispute_already_closed')


@operation('GET /v1/disputes/{dispute}')
def retrieve(call: Call) -> Record:
    return call.realm.get('dispute', call.args[0])


@operation('GET /v1/disputes', 'charge payment_intent')
def list_disputes(call: Call) -> Record:
    equal = {
        name: call.params[name] for name in ('charge', 'payment_intent') if name in call.params
    }
    return listing.page(call.realm.all('dispute', **equal), call.params, '/v1/disputes')


@operation('POST /v1/disputes/{dispute}', 'evidence metadata submit')
def modify(call: Call) -> Record:
    dispute, params = call.realm.get('dispute', call.args[0]), call.params
    _require_open(dispute)
    values: Record = {}
    if 'metadata' in params:
        values['metadata'] = checks.metadata(params['metadata'], dispute['metadata'])
    if 'evidence' in params:
        values['evidence'] = {**dispute['evidence'], **params['evidence']}
        values['evidence_details'] = {**dispute['evidence_details'], 'has_evidence': True}
        if params.get('submit', True):
            inquiry = dispute['status'].startswith('warning')
            values['status'] = 'warning_under_review' if inquiry else 'under_review'
            values['evidence_details'].update(submission_count=1, submission_method='manual')
    previous = call.realm.change(dispute, **values)
    webhooks.emit(call.realm, 'charge.dispute.updated', dispute, previous)
    return dispute


@operation('POST /v1/disputes/{dispute}/close')
def close_one(call: Call) -> Record:
    dispute = call.realm.get('dispute', call.args[0])
    inquiry = dispute['status'].startswith('warning')
    return close(call.realm, dispute, 'warning_closed' if inquiry else 'lost')
