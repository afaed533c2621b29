"""Why a card is declined, sorted by what helps. Codes: https://docs.stripe.com/declines/codes"""

# The same card will not do, today or later: it is never asked again.
HARD = frozenset(
    {
        'card_not_supported',
        'currency_not_supported',
        'expired_card',
        'fraudulent',
        'highest_risk_level',
        'incorrect_number',
        'invalid_account',
        'invalid_number',
        'lost_card',
        'merchant_blacklist',
        'new_account_information_available',
        'no_such_card',
        'pickup_card',
        'restricted_card',
        'revocation_of_all_authorizations',
        'revocation_of_authorization',
        'security_violation',
        'service_not_allowed',
        'stolen_card',
        'stop_payment_order',
        'transaction_not_allowed',
    }
)
AUTHENTICATION = 'authentication_required'


def reason_of(env, code: str):
    """Return why the bank declined, in words for the desk and the payer.

    The bank's suspicion of theft or fraud is nothing to tell whoever stands there.

    :param odoo.api.Environment env: of the reader's language
    :param code: Stripe's decline code, or error code where there is none
    """
    if code == AUTHENTICATION:
        return env._("The bank wants the card's owner to confirm this payment.")
    if code == 'insufficient_funds':
        return env._("There is not enough money on the card.")
    if code == 'expired_card':
        return env._("The card has expired.")
    if code in ('card_velocity_exceeded', 'withdrawal_count_limit_exceeded'):
        return env._("The card has reached its limit.")
    if code in (
        'processing_error',
        'issuer_not_available',
        'try_again_later',
        'reenter_transaction',
    ):
        return env._("The bank could not be reached.")
    if code == 'no_such_card':
        return env._("The card was removed at Stripe.")
    if code in HARD:
        return env._("The bank does not accept this card.")
    return env._("The bank declined without saying why.")


def advice_for(env, code):
    """Return what the desk does next about a decline."""
    if code == AUTHENTICATION:
        return env._("The payment link has been sent: paying there, the client confirms it.")
    if code in HARD:
        return env._("Ask for another card, or send the payment link.")
    return env._("Try again in a few days, ask for another card, or send the payment link.")
