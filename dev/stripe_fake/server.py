"""One running stand-in: the HTTP server and what it serves."""

import socket
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from . import objects
from .control import Control
from .faults import Dropped
from .pages.hosted import Hosted
from .pages.inspector import Inspector
from .pages.onboarding import Onboarding
from .tasks import Worker
from .webhooks import Deliveries
from .wire.api import Api
from .world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HOST = '127.0.0.1'


class QuietHandler(WSGIRequestHandler):
    """Says nothing: what was asked can be read on the page of received requests."""

    def log_request(self, *args: Any, **kwargs: Any) -> None:
        """Override of Werkzeug: write no line for a request."""
        pass


class Server:
    """The stand-in on a loopback port.

    :param port: 0 takes a free one.
    :param state_file: see `Store`.
    :raises OSError: the port is taken.
    """

    def __init__(self, port: int = 0, state_file: str | None = None) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
        self._http = make_server(
            HOST, port, self._serve, threaded=True, request_handler=QuietHandler
        )
        self.url = f'http://{HOST}:{self._http.server_port}'
        self.world = World(self.url, state_file)
        self.deliveries = Deliveries(self.world)
        self.worker = Worker(self.world, self.deliveries)
        self.api = Api(self.world, objects.ensure_account)
        rules = []
        self._views = {}
        for part in (
            Hosted(self.world),
            Onboarding(self.world),
            Inspector(self.world, self.deliveries),
            Control(self.world, self.deliveries),
        ):
            for path, methods, view in part.routes():
                name = f'{type(part).__name__}.{view.__name__}'
                rules.append(Rule(path, methods=methods, endpoint=name))
                self._views[name] = view
        self._routes = Map(rules)

    def run(self) -> None:
        """Serve until `stop`."""
        self.worker.start()
        self._http.serve_forever()
        self._http.server_close()
        self.worker.stop()
        self.world.store.close()

    def stop(self) -> None:
        """Stop serving; waits for the loop to end."""
        self._http.shutdown()

    def _serve(
        self, environ: 'WSGIEnvironment', start_response: 'StartResponse'
    ) -> Iterable[bytes]:
        request = Request(environ)
        response: WSGIApplication
        try:
            if request.path.startswith(('/v1/', '/v2/')):
                response = self.api.answer(request)
            else:
                name, arguments = self._routes.bind_to_environ(environ).match()
                response = self._views[name](request, **arguments)
        except Dropped:
            environ['werkzeug.socket'].shutdown(socket.SHUT_RDWR)
            response = Response('', 500)
        except HTTPException as error:
            response = error
        return response(environ, start_response)
