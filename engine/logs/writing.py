"""Where lines go: one stream for the engine and for the libraries it uses, whole lines only."""

from __future__ import annotations

import os
import threading
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, TextIO

PRIORITY = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}


class Lines:
    """A stream that takes lines; that it takes none any more must not stop the service."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        # Entered again when the interpreter collects garbage, and with it says something, inside.
        self._lock = threading.RLock()

    def msg(self, line: str) -> None:
        """Write one line."""
        # The reader of a pipe has gone, the disk is full, or the stream was closed.
        with self._lock, suppress(OSError, ValueError):
            self._stream.write(f"{line}\n")
            self._stream.flush()

    debug = info = warning = error = critical = msg


class WithPriority:
    """Puts journald's priority before the line; journald strips it and keeps the number."""

    def __init__(self, render: Any) -> None:
        self._render = render

    def __call__(self, logger: Any, name: str, event: MutableMapping[str, Any]) -> str:
        """The line as journald reads it."""
        priority = PRIORITY.get(event.get("level", "info"), PRIORITY["info"])
        return f"<{priority}>{self._render(logger, name, event)}"


def under_journald(stream: TextIO) -> bool:
    """Whether systemd connected this very stream to the journal (JOURNAL_STREAM names it)."""
    try:
        device, _, inode = os.environ.get("JOURNAL_STREAM", "").partition(":")
        status = os.fstat(stream.fileno())
        return (str(status.st_dev), str(status.st_ino)) == (device, inode)
    except (OSError, ValueError):
        return False
