"""A process that has imported everything and becomes, forked, whatever command is asked for.

Commands are run here by the hundred, and most of what one costs is what each of them imports, and
how a state comes about. Only that is spared: a command has a process, descriptors, a directory and
an environment of its own, and ends as the interpreter ends. That a start works from nothing is what
tests of the service show.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from selectors import EVENT_READ, DefaultSelector
from typing import NoReturn, TypedDict

import engine.cli
from engine.__main__ import main
from engine.config.loading import installed_connectors
from tests import fresh

ROOT = Path(__file__).resolve().parents[2]
REQUEST_MAX = 1 << 17
PIECE = 1 << 16

Done = tuple[int, str, str]
"""(exit code, standard output, standard error)"""


class Asked(TypedDict):
    """A command line, and where it is typed."""

    words: list[str]
    directory: str
    environment: dict[str, str]
    session: bool


def run(
    words: Sequence[str],
    directory: Path,
    environment: Mapping[str, str],
    *,
    together: bool = False,
) -> Done:
    """The exit code of a command, and what it wrote; its standard input is empty.

    Args:
        together: what it writes to standard error arrives among the rest, as in a terminal.
    """
    with _pipe() as out, _pipe() as err, _pipe() as ended:
        nothing = os.open(os.devnull, os.O_RDONLY)
        streams = [nothing, out[1], out[1] if together else err[1]]
        begin(words, directory, environment, [*streams, ended[1]])
        for descriptor in (nothing, out[1], err[1], ended[1]):
            os.close(descriptor)
        shown, told, how = _read_all([out[0], err[0], ended[0]])
    _, code = how.split()
    return int(code), shown.decode(), told.decode()


def begin(
    words: Sequence[str],
    directory: Path,
    environment: Mapping[str, str],
    theirs: Sequence[int],
    *,
    session: bool = False,
) -> None:
    """Start a command.

    Args:
        theirs: its three streams, and where its process id is told at once and, after its end, its
            exit code, each on a line of its own.
        session: it leads a session of its own.
    """
    asked = Asked(
        words=[*words],
        directory=str(directory),
        environment={**environment},
        session=session,
    )
    socket.send_fds(_warm(), [json.dumps(asked).encode()], theirs)


def descriptor() -> int:
    """The way to the warm process, for `program`."""
    return _warm().fileno()


@contextmanager
def _pipe() -> Generator[tuple[int, int]]:
    reader, writer = os.pipe()
    try:
        yield reader, writer
    finally:
        os.close(reader)


def _read_all(readers: Sequence[int]) -> list[bytes]:
    read = dict.fromkeys(readers, b"")
    with DefaultSelector() as selector:
        for one in readers:
            selector.register(one, EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                piece = os.read(key.fd, PIECE)
                read[key.fd] += piece
                if not piece:
                    selector.unregister(key.fd)
    return [read[one] for one in readers]


@cache
def _warm() -> socket.socket:
    """The one process of this test process; it ends with it."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.end_to_end.warm", str(its.fileno())],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        pass_fds=[its.fileno()],
    )
    its.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def serve(asked: socket.socket) -> list[str] | None:
    """Become one command after the other; in the process of a command, what it is called with."""
    while True:
        request, given, _, _ = socket.recv_fds(asked, REQUEST_MAX, 4)
        if not request:
            return None
        if os.fork() == 0:
            asked.close()
            return _forked(json.loads(request), given)
        for descriptor in given:
            os.close(descriptor)


def _forked(request: Asked, given: list[int]) -> list[str]:
    """Two processes: one waits for the command and tells how it ended, the other becomes it."""
    *streams, ended = given
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child:
        for descriptor in (0, 1, 2, *streams):
            os.close(descriptor)
        os.write(ended, f"{child}\n".encode())
        _, status = os.waitpid(child, 0)
        os.write(ended, f"{os.waitstatus_to_exitcode(status)}\n".encode())
        os._exit(0)
    os.close(ended)
    if request["session"]:
        os.setsid()
    for place, descriptor in enumerate(streams):
        os.dup2(descriptor, place)
        os.close(descriptor)
    os.chdir(request["directory"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    # Those of before were for other descriptors.
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stdout.reconfigure(line_buffering="PYTHONUNBUFFERED" in os.environ or sys.stdout.isatty())
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
    return request["words"]


def become(command: Callable[[], None]) -> int:
    """Carry out the command; returns its exit code.

    Raises:
        SystemExit: it ends with more than a code, or while something of it still runs.
    """
    code: object = 0
    try:
        command()
    except SystemExit as ended:
        code = ended.code or 0
    if not isinstance(code, int) or threading.active_count() > 1:
        raise SystemExit(code)
    return code


def end(code: int) -> NoReturn:
    """End as the interpreter ends, but for taking apart every module that was imported: that costs
    more than most commands do. What nobody holds any more has its last word all the same.
    """
    atexit._run_exitfuncs()  # pyright: ignore[reportPrivateUsage]
    gc.collect()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        sys.exit(code)
    os._exit(code)


def import_everything() -> None:
    """What any command may import."""
    for module in iter_modules(engine.cli.__path__, "engine.cli."):
        import_module(module.name)
    installed_connectors()
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    import_everything()
    fresh.ready()
    # Nobody need wait for those who wait for commands.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    words = serve(socket.socket(fileno=int(sys.argv[1])))
    if words is not None:
        sys.argv = ["wosync", *words]
        with fresh.copied():
            end(become(main))
