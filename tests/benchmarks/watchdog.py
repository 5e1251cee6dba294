"""Watchdog: how long a frozen actor goes unnoticed, told by the supervisor's socket.

Every actor that has something to do freezes in a service that works, each for itself; found is an
actor with the first `WATCHDOG=trigger` whose status names it.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import subprocess
import time
from collections.abc import Generator
from pathlib import Path

from engine.flow.worktime import STALL_S
from engine.service.supervision import CHECK_EVERY_S, STALLED_CHECKS
from tests.benchmarks.report import Figure
from tests.benchmarks.stage import BenchmarkFailed, Scene, pipe, stage

FOUND_S_MAX = 30.0
# In this order: whom the last ones feed must have something to do when it is their turn.
FREEZES = {
    "write_back": "engine.actors.write_back:WriteBacks.step",
    "opportunity_syncer": "engine.actors.opportunity_syncer:OpportunitySyncer.step",
    "fuse_keeper": "engine.actors.fuse_keeper:FuseKeeper.step",
    "poller": "engine.actors.poller:Poller.step",
    "dispatcher": "engine.actors.dispatcher:Dispatcher.step",
}
FROZEN = ("-m", "tests.benchmarks.frozen", "run")
INTERVAL_S = 1.0
LATENCY_S = 0.2
PATIENCE_S = 60.0
DATAGRAM_MAX = 4096
_STALLED = re.compile(r"^STATUS=stalled: (.+)$", re.MULTILINE)


def measure(rows: int) -> list[Figure]:
    """Freeze every actor of a service that has so many records to create."""
    with stage(Scene(rows=rows, latency_s=LATENCY_S, interval_s=INTERVAL_S)) as set_up:
        address = set_up.directory / "notify"
        with (
            _ear(address) as ear,
            set_up.running(FROZEN, talks=True, NOTIFY_SOCKET=str(address)) as process,
        ):
            set_up.wait_until(lambda: set_up.ledger()["creates"] > 0, "creates", PATIENCE_S)
            frozen_at = _freeze(process)
            found_at = _found(ear)
    took = {name: found_at[name] - frozen_at[name] for name in FREEZES}
    bound_s = STALL_S + STALLED_CHECKS * CHECK_EVERY_S
    return [
        Figure(f"found_{name}", f"until a frozen {name} is found", took_s, "s", FOUND_S_MAX)
        for name, took_s in took.items()
    ] + [Figure("bound", "by the thresholds, at most", bound_s, "s", at_most=FOUND_S_MAX)]


@contextlib.contextmanager
def _ear(address: Path) -> Generator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(address))
        yield ear


def _freeze(process: subprocess.Popen[bytes]) -> dict[str, float]:
    """Freeze one after the other; when each of them froze, on the machine's monotonic clock."""
    frozen_at: dict[str, float] = {}
    for name, place in FREEZES.items():
        pipe(process.stdin).write(f"{name} {place}\n".encode())
        pipe(process.stdin).flush()
        frozen_at.update(json.loads(pipe(process.stdout).readline()))
    return frozen_at


def _found(ear: socket.socket) -> dict[str, float]:
    """When each was found, on the same clock."""
    found_at: dict[str, float] = {}
    ear.settimeout(PATIENCE_S)
    give_up_at = time.monotonic() + PATIENCE_S
    while found_at.keys() < FREEZES.keys():
        if time.monotonic() > give_up_at:
            missing = ", ".join(FREEZES.keys() - found_at.keys())
            raise BenchmarkFailed(f"not found within {PATIENCE_S:g} s: {missing}")
        said = ear.recv(DATAGRAM_MAX).decode()
        for names in _STALLED.findall(said) if "WATCHDOG=trigger" in said else ():
            for name in names.split(", "):
                found_at.setdefault(name, time.monotonic())
    return found_at
