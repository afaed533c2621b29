"""What a benchmark gets to work with."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..environment.attached import Attached
from ..environment.odoo import OdooServer
from ..environment.templates import base_database


class Bench:
    """The running services, fresh databases and Odoo servers for one benchmark.

    :param stack: the running services: `odoo`, `databases`, `inbox`, `stripe_url`
    :param name: the benchmark's
    """

    def __init__(self, stack: Attached, name: str):
        self.stack = stack
        self._prefix = f"bench_{name}"

    def database(self, name: str = "ours") -> str:
        """A fresh database with the addon and its demo practice."""
        return self._copy(self.stack.template, name)

    def stock_database(self, name: str = "stock", modules: tuple[str, ...] = ()) -> str:
        """A fresh database with Odoo alone: what the addon depends on, and these modules."""
        database = self._copy(base_database(self.stack.odoo), name)
        if modules:
            self.stack.odoo.install(database, modules, f"Installing {', '.join(modules)}")
        return database

    def use_addons(self, *folders: Path) -> None:
        """Let Odoo find more addons, such as a peer's, from now on."""
        source = self.stack.odoo.source
        self.stack.odoo.source = source._replace(addons=(*source.addons, *folders))

    def inside(self, database: str, script: Path, **given: object) -> Any:
        """Run a script inside Odoo and return its `result`, see `Odoo.script`.

        It finds its parameters in `given` and measures with `dev.bench.meter.Meter`.

        :raise Failure: the script raised
        """
        return self.stack.odoo.script(database, script, given)

    @contextlib.contextmanager
    def server(self, database: str, workers: int = 0, **options: Any) -> Iterator[OdooServer]:
        """An Odoo server on a database for as long as the block lasts."""
        server = OdooServer(self.stack.odoo, database, workers=workers, **options)
        try:
            server.start()
            yield server
        finally:
            server.stop()

    def _copy(self, template: str, name: str) -> str:
        database = f"{self._prefix}_{name}"
        self.stack.databases.drop(database)
        self.stack.databases.copy(template, database)
        return database

    def drop_databases(self) -> None:
        """Remove what the benchmark made."""
        for name in self.stack.databases.names():
            if name.startswith(self._prefix):
                self.stack.databases.drop(name)
