"""The address of the HTTP port: bound before anything else, or just to see that it is free."""

from __future__ import annotations

import socket

from engine.errors import Misconfigured

ACCEPTED_MAX = 100


def listen(host: str, port: int) -> socket.socket:
    """Bind the address.

    Raises:
        Misconfigured: it cannot be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Inherited by accepted connections; the loop sets it only on sockets it made itself.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((host, port))
        # Two that start together may both bind; only one of them may listen.
        listener.listen(ACCEPTED_MAX)
    except OSError as error:
        listener.close()
        raise Misconfigured(
            f"[service] http: cannot listen on {host}:{port}: {error.strerror or error}",
            remedy="another program (or another wosync) uses the port: give this one its own"
            " in [service] http",
        ) from error
    return listener
