"""Reads the addon's code for names that a room takes from a later one.

Python is read strictly: an import, a model, a field or a method whose home is a later room counts,
also where a string names it (`env['practice.dispute']`, a domain, `@api.depends`). Of views and
scripts each word counts. A name's home is the earliest room that defines it. Names that Odoo has,
too, and single public words (`state`, `url`) say nothing of a room and do not count.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

WORD = re.compile(r'[A-Za-z_]\w+')
NAMES = re.compile(r'[\w.]+')
MODEL = re.compile(r'practice(\.\w+)+')


class Naming(NamedTuple):
    """One place where a room names what belongs to a later one."""

    path: str
    line: int
    name: str
    home: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} names {self.name} of {self.home}/"


def rooms(addon: Path) -> list[str]:
    """Return the rooms in their order, which is that of their imports."""
    imports = ast.parse((addon / 'models/__init__.py').read_text()).body
    return [
        name.name for node in imports if isinstance(node, ast.ImportFrom) for name in node.names
    ]


def namings(addon: Path, foreign: set[str]) -> Iterator[Naming]:
    """Yield each place in models, dialogs, views and scripts that names a later room.

    :param addon: the addon's folder
    :param foreign: names that Odoo defines, too
    """
    order = rooms(addon)
    homes = _homes(addon, order, foreign)
    for position, room in enumerate(order):
        later = {name: home for name, home in homes.items() if home in order[position + 1 :]}
        places = order[position + 1 :]
        for part in ('models', 'wizards'):
            for file in sorted((addon / part / room).glob('*.py')):
                path = str(file.relative_to(addon))
                for line, name, home in _in_python(file, later, places):
                    yield Naming(path, line, name, home)
        for part in ('views', 'wizards', 'static/src'):
            for file in sorted((addon / part / room).glob('*')):
                if file.suffix not in ('.xml', '.js'):
                    continue
                path = str(file.relative_to(addon))
                for number, line in enumerate(file.read_text().splitlines(), 1):
                    # A model's name is one word in a view.
                    for name in dict.fromkeys(
                        WORD.findall(line) + [m.group() for m in MODEL.finditer(line)]
                    ):
                        if name in later:
                            yield Naming(path, number, name, later[name])


def _homes(addon: Path, order: list[str], foreign: set[str]) -> dict[str, str]:
    """Return the earliest room that defines a model, a field or a method, by its name."""
    homes: dict[str, str] = {}
    for room in order:
        for part in ('models', 'wizards'):
            for file in sorted((addon / part / room).glob('*.py')):
                for name in _defined(ast.parse(file.read_text())):
                    if '.' in name or (_tells(name) and name not in foreign):
                        homes.setdefault(name, room)
    return homes


def _tells(name: str) -> bool:
    return '_' in name.strip('_') or name.startswith('_')


def _defined(tree: ast.Module) -> Iterator[str]:
    for model in tree.body:
        if not isinstance(model, ast.ClassDef):
            continue
        for node in model.body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith('__'):
                yield node.name
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                name = node.targets[0].id
                value = node.value
                if name == '_name' and isinstance(value, ast.Constant):
                    if value.value.startswith('practice.'):
                        yield value.value
                elif (
                    isinstance(value, ast.Call)
                    and isinstance(value.func, ast.Attribute)
                    and isinstance(value.func.value, ast.Name)
                    and value.func.value.id == 'fields'
                ):
                    yield name


def _in_python(
    file: Path, later: dict[str, str], places: list[str]
) -> Iterator[tuple[int, str, str]]:
    tree = ast.parse(file.read_text())
    texts = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        line = getattr(node, 'lineno', 0)
        if isinstance(node, ast.ImportFrom) and node.level > 1:
            for home in (node.module or '').split('.')[:1]:
                if home in places:
                    yield line, node.module or '', home
        elif isinstance(node, ast.Attribute) and node.attr in later:
            yield line, node.attr, later[node.attr]
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in texts
            and NAMES.fullmatch(node.value)
        ):
            for name in (node.value, *node.value.split('.')):
                if name in later:
                    yield line, name, later[name]
                    break
