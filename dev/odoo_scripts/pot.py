"""Export the addon's words for translators, and bring what is translated up to date with them.

Runs inside Odoo's shell. `given`: `module`; `folder`, where its `.pot` and `.po` files are;
`sources`, by which lint knows what the `.pot` was made from.

The `.po` files hold what is translated and nothing else: what clients read, in five languages.
A translation whose text is gone stays in its file as an obsolete one, for a text like it to come.
"""

# ruff: noqa: F821
import io
from pathlib import Path

import polib

from odoo import release
from odoo.tools.translate import trans_export

buffer = io.BytesIO()
trans_export(None, [given["module"]], buffer, "po", env)
template = polib.pofile(buffer.getvalue().decode())
template.header = f"Words of {given['module']}, by `make pot`."
for changing in ("POT-Creation-Date", "PO-Revision-Date"):
    del template.metadata[changing]
template.metadata["Project-Id-Version"] = f"Odoo Server {release.major_version}"
template.metadata["X-Sources"] = given["sources"]
folder = Path(given["folder"])
template.save(str(folder / f"{given['module']}.pot"))

result = {"texts": len(template)}
for file in sorted(folder.glob("*.po")):
    translated = polib.pofile(str(file))
    # With translations alone, none that is merely like it is put to a new text.
    translated.merge(template)
    known = [entry for entry in translated if entry.obsolete or entry.translated()]
    known.sort(key=lambda entry: (entry.obsolete, entry.msgid))
    translated[:] = known
    translated.save()
    result[file.stem] = len(translated.translated_entries())
