"""Two pairs that act as one user, each worked on by a process of its own: one hour for both."""

from __future__ import annotations

import signal
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import anyio
import anyio.abc
import httpx
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from connectors.sandbox.sample import FIRST_USER
from connectors.sandbox.sandbox import Addresses, Ports, Sandbox, SandboxOptions
from engine.config.places import FLEET, PAIRS
from tests.end_to_end import started
from tests.end_to_end.few import leave_few
from tests.farm import Wanted, fleet_text, name_of, pair_text
from tests.unit.engine.store.databases import apart
from tests.waiting import DEADLINE_S

pytestmark = pytest.mark.anyio

# Of ours, and the user's own: pairs that knew nothing of each other would use up the user's.
PER_HOUR, LIMIT = 600, 750
IMPORTED, IMPORT, EDIT = 500, "Imported from {}", "Edited in {}"
# Whoever has the processor imports more; nobody so much that nothing is left for the other.
IMPORTED_MIN = 30
# With so many under way, a process sends within two exchanges no more than this, which is less than
# the share of the hour that is kept for edits.
LATENCY_S = 0.4
UNHEARD = 2 * 4 * int(4 / LATENCY_S)
# A look has each process write down all that it counts.
LOOK_S = 1.0
OK = 200
NAMES = (name_of(1), name_of(2))


@dataclass
class Two:
    """Two sources whose pairs act as one user of one target, and the fleet for them.

    Args:
        urls: of the processes.
    """

    sources: list[Sandbox]
    configs: list[Path]
    urls: list[str]

    async def metric(self, pair: str, name: str, **labels: str) -> float | None:
        """What a pair shows, whoever works on it; None while nobody does."""
        async with httpx.AsyncClient(trust_env=False) as client:
            for url in self.urls:
                try:
                    answer = await client.get(f"{url}/pair/{pair}/metrics", timeout=10.0)
                except httpx.HTTPError:
                    continue
                if answer.status_code != OK:
                    continue
                for family in text_string_to_metric_families(answer.text):
                    for sample in family.samples:
                        if sample.name == name and labels.items() <= sample.labels.items():
                            return sample.value
        return None

    def shown(self, name: str) -> int:
        """How many records of the target have that name."""
        rows = self.sources[0].outreach.opportunities.rows()
        return sum(row.attributes["name"] == name for row in rows)

    async def each_has_one(self) -> bool:
        """Whether each process works on one of them, and both have polled."""
        async with httpx.AsyncClient(trust_env=False) as client:
            try:
                shown = [(await client.get(f"{url}/readyz")).text for url in self.urls]
            except httpx.HTTPError:
                return False
        if any("works on 1 of 2" not in line for line in shown):
            return False
        polled = "wosync_poll_last_success_timestamp_seconds"
        return all([await self.metric(name, polled) for name in NAMES])

    async def both_are_held(self) -> bool:
        """Whether what was imported waits for the hour to pass."""
        held = "wosync_budget_held_seconds"
        found = [
            await self.metric(name, held, connector="outreach", lane="backlog") for name in NAMES
        ]
        return all(seconds is not None and seconds > 60 for seconds in found)

    async def edits_arrived(self) -> bool:
        """Whether what was edited in each source is in the target."""
        return all(self.shown(EDIT.format(number)) for number in range(len(self.sources)))

    def calls(self) -> int:
        """How often the user was acted as."""
        by_month = self.sources[0].outreach.limits.calls_by_month
        return sum(calls for (user, _), calls in by_month.items() if user == FIRST_USER)


@asynccontextmanager
async def two_pairs(directory: Path, state: str) -> AsyncGenerator[Two]:
    """Both systems, served, with the configuration of two processes."""
    homes = [directory / letter for letter in "ab"]
    options = [SandboxOptions(seed, 0, LATENCY_S, mint_interval_s=0) for seed in (1, 2)]
    sources = [Sandbox(one) for one in options]
    for one in sources:
        leave_few(one)
    first = sources[0]
    first.outreach.knobs.rate_limit = LIMIT
    async with AsyncExitStack() as stack:
        addresses = [await stack.enter_async_context(one.serving(Ports())) for one in sources]
        for number, (source, its) in enumerate(zip(sources, addresses, strict=True), 1):
            where = Addresses(its.workbooks, addresses[0].outreach, its.control)
            leave = replace(
                first.credentials,
                api_key=source.credentials.api_key,
                refresh_token=first.outreach.grant(first.credentials.client_id, FIRST_USER),
            )
            text = pair_text(where, leave, directory / "secrets" / name_of(number))
            for home in homes:
                (home / PAIRS).mkdir(parents=True, exist_ok=True)
                (home / PAIRS / f"{name_of(number)}.toml").write_text(text)
        wanted, urls = Wanted(state, pairs=2), list[str]()
        for home in homes:
            text = fleet_text(wanted, home / "state")
            budget = f"[outreach.budget]\nper_hour = {PER_HOUR}\nreserve = 0\n"
            (home / FLEET).write_text(f"{text}\n{budget}")
            port = text.partition('http = "127.0.0.1:')[2].partition('"')[0]
            urls.append(f"http://127.0.0.1:{port}")
        yield Two(sources, [home / FLEET for home in homes], urls)


@asynccontextmanager
async def process(config: Path) -> AsyncGenerator[anyio.abc.Process]:
    """`wosync fleet` as a child of its own."""
    with config.with_suffix(".log").open("ab") as out:
        child = await started.start(
            "fleet", "--config", str(config), cwd=config.parent, stdout=out, stderr=out
        )
        async with child:
            try:
                yield child
            finally:
                if child.returncode is None:
                    child.kill()


async def until(holds: Callable[[], Awaitable[bool]], two: Two) -> None:
    """Wait for it."""
    with anyio.move_on_after(DEADLINE_S):
        while True:
            if await holds():
                return
            await anyio.sleep(LOOK_S)
    logs = [config.with_suffix(".log").read_text()[-3000:] for config in two.configs]
    async with httpx.AsyncClient(trust_env=False) as client:
        logs += [(await client.get(f"{url}/status")).text for url in two.urls]
    raise AssertionError("\n\n".join(logs))


@pytest.mark.slow
async def test_pairs_of_one_user_in_two_processes_keep_to_one_hour(
    tmp_path: Path, postgres: str
) -> None:
    """Both import more than the hour allows; neither is refused, and neither starves.

    What is imported waits then, and what somebody edits in either of them does not.
    """
    with apart(postgres) as state:
        async with (
            two_pairs(tmp_path, state) as two,
            process(two.configs[0]) as one,
            process(two.configs[1]) as other,
        ):
            await until(two.each_has_one, two)
            for number, source in enumerate(two.sources):
                for _ in range(IMPORTED):
                    source.workbooks.opportunities.create(
                        description=IMPORT.format(number), cf_opportunity_sync_to_outreach=True
                    )
            await until(two.both_are_held, two)
            for name in NAMES:
                refused = await two.metric(name, "wosync_rate_limited_total", connector="outreach")
                allowed = await two.metric(
                    name, "wosync_budget_limit_requests", connector="outreach", window="hour"
                )
                assert (refused, allowed) == (0, PER_HOUR)
            assert PER_HOUR * 0.8 < two.calls() <= PER_HOUR + UNHEARD
            for number, source in enumerate(two.sources):
                assert two.shown(IMPORT.format(number)) > IMPORTED_MIN
                deal = source.sample.ordinary[0]
                source.workbooks.opportunities.update(deal, description=EDIT.format(number))
            await until(two.edits_arrived, two)
            assert two.calls() <= PER_HOUR + UNHEARD

            for child in (one, other):
                child.send_signal(signal.SIGTERM)
                with anyio.fail_after(DEADLINE_S):
                    assert await child.wait() == 0
        with psycopg.connect(state) as connection:
            told = connection.execute(
                "SELECT account, count(*), sum(requests::int)"
                " FROM wosync_fleet_farm.drawn, jsonb_each_text(minutes) AS m (minute, requests)"
                " GROUP BY account"
            ).fetchall()
        assert [(len(account), requests) for account, _, requests in told] == [(32, two.calls())]
