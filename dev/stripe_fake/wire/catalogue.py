"""Every v1 operation that the installed `stripe` library knows, with its parameters' type.

The library keeps its routes only in the bodies of its generated services, so they are read
from there: the stand-in then knows each URL that Stripe knows, also those it does not offer.
"""

import importlib
import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import stripe

METHOD = re.compile(r'\n    def ')
CALL = re.compile(
    r'params: (?:Optional\[)?"(\w+)".*?self\._request\(\s*"(\w+)",\s*"(/v1/[^"]*)"', re.S
)
IMPORT = re.compile(r'from (stripe\.params[\w.]+) import (?:\(\s*)?(\w+)')


class Operation:
    """One operation: method, URL template and the TypedDict of its parameters."""

    def __init__(self, method: str, template: str, module: str, type_name: str) -> None:
        self.method = method
        self.template = template
        self._module = module
        self._type_name = type_name
        placeholders = re.sub(r'\\{\w+\\}', '([^/]+)', re.escape(template))
        self.pattern = re.compile(f'^{placeholders}$')

    @cached_property
    def params_type(self) -> Any:
        """The TypedDict of the parameters."""
        return getattr(importlib.import_module(self._module), self._type_name)

    @property
    def name(self) -> str:
        """Method and template, as the handlers are registered."""
        return f'{self.method} {self.template}'


def read_operations() -> list[Operation]:
    """Return the library's v1 operations, the most literal URL first."""
    found = {}
    for path in sorted(Path(stripe.__file__).parent.rglob('_*_service.py')):
        text = path.read_text(encoding='utf-8')
        modules = {type_name: module for module, type_name in IMPORT.findall(text)}
        for block in METHOD.split(text)[1:]:
            match = CALL.search(block.split('\n    async def ')[0])
            if match:
                type_name, method, template = match.groups()
                operation = Operation(method.upper(), template, modules[type_name], type_name)
                found[operation.name] = operation
    return sorted(found.values(), key=lambda operation: operation.template.count('{'))


class Catalogue:
    """Finds the operation of a request."""

    def __init__(self) -> None:
        self.operations = read_operations()
        self._by_method: dict[str, list[Operation]] = {}
        for operation in self.operations:
            self._by_method.setdefault(operation.method, []).append(operation)

    def find(self, method: str, path: str) -> tuple[Operation | None, Sequence[str]]:
        """Return the operation and its path arguments, or `(None, ())`."""
        for operation in self._by_method.get(method, ()):
            match = operation.pattern.match(path)
            if match:
                return operation, match.groups()
        return None, ()
