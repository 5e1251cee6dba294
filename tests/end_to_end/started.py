"""A command or a service that runs beside the test, started from the warm process."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from signal import pidfd_send_signal
from typing import IO

import anyio
import anyio.abc

from tests.end_to_end import warm

PIECE = 1 << 16

Stream = int | IO[bytes]
"""A descriptor, an open file, `subprocess.PIPE` or `subprocess.DEVNULL`."""


@dataclass(slots=True, eq=False)
class Reading(anyio.abc.ByteReceiveStream):
    """What a command writes."""

    descriptor: int

    async def receive(self, max_bytes: int = PIECE) -> bytes:
        """The next piece, once there is one.

        Raises:
            anyio.EndOfStream: nobody can write any more.
        """
        await anyio.wait_readable(self.descriptor)
        piece = os.read(self.descriptor, max_bytes)
        if not piece:
            raise anyio.EndOfStream
        return piece

    async def aclose(self) -> None:
        """Read no more."""
        _close(self)


@dataclass(slots=True, eq=False)
class Writing(anyio.abc.ByteSendStream):
    """What a command is told."""

    descriptor: int

    async def send(self, item: bytes) -> None:
        """Write it all."""
        while item:
            await anyio.wait_writable(self.descriptor)
            item = item[os.write(self.descriptor, item) :]

    async def aclose(self) -> None:
        """Let the command see the end."""
        _close(self)


def _close(stream: Reading | Writing) -> None:
    if stream.descriptor >= 0:
        anyio.notify_closing(stream.descriptor)
        os.close(stream.descriptor)
        stream.descriptor = -1


@dataclass(slots=True, eq=False)
class Command(anyio.abc.Process):
    """A process of its own; nobody else may collect how it ended."""

    _pid: int
    _handle: int | None
    _ending: int
    _stdin: Writing | None
    _stdout: Reading | None
    _stderr: Reading | None
    _code: int | None = field(default=None, init=False)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._pid

    @property
    def returncode(self) -> int | None:
        """The exit code, or minus the number of the signal that killed it; None while it runs."""
        if self._code is None:
            self._look()
        return self._code

    @property
    def stdin(self) -> Writing | None:
        """Its standard input, if that is a pipe."""
        return self._stdin

    @property
    def stdout(self) -> Reading | None:
        """Its standard output, if that is a pipe."""
        return self._stdout

    @property
    def stderr(self) -> Reading | None:
        """Its standard error, if that is a pipe."""
        return self._stderr

    async def wait(self) -> int:
        """Its exit code, once it has ended."""
        while (code := self.returncode) is None:
            await anyio.wait_readable(self._ending)
        return code

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)

    def send_signal(self, signal: signal.Signals) -> None:
        """Send this one; one that has ended hears nothing, whether or not its end is told yet."""
        if self._handle is not None:
            with contextlib.suppress(ProcessLookupError):
                pidfd_send_signal(self._handle, signal)

    async def aclose(self) -> None:
        """Close its streams, and see it to its end."""
        with anyio.CancelScope(shield=True):
            for stream in (self._stdin, self._stdout, self._stderr):
                if stream is not None:
                    await stream.aclose()
        try:
            await self.wait()
        except BaseException:
            self.kill()
            with anyio.CancelScope(shield=True):
                await self.wait()
            raise
        finally:
            os.close(self._ending)
            if self._handle is not None:
                os.close(self._handle)

    def _look(self) -> None:
        try:
            told = os.read(self._ending, PIECE)
        except BlockingIOError:
            return
        self._code = int(told)


async def start(
    *words: str,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    stdin: Stream = subprocess.DEVNULL,
    stdout: Stream = subprocess.DEVNULL,
    stderr: Stream = subprocess.DEVNULL,
    session: bool = False,
) -> Command:
    """`wosync` with these words; see `anyio.open_process`."""
    ending, ended = os.pipe()
    keyboard, ours = _end_of(stdin, os.O_RDONLY)
    screen, shown = _end_of(stdout, os.O_WRONLY)
    errors, told = _end_of(stderr, os.O_WRONLY)
    theirs = [keyboard, screen, errors, ended]
    warm.begin(words, cwd, os.environ if env is None else env, theirs, session=session)
    for descriptor in theirs:
        os.close(descriptor)
    pid = await anyio.to_thread.run_sync(_pid_told, ending)
    os.set_blocking(ending, False)
    return Command(
        pid,
        _handle_of(pid),
        ending,
        None if ours is None else Writing(ours),
        None if shown is None else Reading(shown),
        None if told is None else Reading(told),
    )


def _end_of(stream: Stream, mode: int) -> tuple[int, int | None]:
    """The command's descriptor, and that of the test where the stream is a pipe."""
    if stream == subprocess.DEVNULL:
        return os.open(os.devnull, mode), None
    if stream == subprocess.PIPE:
        reader, writer = os.pipe()
        return (reader, writer) if mode == os.O_RDONLY else (writer, reader)
    return os.dup(stream if isinstance(stream, int) else stream.fileno()), None


def _pid_told(ending: int) -> int:
    line = b""
    # One at a time: what stands behind it is how the command ended.
    while not line.endswith(b"\n"):
        line += os.read(ending, 1)
    return int(line)


def _handle_of(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None
