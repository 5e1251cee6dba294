"""A person at a terminal: a pseudo-terminal with a command in it, read and typed at."""

from __future__ import annotations

import os
import pty
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import anyio.abc

from tests.end_to_end import started
from tests.end_to_end.test_cli_errors import DEADLINE_S, ROOT


@dataclass(slots=True)
class Screen:
    """What the command has written so far, and a keyboard."""

    master: int
    process: anyio.abc.Process
    shown: str = ""
    _seen: int = field(default=0, init=False)

    async def until(self, words: str) -> str:
        """Wait for these words, behind those that were waited for before; returns what came."""
        with anyio.move_on_after(DEADLINE_S):
            while words not in self.shown[self._seen :]:
                if not await self._read():
                    break
        assert words in self.shown[self._seen :], f"{words!r} was never shown:\n{self.shown}"
        at = self.shown.index(words, self._seen) + len(words)
        came, self._seen = self.shown[self._seen : at], at
        return came

    def types(self, text: str = "") -> None:
        """Type a line."""
        os.write(self.master, f"{text}\n".encode())

    def interrupts(self) -> None:
        """Interrupt it at a question, and press Enter.

        The interpreter may be between writing its question and waiting for the keyboard: then it
        acts on a signal only once a line has come, as when somebody's Ctrl-C seems to do nothing.
        """
        self.process.send_signal(signal.SIGINT)
        self.types()

    async def answers(self, *turns: tuple[str, str]) -> None:
        """Wait for each question, and type its answer."""
        for words, text in turns:
            await self.until(words)
            self.types(text)

    async def ended(self) -> int:
        """The exit code, once everything has been read."""
        with anyio.fail_after(DEADLINE_S):
            while await self._read():
                pass
            return await self.process.wait()

    async def _read(self) -> bool:
        await anyio.wait_readable(self.master)
        try:
            part = os.read(self.master, 65_536)
        except OSError:
            # Nobody holds the other end any more.
            return False
        self.shown += part.decode(errors="replace")
        return bool(part)


@asynccontextmanager
async def typing(directory: Path, *arguments: str, columns: int = 200) -> AsyncGenerator[Screen]:
    """A command in a terminal.

    Args:
        columns: how wide it is.
    """
    master, slave = pty.openpty()
    try:
        process = await started.start(
            *arguments,
            cwd=directory,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            session=True,
            # So that what is typed at it, Ctrl-C included, reaches it.
            env={**os.environ, "PYTHONPATH": ROOT, "COLUMNS": str(columns), "TERM": "xterm"},
        )
        os.close(slave)
        async with process:
            try:
                yield Screen(master, process)
            finally:
                if process.returncode is None:
                    process.kill()
    finally:
        os.close(master)
