"""Turn ids into the objects that they name, where a request asks for it."""

from typing import Any

from ..records import Record
from ..world import Realm
from .errors import StripeError

DEEPEST = 4  # levels, https://docs.stripe.com/api/expanding_objects


def expand(realm: Realm, answer: Record, paths: list[str] | None) -> Record:
    """Return the answer with each `expand` path filled in.

    :raises StripeError: a path that names nothing expandable.
    """
    for path in paths or ():
        steps = path.split('.')
        if len(steps) > DEEPEST:
            raise StripeError(
                f'You cannot expand more than {DEEPEST} levels of a property. (Property: {path})',
                param='expand',
            )
        if answer.get('object') == 'list':
            if steps[0] != 'data':
                raise StripeError(
                    f'This property cannot be expanded ({path}). You may want to try expanding '
                    f"'data.{path}' instead.",
                    param='expand',
                )
            for record in answer['data']:
                _fill(realm, record, steps[1:], path)
        else:
            _fill(realm, answer, steps, path)
    return answer


def _fill(realm: Realm, record: Record, steps: list[str], path: str) -> None:
    if not steps:
        return
    name, rest = steps[0], steps[1:]
    hidden = f'_{name}'
    if name not in record and hidden in record:
        record[name] = record[hidden]
    if name not in record:
        raise StripeError(f'This property cannot be expanded ({path}).', param='expand')
    value = record[name]
    if isinstance(value, str):
        found = realm.find(value) or realm.world.store.get('accounts', value)
        if found is None:
            raise StripeError(f'This property cannot be expanded ({path}).', param='expand')
        record[name] = value = found
    for part in value if isinstance(value, list) else [value]:
        if isinstance(part, dict):
            _fill(realm, part, rest, path)
        elif isinstance(part, str) and isinstance(value, list):
            record[name] = [realm.find(each) or each for each in value]


def public(value: Any) -> Any:
    """Return an answer without the stand-in's own members."""
    if isinstance(value, dict):
        return {name: public(member) for name, member in value.items() if not name.startswith('_')}
    if isinstance(value, list):
        return [public(member) for member in value]
    return value
