"""What the person at the terminal reads: one line a step, one line a failure."""

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator

PROGRESS_SECONDS = 5


class Failure(Exception):
    """Something that the person has to know or mend, said in one line."""


def say(text: str = "") -> None:
    """Print one line at once, also into a pipe."""
    print(text, flush=True)


def warn(text: str) -> None:
    """Print one line that asks for attention."""
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(text: str, progress: Callable[[], str] | None = None) -> Iterator[None]:
    """Announce a step; every few seconds say how far it is.

    :param text: what is being done
    :param progress: returns how far it is, e.g. `40 of 117 MB`; `''` for nothing to say
    """
    say(f"- {text}")
    done = threading.Event()
    started = time.monotonic()

    def tick() -> None:
        last = ""
        while progress and not done.wait(PROGRESS_SECONDS):
            now = progress()
            if now and now != last:
                say(f"    {now}")
                last = now

    ticker = threading.Thread(target=tick, daemon=True) if progress else None
    if ticker:
        ticker.start()
    try:
        yield
    finally:
        done.set()
        if ticker:
            ticker.join()
    seconds = time.monotonic() - started
    if seconds >= PROGRESS_SECONDS:
        say(f"    done in {seconds:.0f} s")
