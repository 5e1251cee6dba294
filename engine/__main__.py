"""`wosync`: arguments only. Each command imports what it needs when it needs it."""

from __future__ import annotations

import atexit
import gc
import os
import sys

from engine import streams

# What a start makes is kept; looking through it for garbage every 700 objects takes a quarter of
# the time.
STARTING_THRESHOLD = 100_000
# As of every command that somebody has interrupted; see `engine.cli.exits`.
INTERRUPTED = 130


def main() -> None:
    """The console script."""
    gc.set_threshold(STARTING_THRESHOLD)
    # What is left at the end goes with the process: to look through it for garbage, several times,
    # is a fifth of what a short command takes.
    atexit.register(gc.freeze)
    streams.opened_all()
    atexit.register(streams.settle)
    try:
        code = _run()
    except KeyboardInterrupt:
        # Before there was anything that could be interrupted.
        code = INTERRUPTED
    sys.exit(code)


def _run() -> int:
    if "_WOSYNC_COMPLETE" in os.environ:
        from engine.cli.completing import completed

        return completed(os.environ)
    from engine.cli.app import start

    return start(sys.argv[1:])


if __name__ == "__main__":
    main()
