"""Answers remembered under an idempotency key.

As https://docs.stripe.com/api/idempotent_requests: kept for 24 hours, replayed for the same
parameters, refused for others, and nothing kept for what was refused before it began.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ..records import Record
from ..world import Realm, World
from .errors import StripeError

LIFETIME = 24 * 3600  # seconds


class Idempotency:
    """The remembered answers of one stand-in."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._guard = threading.Lock()
        self._running: set[tuple[str, str]] = set()

    @contextmanager
    def running(self, realm: Realm, key: str | None) -> Iterator[None]:
        """Hold a key while its first request runs.

        :raises StripeError: 409 while another request holds it.
        """
        if not key:
            yield
            return
        if len(key) > 255:
            raise StripeError('Idempotency keys may be at most 255 characters long.', started=False)
        holder = (realm.name, key)
        with self._guard:
            if holder in self._running:
                raise StripeError(
                    'There is currently another in-progress request using this Idempotent Key '
                    f'(that probably means you submitted twice, and the other request is still '
                    f'going through): {key}. Please try again later.',
                    status=409,
                    kind='idempotency_error',
                    code='idempotency_key_in_use',
                    started=False,
                )
            self._running.add(holder)
        try:
            yield
        finally:
            with self._guard:
                self._running.discard(holder)

    def recall(
        self, realm: Realm, key: str | None, method: str, path: str, form: Record
    ) -> tuple[int, Record, str] | None:
        """Return the remembered `(status, body)` of the same request, or None.

        :raises StripeError: the key was used for something else.
        """
        if not key:
            return None
        rows = self._world.store.execute(
            'SELECT created, body FROM answer WHERE realm = ? AND idempotency_key = ?',
            (realm.name, key),
        )
        if not rows or rows[0][0] + LIFETIME < self._world.now():
            return None
        remembered = json.loads(rows[0][1])
        if remembered['path'] != [method, path]:
            raise StripeError(
                'Keys for idempotent requests can only be used for the same endpoint they were '
                f"first used for ('{remembered['path'][1]}' vs '{path}'). Try using a key other "
                f"than '{key}' if you meant to execute a different request.",
                kind='idempotency_error',
                started=False,
            )
        if remembered['form'] != form:
            raise StripeError(
                'Keys for idempotent requests can only be used with the same parameters they '
                f"were first used with. Try using a key other than '{key}' if you meant to "
                'execute a different request.',
                kind='idempotency_error',
                started=False,
            )
        return remembered['status'], remembered['answer'], remembered['request']

    def remember(
        self,
        realm: Realm,
        key: str | None,
        method: str,
        path: str,
        form: Record,
        status: int,
        answer: Record,
        request: str,
    ) -> None:
        """Keep an answer; belongs to the transaction of what it answers."""
        if not key:
            return
        self._world.store.execute(
            'INSERT OR REPLACE INTO answer (realm, idempotency_key, created, body) '
            'VALUES (?, ?, ?, ?)',
            (
                realm.name,
                key,
                self._world.now(),
                json.dumps(
                    {
                        'path': [method, path],
                        'form': form,
                        'status': status,
                        'answer': answer,
                        'request': request,
                    }
                ),
            ),
        )
