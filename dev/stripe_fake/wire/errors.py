"""Stripe's error shape, as https://docs.stripe.com/api/errors lays it out."""


class StripeError(Exception):
    """An answer in Stripe's error shape.

    :param str message: what a developer reads.
    :param int status: HTTP status.
    :param str kind: Stripe's `type`.
    :param bool keep: whether what the operation did so far stays (a declined charge does).
    :param bool started: whether the operation had begun, so that its answer is remembered under
        an idempotency key. Stripe forgets what it refused before.
    :param details: further members of the error object (`code`, `param`, `payment_intent`, …).
    """

    def __init__(
        self,
        message,
        status=400,
        kind='invalid_request_error',
        keep=False,
        started=True,
        headers=None,
        **details,
    ):
        super().__init__(message)
        self.status = status
        self.keep = keep
        self.started = started
        self.headers = headers or {}
        self.body = {
            'error': {
                **{name: value for name, value in details.items() if value is not None},
                'message': message,
                'type': kind,
            }
        }
        code = details.get('code')
        if code:
            self.body['error']['doc_url'] = (
                f'https://stripe.com/docs/error-codes/{code.replace("_", "-")}'
            )


def invalid(message, param=None, code=None, **details):
    """Return the error for a request that Stripe understands and refuses."""
    return StripeError(message, param=param, code=code, **details)


def missing_object(kind, identifier, param='id', other_mode=None, status=None):
    """Return Stripe's error for an id that the account does not hold.

    :param str other_mode: `live` or `test` if the same id exists in that mode.
    """
    hint = ''
    if other_mode:
        key_mode = 'test' if other_mode == 'live' else 'live'
        hint = (
            f'; a similar object exists in {other_mode} mode, '
            f'but a {key_mode} mode key was used to make this request.'
        )
    return StripeError(
        f"No such {kind}: '{identifier}'{hint}",
        status=status or (404 if param == 'id' else 400),
        param=param,
        code='resource_missing',
    )
