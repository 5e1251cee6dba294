"""Several processes for one pair, on a state in PostgreSQL: one works, the others stand by."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import LiteralString

import anyio
import psycopg
import pytest
from psycopg import sql

from connectors.sandbox.sandbox import Ports, Sandbox, SandboxOptions
from tests.cutting import Way, way_to
from tests.end_to_end.few import few
from tests.end_to_end.hands import Hands
from tests.end_to_end.members import OK, UNAVAILABLE, Member, leader, until
from tests.end_to_end.test_kills import configured, let_pass, settled, things_go_wrong
from tests.searching import SEED
from tests.waiting import DEADLINE_S

pytestmark = pytest.mark.anyio

ROUNDS = int(os.environ.get("WOSYNC_FAILOVERS", "6"))
LEASE_S = 2.0
# An end of the lease, and as much again on a machine that has other work to do.
BEYOND_S = LEASE_S * 1.5


@dataclass(slots=True, kw_only=True, eq=False)
class Behind(Member):
    """One whose way to the database can be cut.

    Args:
        server: how a superuser reaches the database.
        schema: of the tables, and the name of the role whose they are.
    """

    way: Way
    server: str
    schema: str


@asynccontextmanager
async def members(
    names: str, directory: Path, server: str, sandbox: Sandbox
) -> AsyncGenerator[list[Behind]]:
    """Machines whose processes share one state; none is started."""
    schema = f"failover_{os.getpid()}_{directory.name[-8:].lower()}".replace("-", "_")
    role = sql.Identifier(schema)
    async with AsyncExitStack() as stack, sandbox.serving(Ports()) as addresses:
        with psycopg.connect(server) as connection:
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
            connection.execute(sql.SQL("CREATE SCHEMA {0} AUTHORIZATION {0}").format(role))
        made: list[Behind] = []
        for name in names:
            home = directory / name
            way, _ = stack.enter_context(way_to(server, home / "way"))
            settings = configured(home / "home", addresses, sandbox)
            text = settings.path.read_text(encoding="utf-8")
            state = f"postgresql:///postgres?host={home / 'way'}&user={schema}"
            shared = f'[service]\nstate = "{state}"\nstate_schema = "{schema}"\nlease_s = {LEASE_S}'
            settings.path.write_text(text.replace("[service]", shared, 1), encoding="utf-8")
            log, url = directory / f"{name}.log", settings.service_url
            member = Behind(
                name=name,
                settings=settings,
                log=log,
                url=url,
                way=way,
                server=server,
                schema=schema,
            )
            stack.push_async_exit(member.stack)
            made.append(member)
        try:
            yield made
        finally:
            for member in made:
                if member.process is not None:
                    member.told(signal.SIGCONT)
            await stack.aclose()
            with psycopg.connect(server) as connection:
                connection.execute(sql.SQL("DROP OWNED BY {}").format(role))
                connection.execute(sql.SQL("DROP ROLE {}").format(role))


@asynccontextmanager
async def leader_and_standby(directory: Path, server: str) -> AsyncGenerator[tuple[Behind, Behind]]:
    """One that leads and one that stands by."""
    async with members("ab", directory, server, few()) as (first, second):
        await first.start()
        await until(first.leads, [first])
        await second.start()
        await until(second.stands_by, [first, second])
        yield first, second


async def test_one_works_and_the_other_stands_by(tmp_path: Path, postgres: str) -> None:
    """Each says so on its own port; stopped in order, the first hands over at once."""
    async with members("ab", tmp_path, postgres, few()) as (first, second):
        await first.start()
        await until(first.leads, [first])
        await second.start()
        await until(second.stands_by, [first, second])

        assert (await second.answer("/healthz"))[0] == OK
        assert (await second.answer("/leaderz"))[0] == UNAVAILABLE
        assert '"standby":true' in (await second.answer("/status"))[1]
        assert "wosync_leader 0.0" in (await second.answer("/metrics"))[1]
        assert "wosync_leader 1.0" in (await first.answer("/metrics"))[1]

        await first.end(signal.SIGTERM)
        await until(second.leads, [first, second])
        await second.end(signal.SIGTERM)


async def test_one_that_stands_by_stops_when_it_is_told_to(tmp_path: Path, postgres: str) -> None:
    """In order, and without having touched anything."""
    async with members("ab", tmp_path, postgres, few()) as (first, second):
        await first.start()
        await until(first.leads, [first])
        await second.start()
        await until(second.stands_by, [first, second])

        second.told(signal.SIGHUP)
        assert second.process is not None
        second.told(signal.SIGTERM)
        with anyio.fail_after(DEADLINE_S):
            assert await second.process.wait() == 0
        assert await first.leads()


# Nobody gets in, and who is in is cut off; or everybody gets in, and nobody has an answer.
@pytest.mark.slow
@pytest.mark.parametrize(("vanish", "appear"), [(Way.close, Way.open), (Way.hold, Way.release)])
async def test_a_database_that_is_away_is_waited_for(
    tmp_path: Path, postgres: str, vanish: Callable[[Way], None], appear: Callable[[Way], None]
) -> None:
    """Nothing is flagged for that, nothing is lost, and nobody has to start anything."""
    rng = Random(11)  # noqa: S311 # moments, not secrets
    sandbox = Sandbox(SandboxOptions(seed=5, bulk=0, latency_s=0.005))
    hands = Hands(sandbox, rng)
    async with members("a", tmp_path, postgres, sandbox) as (only,):
        vanish(only.way)
        await only.start()
        await until(only.stands_by, [only])
        assert "cannot be reached" in (await only.answer("/readyz"))[1]

        appear(only.way)
        await until(only.leads, [only])
        await let_pass(sandbox, 60, DEADLINE_S)
        vanish(only.way)
        hands.do_something()
        await until(only.stands_by, [only])
        appear(only.way)
        found = await settled(only.settings.service_url, sandbox, hands)
        assert (found.duplicates, found.misses) == ([], [])
        await only.end(signal.SIGTERM)


@pytest.mark.parametrize("vanish", [Way.close, Way.hold])
async def test_one_that_is_told_to_stop_does_while_the_database_is_away(
    tmp_path: Path, postgres: str, vanish: Callable[[Way], None]
) -> None:
    """It has nothing to stand by for."""
    sandbox = Sandbox(SandboxOptions(seed=3, bulk=0))
    async with members("a", tmp_path, postgres, sandbox) as (only,):
        await only.start()
        await until(only.leads, [only])
        vanish(only.way)
        assert only.process is not None
        only.told(signal.SIGTERM)
        with anyio.fail_after(DEADLINE_S):
            assert await only.process.wait() == 0


@pytest.mark.slow
async def test_whatever_happens_to_the_one_that_works_another_goes_on(
    tmp_path: Path,
    postgres: str,
    capsys: pytest.CaptureFixture[str],
    record_property: Callable[[str, object], None],
) -> None:
    """Killed, frozen beyond its lease, cut off, stopped in order: nothing is done twice."""
    rng = Random(SEED)  # noqa: S311 # moments, not secrets
    sandbox = Sandbox(SandboxOptions(seed=5, bulk=150, latency_s=0.005, mint_interval_s=0))
    hands = Hands(sandbox, rng)
    things_go_wrong(sandbox)
    deeds: list[str] = []
    async with members("abc", tmp_path, postgres, sandbox) as all_of_them:
        for one in all_of_them:
            await one.start()
        for _ in range(ROUNDS):
            works = await leader(all_of_them)
            await let_pass(sandbox, rng.randrange(5, 60), BEYOND_S)
            hands.do_something()
            deed = rng.choice(["kill", "freeze", "cut off", "stop"])
            deeds.append(deed)
            others = [one for one in all_of_them if one is not works]
            if deed == "freeze":
                works.told(signal.SIGSTOP)
                await leader(others)
                await let_pass(sandbox, rng.randrange(60), BEYOND_S)
                works.told(signal.SIGCONT)
            elif deed == "cut off":
                works.way.close()
                await leader(others)
                works.way.open()
            else:
                await works.end(signal.SIGKILL if deed == "kill" else signal.SIGTERM)
                hands.do_something()
                await leader(others)
                await works.start()
        sandbox.outreach_traffic.plan.clear()
        sandbox.workbooks_traffic.plan.clear()
        works = await leader(all_of_them)
        found = await settled(works.settings.service_url, sandbox, hands)
        leading = [one.name for one in all_of_them if await one.leads()]
        for one in all_of_them:
            await one.end(signal.SIGTERM)

    summary = (
        f"{', '.join(deeds)}: records {found.records}, people {found.people}, roles {found.roles},"
        f" duplicates {len(found.duplicates)}, misses {len(found.misses)}"
    )
    record_property("summary", summary)
    with capsys.disabled():
        sys.stdout.write(f"\n{summary}\n")
    assert len(leading) == 1
    assert (found.duplicates, found.misses) == ([], [])


async def test_one_that_is_told_to_stop_while_it_takes_over_gives_back_what_it_took(
    tmp_path: Path, postgres: str
) -> None:
    """It hears that whatever it is about to do, and whoever comes next need not wait."""
    async with leader_and_standby(tmp_path, postgres) as (first, second):

        async def is_taking_over() -> bool:
            return (await second.asked("/healthz"))[0] == 0

        with psycopg.connect(second.server, autocommit=True) as holding:
            lease = sql.Identifier(second.schema, "leader")
            with holding.transaction():
                # It may be read meanwhile, and nobody gets it.
                holding.execute(sql.SQL("LOCK TABLE {} IN EXCLUSIVE MODE").format(lease))
                await first.end(signal.SIGKILL)
                await until(is_taking_over, [first, second])
                second.told(signal.SIGTERM)
            assert second.process is not None
            with anyio.fail_after(DEADLINE_S):
                code = await second.process.wait()
            free = holding.execute(sql.SQL("SELECT until = '-infinity' FROM {}").format(lease))
            assert (code, free.fetchone()) == (0, (True,)), second.log.read_text(encoding="utf-8")


# It can only be read, as a primary that was demoted, or lets the role in no more.
@pytest.mark.parametrize(
    ("clause", "undone", "said"),
    [
        ("SET default_transaction_read_only = on", "RESET ALL", "can only be read"),
        ("NOLOGIN", "LOGIN", "not permitted to log in"),
    ],
)
async def test_a_database_that_takes_nothing_from_us_any_more_is_waited_for(
    tmp_path: Path, postgres: str, clause: LiteralString, undone: LiteralString, said: str
) -> None:
    """A primary that was demoted may become one again, and a role may be let in again."""
    async with leader_and_standby(tmp_path, postgres) as (first, second):

        async def both_wait() -> bool:
            told = [await one.asked("/readyz") for one in (first, second)]
            return all(code == OK and said in text for code, text in told)

        with altered(first, clause, undone):
            await until(both_wait, [first, second])
        await leader([first, second])
        for one in (first, second):
            assert await one.end(signal.SIGTERM) == 0


@contextmanager
def altered(member: Behind, clause: LiteralString, undone: LiteralString) -> Generator[None]:
    """The role is another for the block, and whoever is connected has to connect again."""
    role = sql.Identifier(member.schema)
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s"
    with psycopg.connect(member.server, autocommit=True) as connection:
        change = sql.SQL("ALTER ROLE {} ")
        connection.execute(change.format(role) + sql.SQL(clause))
        connection.execute(ended, (member.schema,))
        try:
            yield
        finally:
            connection.execute(change.format(role) + sql.SQL(undone))
            connection.execute(ended, (member.schema,))
