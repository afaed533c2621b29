"""A mail server on loopback that refuses, is slow, hangs up or falls silent when told to."""

import socket
import threading
import time


class PostOffice:
    """Takes mails over SMTP and remembers to whom; see RFC 5321 for the numbers.

    :ivar list accepted: addresses of mails that were taken, in their order
    :ivar dict answers: what to say to a recipient, e.g. `{'a@example.com': '550 No such user'}`
    :ivar float pause: seconds before each answer to a mail's text
    :ivar int dies_after: mails after which it hangs up on everybody; None for never
    """

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.accepted = []
        self._reached = threading.Event()
        self._lock = threading.Lock()
        self.behave()
        threading.Thread(target=self._accept, daemon=True).start()

    def behave(self):
        """Take every mail at once."""
        self.answers = {}
        self.pause = 0.0
        self.dies_after = None
        self.silent_for = None
        self._reached.clear()

    def wait(self, seconds=60):
        """Return when a mail was taken that it says nothing about, see `silent_for`."""
        assert self._reached.wait(seconds), "the mail did not come"

    def close(self):
        """Take no connections any more."""
        self._listener.close()

    def _accept(self):
        while True:
            try:
                caller, _address = self._listener.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._serve, args=(caller,), daemon=True).start()

    def _serve(self, caller):
        try:
            with caller, caller.makefile("rwb") as line:
                self._talk(line)
        except OSError:  # the caller is gone
            return

    def _talk(self, line):
        def say(text):
            line.write(text.encode() + b"\r\n")
            line.flush()

        if self._is_dead():
            return
        say("220 post office")
        recipient = ""
        for raw in line:
            if self._is_dead():
                return
            word = raw[:4].upper()
            if word == b"QUIT":
                say("221 bye")
                return
            if word == b"RCPT":
                recipient = raw.decode().partition("<")[2].partition(">")[0]
                say(self.answers.get(recipient, "250 fine"))
            elif word == b"DATA":
                say("354 go on")
                for text in line:
                    if text == b".\r\n":
                        break
                time.sleep(self.pause)
                with self._lock:
                    self.accepted.append(recipient)
                if self._is_dead():
                    return
                if recipient == self.silent_for:
                    self._reached.set()
                    time.sleep(60)
                say("250 taken")
            else:
                say("250 fine")

    def _is_dead(self):
        return self.dies_after is not None and len(self.accepted) >= self.dies_after
