"""Hosts on one network: each is a network namespace, whose ways to the others can be cut.

The kernel forgets what lay in a namespace. Those of a test process that was killed are taken away
by the next one, with all that still runs there.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

NAMES = Path("/run/netns")
PREFIX = "wosync-"
WIRE = "eth0"
# Addresses that were set aside for such tests (RFC 2544); the third number is the test process's.
ADDRESS = "198.18.{net}.{host}"
NETWORK = "198.18.0.0/16"
WATCHER, FIRST_HOST = 1, 11
_NET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def missing() -> str | None:
    """What there is not that this needs; None when nothing is missing."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    for program, package in (("ip", "iproute2"), ("nsenter", "util-linux")):
        if shutil.which(program) is None:
            return f"{program} not found; install the package {package} to run this"
    name = f"{PREFIX}{os.getpid()}-probe"
    tried = [
        ("netns", "add", name),
        ("-n", name, "link", "add", "name", "bridge", "type", "bridge"),
    ]
    try:
        for words in tried:
            ended = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
            if ended.returncode:
                return f"no network namespaces here: {ended.stderr.strip()}"
    finally:
        subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)
    return None


@dataclass(slots=True)
class Host:
    """A machine, as far as the network goes.

    Args:
        namespace: its name.
        port: the other end of its wire, in the bridge.
    """

    namespace: str
    address: str
    port: str
    bridge: str
    _routes: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]], init=False)

    @contextmanager
    def within(self) -> Generator[None]:
        """Sockets that this thread makes in the block, and processes, are on this host."""
        with ExitStack() as stack:
            before, there = (
                os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                for path in ("/proc/thread-self/ns/net", NAMES / self.namespace)
            )
            stack.callback(os.close, before)
            stack.callback(os.close, there)
            _enter(there)
            try:
                yield
            finally:
                _enter(before)

    def command(self, *words: str) -> list[str]:
        """A command line that is run on this host."""
        return ["nsenter", f"--net={NAMES / self.namespace}", "--", *words]

    def lose(self, other: Host, how: str = "blackhole") -> None:
        """Send nothing to the other host any more.

        Args:
            how: the kind of route: "blackhole" is silent for what is connected, "unreachable" and
                "prohibit" say so.
        """
        self._routes.add((how, other.address))
        _ip("-n", self.namespace, "route", "add", how, other.address)

    def find(self, other: Host) -> None:
        """Send to the other host again."""
        for how, address in [one for one in self._routes if one[1] == other.address]:
            _ip("-n", self.namespace, "route", "del", how, address)
            self._routes.discard((how, address))

    def unplug(self, *, noticed: bool) -> None:
        """Pull the wire.

        Args:
            noticed: by the host itself; else something on the way is broken.
        """
        where, wire = (self.namespace, WIRE) if noticed else (self.bridge, self.port)
        _ip("-n", where, "link", "set", "dev", wire, "down")

    def plug(self) -> None:
        """Put it back."""
        _ip("-n", self.namespace, "link", "set", "dev", WIRE, "up")
        _ip("-n", self.bridge, "link", "set", "dev", self.port, "up")


@contextmanager
def network(names: Sequence[str]) -> Generator[list[Host]]:
    """Hosts that reach each other, and are reached from here."""
    forget_those_of_the_dead()
    mine = f"{PREFIX}{os.getpid()}"
    net = os.getpid() % 256
    bridge = f"{mine}-bridge"
    with ExitStack() as stack:
        for name in (bridge, *(f"{mine}-{name}" for name in names)):
            _ip("netns", "add", name)
            stack.callback(_ip, "netns", "delete", name)
            _ip("-n", name, "link", "set", "lo", "up")
        _ip("-n", bridge, "link", "add", "name", "bridge", "type", "bridge")
        _ip("-n", bridge, "link", "set", "bridge", "up")
        hosts = [
            Host(f"{mine}-{name}", ADDRESS.format(net=net, host=FIRST_HOST + place), name, bridge)
            for place, name in enumerate(names)
        ]
        for host in hosts:
            _wire(host.port, host.namespace, WIRE, host.address, bridge)
        here = f"wosync{os.getpid()}"
        _wire("watcher", None, here, ADDRESS.format(net=net, host=WATCHER), bridge)
        # At once: the kernel takes its time with a namespace, and the name may be wanted again.
        stack.callback(_ip, "link", "delete", "dev", here)
        yield hosts


def forget_those_of_the_dead() -> None:
    """Take away what test processes left that were killed."""
    for path in NAMES.glob(f"{PREFIX}*-*"):
        process = path.name.removeprefix(PREFIX).split("-")[0]
        if not Path("/proc", process).exists():
            for left in _ip("netns", "pids", path.name).split():
                with suppress(ProcessLookupError):
                    os.kill(int(left), signal.SIGKILL)
            _ip("netns", "delete", path.name)


def _wire(port: str, namespace: str | None, name: str, address: str, bridge: str) -> None:
    """A wire from the bridge to a namespace; None for the one we are in."""
    # A process id names the namespace of a process.
    there = namespace or str(os.getpid())
    here = () if namespace is None else ("-n", namespace)
    wire = ("name", port, "type", "veth", "peer", "name", name, "netns", there)
    _ip("-n", bridge, "link", "add", *wire)
    _ip("-n", bridge, "link", "set", "dev", port, "master", "bridge", "up")
    _ip(*here, "address", "add", f"{address}/24", "dev", name)
    _ip(*here, "link", "set", "dev", name, "up")


def _enter(namespace: int) -> None:
    if _libc.setns(namespace, _NET):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def _ip(*words: str) -> str:
    ended = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(f"ip {' '.join(words)}: {ended.stderr.strip()}")
    return ended.stdout
