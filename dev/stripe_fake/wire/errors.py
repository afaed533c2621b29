"""Stripe's error shape, as https://docs.stripe.com/api/errors lays it out."""

from typing import Any


class StripeError(Exception):
    """An answer in Stripe's error shape.

    :param message: what a developer reads.
    :param status: HTTP status.
    :param kind: Stripe's `type`.
    :param keep: whether what the operation did so far stays (a declined charge does).
    :param started: whether the operation had begun, so that its answer is remembered under
        an idempotency key. Stripe forgets what it refused before.
    :param details: further members of the error object (`code`, `param`, `payment_intent`, …).
    """

    def __init__(
        self,
        message: str,
        status: int = 400,
        kind: str = 'invalid_request_error',
        keep: bool = False,
        started: bool = True,
        headers: dict[str, str] | None = None,
        **details: Any,
    ) -> None:
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


def invalid(
    message: str, param: str | None = None, code: str | None = None, **details: Any
) -> StripeError:
    """Return the error for a request that Stripe understands and refuses."""
    return StripeError(message, param=param, code=code, **details)


def missing_object(
    kind: str,
    identifier: str,
    param: str = 'id',
    other_mode: str | None = None,
    status: int | None = None,
) -> StripeError:
    """Return Stripe's error for an id that the account does not hold.

    :param other_mode: `live` or `test` if the same id exists in that mode.
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
