"""Two processes of the real service on one state: who works, who stands by, and who was killed."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import httpx

from connectors.sandbox.demo_database import Database
from connectors.sandbox.demo_service import DemoFailed, Look, Service, read_look, running_service
from connectors.sandbox.sandbox import Addresses, Credentials
from connectors.sandbox.settings_file import SettingsFile, prepared, write_settings

NAMES = ("one", "two")
SCHEMA = "wosync"


class Part(StrEnum):
    """What a process does, as far as one sees."""

    STARTS = "starts"
    LEADS = "leads"
    STANDS_BY = "stands by"
    KILLED = "killed"
    STOPPED = "stopped"


@dataclass(slots=True)
class Member:
    """One of the processes, as if on a machine of its own.

    Args:
        command: replaces the service's own command line.
    """

    name: str
    settings: SettingsFile
    command: Sequence[str] | None = None
    part: Part = Part.STARTS
    look: Look | None = None
    """What it says of its work; None of one that does none."""
    _service: Service | None = None
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def pid(self) -> int:
        """Its process id; 0 for none."""
        return 0 if self._service is None else self._service.process.pid

    async def start(self) -> None:
        """Start it, and do not wait."""
        starting = running_service(self.settings, self.command)
        self._service = await self._stack.enter_async_context(starting)
        self.part = Part.STARTS

    async def ask(self) -> None:
        """Hear what it does now.

        Raises:
            DemoFailed: it has ended, and nobody has ended it.
        """
        service = self._service
        if service is None:
            return
        if service.process.returncode is not None:
            raise DemoFailed(
                f"Process {self.name} ended by itself with exit code {service.process.returncode}."
                f"{service.log_end()}"
            )
        self.look = None
        try:
            answer = await service.http.get("/status")
            leads = await service.http.get("/leaderz")
        except httpx.TransportError:
            return
        if not answer.is_success:
            return
        document: Mapping[str, Any] = answer.json()
        if document.get("standby"):
            self.part = Part.STANDS_BY
        elif leads.is_success:
            self.part, self.look = Part.LEADS, read_look(document)

    async def kill(self) -> None:
        """End it by SIGKILL, which no process notices."""
        if self._service is not None:
            self._service.process.kill()
        await self._ended(Part.KILLED)

    async def stop(self) -> None:
        """Tell it to stop, and wait until it has."""
        if self._service is not None:
            self._service.process.terminate()
        await self._ended(Part.STOPPED)

    def tell_to_stop(self) -> None:
        """The same without waiting."""
        if self._service is not None and self._service.process.returncode is None:
            self._service.process.terminate()

    def log_end(self) -> str:
        """See `Service.log_end`."""
        return "" if self._service is None else self._service.log_end()

    async def close(self) -> None:
        """See it to its end."""
        await self._stack.aclose()

    async def _ended(self, part: Part) -> None:
        service, self._service = self._service, None
        self.part, self.look = part, None
        if service is not None:
            await service.process.wait()
        await self._stack.aclose()


@dataclass(slots=True)
class Pair:
    """Both of them, and the database with their state."""

    members: Sequence[Member]
    database: Database

    async def ask(self) -> None:
        """Hear what each does now.

        Raises:
            DemoFailed: see `Member.ask`.
        """
        for member in self.members:
            await member.ask()

    @property
    def leader(self) -> Member | None:
        """Who leads, by its own word."""
        return next((one for one in self.members if one.part is Part.LEADS), None)

    @property
    def look(self) -> Look | None:
        """What the leader says of the work."""
        return None if self.leader is None else self.leader.look

    async def lease_number(self) -> int:
        """The number under which whoever leads writes, as the database has it."""
        return await anyio.to_thread.run_sync(_lease_number, self.database.address)


def _lease_number(address: str) -> int:
    import psycopg
    from psycopg import sql

    asked = sql.SQL("SELECT number FROM {}.leader").format(sql.Identifier(SCHEMA))
    with psycopg.connect(address) as connection:
        row = connection.execute(asked).fetchone()
    if row is None:
        raise DemoFailed("The database does not know who leads.")
    return int(row[0])


@asynccontextmanager
async def pair(
    home: Path,
    addresses: Addresses,
    credentials: Credentials,
    database: Database,
    command: Sequence[str] | None = None,
) -> AsyncGenerator[Pair]:
    """Both, configured and not started; they have ended when the block is left.

    Raises:
        FileExistsError, OSError: see `prepared`.
    """
    shared = {"state": database.address, "state_schema": SCHEMA}
    members = [
        Member(
            name,
            write_settings(prepared(home / name), addresses, credentials, in_service=shared),
            command,
        )
        for name in NAMES
    ]
    try:
        yield Pair(members, database)
    finally:
        # All at once: one that only stands by would take over from the other.
        for member in members:
            member.tell_to_stop()
        with anyio.CancelScope(shield=True):
            for member in members:
                await member.close()
