"""The supervisor's ear: what the service tells systemd, one datagram at a time (sd_notify).

Without $NOTIFY_SOCKET there is nobody to tell and nothing happens, so the same code runs in a
terminal. Telling never blocks and never fails the service.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass, field

import anyio
import structlog

# A datagram must stay small; a status is one line of a screen.
STATUS_CHARS_MAX = 300
_MICROSECONDS = 1_000_000

log = structlog.get_logger(component="notify")


@dataclass(slots=True)
class Notifier:
    """Sends states to the socket of this address; None for nobody.

    Args:
        watchdog_s: how often at least it must be told that the service is alive; None for never.
    """

    address: str | None
    watchdog_s: float | None = None
    told_ready: bool = field(default=False, init=False)
    _failed: bool = field(default=False, init=False)

    @classmethod
    def from_environment(cls) -> Notifier:
        """Whoever started us says where to, and how often."""
        return cls(os.environ.get("NOTIFY_SOCKET"), _watchdog_s())

    def ready(self, status: str) -> None:
        """Start-up, or a reload, is over."""
        self.told_ready = True
        self._send("READY=1", _status(status))

    def status(self, status: str) -> None:
        """One line for `systemctl status`."""
        self._send(_status(status))

    def alive(self) -> None:
        """Every actor makes progress, or has nothing to do."""
        self._send("WATCHDOG=1")

    def stalled(self, status: str) -> None:
        """Somebody does not: restart us."""
        self._send("WATCHDOG=trigger", _status(status))

    def reloading(self) -> None:
        """A reload has begun; `ready` ends it. The time is CLOCK_MONOTONIC, in microseconds."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={int(anyio.current_time() * _MICROSECONDS)}")

    def stopping(self, status: str) -> None:
        """The service drains."""
        self._send("STOPPING=1", _status(status))

    def extend(self, seconds: float) -> None:
        """Whatever is under way, starting or stopping, may take so much longer from now on."""
        self._send(f"EXTEND_TIMEOUT_USEC={int(seconds * _MICROSECONDS)}")

    def _send(self, *states: str) -> None:
        # Of an abstract socket the first character stands for a NUL; anything else is no address.
        if not self.address or self.address[0] not in "@/":
            return
        address = f"\0{self.address[1:]}" if self.address[0] == "@" else self.address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as ear:
                ear.setblocking(False)
                ear.sendto("\n".join(states).encode(errors="replace"), address)
        except OSError as error:
            if not self._failed:
                log.warning("supervisor_not_told", reason=error.strerror or str(error))
            self._failed = True


def _watchdog_s() -> float | None:
    # Meant for another process when it names one (sd_watchdog_enabled).
    if os.environ.get("WATCHDOG_PID") not in (None, str(os.getpid())):
        return None
    given = os.environ.get("WATCHDOG_USEC", "")
    period_s = int(given) / _MICROSECONDS if given.isascii() and given.isdigit() else 0.0
    return period_s or None


def _status(text: str) -> str:
    return f"STATUS={' '.join(text.split())[:STATUS_CHARS_MAX]}"
