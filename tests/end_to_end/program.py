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


def begin(words: list[str], streams: list[int], **more: str) -> int:
    """Ask for the command on these three streams.

    Args:
        more: what it finds in its environment beside ours.

    Returns:
        Where its process id is told, and after its end its exit code, each on a line of its own.
    """
    environment = os.environ | more
    warm = socket.socket(fileno=int(environment.pop(WARM)))
    ending, ended = os.pipe()
    asked = {
        "words": words,
        "directory": os.getcwd(),  # noqa: PTH109 # without the imports of pathlib
        "environment": environment,
        "session": False,
    }
    theirs = array.array("i", [*streams, ended])
    given = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, theirs.tobytes())]
    warm.sendmsg([json.dumps(asked).encode()], given)
    os.close(ended)
    return ending


def main() -> int:
    """Ask for the command on our own streams, and end as it ends."""
    with os.fdopen(begin(sys.argv[1:], [0, 1, 2])) as told:
        _, code = told.read().split()
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
