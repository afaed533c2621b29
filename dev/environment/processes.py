"""Child processes that never outlive whoever started them."""

import contextlib
import ctypes
import errno
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from .report import Failure

PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None, use_errno=True)


class Process:
    """One child in a session of its own.

    A Ctrl-C in the terminal reaches only the parent, which then stops its children in order.
    Should the parent be killed, the kernel sends the child its stop signal: start it from a
    thread that lives as long as it should.

    :param name: what people call it, for messages
    :param argv: the command
    :param log: file to which its output is appended; None to let it write to the terminal
    :param env: its whole environment; the parent's when left out
    :param user: system user to run as, for root only
    :param stdin: file that it reads as its input
    :param stop_signal: what makes it end in good order
    :param grace: seconds that it gets for that
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        log: Path | None,
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | str | None = None,
        user: str | None = None,
        stdin: Path | None = None,
        stop_signal: int = signal.SIGTERM,
        grace: float = 20,
    ):
        self.name = name
        self.argv = [str(part) for part in argv]
        self.log = log
        self.env = dict(os.environ if env is None else env)
        self.cwd = cwd
        self.user = user
        self.stdin = stdin
        self.stop_signal = stop_signal
        self.grace = grace
        self._popen: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._popen is not None and self._popen.poll() is None

    @property
    def _child(self) -> subprocess.Popen[bytes]:
        if self._popen is None:
            raise Failure(f"{self.name} was not started")
        return self._popen

    @property
    def pid(self) -> int:
        """Process id; also that of its session."""
        return self._child.pid

    @property
    def returncode(self) -> int | None:
        """Exit code, negative for a signal; None while it runs."""
        return self._child.poll()

    def start(self) -> None:
        """Start it.

        :raise Failure: the command cannot be run
        """
        with open(self.stdin or os.devnull, "rb") as stdin, self._opened_log() as log:
            try:
                self._popen = subprocess.Popen(
                    self.argv,
                    stdin=stdin,
                    stdout=log,
                    stderr=subprocess.STDOUT if log else None,
                    env=self.env,
                    cwd=self.cwd,
                    start_new_session=True,
                    preexec_fn=lambda: _libc.prctl(PR_SET_PDEATHSIG, self.stop_signal),
                    user=self.user,
                    group=self.user,
                    extra_groups=[] if self.user else None,
                )
            except OSError as error:
                raise Failure(f"{self.name} cannot be started: {error}") from error

    def _opened_log(self) -> contextlib.AbstractContextManager[IO[bytes] | None]:
        if self.log is None:
            return contextlib.nullcontext()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        log = self.log.open("ab")
        self._log_start = log.tell()
        return log

    def output(self) -> str:
        """What it has written since it was started."""
        if self.log is None:
            return ""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Return as soon as `ready` answers true.

        :raise Failure: it ended, or is not ready after `seconds`
        """
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.running:
                raise Failure(f"{self.name} ended at once: {self.last_words()}")
            if time.monotonic() > deadline:
                raise Failure(f"{self.name} is not ready after {seconds:.0f} s: {self.log}")
            time.sleep(0.05)

    def wait(self) -> int:
        """Wait until it ends by itself and return its exit code; Ctrl-C stops it."""
        try:
            return self._child.wait()
        except BaseException:
            self.stop()
            raise

    def finish(self) -> None:
        """Wait until it ends by itself.

        :raise Failure: it ended with an error
        """
        if self.wait():
            raise Failure(f"{self.name} failed: {self.last_words()}")

    def last_words(self) -> str:
        """The line that tells why it ended, mostly its last, and where the others are."""
        lines = [line.strip() for line in self.output().splitlines() if line.strip()]
        # What tells why comes first where programs run others, or apt fetches several things.
        telling = (
            line for line in lines if os.strerror(errno.ENOSPC) in line or line.startswith("E: ")
        )
        why = next(telling, lines[-1] if lines else "without a word")
        return f"{why} (log: {self.log})"

    def stop(self) -> None:
        """End it in good order, or by force once its grace is over."""
        if self.running:
            self._child.send_signal(self.stop_signal)
            try:
                self._child.wait(self.grace)
            except subprocess.TimeoutExpired:
                self.kill()
        if self._popen is not None:
            self._end_session()

    def kill(self) -> None:
        """End it and its children as a crash would: without a chance to tidy up."""
        self._end_session()
        self._child.wait()

    def _end_session(self) -> None:
        # Nobody may be left in the session.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)


def run(name: str, argv: Sequence[str | Path], log: Path, **options: Any) -> str:
    """Run a command to its end and return its output.

    :raise Failure: it ended with an error; its last line is in the message
    """
    process = Process(name, argv, log, **options)
    process.start()
    process.finish()
    return process.output()
