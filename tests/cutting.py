"""A way to PostgreSQL that can be cut: what is sent passes, until a test says otherwise."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

SOCKET = ".s.PGSQL.5432"
CHUNK = 65_536


class Way:
    """Forwards connections to a socket; each message of a client may be the last that passes.

    Args:
        cut_behind: bytes to which no answer comes back, once: the connection is cut.
        cut_before: the same for bytes that do not pass.
        hold_before: bytes that wait, once, with all that clients send from then on.
        closed: nobody gets in, and who is in is cut off.
    """

    def __init__(self, here: Path, there: Path) -> None:
        self.cut_behind: bytes | None = None
        self.cut_before: bytes | None = None
        self.hold_before: bytes | None = None
        self.cuts = 0
        self._closed = False
        self._flows = threading.Event()
        self._flows.set()
        self._there = there
        self._open: list[socket.socket] = []
        self._unheard = set[socket.socket]()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(here))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Let nobody through any more."""
        self._closed = True
        self._flows.set()
        for one in list(self._open):
            self._cut(one)

    def hold(self) -> None:
        """What clients send waits, as when their process stands still."""
        self._flows.clear()

    def release(self) -> None:
        """What waited arrives."""
        self.hold_before = None
        self._flows.set()

    def open(self) -> None:
        """Let everybody through again."""
        self._closed = False

    def end(self) -> None:
        """Close it for good."""
        self.close()
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self._closed:
                    client.close()
                    continue
                server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                server.connect(str(self._there))
                self._open += [client, server]
                threading.Thread(target=self._forth, args=(client, server), daemon=True).start()
                threading.Thread(target=self._back, args=(server, client), daemon=True).start()

    def _forth(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(CHUNK):
                if self.cut_before is not None and self.cut_before in data:
                    self.cut_before = None
                    self.cuts += 1
                    break
                if self.hold_before is not None and self.hold_before in data:
                    self.hold_before = None
                    self.hold()
                self._flows.wait()
                if self.cut_behind is not None and self.cut_behind in data:
                    self.cut_behind = None
                    self._unheard.add(server)
                server.sendall(data)
        self._cut(client)
        self._cut(server)

    def _back(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(CHUNK):
                if server in self._unheard:
                    self.cuts += 1
                    break
                client.sendall(data)
        self._cut(client)
        self._cut(server)

    @staticmethod
    def _cut(one: socket.socket) -> None:
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()


@contextmanager
def way_to(server: str, directory: Path) -> Generator[tuple[Way, str]]:
    """A way to the server of a connection string that names a directory of sockets.

    Yields it with the connection string of those who take it.
    """
    host = dict(part.split("=", 1) for part in server.split())["host"]
    directory.mkdir(parents=True, exist_ok=True)
    way = Way(directory / SOCKET, Path(host) / SOCKET)
    try:
        yield way, server.replace(f"host={host}", f"host={directory}")
    finally:
        way.end()
