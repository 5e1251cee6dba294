"""`wosync approve`: what the fuse holds is shown first, and some of it can be let go."""

from __future__ import annotations

import re
import shlex
from contextlib import closing
from functools import partial

import anyio
import pytest

from engine.cli import approving
from engine.cli.exits import Exit
from engine.model.approval import Chosen
from engine.store.sqlite import fuse, statefile
from tests.scenario.bench import Bench
from tests.scenario.fuse_hands import held_linked
from tests.scenario.plan_hands import writes
from tests.scenario.service_port import ServicePort, eventually, served

# A command reaches both systems as it does in a process of its own.
pytestmark = pytest.mark.sockets


async def approve(world: Bench, **asked: object) -> int:
    """What an operator types, and how it ends."""
    world.config()
    path = world.directory / "config.toml"
    return await anyio.to_thread.run_sync(partial(approving.approve, path, **asked))  # pyright: ignore[reportArgumentType, reportUnknownArgumentType] # what a test names


def _named(world: Bench, record: int) -> object:
    return world.twin(record).attributes["name"]


async def test_what_is_held_is_shown_before_anything_goes_on(
    world: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nobody can be asked, nothing is approved."""
    records = await held_linked(world)

    assert await approve(world) == Exit.ATTENTION

    shown = capsys.readouterr()
    assert "update (4)" in shown.out
    assert 'name: "Crane 0" → "Crane 0!"' in shown.out
    assert "--yes" in shown.err
    assert writes(world) == []
    assert (await world.once()).held.records == 4
    assert _named(world, records[0]) == "Crane 0"


async def test_what_is_advised_approves_what_was_chosen_and_no_more(
    world: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever copies the line has seen one record, not all of them."""
    first, second, *_ = await held_linked(world)

    for chosen in ("only", "beside"):
        assert await approve(world, **{chosen: [f"OPP-{first}", f"OPP-{second}"]}) == Exit.ATTENTION
        [advised] = re.findall(r"wosync approve .*$", capsys.readouterr().err, re.MULTILINE)
        flag = "--only" if chosen == "only" else "--except"
        wanted = [flag, f"OPP-{first}", flag, f"OPP-{second}", "--yes"]
        assert shlex.split(advised)[-5:] == wanted


async def test_that_something_else_waits_is_no_reason_to_say_that_nothing_does(
    world: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """A slip in a reference looks like an approval that somebody has given already."""
    await held_linked(world)
    other = world.has("In step")
    await world.once()

    assert await approve(world, only=[f"OPP-{other}"], yes=True) == Exit.DONE
    assert capsys.readouterr().out == "nothing of that waits for approval\n"
    assert await approve(world, only=[f"OPP-{other}"]) == Exit.DONE
    assert capsys.readouterr().out.endswith("nothing of that waits for approval\n")


async def test_only_some_of_it_goes_on(world: Bench) -> None:
    """Those that are named; the rest waits on, and for all but some later."""
    first, second, third, fourth = await held_linked(world)

    assert await approve(world, only=[f"OPP-{first}"], yes=True) == Exit.DONE
    assert (await world.once()).held.records == 3
    assert [_named(world, one) for one in (first, second)] == ["Crane 0!", "Crane 1"]

    await approve(world, beside=[f"OPP-{fourth}"], yes=True)
    result = await world.once()
    assert (result.held.records, result.held.tripped) == (1, True)
    assert [_named(world, one) for one in (third, fourth)] == ["Crane 2!", "Crane 3"]

    await approve(world, yes=True)
    assert (await world.once()).held.records == 0
    assert _named(world, fourth) == "Crane 3!"


async def test_what_nobody_knows_approves_nothing(world: Bench) -> None:
    """A slip in a reference must not let everything go."""
    await held_linked(world)

    with pytest.raises(Exception, match="OPP-999"):
        await approve(world, beside=["OPP-999"], yes=True)

    assert (await world.once()).held.records == 4


async def test_beside_the_service_some_of_it_goes_on(world: Bench) -> None:
    """Shown by the service itself, with what would be sent."""
    first, second, *_ = await held_linked(world)
    async with served(world) as port:
        await eventually(lambda: _ready(port))
        plan = await port.lines("/plan", {"held": True, "refs": [f"OPP-{first}"]})
        assert [f"OPP-{one}" in "".join(plan[1:]) for one in (first, second)] == [True, False]
        assert await approve(world, only=[f"OPP-{first}"], yes=True) == Exit.DONE
        await eventually(lambda: _is(_named(world, first) == "Crane 0!"))
        assert (await port.status())["approval"]["records"] == 3
        assert _named(world, second) == "Crane 1"


async def _ready(port: ServicePort) -> bool:
    return (await port.ready())[0] == 200


async def _is(holds: bool) -> bool:
    return holds


async def test_what_came_since_it_was_shown_waits_on(world: Bench) -> None:
    """Nobody has seen it, and nobody meant it."""
    await held_linked(world)
    shown_at = world.clock.now()
    with closing(statefile.connect(world.state / statefile.FILE_NAME)) as connection:
        connection.execute("UPDATE record SET captured_at = ? WHERE id = 1", (shown_at + 60,))
        assert fuse.release(connection, shown_at + 90, Chosen(seen_at=shown_at)) == 3
        assert fuse.held(connection).tripped
