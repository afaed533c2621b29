"""Where things are kept."""

import hashlib
import os
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
ADDON = CHECKOUT / "carepatron_billing"

#: Everything that this checkout's runs leave behind, but for clusters of root (`cluster_home`).
STATE = CHECKOUT / ".run"

#: Tells this checkout's clusters and databases from another checkout's.
CHECKOUT_ID = hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:8]

#: PostgreSQL refuses to run as root, and its own user may not enter root's folders.
ROOT_CLUSTERS = Path("/var/lib/carepatron_billing") / CHECKOUT_ID


def short_folder(name: str) -> Path:
    """A folder of this checkout with a short path, for sockets."""
    return Path(tempfile.gettempdir()) / f"carepatron-{CHECKOUT_ID}-{name}"


def cache() -> Path:
    """The folder for what is downloaded once and shared between checkouts."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).absolute() / "carepatron_billing"


def cluster_home(name: str) -> Path:
    """The folder of the private PostgreSQL cluster `name`."""
    base = ROOT_CLUSTERS if os.geteuid() == 0 else STATE
    return base / f"postgres-{name}"
