import threading
import time

# Nobody mistypes so many links in a minute, not even a whole clinic behind one address.
MOST_WRONG = 100
WINDOW_SECONDS = 60
# As many addresses are remembered; a flood from more of them forgets the oldest.
MOST_ADDRESSES = 10_000


class Guard:
    """Counts wrong keys by the address that they come from, in this process."""

    def __init__(self, most_wrong=MOST_WRONG, clock=time.monotonic):
        self._most_wrong = most_wrong
        self._clock = clock
        self._lock = threading.Lock()
        self._counts = {}

    def is_shut(self, address) -> bool:
        """Whether too many wrong keys came from an address within the last minute."""
        with self._lock:
            return self._count(address)[1] >= self._most_wrong

    def note_wrong(self, address) -> bool:
        """Count a wrong key.

        :return: whether it was the one that shuts the door
        """
        with self._lock:
            since, count = self._count(address)
            # The address that was counted last stands last.
            self._counts.pop(address, None)
            while len(self._counts) >= MOST_ADDRESSES:
                del self._counts[next(iter(self._counts))]
            self._counts[address] = (since, count + 1)
            return count + 1 == self._most_wrong

    def _count(self, address):
        now = self._clock()
        since, count = self._counts.get(address, (now, 0))
        return (since, count) if now - since < WINDOW_SECONDS else (now, 0)
