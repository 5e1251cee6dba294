"""Standard error as something that may take nothing: a pipe whose reader has stopped, or has gone.

What is written here goes past the interpreter's own buffer. What lay in that when the reader was
gone would be tried once more at the very end, and change the exit code; and a thread that waits in
it would keep the process from ending.
"""

from __future__ import annotations

import os
import select
import stat
import sys
from contextlib import suppress
from typing import TextIO

# How long somebody who has something to say waits for a reader that does not read, seconds.
PATIENCE_S = 1.0
_LOOK_MS = 1000

# As journald counts them, at the beginning of a line.
PRIORITY = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}


def descriptor_of(stream: TextIO | None) -> int | None:
    """The stream's file descriptor; None for one that has none, or is closed."""
    try:
        return None if stream is None else stream.fileno()
    except (OSError, ValueError):
        return None


def reader_of(stream: TextIO) -> int | None:
    """The descriptor of a stream whose reader may stop reading; None where there is no reader."""
    descriptor = descriptor_of(stream)
    regular = descriptor is not None and stat.S_ISREG(os.fstat(descriptor).st_mode)
    return None if regular else descriptor


def encoded(stream: TextIO, text: str) -> bytes:
    """The text as the stream would write it; a character it lacks is written as `\\u2192`."""
    return text.encode(stream.encoding or "utf-8", "backslashreplace")


def write_whole(descriptor: int, data: bytes) -> None:
    """Write all of it, however long that takes.

    Raises:
        OSError: nobody will ever take it.
    """
    left = memoryview(data)
    while left:
        try:
            left = left[os.write(descriptor, left) :]
        except BlockingIOError:
            # Whoever started us has made it so that it does not wait.
            ready = select.poll()
            ready.register(descriptor, select.POLLOUT)
            ready.poll(_LOOK_MS)


def say(stream: TextIO | None, text: str) -> None:
    """Write the text, or give up after PATIENCE_S; the exit code says enough then."""
    descriptor = descriptor_of(stream)
    if stream is None:
        return
    if descriptor is None:
        with suppress(OSError, ValueError):
            stream.write(text)
            stream.flush()
        return
    # Mostly nothing is said, and it takes a part of what a completion takes.
    import threading

    data = encoded(stream, text)

    def write() -> None:
        with suppress(OSError):
            write_whole(descriptor, data)

    writer = threading.Thread(target=write, name="say", daemon=True)
    writer.start()
    writer.join(PATIENCE_S)


def opened_all() -> None:
    """Have the three standard streams open, so that no file of ours takes the place of one."""
    while (handle := os.open(os.devnull, os.O_RDWR)) <= 2:  # standard error
        pass
    os.close(handle)
    if sys.stderr is None:  # pyright: ignore[reportUnnecessaryComparison] # closed by whoever started us
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace")


def settle() -> None:
    """At the very end: what standard error does not take must not become another exit code."""
    try:
        sys.stderr.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stderr.fileno())
            os.close(nowhere)


def under_journald(stream: TextIO) -> bool:
    """Whether systemd connected this very stream to the journal (JOURNAL_STREAM names it)."""
    try:
        device, _, inode = os.environ.get("JOURNAL_STREAM", "").partition(":")
        status = os.fstat(stream.fileno())
        return (str(status.st_dev), str(status.st_ino)) == (device, inode)
    except (OSError, ValueError):
        return False
