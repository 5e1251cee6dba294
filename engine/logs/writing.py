"""Where lines go: one stream for the engine and for the libraries it uses, whole lines only.

Nobody waits for the reader of that stream: a thread of its own hands the lines on, under load many
in one write, and when too many wait for it the further ones are dropped, and counted.
"""

from __future__ import annotations

import select
import threading
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, TextIO

from engine.streams import PATIENCE_S, PRIORITY, encoded, reader_of, write_whole

# So many lines wait for a reader; at the length of most of them that is less than a megabyte.
WAITING_MAX = 2000
# Under load a line is written with those that come within so long: each write takes the interpreter
# from whoever works. The first one after a rest is written at once, and so is what must be heard.
REST_S = 0.01
# A pipe takes so many bytes whole, whoever else writes to it.
TOGETHER_MAX = select.PIPE_BUF

_NOTHING = threading.Event()


class Lines:
    """A stream that takes lines; that it takes none any more must not stop the service.

    Args:
        note: the line that tells how many were dropped before it.
    """

    def __init__(self, stream: TextIO, note: Callable[[int], str]) -> None:
        self._stream = stream
        self._descriptor = reader_of(stream)
        self._note = note
        self._queue: SimpleQueue[str | threading.Event | None] = SimpleQueue()
        # Entered again when the interpreter collects garbage, and with it says something, inside.
        self._lock = threading.RLock()
        self._hurry = threading.Event()
        self._writer: threading.Thread | None = None
        self._untold = 0
        # Lines that were taken, and those of them that are written, or lost with their reader.
        self._taken = self._written = 0
        self.dropped = 0

    def msg(self, line: str) -> None:
        """Write one line, or drop it when too many wait already."""
        if self._descriptor is None:
            # A file, memory, or a stream that was closed: nobody reads it who could stop doing so.
            with self._lock, suppress(OSError, ValueError):
                self._stream.write(f"{line}\n")
                self._stream.flush()
            return
        with self._lock:
            if self._queue.qsize() >= WAITING_MAX:
                self.dropped += 1
                self._untold += 1
                return
            self._queue.put(line)
            self._taken += 1
            if self._writer is None:
                self._writer = threading.Thread(target=self._write_all, name="logs", daemon=True)
                self._writer.start()

    debug = info = msg

    def urgent(self, line: str) -> None:
        """Write one line, and what waits before it, at once: the process may be about to end."""
        self.msg(line)
        self._hurry.set()

    warning = error = critical = urgent

    def drain(self) -> None:
        """Wait until what was said so far is written, PATIENCE_S at most."""
        if self._written != self._taken:
            written = threading.Event()
            self._hurry.set()
            self._queue.put(written)
            written.wait(PATIENCE_S)

    @property
    def waiting(self) -> int:
        """Lines that are still to be written."""
        return self._queue.qsize()

    def close(self) -> None:
        """Let the thread end once it has written what waits."""
        self._queue.put(None)
        self._hurry.set()

    def join(self, seconds: float) -> None:
        """Wait for the end of the thread."""
        if self._writer is not None:
            self._writer.join(seconds)

    def _write_all(self) -> None:
        waiting = self._queue.get()
        while waiting is not None:
            if isinstance(waiting, threading.Event):
                waiting.set()
                waiting = self._queue.get()
                continue
            lines, waiting = self._gathered(waiting)
            self._write(lines)
            with self._lock:
                # Where they were dropped: behind what waited then, before what came later.
                flows = self._queue.qsize() <= WAITING_MAX // 2
                untold, self._untold = (self._untold, 0) if flows else (0, self._untold)
            if untold:
                self._write([self._encoded(self._note(untold))])
            self._written += len(lines)
            if waiting is _NOTHING:
                self._hurry.wait(REST_S)
                self._hurry.clear()
                waiting = self._queue.get()

    def _gathered(self, line: str) -> tuple[list[bytes], str | threading.Event | None]:
        """Lines to be written at once, and what waits behind them, which may be _NOTHING."""
        lines = [self._encoded(line)]
        size = len(lines[0])
        while True:
            try:
                waiting = self._queue.get_nowait()
            except Empty:
                return lines, _NOTHING
            if not isinstance(waiting, str):
                return lines, waiting
            encoded_line = self._encoded(waiting)
            size += len(encoded_line)
            if size > TOGETHER_MAX:
                return lines, waiting
            lines.append(encoded_line)

    def _encoded(self, line: str) -> bytes:
        return encoded(self._stream, f"{line}\n")

    def _write(self, lines: list[bytes]) -> None:
        try:
            write_whole(self._descriptor or 0, b"".join(lines))
        except (OSError, ValueError):
            # The reader of a pipe has gone, or the disk is full.
            with self._lock:
                self.dropped += len(lines)


class WithPriority:
    """Puts journald's priority before the line; journald strips it and keeps the number."""

    def __init__(self, render: Any) -> None:
        self._render = render

    def __call__(self, logger: Any, name: str, event: MutableMapping[str, Any]) -> str:
        """The line as journald reads it."""
        priority = PRIORITY.get(event.get("level", "info"), PRIORITY["info"])
        return f"<{priority}>{self._render(logger, name, event)}"
