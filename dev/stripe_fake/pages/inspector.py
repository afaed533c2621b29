"""The page that shows what Stripe would have seen, and what it would have sent."""

import json
import time
from collections.abc import Iterator
from typing import Any

from werkzeug.wrappers import Request, Response

from ..records import Record, Route
from ..webhooks import Deliveries
from ..world import World
from .render import page

MOST = 200  # rows of each table


class Inspector:
    """Serves `/`."""

    def __init__(self, world: World, deliveries: Deliveries) -> None:
        self.world = world
        self.deliveries = deliveries

    def routes(self) -> Iterator[Route]:
        """Yield path, methods and view."""
        yield '/', ['GET'], self.show

    def show(self, request: Request) -> Response:
        """Show the newest requests and deliveries; `q`: only those that contain it."""
        wanted = request.args.get('q', '').strip().lower()
        store = self.world.store
        # A search looks at all of them; without one, the newest are enough.
        rows = store.execute(
            'SELECT id, body FROM request ORDER BY id DESC LIMIT ?', (-1 if wanted else MOST,)
        )
        requests = [
            {'id': identifier, **json.loads(body)}
            for identifier, body in rows
            if wanted in body.lower()
        ]
        deliveries = [
            row for row in reversed(self.deliveries.all()) if wanted in json.dumps(row).lower()
        ]
        return page(
            'inspector.html',
            wanted=request.args.get('q', ''),
            requests=requests[:MOST],
            request_count=len(requests)
            if wanted
            else store.execute('SELECT COUNT(*) FROM request')[0][0],
            deliveries=deliveries[:MOST],
            delivery_count=len(deliveries),
            base_url=self.world.base_url,
            clock=lambda moment: time.strftime('%H:%M:%S', time.localtime(moment)),
            flat=_flat,
        )


def _flat(params: Record, path: str = '') -> list[tuple[str, Any]]:
    """Return nested parameters as `(name, value)` pairs."""
    pairs = []
    for name, value in params.items():
        at = f'{path}[{name}]' if path else name
        pairs += _flat(value, at) if isinstance(value, dict) else [(at, value)]
    return pairs
