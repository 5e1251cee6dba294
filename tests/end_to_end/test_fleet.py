"""A fleet: several processes that share the pairs of many customers among them."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import httpx
import psycopg
import pytest

from connectors.sandbox.sandbox import Sandbox
from tests import farm
from tests.end_to_end import started, warm
from tests.end_to_end.few import leave_few
from tests.end_to_end.in_database import Tables
from tests.end_to_end.verdict import verdict
from tests.farm import Wanted, fleet_text, name_of
from tests.waiting import DEADLINE_S

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

LOOK_S = 0.25
PAIRS = 3
OK, ATTENTION, CONFIGURATION = 0, 3, 78


@dataclass(slots=True)
class Host:
    """A machine with a process of the fleet."""

    directory: Path
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    process: anyio.abc.Process | None = None

    @property
    def config(self) -> Path:
        """Of the fleet, on this machine."""
        return self.directory / "fleet.toml"

    @property
    def url(self) -> str:
        """Of its port."""
        [line] = [one for one in self.config.read_text().splitlines() if one.startswith("http")]
        return "http://" + line.split('"')[1]

    async def start(self) -> None:
        """Start the process."""
        out = self.stack.enter_context((self.directory / "log").open("ab"))
        self.process = await started.start(
            "fleet", "--config", str(self.config), cwd=self.directory, stdout=out, stderr=out
        )

    async def end(self, how: signal.Signals) -> int:
        """End it, and see it to its end."""
        assert self.process is not None
        self.process.send_signal(how)
        with anyio.fail_after(DEADLINE_S):
            code = await self.process.wait()
        self.process = None
        return code

    async def told(self) -> Mapping[str, Any]:
        """What it says of the fleet; nothing where it does not answer."""
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as asking:
            try:
                return (await asking.get("/status", timeout=2.0)).json()
            except httpx.HTTPError:
                return {}

    async def text(self, path: str) -> str:
        """What it answers there."""
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as asking:
            return (await asking.get(path, timeout=10.0)).text

    async def conditions(self) -> dict[str, str]:
        """How it is with each pair, as it says."""
        return {one["name"]: one["condition"] for one in (await self.told()).get("pairs", ())}

    async def works_on(self) -> set[str]:
        """The pairs that it says it works on."""
        return {name for name, word in (await self.conditions()).items() if word == "ready"}


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command has said."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(slots=True)
class Fleet:
    """Machines, and the systems of their pairs."""

    hosts: list[Host]
    sandboxes: dict[str, Sandbox]

    async def shared_out(self, pairs: int = PAIRS) -> None:
        """Wait until each pair is worked on by one host, and no host by much more than others."""
        living = [one for one in self.hosts if one.process is not None]

        async def fair() -> bool:
            parts = [await one.works_on() for one in living]
            sizes = [len(part) for part in parts]
            known = {name for part in parts for name in part}
            return sum(sizes) == len(known) == pairs and max(sizes) - min(sizes) <= 1

        await until(fair)

    async def settled(self) -> None:
        """Wait until nothing is missing in any pair, and see that nothing is there twice."""

        async def nothing_misses() -> bool:
            return not any(verdict(one, Counter()).misses for one in self.sandboxes.values())

        await until(nothing_misses)
        for sandbox in self.sandboxes.values():
            assert verdict(sandbox, Counter()).duplicates == []


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for it."""
    with anyio.fail_after(DEADLINE_S):
        while not await holds():  # noqa: ASYNC110 # nobody tells of it
            await anyio.sleep(LOOK_S)


@asynccontextmanager
async def fleet(
    directory: Path, server: str, *, hosts: int = 2, busy: bool = False, rows: bool = False
) -> AsyncGenerator[Fleet]:
    """As many hosts, none of which is started, with the same files.

    Args:
        busy: each pair has all of the sample data to bring over; else it has few records.
    """
    state = Tables(server, "unused").address
    wanted = Wanted(state, PAIRS, rows=rows, interval_s=0.5)
    async with AsyncExitStack() as stack:
        stack.callback(_clear, server)
        first = directory / "one"
        first.mkdir()
        sandboxes = await farm.plant(stack, first, wanted)
        if not busy:
            for sandbox in sandboxes.values():
                leave_few(sandbox)
        made = [Host(first)]
        for number in range(2, hosts + 1):
            other = directory / str(number)
            other.mkdir()
            (other / "fleet.toml").write_text(fleet_text(wanted, other / "state"))
            if not rows:
                (other / "pairs").symlink_to(first / "pairs")
            made.append(Host(other))
        for host in made:
            stack.push_async_exit(host.stack)
        try:
            yield Fleet(made, sandboxes)
        finally:
            for host in made:
                if host.process is not None:
                    host.process.kill()
                    await host.process.wait()


def _clear(server: str) -> None:
    """Take away what fleets have made."""
    with psycopg.connect(server, autocommit=True) as connection:
        for (name,) in connection.execute(
            "SELECT nspname FROM pg_namespace"
            " WHERE nspname LIKE 'wosync\\_pair\\_%' OR nspname LIKE 'wosync\\_fleet\\_%'"
        ).fetchall():
            connection.execute(f'DROP SCHEMA "{name}" CASCADE'.encode())


async def wosync(*given: str | Path) -> Ended:
    """A command, run to its end, while the systems of the pairs go on answering."""
    words = [*map(str, given)]
    environment = os.environ | {"NO_COLOR": "1", "COLUMNS": "200"}
    return Ended(*await anyio.to_thread.run_sync(warm.run, words, Path.cwd(), environment))


@pytest.fixture
def server(unpooled: str) -> str:
    """The tests' own."""
    return unpooled


@pytest.mark.xdist_group("fleet")
async def test_processes_share_the_pairs_and_take_over_from_one_that_is_killed(
    tmp_path: Path, server: str
) -> None:
    """Each pair is worked on by one of them, and nothing is done twice or left out."""
    async with fleet(tmp_path, server, busy=True) as there:
        one, two = there.hosts
        await one.start()
        await there.shared_out()
        await two.start()
        await there.shared_out()
        await one.end(signal.SIGKILL)
        await there.shared_out()
        for sandbox in there.sandboxes.values():
            deal = sandbox.sample.ordinary[0]
            sandbox.workbooks.opportunities.update(deal, description="changed meanwhile")
        await one.start()
        await there.shared_out()
        await there.settled()
        assert await two.end(signal.SIGTERM) == OK
        await there.shared_out()


@pytest.mark.xdist_group("fleet")
async def test_a_mistake_stops_one_pair_alone_and_commands_take_a_pair(
    tmp_path: Path, server: str
) -> None:
    """It is said which, where and why; the others go on, and it comes back when it is mended."""
    async with fleet(tmp_path, server, hosts=1) as there:
        [host] = there.hosts
        files = host.directory / "pairs"
        broken = files / f"{name_of(2)}.toml"
        right = broken.read_text()
        broken.write_text(right.replace("[outreach]", "[outreech]"))
        twice = files / "pair-004.toml"
        twice.write_text((files / f"{name_of(1)}.toml").read_text())
        await host.start()

        async def others_work() -> bool:
            return await host.works_on() == {name_of(1), name_of(3)}

        await until(others_work)
        listed = await wosync("pair", "list", "--config", host.config, "--json")
        assert listed.returncode == ATTENTION
        reasons = {one["name"]: one["reason"] for one in json.loads(listed.stdout)["pairs"]}
        assert "outreech" in reasons[name_of(2)]
        assert f"configured twice, here and as {name_of(1)}" in reasons["pair-004"]
        shown = (await wosync("pair", "list", "--config", host.config)).stdout
        assert "outreech" in shown
        assert "\\n" not in shown
        conditions = await host.conditions()
        assert conditions[name_of(2)] == conditions["pair-004"] == "broken"
        assert "configured twice" in str((await host.told())["pairs"])

        broken.write_text(right)
        twice.unlink()
        await there.shared_out()
        await there.settled()

        asked = ("--config", host.config, "--pair", name_of(1))
        status = await wosync("status", *asked, "--json")
        assert json.loads(status.stdout)["running"]
        assert (await wosync("list", "--waiting", *asked)).returncode in (OK, ATTENTION)
        assert (await wosync("why", *asked, ref_in(there.sandboxes[name_of(1)]))).returncode == OK
        unknown = await wosync("status", "--config", host.config, "--pair", "pair-0003")
        assert unknown.returncode == CONFIGURATION
        assert "did you mean pair-003" in unknown.stderr

        page = await host.text(f"/pair/{name_of(1)}/")
        assert f'href="/pair/{name_of(1)}/page/list/waiting"' in page
        assert f'pair="{name_of(3)}"' in await host.text("/metrics")
        assert f'href="/pair/{name_of(3)}/"' in await host.text("/")
        assert "--accent" in await host.text("/page/style.css")


def ref_in(sandbox: Sandbox) -> str:
    """The reference of a record that is synchronised."""
    deal = sandbox.sample.ordinary[0]
    return str(sandbox.workbooks.opportunities.get(deal)["object_ref"])


@pytest.mark.xdist_group("fleet")
async def test_pairs_are_kept_in_the_database(tmp_path: Path, server: str) -> None:
    """They are added, paused, resumed and removed from anywhere."""
    async with fleet(tmp_path, server, hosts=1, rows=True) as there:
        [host] = there.hosts
        files = host.directory / "unused"
        of = ("--config", host.config)
        await host.start()
        for number in range(1, PAIRS + 1):
            name = name_of(number)
            added = await wosync("pair", "add", name, files / f"{name}.toml", *of)
            assert added.returncode == OK, added.stderr
        again = await wosync("pair", "add", name_of(1), files / f"{name_of(1)}.toml", *of)
        assert again.returncode == CONFIGURATION
        missing = await wosync("pair", "add", "pair-009", files / "pair-009.toml", *of)
        assert missing.returncode == CONFIGURATION
        assert "No such file" in missing.stderr
        assert "chmod" not in missing.stderr
        await there.shared_out()
        await there.settled()

        assert (await wosync("pair", "pause", name_of(2), *of)).returncode == OK

        async def is_paused() -> bool:
            return (await host.conditions())[name_of(2)] == "paused"

        await until(is_paused)
        assert "paused" in (await wosync("pair", "list", *of)).stdout
        assert (await wosync("pair", "pause", name_of(2), "--resume", *of)).returncode == OK
        await there.shared_out()

        assert (await wosync("pair", "remove", name_of(3), *of)).returncode == OK
        await there.shared_out(PAIRS - 1)

        async def is_gone() -> bool:
            return name_of(3) not in await host.conditions()

        await until(is_gone)
        told = await wosync("status", *of, "--pair", name_of(2), "--json")
        assert json.loads(told.stdout)["ready"]
        assert (await wosync("pair", "remove", name_of(3), *of)).returncode == CONFIGURATION


@pytest.mark.xdist_group("fleet")
async def test_two_fleets_do_not_have_one_name(tmp_path: Path, server: str) -> None:
    """The second one hears who has it, and touches nothing."""
    async with fleet(tmp_path, server) as there:
        one, two = there.hosts
        (two.directory / "pairs").unlink()
        (two.directory / "pairs").mkdir()
        text = (one.directory / "pairs" / f"{name_of(1)}.toml").read_text()
        (two.directory / "pairs" / "another.toml").write_text(text)
        await one.start()
        await there.shared_out()
        refused = await wosync("fleet", "--config", two.config)
        assert refused.returncode == CONFIGURATION
        assert "another fleet of this name" in refused.stderr
        assert len((await one.told())["members"]) == 1


async def test_what_belongs_to_the_fleet_is_refused_in_a_pair(tmp_path: Path) -> None:
    """It would have no effect there."""
    (tmp_path / "pairs").mkdir()
    (tmp_path / "fleet.toml").write_text('[service]\nstate = "postgresql://somewhere/wosync"\n')
    pair = tmp_path / "pairs" / "acme.toml"
    pair.write_text('[service]\nhttp = "127.0.0.1:1"\n')
    found = await wosync("status", "--config", pair)
    assert found.returncode == CONFIGURATION
    assert "[service] http" in found.stderr
