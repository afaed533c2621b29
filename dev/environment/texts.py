"""What the addon's `.pot` was made from, known without Odoo and without a database.

Odoo exports the texts of a database: labels, help and choices of fields, views, mails, menus. Only
such a database tells for certain whether the `.pot` is stale, and `make test` asks one. `make lint`
is to take seconds: for it everything in the files that a text could come from goes into one digest,
which `make pot` writes into the head of the `.pot`. It changes with every text, with the name of a
field or model and with the path of a file. Now and then it changes without need (`compute=` gets a
string, too); what it misses is what Odoo's own code makes up.
"""

import ast
import hashlib
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterable

from . import paths

TEMPLATE = paths.ADDON / "i18n" / f"{paths.ADDON.name}.pot"
RECORDED = re.compile(r'^"X-Sources: (\w+)', re.MULTILINE)
TRANSLATORS = {"_", "_lt", "LazyTranslate"}
JS_TEXT = re.compile(r"\b_t\(\s*([\"'`])(.*?)\1\s*[,)]", re.DOTALL)
#: Of markup that holds no text itself: names that references are made of, and what people read.
ATTRIBUTES = re.compile(
    r"^(t-attf-|t-att-)?(id|name|model|string|help|placeholder|confirm.*|title|alt|aria-.*|label|.*_label"
    r"|.*-label|sum|avg|data-tooltip|cancel-.*|add-label|t-value|.*\.translate)$"
)


def recorded() -> str:
    """What the `.pot` says that it was made from; '' if it does not."""
    found = RECORDED.search(TEMPLATE.read_text()) if TEMPLATE.exists() else None
    return found[1] if found else ""


def fingerprint() -> str:
    """Changes with every text of the addon that people may read in their language."""
    digest = hashlib.sha256()
    for file in sorted(paths.ADDON.rglob("*")):
        inside = file.relative_to(paths.ADDON)
        if inside.parts[0] in {"tests", "i18n"} or file.name.startswith("ir.model.access"):
            continue
        read = READERS.get(file.suffix)
        if not read:
            continue
        for text in read(file.read_text()):
            digest.update(f"{inside}\0{text}\0".encode())
    return digest.hexdigest()[:12]


def _of_python(source: str) -> Iterable[str]:
    """What is declared in modules and classes, and what `_` gets."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef):
            for statement in node.body:
                if isinstance(statement, ast.Assign | ast.AnnAssign):
                    yield from _strings(statement)
        elif isinstance(node, ast.Call):
            function = node.func
            name = getattr(function, "attr", None) or getattr(function, "id", None)
            if name in TRANSLATORS:
                yield from _strings(node)


def _strings(part: ast.AST) -> Iterable[str]:
    for node in ast.walk(part):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id  # a field without a label is called by its name


def _of_xml(source: str) -> Iterable[str]:
    for element in ElementTree.fromstring(source).iter():
        if (element.text or "").strip() or any((child.tail or "").strip() for child in element):
            # Markup within a text is part of what is translated.
            yield ElementTree.tostring(element, "unicode").strip()
        for name, value in element.attrib.items():
            if ATTRIBUTES.match(name):
                yield f"{name}={value}"


def _of_javascript(source: str) -> Iterable[str]:
    return (text for _quote, text in JS_TEXT.findall(source))


READERS: dict[str, Callable[[str], Iterable[str]]] = {
    ".py": _of_python,
    ".xml": _of_xml,
    ".js": _of_javascript,
    ".csv": str.splitlines,
}
