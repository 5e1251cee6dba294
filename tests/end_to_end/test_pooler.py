"""The real service through a real PgBouncer, which gives each transaction another session."""

from __future__ import annotations

import json
import signal
import tempfile
from collections.abc import Generator
from functools import partial
from pathlib import Path
from random import Random

import anyio
import psycopg
import pytest

from connectors.sandbox.sandbox import Sandbox, SandboxOptions
from tests import pooler
from tests.cutting import SOCKET, Way, way_to
from tests.end_to_end.few import few
from tests.end_to_end.hands import Hands
from tests.end_to_end.in_database import Tables, named, tables
from tests.end_to_end.test_cli_errors import ATTENTION, served
from tests.end_to_end.test_failover import OK, leader, members, until
from tests.end_to_end.test_kills import let_pass, settled, things_go_wrong
from tests.scratch import scratch
from tests.waiting import DEADLINE_S

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

# Below `lease_s`; PgBouncer's own is far above it.
PATIENCE_S = 1


async def test_a_bulk_import_and_a_failover_by_kill(tmp_path: Path, pooled: str) -> None:
    """Nothing is done twice, nothing is lost, and nobody misses a session of its own."""
    sandbox = Sandbox(SandboxOptions(seed=7, bulk=150, latency_s=0.005, mint_interval_s=0))
    hands = Hands(sandbox, Random(7))  # noqa: S311 # moments, not secrets
    things_go_wrong(sandbox)
    async with members("ab", tmp_path, pooled, sandbox) as (first, second):
        await first.start()
        await until(first.leads, [first])
        await second.start()
        await until(second.stands_by, [first, second])
        await let_pass(sandbox, 150, DEADLINE_S)
        hands.do_something()
        await first.end(signal.SIGKILL)
        hands.do_something()
        await leader([second])
        await first.start()
        await let_pass(sandbox, 60, DEADLINE_S)
        await second.end(signal.SIGTERM)
        await until(first.leads, [first])
        sandbox.outreach_traffic.plan.clear()
        sandbox.workbooks_traffic.plan.clear()
        found = await settled(first.settings.service_url, sandbox, hands)
        await first.end(signal.SIGTERM)

    assert found.records > 150
    assert (found.duplicates, found.misses) == ([], [])


@pytest.fixture(params=[PATIENCE_S, pooler.PATIENCE_S], ids="has {} s of patience".format)
def behind(
    unpooled: str, pooled: str, request: pytest.FixtureRequest
) -> Generator[tuple[Way, str]]:
    """A way from a pooler to its server, and how that pooler is reached."""
    # The pooler may be another user's.
    with tempfile.TemporaryDirectory(prefix="wosync-way-", dir=scratch()) as directory:
        Path(directory).chmod(0o711)
        with way_to(unpooled, Path(directory)) as (way, address):
            (Path(directory) / SOCKET).chmod(0o777)
            with pooler.pooled(address, request.param) as reached:
                yield way, reached


async def test_a_database_that_is_away_behind_the_pooler_is_waited_for(
    tmp_path: Path, behind: tuple[Way, str]
) -> None:
    """The pooler lets in whoever comes, and only says then that nobody is there."""
    way, reached = behind
    sandbox = Sandbox(SandboxOptions(seed=5, bulk=0, latency_s=0.005, mint_interval_s=0))
    hands = Hands(sandbox, Random(11))  # noqa: S311 # moments, not secrets
    async with members("a", tmp_path, reached, sandbox) as (only,):
        await only.start()
        await until(only.leads, [only])
        await let_pass(sandbox, 60, DEADLINE_S)
        way.close()
        hands.do_something()
        await until(only.stands_by, [only])
        assert (await only.answer("/healthz"))[0] == OK
        way.open()
        await until(only.leads, [only])
        found = await settled(only.settings.service_url, sandbox, hands)
        await only.end(signal.SIGTERM)

    assert (found.duplicates, found.misses) == ([], [])


async def test_one_that_stands_by_for_a_database_behind_the_pooler_stops_when_told(
    tmp_path: Path, behind: tuple[Way, str]
) -> None:
    """It has nothing to wait for."""
    way, reached = behind
    async with members("a", tmp_path, reached, few()) as (only,):
        await only.start()
        await until(only.leads, [only])
        way.close()
        await until(only.stands_by, [only])
        assert only.process is not None
        only.told(signal.SIGTERM)
        with anyio.fail_after(DEADLINE_S):
            assert await only.process.wait() == 0
        way.open()
        await until(partial(answers, reached), [only])


async def answers(reached: str) -> bool:
    """Whether the pooler has found its server again."""
    try:
        with psycopg.connect(reached, prepare_threshold=None) as connection:
            connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


async def test_a_check_and_commands_on_the_state(
    tmp_path: Path, postgres: str, pooled: str
) -> None:
    """Whoever connects for a moment is not in need of a session either."""
    with tables(postgres) as direct:
        by_pooler = Tables(pooled, direct.schema)
        async with served(tmp_path / "home", few()) as home:
            named(home, by_pooler)
            checked = [await home.run("check", "--json")]
            once = await home.run("once")
            checked.append(await home.run("check", "--json"))
            copy = str(tmp_path / "copy.db")
            backed_up = await home.run("state", "backup", copy)
            restored = await home.run("state", "restore", copy)
            again = await home.run("once")

    for one, words in zip(checked, ("the first start makes its", "the"), strict=True):
        [told] = [
            verdict
            for verdict in json.loads(one.out)["verdicts"]
            if (verdict["subject"], verdict["step"]) == ("state", "database")
        ]
        assert told["ok"], told
        assert f"{words} tables" in told["detail"]
    assert once.code == again.code == ATTENTION, once.everything + again.everything
    assert (backed_up.code, restored.code) == (0, 0), backed_up.everything + restored.everything
