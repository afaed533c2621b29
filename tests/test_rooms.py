"""Each room of the addon names only rooms before it."""

import re
import shutil
from pathlib import Path

import pytest

import odoo

from dev.environment import addon, paths
from tests.rooms import namings, rooms

#: A room may name a later one here, and why.
EXCEPTIONS: dict[tuple[str, str], str] = {
    # The placeholder of invoice texts and a field of reminders have one name by chance.
    ("models/documents/practice_invoice_template_texts.py", "due_date"): "a placeholder",
    ("views/documents/practice_invoice_template_views.xml", "due_date"): "a placeholder",
}
#: What a module of Odoo defines by `def` or as a field.
DEFINITIONS = re.compile(r"^\s+def (\w+)\(|^    (\w+)(?:: \w+)? = fields\.", re.MULTILINE)


@pytest.fixture(scope="module")
def foreign():
    """Names that Odoo and the modules under ours define, too."""
    found = set()
    for module in (*addon.manifest()["depends"], "base", "web", "payment"):
        folder = Path(odoo.__path__[0]) / "addons" / module
        for file in (folder / "models").rglob("*.py"):
            for method, field in DEFINITIONS.findall(file.read_text()):
                found.add(method or field)
    return found


def test_each_room_names_only_rooms_before_it(foreign):
    found = [naming for naming in namings(paths.ADDON, foreign) if naming[::2] not in EXCEPTIONS]
    assert not found, "\n".join(map(str, found))


def test_each_exception_is_still_needed(foreign):
    needed = {naming[::2] for naming in namings(paths.ADDON, foreign)}
    assert set(EXCEPTIONS) <= needed
    assert len(EXCEPTIONS) < 10


def test_views_and_dialogs_stand_in_the_same_rooms():
    order = rooms(paths.ADDON)
    for part in ("models", "views", "wizards", "static/src"):
        folders = {
            folder.name
            for folder in (paths.ADDON / part).iterdir()
            if folder.is_dir() and folder.name != "__pycache__"
        }
        assert folders <= set(order), part


@pytest.mark.parametrize(
    ("path", "planted"),
    [
        ("models/invoices/account_move.py", "from ..disputes.practice_dispute import TO_ANSWER\n"),
        ("models/stripe/payment_transaction.py", "def plant(env):\n    env['practice.dispute']\n"),
        ("models/clients/res_partner.py", "def plant(tx):\n    tx._autopay_stop('')\n"),
        ("models/sessions/calendar_event.py", "DOMAIN = [('billing_autopay_on', '=', True)]\n"),
        ("views/invoices/account_move_views.xml", '<!-- name="billing_autopay_on" -->\n'),
    ],
)
def test_a_planted_name_of_a_later_room_is_found(tmp_path, foreign, path, planted):
    copy = tmp_path / "addon"
    shutil.copytree(
        paths.ADDON, copy, ignore=shutil.ignore_patterns("i18n", "tests", "description")
    )
    before = len(list(namings(copy, foreign)))
    with (copy / path).open("a") as file:
        file.write(planted)
    assert len(list(namings(copy, foreign))) == before + 1
