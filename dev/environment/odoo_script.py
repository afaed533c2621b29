"""Runs inside Odoo's shell: the wrapper around a script of `Odoo.script`."""

import json
import os
import runpy
import sys
from pathlib import Path

sys.path.append(os.environ["ODOO_SCRIPT_PATH"])
# `env` is a global of Odoo's shell.
names = {"env": env, "given": json.loads(os.environ["ODOO_SCRIPT_GIVEN"]), "result": None}  # noqa: F821
names = runpy.run_path(os.environ["ODOO_SCRIPT"], names)
env.cr.commit()  # noqa: F821
Path(os.environ["ODOO_SCRIPT_ANSWER"]).write_text(json.dumps(names["result"]))
