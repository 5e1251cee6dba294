"""`wosync undo`, as somebody on call types it: beside the service, and without one."""

from __future__ import annotations

import io
import json
import re
from contextlib import closing

import anyio
import anyio.to_thread
import pytest

from engine.cli import undoing
from engine.cli.exits import Exit, Misused
from engine.store.sqlite import runs, statefile
from tests.scenario.bench import Bench, until
from tests.scenario.service_port import ServicePort, eventually, served
from tests.scenario.test_undo import name, wrongly_mapped
from tests.scenario.undo_hands import latest_run

pytestmark = [pytest.mark.anyio, pytest.mark.sockets]


class Terminal(io.StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        """It is one."""
        return True


async def typed(
    world: Bench, x: str | None = None, *, run: int | None = None, yes: bool = False, **how: bool
) -> int:
    """What the command ends with."""
    path = world.directory / "config.toml"

    def type_it() -> int:
        return undoing.undo(
            path, x, run=run, since=None, yes=yes, as_json=how.get("as_json", False)
        )

    return await anyio.to_thread.run_sync(type_it)


@pytest.mark.parametrize("answer", ["y\n", "n\n"])
async def test_it_is_shown_before_it_is_done(
    world: Bench,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
) -> None:
    """And done when somebody says so; without a service the state is locked meanwhile."""
    [record, other] = await wrongly_mapped(world, 2)
    run = latest_run(world, "mapping changed")
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    capsys.readouterr()

    code = await typed(world, run=run)

    said = capsys.readouterr().out
    assert '"Note 0" → "Crane 0"' in said
    assert "upto" not in said
    assert "the next edit of the record sends it" in " ".join(said.split())
    if answer == "y\n":
        again = r"To take that back again: wosync undo --config \S+/config\.toml --run \d+$"
        assert re.search(again, said, re.MULTILINE), said
        assert code == Exit.DONE
        assert [name(world, record), name(world, other)] == ["Crane 0", "Crane 1"]
    else:
        assert "Nothing was done" in said
        assert code == Exit.ATTENTION
        assert [name(world, record), name(world, other)] == ["Note 0", "Note 1"]


async def test_a_script_has_to_say_yes(
    world: Bench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is there to be asked."""
    [record] = await wrongly_mapped(world, 1)
    run = latest_run(world, "mapping changed")
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    capsys.readouterr()

    assert await typed(world, run=run, as_json=True) == Exit.ATTENTION
    planned = json.loads(capsys.readouterr().out)
    assert planned["lines"][0]["change"]["ref"] == f"OPP-{record}"
    assert name(world, record) == "Note 0"

    assert await typed(world, f"OPP-{record}", run=run, yes=True, as_json=True) == Exit.DONE
    done = json.loads(capsys.readouterr().out)
    assert done["lines"] == planned["lines"]
    assert done["header"]["about"]["done as run"]
    assert name(world, record) == "Crane 0"


async def test_it_is_done_by_the_service_that_runs(
    world: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """Beside its own work, which sends none of it again."""
    records = await wrongly_mapped(world, 6)
    run = latest_run(world, "mapping changed")
    fresh = world.has("Fresh", comment="Fresh")
    async with served(world) as port:
        await until(lambda: world.record(fresh)["outreach_id"] is not None)
        world.edit(fresh, comment="Edited")
        capsys.readouterr()

        assert await typed(world, run=run, yes=True) == Exit.DONE

        await until(lambda: name(world, fresh) == "Edited")
        assert [name(world, one) for one in records] == [f"Crane {one}" for one in range(6)]
        assert (await port.ready())[0] == 200
        world.edit(records[0], comment="A new note")
        await until(lambda: name(world, records[0]) == "A new note")
    with closing(statefile.connect(world.state / statefile.FILE_NAME)) as connection:
        undone = [one for one in runs.listed(connection, limit=10) if one.kind == "undo"]
    assert [(one.records, one.writes) for one in undone] == [(6, 6)]


async def test_two_at_once_do_it_once(world: Bench) -> None:
    """One waits for the other, and finds nothing left to do."""
    records = await wrongly_mapped(world, 4)
    run = latest_run(world, "mapping changed")
    async with served(world) as port:
        await eventually(lambda: _is_ready(port))
        world.forget_traffic()
        codes: list[int] = []

        async def one() -> None:
            codes.append(await typed(world, run=run, yes=True))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(one)
            tasks.start_soon(one)

        assert sorted(codes) == [Exit.DONE, Exit.ATTENTION]
        assert world.outreach_traffic.counts["PATCH", "/api/v2/opportunities/{id}"] == 4
    assert [name(world, one) for one in records] == [f"Crane {one}" for one in range(4)]


async def _is_ready(port: ServicePort) -> bool:
    return (await port.ready())[0] == 200


async def test_nothing_is_meant(world: Bench) -> None:
    """Everything there ever was is never meant by saying nothing."""
    with pytest.raises(Misused, match="nothing is meant"):
        await typed(world)
