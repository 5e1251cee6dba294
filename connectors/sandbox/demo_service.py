"""The real service as a child of the demo: started, watched, and never left behind."""

import os
import subprocess
import sys
from collections import deque
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import httpx

from connectors.sandbox.settings_file import SettingsFile

LOG_NAME = "service.log"

_STOP_S = 10.0
_LOG_LINES = 8
# What a program needs to run here; everything else may hold a secret or a setting of ours.
_ENVIRONMENT = (
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "PATH",
    "PYTHONPATH",
    "SYSTEMROOT",
    "TMPDIR",
    "TZ",
    "VIRTUAL_ENV",
)


class DemoFailed(Exception):
    """The demo cannot go on; the text is for the person watching."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record in error: its reference, the Outreach field at fault if there is one, the reason."""

    ref: str
    field: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Look:
    """What the service says about itself at one moment.

    `counted` are opportunities whose change waits until it is known how many others change with
    it; those that wait for an approval are not among them. `to_relate` are opportunities whose
    people may not be related yet; `refusals` concern opportunities and people.
    """

    ready: bool
    reason: str | None
    captured: int
    pending: int
    counted: int
    linked: int
    in_doubt: int
    outbox: int
    workbooks_requests: int
    outreach_requests: int
    in_error: int
    to_relate: int
    people_in_error: int
    refusals: tuple[Refusal, ...]

    @property
    def at_rest(self) -> bool:
        """Nothing is on its way."""
        on_its_way = self.pending or self.counted or self.to_relate or self.outbox
        return self.ready and self.captured > 0 and not on_its_way


def read_look(document: Mapping[str, Any]) -> Look:
    """A look out of the service's `/status`.

    Raises:
        KeyError: a member is missing.
    """
    records, people, requests = document["records"], document["people"], document["requests"]
    approval = document["approval"]
    refusals = (Refusal(one["ref"], one["field"], one["reason"]) for one in document["refused"])
    return Look(
        ready=document["ready"],
        reason=document["reason"],
        captured=document["captured"],
        pending=records["pending"],
        counted=0 if approval["needed"] else approval["records"],
        linked=records["linked"],
        in_doubt=records["in_doubt"],
        outbox=document["outbox"],
        workbooks_requests=requests["workbooks"],
        outreach_requests=requests["outreach"],
        in_error=records["refused"],
        to_relate=people["pending"],
        people_in_error=people["refused"],
        refusals=tuple(refusals),
    )


@dataclass(frozen=True, slots=True)
class Service:
    """The running child and a way to ask it."""

    process: anyio.abc.Process
    http: httpx.AsyncClient
    log_path: Path

    async def look(self) -> Look | None:
        """What it says now; None while its port does not answer yet.

        Raises:
            DemoFailed: it has ended.
        """
        if self.process.returncode is not None:
            raise DemoFailed(
                f"The service ended by itself with exit code {self.process.returncode}."
                f"{self.log_end()}"
            )
        try:
            response = await self.http.get("/status")
        except httpx.TransportError:
            return None
        return read_look(response.json()) if response.status_code == 200 else None

    def log_end(self) -> str:
        """The last lines of its log, ready to follow a sentence."""
        with self.log_path.open(encoding="utf-8", errors="replace") as log:
            lines = deque((line.rstrip() for line in log), maxlen=_LOG_LINES)
        if not lines:
            return " Its log is empty."
        return "\nThe end of its log:\n  " + "\n  ".join(lines)


def service_command(config: Path) -> list[str]:
    """The command line of the real service, run by this very interpreter."""
    return [sys.executable, "-m", "engine", "run", "--config", str(config)]


@asynccontextmanager
async def running_service(
    settings: SettingsFile, command: Sequence[str] | None = None
) -> AsyncGenerator[Service]:
    """Run the service for the block; it has ended when the block is left, however that happens.

    It has a session of its own, so that Ctrl-C reaches the demo alone, which then ends it in order.
    """
    log_path = settings.path.with_name(LOG_NAME)
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    # One that was killed is started again; what it said before stays.
    with log_path.open("ab") as log:
        process = await anyio.open_process(
            command or service_command(settings.path),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
    try:
        # A proxy of the environment would be asked for loopback addresses too.
        async with httpx.AsyncClient(base_url=settings.service_url, trust_env=False) as http:
            yield Service(process, http, log_path)
    finally:
        with anyio.CancelScope(shield=True):
            await _end(process)


async def _end(process: anyio.abc.Process) -> None:
    if process.returncode is None:
        process.terminate()
        with anyio.move_on_after(_STOP_S):
            await process.wait()
    if process.returncode is None:
        process.kill()
        await process.wait()
    await process.aclose()
