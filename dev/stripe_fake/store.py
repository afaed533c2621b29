"""Where the stand-in keeps everything: one SQLite file, or memory."""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from .records import Record

SCHEMA = """
CREATE TABLE IF NOT EXISTS object (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, realm TEXT NOT NULL,
    kind TEXT NOT NULL, created INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE (realm, id));
CREATE INDEX IF NOT EXISTS object_listing ON object (realm, kind, seq);
CREATE INDEX IF NOT EXISTS object_id ON object (id);
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS task (
    id INTEGER PRIMARY KEY AUTOINCREMENT, due REAL NOT NULL, name TEXT NOT NULL,
    body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS answer (
    realm TEXT NOT NULL, idempotency_key TEXT NOT NULL, created INTEGER NOT NULL,
    body TEXT NOT NULL, PRIMARY KEY (realm, idempotency_key));
CREATE TABLE IF NOT EXISTS request (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, state TEXT NOT NULL,
    due REAL NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (state, due);
"""
TABLES = ('object', 'setting', 'task', 'answer', 'request', 'delivery')


class Store:
    """JSON documents in tables; every change belongs to a transaction.

    One lock serialises the transactions, as one database row would at Stripe: whoever comes
    second sees what the first left.

    :param path: the file to keep, or None for memory.
    """

    def __init__(self, path: str | None = None) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._after: list[Callable[[], object]] = []
        self._db = sqlite3.connect(
            path or ':memory:', check_same_thread=False, isolation_level=None
        )
        # A killed process loses nothing that was committed; only a power cut might.
        self._db.execute('PRAGMA journal_mode = WAL')
        self._db.execute('PRAGMA synchronous = OFF')
        self._db.executescript(SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit on leaving, undo on an exception, unless it says `keep`."""
        with self._lock:
            if self._depth:
                yield
                return
            self._depth += 1
            self._db.execute('BEGIN')
            try:
                yield
            except BaseException as error:
                self._db.execute('COMMIT' if getattr(error, 'keep', False) else 'ROLLBACK')
                if not getattr(error, 'keep', False):
                    self._after.clear()
                raise
            else:
                self._db.execute('COMMIT')
            finally:
                self._depth -= 1
                after, self._after = self._after, []
                for action in after:
                    action()

    def after_commit(self, action: Callable[[], object]) -> None:
        """Run `action()` once what was done is kept."""
        self._after.append(action)

    def execute(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """Return the rows of a statement."""
        with self._lock:
            return self._db.execute(statement, values).fetchall()

    def insert(self, statement: str, values: Sequence[Any] = ()) -> int | None:
        """Insert a row and return its number."""
        with self._lock:
            return self._db.execute(statement, values).lastrowid

    def clear(self) -> None:
        """Forget everything."""
        with self.transaction():
            for table in TABLES:
                self._db.execute(f'DELETE FROM {table}')

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    # === OBJECTS === #

    def get(self, realm: str, identifier: str, kind: str | None = None) -> Any:
        """Return the object of that id, or None."""
        rows = self.execute(
            'SELECT kind, body FROM object WHERE realm = ? AND id = ?', (realm, identifier)
        )
        if not rows or (kind and rows[0][0] != kind):
            return None
        return json.loads(rows[0][1])

    def put(self, realm: str, record: Record) -> None:
        """Keep an object, over the one of the same id."""
        body = json.dumps(record)
        self.execute(
            'INSERT INTO object (id, realm, kind, created, body) VALUES (?, ?, ?, ?, ?) '
            'ON CONFLICT (realm, id) DO UPDATE SET body = excluded.body',
            (record['id'], realm, record['object'], record.get('created', 0), body),
        )

    def remove(self, realm: str, identifier: str) -> None:
        """Forget an object."""
        self.execute('DELETE FROM object WHERE realm = ? AND id = ?', (realm, identifier))

    def all(self, realm: str, kind: str, **equal: Any) -> list[Record]:
        """Return the objects of a kind, newest first, whose fields equal the given values."""
        conditions, values = [], [realm, kind]
        for name, value in equal.items():
            conditions.append(f"AND json_extract(body, '$.{name}') = ?")
            values.append(value)
        rows = self.execute(
            f'SELECT body FROM object WHERE realm = ? AND kind = ? {" ".join(conditions)} '
            'ORDER BY seq DESC',
            values,
        )
        return [json.loads(body) for (body,) in rows]

    def find_realm(self, identifier: str) -> str | None:
        """Return the realm that holds an id, or None."""
        rows = self.execute('SELECT realm FROM object WHERE id = ?', (identifier,))
        return rows[0][0] if rows else None

    # === SETTINGS === #

    def setting(self, name: str, default: Any = None) -> Any:
        """Return a setting, or the default."""
        rows = self.execute('SELECT body FROM setting WHERE name = ?', (name,))
        return json.loads(rows[0][0]) if rows else default

    def set(self, name: str, value: Any) -> None:
        """Keep a setting."""
        self.execute(
            'INSERT INTO setting (name, body) VALUES (?, ?) '
            'ON CONFLICT (name) DO UPDATE SET body = excluded.body',
            (name, json.dumps(value)),
        )
