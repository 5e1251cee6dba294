"""`wosync` as a shell finds it: a program that has the warm process become the command.

Run without site packages, and with nothing but the standard library: what it spares is imports.
"""

import array
import json
import os
import socket
import sys

WARM = "WOSYNC_TEST_WARM"
"""Where the environment has the descriptor of the way to the warm process."""


def main() -> int:
    """Ask for the command on our own streams, and end as it ends."""
    environment = dict(os.environ)
    warm = socket.socket(fileno=int(environment.pop(WARM)))
    ending, ended = os.pipe()
    asked = {
        "words": sys.argv[1:],
        "directory": os.getcwd(),  # noqa: PTH109 # without the imports of pathlib
        "environment": environment,
        "session": False,
    }
    streams = array.array("i", [0, 1, 2, ended])
    given = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams.tobytes())]
    warm.sendmsg([json.dumps(asked).encode()], given)
    os.close(ended)
    with os.fdopen(ending) as told:
        _, code = told.read().split()
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
