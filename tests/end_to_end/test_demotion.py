"""A primary that is made a replica under a service, and is promoted again."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import psycopg
import pytest

from connectors.sandbox.sandbox import Ports, Sandbox
from engine.errors import LeaseLost
from engine.store.postgres.database import Database
from engine.store.postgres.place import StateDatabase
from tests import postgres as its_server
from tests.end_to_end.few import few
from tests.end_to_end.members import OK, Member, until
from tests.end_to_end.test_cli_errors import STATE, paragraph, wosync
from tests.end_to_end.test_kills import configured
from tests.scratch import scratch
from tests.waiting import DEADLINE_S

pytestmark = pytest.mark.anyio

SETTINGS = its_server.SETTINGS | {"wal_level": "replica", "synchronous_commit": "on"}
LOOK_S = 0.05
# A lease that ends while the database is away, and one that lasts longer than the test.
SHORT_S, LONG_S = 2.0, 300.0
# In which it is renewed a few times before it would end.
LEASE_S = 12.0


@dataclass(slots=True)
class Pair:
    """A server that is primary or replica, as it is told."""

    home: Path
    how: dict[str, Any]
    running: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """As a configuration names it."""
        return f"postgresql:///postgres?host={self.home}&user={its_server.USER}"

    async def start(self) -> None:
        """Start it as what it was last."""
        self.running = its_server.begun(self.home, self.how, SETTINGS)
        with anyio.fail_after(DEADLINE_S):
            while True:
                with suppress(psycopg.OperationalError):
                    psycopg.connect(self.address).close()
                    return
                await anyio.sleep(LOOK_S)

    def stop(self) -> None:
        """Stop it."""
        if self.running is not None:
            self.running.send_signal(signal.SIGINT)
            self.running.wait()
            self.running = None

    async def demote(self) -> None:
        """Make it a replica, which waits for what a primary would send."""
        self.stop()
        (self.home / "data" / "standby.signal").touch()
        await self.start()

    def promote(self) -> None:
        """Make it a primary again."""
        with psycopg.connect(self.address) as connection:
            assert connection.execute("SELECT pg_promote()").fetchone() == (True,)


@pytest.fixture
def pair(postgres: str) -> Generator[Pair]:
    """A server of this test's own, not started yet; where there can be one."""
    home = Path(tempfile.mkdtemp(prefix="wosync-postgres-", dir=scratch()))
    try:
        made = Pair(home, its_server.made(home))
        try:
            yield made
        finally:
            made.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


@asynccontextmanager
async def working(
    directory: Path, pair: Pair, sandbox: Sandbox, *, lease_s: float
) -> AsyncGenerator[Member]:
    """A process whose state holds something: before that there is nothing to be doubted."""
    await pair.start()
    async with sandbox.serving(Ports()) as addresses:
        settings = configured(directory / "home", addresses, sandbox)
        text = settings.path.read_text(encoding="utf-8")
        named = f'[service]\nstate = "{pair.address}"\nlease_s = {lease_s}'
        settings.path.write_text(text.replace("[service]", named, 1), encoding="utf-8")
        log = directory / "service.log"
        member = Member(name="a", settings=settings, log=log, url=settings.service_url)

        async def linked() -> bool:
            value = sandbox.workbooks.opportunities.value
            return bool(value(sandbox.sample.ordinary[0], "cf_opportunity_outreach_id"))

        async with member.stack:
            await member.start()
            await until(linked, [member])
            yield member


async def test_a_primary_that_is_demoted_is_waited_for_and_a_replica_from_the_start_is_not(
    tmp_path: Path, pair: Pair
) -> None:
    """Whoever worked on it finds it again; an address that names a replica is a mistake."""
    sandbox = few()
    async with working(tmp_path, pair, sandbox, lease_s=SHORT_S) as member:

        async def waits() -> bool:
            code, told = await member.asked("/readyz")
            return code == OK and "can only be read" in told

        await pair.demote()
        await until(waits, [member])
        pair.promote()
        await until(member.leads, [member])
        # Nobody can know whether it had everything.
        lines = member.log.read_text().splitlines()
        told = [line for line in lines if "state_of_unknown_age" in line]
        assert len(told) == 1
        assert "timeline 00000002 after 00000001" in told[0]
        assert await member.end(signal.SIGTERM) == 0
        await pair.demote()
        run = await wosync("run", "--config", str(member.settings.path), cwd=tmp_path)

    assert run.code == STATE, run.everything
    assert "can only be read: it is a replica" in paragraph(run)
    assert "target_session_attrs=read-write" in paragraph(run)


async def test_a_process_whose_lease_outlasts_a_promotion_takes_the_state_up_anew(
    tmp_path: Path, pair: Pair
) -> None:
    """What it believes the state to hold may be what only the former primary had."""
    sandbox = few()
    record = sandbox.sample.ordinary[0]
    async with working(tmp_path, pair, sandbox, lease_s=LONG_S) as member:

        async def told() -> bool:
            # So long it is not renewed; what is edited is written at once.
            sandbox.workbooks.opportunities.update(record, description="Edited")
            return "state_of_unknown_age" in member.log.read_text()

        await pair.demote()
        pair.promote()
        await until(told, [member])
        await until(member.leads, [member])
        assert "a replica was promoted" in member.log.read_text()
        assert await member.end(signal.SIGTERM) == 0


async def test_a_process_with_nothing_to_do_sees_a_promotion_when_it_renews_its_lease(
    tmp_path: Path, pair: Pair
) -> None:
    """Long before anything would have to be written."""
    database = Database(pair.address, "renewed", lambda: None)
    place = StateDatabase(tmp_path / "state", database, LEASE_S)
    await pair.start()
    with place.hold(keep=True):
        left_s = place.guard

        async def lost() -> bool:
            with suppress(LeaseLost):
                left_s()
                return False
            return True

        await pair.demote()
        pair.promote()
        await until(lost, [])
        with database.connected() as connection:
            held = "SELECT until > clock_timestamp() FROM {schema}.leader"
            assert connection.execute(database.named(held)).fetchone() == (True,)
