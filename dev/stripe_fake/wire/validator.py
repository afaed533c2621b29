"""Check a decoded form against the TypedDict that the library ships for the operation.

The library's types are made for callers: enums are left open (`Literal[...] | str`) and nothing
forbids a further key. Here they are closed and strict, so that a misspelt parameter or value is
refused as Stripe would refuse it.
"""

import re
import types
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pydantic
from pydantic_core import PydanticCustomError
from stripe._request_options import RequestOptions
from stripe._stripe_object import UntypedStripeObject
from typing_extensions import (
    NotRequired,
    Required,
    TypedDict,
    get_type_hints,
    is_typeddict,
)

from ..records import Record
from . import forms
from .catalogue import Operation
from .errors import StripeError

#: A type as an annotation has it; there is no type of those yet.
Hint = Any

SCALARS = (str, int, bool, float, Decimal)
OBJECT, ARRAY, SCALAR = '<object>', '<array>', '<scalar>'
# Names of the request options' annotations, which a generated module does not import.
UNRESOLVED = {'StripeContext': Any, 'Mapping': Mapping}
LONGEST_TEXT = 5000  # characters, as https://docs.stripe.com/error-codes notes for strings


def check(operation: Operation, form: Record) -> Record:
    """Return the form's values in their Python types.

    :param operation: where the form was sent.
    :param form: what `forms.decode` returned.
    :raises StripeError: the first mistake, in Stripe's words.
    """
    try:
        return _adapter(operation.params_type).validate_python(form)
    except pydantic.ValidationError as error:
        raise _first_mistake(error.errors(include_url=False)) from None


@cache
def _adapter(params_type: Hint) -> pydantic.TypeAdapter:
    return pydantic.TypeAdapter(_strict(params_type))


@cache
def _strict(source: Hint) -> Hint:
    if is_typeddict(source):
        return _strict_object(source)
    origin: Any = get_origin(source)
    if origin in (Required, NotRequired):
        return origin[_strict(get_args(source)[0])]
    if origin is list:
        items = types.GenericAlias(list, _strict(get_args(source)[0]))
        return Annotated[items, pydantic.BeforeValidator(_to_list)]
    if origin is dict:
        return types.GenericAlias(dict, (str, _strict(get_args(source)[1])))
    if origin in (Union, types.UnionType):
        return _strict_union(get_args(source))
    if origin is Literal or source in SCALARS:
        return _scalar([source])
    if source is Any:
        return Any
    raise TypeError(f'no rule for {source!r}')


def _strict_object(source: Hint) -> Hint:
    hints = get_type_hints(source, localns=UNRESOLVED, include_extras=True)
    fields = {
        name: _strict(hint)
        for name, hint in hints.items()
        if name not in RequestOptions.__annotations__
    }
    for name in fields:
        if name in source.__required_keys__ and get_origin(fields[name]) is not Required:
            fields[name] = Required[fields[name]]
    make: Any = TypedDict
    strict = make(source.__name__, fields)
    strict.__pydantic_config__ = pydantic.ConfigDict(extra='forbid')
    return strict


def _strict_union(choices: Sequence[Hint]) -> Hint:
    members = [
        member
        for member in choices
        if member is not type(None)
        and get_origin(member) is not UntypedStripeObject
        and member is not UntypedStripeObject
    ]
    shapes: dict[str, Hint] = {}
    scalars = []
    for member in members:
        if is_typeddict(member) or get_origin(member) is dict:
            shapes[OBJECT] = _strict(member)
        elif get_origin(member) is list:
            shapes[ARRAY] = _strict(member)
        else:
            scalars.append(member)
    if scalars:
        shapes[SCALAR] = _scalar(scalars)
    if len(shapes) == 1:
        return next(iter(shapes.values()))
    tagged = tuple(Annotated[shape, pydantic.Tag(tag)] for tag, shape in shapes.items())
    return Annotated[Union[tagged], pydantic.Discriminator(_shape_of(frozenset(shapes)))]  # noqa: UP007


def _shape_of(known: frozenset[str]) -> Callable[[Any], str]:
    def shape(value: Any) -> str:
        if not isinstance(value, dict):
            return SCALAR
        if ARRAY in known and (OBJECT not in known or all(key.isdigit() for key in value)):
            return ARRAY
        return OBJECT

    return shape


def _scalar(members: Sequence[Hint]) -> Hint:
    """Return the type of a form value that is one of some literals or plain types.

    An open enum (`Literal['a', 'b'] | str`) is closed: its `str` is dropped. `Literal['']` beside
    `str` is no enum, it says that the value may be unset.
    """
    literals = [
        value for member in members if get_origin(member) is Literal for value in get_args(member)
    ]
    plain = [member for member in members if get_origin(member) is not Literal]
    if any(literal != '' for literal in literals):
        plain = [member for member in plain if member is not str]
    written = {
        str(literal).lower() if isinstance(literal, bool) else literal: literal
        for literal in literals
    }

    def parse(value: Any) -> Any:
        if isinstance(value, dict):
            raise _mistake('Invalid string: a hash or list was given')
        if value in written:
            return written[value]
        if value == '':
            raise _mistake(
                'You passed an empty string for {param}. We assume empty values are an attempt '
                'to unset a parameter; however {param} cannot be unset. You should remove '
                '{param} from your request or supply a non-empty value.',
                'parameter_invalid_empty',
            )
        for kind in plain:
            parsed = PARSERS[kind](value)
            if parsed is not None:
                return parsed
        if literals and not plain:
            choices = [str(choice) for choice in written if choice != '']
            listed = ' or '.join(filter(None, [', '.join(choices[:-1]), choices[-1]]))
            raise _mistake(f'Invalid {{param}}: must be one of {listed}')
        kind = plain[0]
        raise _mistake(f'Invalid {KIND_NAMES[kind]}: {value[:100]}', KIND_CODES.get(kind))

    return Annotated[Any, pydantic.PlainValidator(parse)]


def _parse_integer(value: str) -> int | None:
    return int(value) if re.fullmatch(r'-?\d{1,18}', value) else None


def _parse_boolean(value: str) -> bool | None:
    return {'true': True, 'false': False}.get(value)


def _parse_decimal(value: str) -> Decimal | None:
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _parse_float(value: str) -> float | None:
    number = _parse_decimal(value)
    return None if number is None else float(number)


def _parse_text(value: str) -> str | None:
    return value if len(value) <= LONGEST_TEXT else None


PARSERS: dict[Hint, Callable[[str], Any]] = {
    bool: _parse_boolean,
    int: _parse_integer,
    float: _parse_float,
    Decimal: _parse_decimal,
    str: _parse_text,
}
KIND_NAMES = {bool: 'boolean', int: 'integer', float: 'number', Decimal: 'decimal', str: 'string'}
KIND_CODES = {int: 'parameter_invalid_integer'}


def _to_list(value: Any) -> list[Any]:
    if isinstance(value, dict) and all(key.isdigit() for key in value):
        return [value[key] for key in sorted(value, key=int)]
    raise _mistake('Invalid array')


def _mistake(message: str, code: str | None = None) -> PydanticCustomError:
    # Braces of the caller's values must not be taken for the template's placeholders.
    return PydanticCustomError('stripe', '{text}', {'text': message, 'code': code})


def _first_mistake(mistakes: Sequence[Any]) -> StripeError:
    mistake = mistakes[0]
    path = [part for part in mistake['loc'] if part not in (OBJECT, ARRAY, SCALAR)]
    param = forms.name(path)
    if mistake['type'] == 'extra_forbidden':
        return StripeError(
            f'Received unknown parameter: {param}',
            param=param,
            code='parameter_unknown',
            started=False,
        )
    if mistake['type'] == 'missing':
        return StripeError(
            f'Missing required param: {param}.',
            param=param,
            code='parameter_missing',
            started=False,
        )
    if mistake['type'] == 'stripe':
        text = mistake['ctx']['text'].replace('{param}', param)
        return StripeError(text, param=param, code=mistake['ctx']['code'], started=False)
    return StripeError('Invalid object', param=param, started=False)
