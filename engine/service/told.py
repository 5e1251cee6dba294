"""What the process is told by signals, from its first moment on: whoever is at work heeds it.

One receiver for all of them. Between two there would be a moment without any, as when a process
that stood by goes on to work: a signal that came then would end it in the middle of what it does.
"""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from contextlib import ExitStack
from types import TracebackType
from typing import Self

import anyio

_HEEDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Told:
    """The signals that came and that nobody has heeded yet; to be asked by one at a time."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._received: AsyncIterator[signal.Signals] | None = None

    def __enter__(self) -> Self:
        self._received = self._open.enter_context(anyio.open_signal_receiver(*_HEEDED))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.no_more()

    def __aiter__(self) -> AsyncIterator[signal.Signals]:
        if self._received is None:
            raise RuntimeError("signals are asked for before they are received")
        return self._received

    def no_more(self) -> None:
        """From now on a signal to stop ends the process at once, and a reload comes too late."""
        self._open.close()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
