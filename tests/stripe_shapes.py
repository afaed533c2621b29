"""Compare a JSON object of Stripe's API with the classes that the library declares for it."""

import inspect
from types import UnionType
from typing import ForwardRef, Literal, Union, get_args, get_origin

from stripe._object_classes import get_object_class
from stripe._stripe_object import StripeObject


def differences(record):
    """Return what in an object is missing, unknown, of another type or outside an enum.

    :param dict record: an object with its `object` member.
    :rtype: list[str]
    """
    return list(_object(record, get_object_class("V1", record["object"]), record["object"]))


def _object(record, declared, path):
    fields = {
        name: hint
        for name, hint in inspect.get_annotations(declared).items()
        if name != "OBJECT_NAME"
    }
    for name in record.keys() - fields.keys():
        yield f"{path}.{name}: unknown"
    for name, hint in fields.items():
        if name in record:
            yield from _value(record[name], hint, f"{path}.{name}")
        elif not _optional(hint) and name != "object":
            yield f"{path}.{name}: missing"


def _value(value, hint, path):
    members = _members(hint)
    if value is None:
        if not _optional(hint):
            yield f"{path}: null"
        return
    if isinstance(value, dict):
        yield from _nested(value, members, path)
    elif isinstance(value, list):
        lists = [member for member in members if get_origin(member) is list]
        if not lists:
            yield f"{path}: a list"
        for index, part in enumerate(value if lists else ()):
            yield from _value(part, get_args(lists[0])[0], f"{path}[{index}]")
    else:
        enum = [choice for member in members for choice in _choices(member)]
        if enum and value not in enum:
            yield f"{path}: {value!r} is none of {enum}"
        plain = [member for member in members if isinstance(member, type)]
        if not enum and plain and not isinstance(value, (*plain,)) and not _reference(members):
            yield f"{path}: {value!r} is no {plain}"


def _nested(value, members, path):
    if isinstance(value.get("object"), str) and value["object"] != "list":
        yield from _object(value, get_object_class("V1", value["object"]), path)
        return
    for member in members:
        if isinstance(member, type) and issubclass(member, StripeObject) and member.__module__:
            if member.__qualname__.count(".") and "object" not in value:
                yield from _object(value, member, path)
            return


def _members(hint):
    if get_origin(hint) in (Union, UnionType):
        return [part for member in get_args(hint) for part in _members(member)]
    return [hint]


def _choices(member):
    return get_args(member) if get_origin(member) is Literal else ()


def _optional(hint):
    return type(None) in _members(hint)


def _reference(members):
    """Tell whether a value may be the id of another object."""
    return any(isinstance(member, (ForwardRef, str)) for member in members) or any(
        "ExpandableField" in str(member) for member in members
    )
