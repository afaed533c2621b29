"""Databases together with their filestores."""

import os
import shutil
from pathlib import Path

from . import paths
from .postgres import Connection

#: Only databases of this checkout are ever listed or dropped, also on a server of the user's.
PREFIX = f"carepatron_{paths.CHECKOUT_ID}_"


class Databases:
    """The databases of one server whose filestores are in one folder.

    Names are short ones like `demo`; on the server they carry this checkout's prefix.

    :param data_dir: Odoo's data folder, the parent of `filestore`
    """

    def __init__(self, connection: Connection, data_dir: Path):
        self.connection = connection
        self.data_dir = data_dir

    @staticmethod
    def full_name(name: str) -> str:
        """The database's name on the server."""
        return PREFIX + name

    def filestore(self, name: str) -> Path:
        """The folder of the database's attachments."""
        return self.data_dir / "filestore" / self.full_name(name)

    def names(self) -> list[str]:
        """The databases that are there."""
        rows = self.connection.query(
            f"SELECT datname FROM pg_database WHERE starts_with(datname, '{PREFIX}')"
        )
        return [row[0].removeprefix(PREFIX) for row in rows]

    def exists(self, name: str) -> bool:
        """Whether the database is there."""
        return name in self.names()

    def create(self, name: str) -> None:
        """Make an empty database as Odoo makes its own."""
        self.connection.query(
            f'CREATE DATABASE "{self.full_name(name)}" TEMPLATE template0'
            " ENCODING 'UTF8' LC_COLLATE 'C'"
        )

    def copy(self, template: str, name: str) -> None:
        """Copy a database that nobody is connected to, with its filestore.

        :raise Failure: the template is missing or in use, or the name is taken
        """
        self.connection.query(
            f'CREATE DATABASE "{self.full_name(name)}" TEMPLATE "{self.full_name(template)}"'
        )
        source, target = self.filestore(template), self.filestore(name)
        shutil.rmtree(target, ignore_errors=True)
        if source.exists():
            # A file is named after its content and never rewritten, so links do.
            shutil.copytree(source, target, copy_function=os.link)

    def rename(self, name: str, new_name: str) -> None:
        """Give a database that nobody is connected to another name."""
        self.connection.query(
            f'ALTER DATABASE "{self.full_name(name)}" RENAME TO "{self.full_name(new_name)}"'
        )
        target = self.filestore(new_name)
        shutil.rmtree(target, ignore_errors=True)
        if self.filestore(name).exists():
            self.filestore(name).rename(target)

    def drop(self, name: str) -> None:
        """Remove a database with its filestore, also while it is in use; fine if it is gone."""
        self.connection.query(f'DROP DATABASE IF EXISTS "{self.full_name(name)}" WITH (FORCE)')
        shutil.rmtree(self.filestore(name), ignore_errors=True)

    def query(self, name: str, sql: str) -> list[list[str]]:
        """Run one statement in the database and return its rows as text.

        :raise Failure: it is refused
        """
        return self.connection.query(sql, self.full_name(name))

    def set_base_url(self, name: str, url: str) -> None:
        """Make Odoo put this address into its links, whoever logs in from where.

        :raise Failure: the database is not an Odoo database
        """
        for key, value in (("web.base.url", url), ("web.base.url.freeze", "True")):
            self.query(
                name,
                "INSERT INTO ir_config_parameter (key, value, create_date, write_date)"
                f" VALUES ('{key}', '{value}', now() AT TIME ZONE 'UTC',"
                " now() AT TIME ZONE 'UTC')"
                " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            )
