"""Stripe's lists: newest first, in pages that continue after an id."""

from ..records import Record
from .errors import StripeError

TESTS = {
    'gt': lambda value, bound: value > bound,
    'gte': lambda value, bound: value >= bound,
    'lt': lambda value, bound: value < bound,
    'lte': lambda value, bound: value <= bound,
}


def page(records: list[Record], params: Record, url: str) -> Record:
    """Return one page of a list.

    :param records: all that match, newest first.
    :param params: `limit`, `starting_after`, `ending_before`, `created`.
    :raises StripeError: a limit or cursor that Stripe refuses.
    """
    limit = params.get('limit', 10)
    if not 1 <= limit <= 100:
        raise StripeError(
            f'This value must be less than or equal to 100 (it currently is \'{limit}\').'
            if limit > 100
            else 'This value must be greater than or equal to 1.',
            param='limit',
            code='parameter_invalid_integer',
        )
    if 'starting_after' in params and 'ending_before' in params:
        raise StripeError(
            'You may only specify one of these parameters: starting_after, ending_before.',
            code='parameters_exclusive',
        )
    records = [record for record in records if _fits(record, params)]
    more = len(records) > limit
    if 'starting_after' in params:
        at = _position(records, params['starting_after'], 'starting_after')
        chosen = records[at + 1 : at + 1 + limit]
        more = len(records) > at + 1 + limit
    elif 'ending_before' in params:
        at = _position(records, params['ending_before'], 'ending_before')
        chosen = records[max(at - limit, 0) : at]
        more = at > limit
    else:
        chosen = records[:limit]
    return {'object': 'list', 'data': chosen, 'has_more': more, 'url': url}


def _fits(record: Record, params: Record) -> bool:
    for name in ('created', 'arrival_date'):
        wanted = params.get(name)
        if isinstance(wanted, dict):
            if not all(TESTS[test](record[name], bound) for test, bound in wanted.items()):
                return False
        elif wanted is not None and record[name] != wanted:
            return False
    return True


def _position(records: list[Record], identifier: str, param: str) -> int:
    for position, record in enumerate(records):
        if record['id'] == identifier:
            return position
    raise StripeError(f"No such object: '{identifier}'", param=param, code='resource_missing')
