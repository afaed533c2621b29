"""Start the stand-in: `python -m dev.stripe_fake --port N [--state-file FILE]`."""

import argparse
import signal
import sqlite3
import sys
import threading

from .server import Server


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog='python -m dev.stripe_fake', description=__doc__)
    parser.add_argument('--port', type=int, default=0, help='loopback port; 0 takes a free one')
    parser.add_argument('--state-file', help='file that keeps the state between starts')
    options = parser.parse_args()
    try:
        server = Server(options.port, options.state_file)
    except OSError as error:
        sys.exit(f'The Stripe stand-in can not listen on port {options.port}: {error.strerror}.')
    except sqlite3.DatabaseError as error:
        sys.exit(f'{options.state_file} is no state file of the Stripe stand-in: {error}.')
    for name in (signal.SIGTERM, signal.SIGINT):
        # `shutdown` waits for the loop that this signal interrupts: it needs a thread of its own.
        signal.signal(name, lambda *_: threading.Thread(target=server.stop).start())
    print(f'listening on {server.url}', flush=True)
    server.run()


if __name__ == '__main__':
    main()
