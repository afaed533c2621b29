"""PostgreSQL: a private cluster on a unix socket, or the server that `PGHOST` names."""

import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path
from typing import NamedTuple

from . import paths, system_packages
from .processes import Process, run
from .report import Failure, step

#: A unix socket's path may have 107 bytes; its file's name takes 18 of them.
LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432") - len(".lock")

FAST_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
}


class Connection(NamedTuple):
    """How a server is reached."""

    host: str
    port: int
    user: str
    password: str = ""

    def environment(self) -> dict[str, str]:
        """The variables that PostgreSQL's own programs read."""
        values = {"PGHOST": self.host, "PGPORT": str(self.port), "PGUSER": self.user}
        return values | ({"PGPASSWORD": self.password} if self.password else {})

    def query(self, sql: str, database: str = "postgres") -> list[list[str]]:
        """Run one statement in its own transaction and return its rows as text.

        :raise Failure: the server refuses it or is not there
        """
        result = subprocess.run(
            [_program("psql"), "-XqAt", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", database],
            input=sql,
            env=os.environ | self.environment() | {"PGCONNECT_TIMEOUT": "10"},
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            words = result.stderr.strip().splitlines() or ["psql failed"]
            raise Failure(f"PostgreSQL: {words[0]}")
        return [line.split("\t") for line in result.stdout.splitlines()]


class Cluster:
    """A private cluster of this checkout.

    :param name: what it is for, `demo` or `test`; its data is kept between runs
    :param durable: False for throw-away data: several times as fast, lost when the machine stops
    """

    def __init__(self, name: str, durable: bool):
        system_packages.require(system_packages.POSTGRES)
        self.home = paths.cluster_home(name)
        self.data = self.home / "data"
        self.log = self.home / "postgres.log"
        self._user = "postgres" if os.geteuid() == 0 else None
        self.connection = Connection(str(self._socket_folder(name)), 5432, "odoo")
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": self.connection.host,
            "max_connections": "200",
        } | ({} if durable else FAST_SETTINGS)
        options = [part for item in settings.items() for part in ("-c", "=".join(item))]
        self._process = Process(
            "PostgreSQL",
            [_program("postgres"), "-D", self.data, *options],
            self.log,
            cwd="/",
            user=self._user,
            # The "fast" shutdown: it does not wait for clients.
            stop_signal=signal.SIGINT,
        )

    def start(self) -> None:
        """Make the cluster if there is none yet, and start it.

        :raise Failure: it cannot be made or started
        """
        self._make_folder(self.home)
        self._make_folder(Path(self.connection.host))
        if not self.data.exists():
            self._initialise()
        self.log.unlink(missing_ok=True)
        self._process.start()
        socket = Path(self.connection.host) / f".s.PGSQL.{self.connection.port}"
        self._process.wait_until(lambda: socket.exists() and self._answers(), seconds=60)

    def stop(self) -> None:
        """Stop it in good order."""
        self._process.stop()

    @property
    def processes(self) -> list[Process]:
        """What has to be running for it to work."""
        return [self._process]

    def _socket_folder(self, name: str) -> Path:
        folder = self.home / "socket"
        if len(os.fsencode(folder)) <= LONGEST_SOCKET_FOLDER:
            return folder
        return paths.short_folder(name)

    def _make_folder(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        # Whoever reaches the socket is the superuser of the cluster.
        folder.chmod(0o700)
        if self._user:
            shutil.chown(folder, self._user, self._user)
        elif folder.stat().st_uid != os.geteuid():
            owner = pwd.getpwuid(folder.stat().st_uid).pw_name
            raise Failure(f"{folder} belongs to {owner}; remove it or run as that user")

    def _initialise(self) -> None:
        partial = self.data.with_name("data.partial")
        shutil.rmtree(partial, ignore_errors=True)
        with step("Making a PostgreSQL cluster"):
            run(
                "initdb",
                [
                    *(_program("initdb"), "-D", partial, "-U", self.connection.user),
                    *("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"),
                ],
                self.log,
                cwd="/",
                user=self._user,
            )
        partial.rename(self.data)

    def _answers(self) -> bool:
        try:
            self.connection.query("SELECT 1")
        except Failure:
            return False  # it is still starting
        return True


class OwnServer:
    """The server that the user named by `PGHOST`; it is neither started nor stopped."""

    def __init__(self) -> None:
        system_packages.require(system_packages.PSQL)
        self.connection = Connection(
            os.environ["PGHOST"],
            int(os.environ.get("PGPORT", "5432")),
            os.environ.get("PGUSER") or pwd.getpwuid(os.geteuid()).pw_name,
            os.environ.get("PGPASSWORD", ""),
        )
        self.processes: list[Process] = []

    def start(self) -> None:
        """Check that it can be used.

        :raise Failure: it does not answer, or its user may not create databases
        """
        rights = self.connection.query(
            "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
        )
        if rights != [["t"]]:
            raise Failure(f"PostgreSQL: user {self.connection.user} may not create databases")

    def stop(self) -> None:
        """Leave it as it is."""


def uses_own_server() -> bool:
    """Whether the user named a server by `PGHOST`."""
    return bool(os.environ.get("PGHOST"))


def postgres(name: str, durable: bool) -> Cluster | OwnServer:
    """The user's own server if there is one, else this checkout's cluster `name`."""
    return OwnServer() if uses_own_server() else Cluster(name, durable)


def _program(name: str) -> str:
    folder = system_packages.postgres_programs()
    return str(folder / name) if folder and (folder / name).exists() else name
