"""Standard output of one command: any encoding will do, and what it does not take is said once."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from engine.errors import EngineError
from engine.plain import plain_but_coloured


class OutputLost(EngineError):
    """Standard output takes no more: its disk is full, or its device fails."""


class ReaderGone(OutputLost):
    """Whoever read the output has seen enough: `wosync status | head -1`."""


def behind_the_log() -> None:
    """Have what was logged so far written, so that what is said now stands behind it."""
    # Most commands log nothing, and load nothing for it.
    if (logs := sys.modules.get("engine.logs")) is not None:
        logs.drain()


class _Output(io.TextIOWrapper):
    """A stream whose failure nobody takes for that of a file of ours, nor for a defect.

    `lost` is the failure, also for whoever comes after code that has swallowed it. `shared` says
    that the log goes to the same place, as it does on a terminal.
    """

    lost: OutputLost | None = None
    shared: bool = False

    def write(self, text: str) -> int:
        if self.shared:
            behind_the_log()
        try:
            # Whatever a command prints, and whoever wrote it: the last place before the terminal.
            return super().write(plain_but_coloured(text))
        except OSError as error:
            raise self._lose(error) from error

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            raise self._lose(error) from error

    def _lose(self, error: OSError) -> OutputLost:
        """Once is enough: what is left, and what still follows, goes nowhere."""
        with suppress(OSError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
        if isinstance(error, BrokenPipeError):
            self.lost = ReaderGone("nobody reads the output any more")
        else:
            self.lost = OutputLost(
                f"the output cannot be written: {error.strerror or error}",
                remedy="make room for it, or send it elsewhere; what the command has done is done",
            )
        return self.lost


@contextmanager
def guarded() -> Generator[None]:
    """Standard output for the block; a character that its encoding lacks is written as `\\u2192`.

    Raises:
        OutputLost: the output could not be written.
    """
    former: Any = sys.stdout
    with ExitStack() as left:
        # Closed by whoever started us, its place would be taken by the next file that is opened.
        stream = former or left.enter_context(Path(os.devnull).open("w", encoding="utf-8"))
        output = _Output(
            stream.buffer,
            encoding=stream.encoding,
            errors="backslashreplace",
            line_buffering=stream.line_buffering,
            write_through=stream.write_through,
        )
        with suppress(OSError, ValueError, AttributeError):
            output.shared = os.path.sameopenfile(output.fileno(), sys.stderr.fileno())
        sys.stdout = output
        try:
            yield
        finally:
            sys.stdout = former
            with suppress(OutputLost):
                output.flush()
            # Let go of before it would close the descriptor.
            output.detach()
            if output.lost is not None:
                raise output.lost
