"""A door between the practice and a service, which a test can hold shut at a marked moment."""

import select
import socket
import threading

CHUNK = 65536


class Gate:
    """Passes connections on to a local port; holds one when told to.

    :param int service: the port behind the gate
    """

    def __init__(self, service):
        self._service = service
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._moment = None
        self._opening = b""
        self._reached = threading.Event()
        self._decided = threading.Event()
        self._pass = True
        threading.Thread(target=self._accept, daemon=True).start()

    def hold(self, moment, opening=b""):
        """Hold coming connections.

        :param str moment: `call`, before anything is passed on, or `answer`, after the service
            acted and before its answer is passed back.
        :param bytes opening: what a call begins with, such as `b"POST /v1/checkout"`.
        """
        self._reached.clear()
        self._decided.clear()
        self._opening = opening
        self._moment = moment

    def wait(self, seconds=30):
        """Return when a connection is held."""
        assert self._reached.wait(seconds), "nobody came to the gate"

    def open(self):
        """Pass on what is held and what comes."""
        self._decide(True)

    def drop(self):
        """Cut what is held, since its caller is gone; pass on what comes."""
        self._decide(False)

    def close(self):
        """Take no connections any more."""
        self.drop()
        self._listener.close()

    def _decide(self, passing):
        self._moment = None
        self._pass = passing
        self._decided.set()

    def _accept(self):
        while True:
            try:
                caller, _address = self._listener.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._serve, args=(caller,), daemon=True).start()

    def _serve(self, caller):
        with caller:
            try:
                first = caller.recv(CHUNK) if self._opening else b""
                moment = self._moment if first.startswith(self._opening) else None
                if moment == "call" and not self._held():
                    return
                with socket.create_connection(("127.0.0.1", self._service)) as service:
                    service.sendall(first)
                    self._pump(caller, service, moment)
            except OSError:  # one of the two is gone
                return

    def _pump(self, caller, service, moment):
        while True:
            for end in select.select([caller, service], [], [])[0]:
                data = end.recv(CHUNK)
                if not data:
                    return
                if end is service and moment == "answer":
                    if not self._held():
                        return
                    moment = None
                (caller if end is service else service).sendall(data)

    def _held(self):
        self._reached.set()
        self._decided.wait()
        return self._pass
