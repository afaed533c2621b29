"""What happens later by itself: the registry of tasks and the thread that runs them."""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from .webhooks import Deliveries
from .world import World

TASKS: dict[str, Callable[..., None]] = {}
LONGEST_NAP = 30  # seconds


def task(function: Callable[..., None]) -> Callable[..., None]:
    """Register a function `(world, **details)` under its name, for `World.later`."""
    TASKS[function.__name__] = function
    return function


class Worker(threading.Thread):
    """Runs due tasks and sends due webhooks."""

    def __init__(self, world: World, deliveries: Deliveries) -> None:
        super().__init__(name='stripe-fake-worker', daemon=True)
        self.world = world
        self.deliveries = deliveries
        self._wake = threading.Event()
        self._ending = False
        self._pool = ThreadPoolExecutor(4, thread_name_prefix='stripe-fake-webhook')
        world.wake = self._wake.set

    def run(self) -> None:
        """Run what is due, sleep until the next, and so on."""
        while not self._ending:
            self._wake.clear()
            due = min(self._run_tasks(), self.deliveries.start_due(self._pool))
            self._wake.wait(min(max(due - time.time(), 0), LONGEST_NAP))

    def stop(self) -> None:
        """End the thread and drop what was not begun."""
        self._ending = True
        self._wake.set()
        self.join(timeout=2)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run_tasks(self) -> float:
        """Run what is due; return the real time when the next task is."""
        store = self.world.store
        while True:
            with store.transaction():
                offset = self.world.setting('clock_offset')
                rows = store.execute('SELECT id, due, name, body FROM task ORDER BY due LIMIT 1')
                if not rows:
                    return time.time() + LONGEST_NAP
                identifier, due, name, body = rows[0]
                if due > time.time() + offset:
                    return due - offset
                store.execute('DELETE FROM task WHERE id = ?', (identifier,))
                TASKS[name](self.world, **json.loads(body))
