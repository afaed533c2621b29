"""Odoo with everything around it: installs, updates, runs scripts, serves."""

import itertools
import json
import os
import re
import secrets
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import paths
from .databases import Databases
from .odoo_log import entries, errors
from .odoo_source import OdooSource
from .ports import LOOPBACK, choose_port, free_port, start_listening
from .processes import Process
from .report import Failure, step

LOADING = re.compile(r"Loading module (\S+) \((\d+)/(\d+)\)")
LISTENING = "HTTP service (werkzeug) running on"
_numbers = itertools.count(1)


class Odoo:
    """Odoo's program, set up for one server's databases and one place for mail.

    :param source: the Odoo tree
    :param python: interpreter with the project's packages
    :param databases: where its databases are
    :param folder: where configurations and logs go
    :param smtp_port: of the mail catcher; nothing is ever mailed elsewhere
    :param env: variables on top of the process's own
    """

    def __init__(
        self,
        source: OdooSource,
        python: Path,
        databases: Databases,
        folder: Path,
        smtp_port: int,
        env: Mapping[str, str],
    ):
        self.source = source
        self.python = python
        self.databases = databases
        self.folder = folder
        self.smtp_port = smtp_port
        self.env = dict(env)

    def environment(self) -> dict[str, str]:
        """All variables of a process that runs Odoo."""
        return os.environ | {"PYTHONPATH": str(self.source.python_path)} | self.env

    def write_config(self, database: str, name: str, **options: object) -> Path:
        """Write a configuration file of Odoo's for a database and return its path.

        :param name: the file's, without ending; nothing else that runs may use the same
        :param options: Odoo's own options on top, by the names of its configuration file
        """
        connection = self.databases.connection
        full_name = self.databases.full_name(database)
        values = {
            "addons_path": ",".join(map(str, (*self.source.addons, paths.CHECKOUT))),
            "admin_passwd": secrets.token_urlsafe(24),
            "data_dir": self.databases.data_dir,
            "db_host": connection.host,
            "db_port": connection.port,
            "db_user": connection.user,
            # Named, not filtered: with a filter Odoo lists all databases for each visitor.
            "db_name": full_name,
            "list_db": "False",
            "http_interface": "127.0.0.1",
            "smtp_server": "127.0.0.1",
            "smtp_port": self.smtp_port,
        } | options
        if connection.password:
            values["db_password"] = connection.password
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / f"{name}.conf"
        text = "[options]\n" + "".join(f"{key} = {value}\n" for key, value in values.items())
        with os.fdopen(os.open(config, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        return config

    def process(
        self,
        name: str,
        config: Path,
        log: Path,
        arguments: Sequence[object] = (),
        command: str = "",
    ) -> Process:
        """One of Odoo's commands as a process that is still to be started."""
        return Process(
            name,
            [
                *(self.python, self.source.program),
                *([command] if command else []),
                *("--config", config),
                *map(str, arguments),
            ],
            log,
            env=self.environment(),
            cwd=paths.CHECKOUT,
        )

    def install(self, database: str, modules: Sequence[str], what: str) -> None:
        """Install modules with demo data, making the database if it is not there.

        :param what: said while it goes on
        :raise Failure: a module or its data cannot be installed
        """
        if not self.databases.exists(database):
            self.databases.create(database)
        self._change(database, ["--init", ",".join(modules), "--with-demo"], what)

    def update(self, database: str, modules: Sequence[str], what: str) -> None:
        """Bring installed modules up to date with their files.

        :raise Failure: a module cannot be updated
        """
        self._change(database, ["--update", ",".join(modules)], what)

    def _change(self, database: str, arguments: list[str], what: str) -> None:
        name = f"{database}-install"
        log = self.folder / f"{name}.log"
        log.unlink(missing_ok=True)
        process = self.process(
            "Odoo",
            self.write_config(database, name),
            log,
            [*arguments, "--stop-after-init", "--no-http", "--max-cron-threads", "0"],
        )
        with step(what, lambda: _loading(log)):
            process.start()
            try:
                process.finish()
            except Failure as failure:
                raise Failure(f"{what} failed: {_trouble(process) or failure}") from None
        trouble = _trouble(process)
        if trouble:
            raise Failure(f"{what} failed: {trouble} (log: {log})")

    def script(
        self, database: str, script: Path, variables: Mapping[str, object] | None = None
    ) -> Any:
        """Run a Python file inside Odoo's shell, where `env` is the administrator's.

        The script finds `variables` as the dictionary `given` and may put what it wants to
        return, of JSON's types, into `result`. What it writes is committed when it ends well.

        :return: `result`
        :raise Failure: the script raised
        """
        name = f"{database}-{script.stem}"
        answer = self.folder / f"{name}.json"
        answer.unlink(missing_ok=True)
        log = self.folder / f"{name}.log"
        log.unlink(missing_ok=True)
        process = self.process(
            f"the script {script.name}",
            self.write_config(database, name),
            log,
            ["--no-http"],
            command="shell",
        )
        process.stdin = Path(__file__).with_name("odoo_script.py")
        process.env |= {
            "ODOO_SCRIPT": str(script),
            "ODOO_SCRIPT_PATH": str(paths.CHECKOUT),
            "ODOO_SCRIPT_GIVEN": json.dumps(dict(variables or {})),
            "ODOO_SCRIPT_ANSWER": str(answer),
        }
        process.start()
        process.finish()
        if not answer.exists():
            raise Failure(f"the script {script.name} failed: {process.last_words()}")
        return json.loads(answer.read_text())


class OdooServer:
    """One running Odoo on one database.

    :param odoo: how Odoo is run
    :param database: the database's short name
    :param port: the one that it would like, 0 for any; once it was started, the one that it has and
        will like on its next start
    :param workers: 0 for one threaded process, else so many worker processes
    :param options: Odoo's own options, by the names of its configuration file
    """

    def __init__(
        self,
        odoo: Odoo,
        database: str,
        port: int = 0,
        workers: int = 0,
        **options: object,
    ):
        self.odoo = odoo
        self.database = database
        self.port = port
        self.url = ""
        self._name = f"{database}-server-{next(_numbers)}"
        self._options = options | {"workers": workers}
        self.log = odoo.folder / f"{self._name}.log"
        self.config = odoo.folder / f"{self._name}.conf"
        self.process = odoo.process("Odoo", self.config, self.log)

    def start(self, seconds: float = 120) -> None:
        """Start it and wait until it shows its login page.

        :raise Failure: it ended, or is not ready after so many seconds
        """
        start_listening(self.process, self._choose_ports, self._serves, seconds)

    def stop(self) -> None:
        """Stop it in good order."""
        self.process.stop()

    def kill(self) -> None:
        """End it and its workers at once, as a crash would (`kill -9`)."""
        self.process.kill()

    def restart(self) -> None:
        """Stop it if it runs, and start it on the same port."""
        self.stop()
        self.start()

    def log_text(self) -> str:
        """What it has logged since it was last started."""
        return self.process.output()

    def errors(self) -> list[str]:
        """What it has logged as an error since it was last started, a line each."""
        return [entry.in_one_line() for entry in errors(self.log_text())]

    def answers(self) -> bool:
        """Whether it shows its login page."""
        try:
            with urllib.request.urlopen(f"{self.url}/web/login", timeout=60) as response:
                return response.status == 200
        except urllib.error.HTTPError as error:
            raise Failure(f"Odoo answers with an error ({error}); log: {self.log}") from error
        except OSError:
            return False  # nobody listens yet

    def _choose_ports(self) -> None:
        self.port = choose_port("Odoo", self.port)
        self.url = f"http://{LOOPBACK}:{self.port}"
        ports = {"http_port": self.port, "gevent_port": free_port()}
        self.odoo.write_config(self.database, self._name, **ports, **self._options)
        self.odoo.databases.set_base_url(self.database, self.url)

    def _serves(self) -> bool:
        # Another program's answer on the same port must not pass for ours.
        return LISTENING in self.log_text() and self.answers() and self.process.running


def _loading(log: Path) -> str:
    """How far an installation is, read from its log."""
    found = LOADING.findall(log.read_text(errors="replace")) if log.exists() else []
    return "module {1} of {2}: {0}".format(*found[-1]) if found else ""


def _trouble(process: Process) -> str:
    """What went wrong, in one line, by Odoo's log; '' if nothing did."""
    output = process.output()
    # Broken demo data are only a warning to Odoo, which then goes on without them.
    demo = [entry for entry in entries(output) if "demo data failed to install" in entry.message]
    troubles = errors(output) + demo
    # Odoo may say twice that something failed, and why only once.
    told = next((entry for entry in troubles if entry.more), troubles[0] if troubles else None)
    return told.in_one_line() if told else ""
