"""`wosync`: arguments only. Each command imports what it needs when it needs it."""

from __future__ import annotations

import sys


def main() -> None:
    """The console script."""
    from engine.cli.app import start

    sys.exit(start(sys.argv[1:]))


if __name__ == "__main__":
    main()
