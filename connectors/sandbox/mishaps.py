"""What the machine refuses somebody who starts a stand-in, with what to do about it."""

from __future__ import annotations

import errno
import os

from connectors.sandbox.serving import HOST

_PORT = "name another port; without one a free one is taken"
_DIRECTORY = "name another --directory; without one a new one is made"


def told(error: OSError) -> str:
    """What is in the way, and on a line of its own what helps, where anything is known to."""
    if error.errno is None:
        # It is one of ours, and says what to do by itself.
        return str(error)
    what = os.strerror(error.errno)
    if error.filename is None:
        return what
    remedy = _PORT if str(error.filename).startswith(f"{HOST}:") else _DIRECTORY
    if error.errno == errno.EADDRINUSE:
        remedy = f"end the program that listens there, or {remedy}"
    return f"{error.filename}: {what}\n  What to do: {remedy}."
