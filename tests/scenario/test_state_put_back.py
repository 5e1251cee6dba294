"""A state that is older than the world: nothing twice, nothing taken for known, and it is said."""

from __future__ import annotations

import io
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.sandbox.faults import Fault
from engine.clock import file_time_s
from engine.errors import HeldBack, Unreachable
from engine.model.age import Seen
from engine.store import mark, statedir
from tests.scenario.bench import CREATE, READ, SEARCH, Bench, running, until
from tests.scenario.people import CREATE_ROLE, LIST_ROLES

pytestmark = pytest.mark.anyio

Put = Callable[[Path, Path], None]


def _file_alone(copy: Path, state: Path) -> None:
    """Somebody puts a backup of the file back; what lies beside it stays."""
    for suffix in ("-wal", "-shm"):
        (state / f"{statedir.FILE_NAME}{suffix}").unlink(missing_ok=True)
    shutil.copy2(copy / statedir.FILE_NAME, state / statedir.FILE_NAME)


def _directory(copy: Path, state: Path) -> None:
    """Somebody puts the whole directory back, all its times kept."""
    shutil.rmtree(state)
    shutil.copytree(copy, state)


def _over_it(copy: Path, state: Path) -> None:
    """Somebody copies file by file over what is there, later than as soon as the mark was made."""
    # Twice as late: the times of files lag behind the clock by a tick, here and in the copy.
    while file_time_s() - (copy / statedir.MARK_NAME).stat().st_mtime <= 2 * mark.SOON_S:
        time.sleep(0.01)
    for each in copy.iterdir():
        shutil.copyfile(each, state / each.name)


WAYS = pytest.mark.parametrize("put", [_file_alone, _directory, _over_it])


def backed_up(world: Bench) -> Path:
    """A copy of the state as it is now."""
    copy = world.directory / "backup"
    shutil.copytree(world.state, copy)
    return copy


@WAYS
async def test_roles_made_since_are_not_made_again(world: Bench, put: Put) -> None:
    """The state knows one role; the target has two."""
    ada, ben = world.knows_all("Ada Byron", "Ben Kay")
    record = world.has("Harbour crane")
    world.puts(record, (ada, "Buyer"))
    await world.once()
    copy = backed_up(world)
    world.puts(record, (ada, "Buyer"), (ben, "Adviser"))
    await world.once()

    put(copy, world.state)
    world.forget_traffic()
    await world.once()

    assert world.roles(record) == world.wanted((ada, "Buyer"), (ben, "Adviser"))
    assert world.outreach_traffic.counts[CREATE_ROLE] == 0


@WAYS
async def test_an_edit_back_to_what_the_copy_knows_is_sent(world: Bench, put: Put) -> None:
    """Compared with the copy it would be no change at all."""
    record = world.has("Harbour crane")
    await world.once()
    copy = backed_up(world)
    world.edit(record, description="Harbour crane, blue")
    await world.once()
    assert world.twin(record).attributes["name"] == "Harbour crane, blue"

    put(copy, world.state)
    world.edit(record, description="Harbour crane")
    await world.once()

    assert world.twin(record).attributes["name"] == "Harbour crane"


@WAYS
async def test_records_in_mid_import_are_not_created_twice(world: Bench, put: Put) -> None:
    """The copy has them pending; the target has them, and Workbooks knows only some of that."""
    world.settings["outreach.budget"] = {"per_hour": 4, "reserve": 0}
    records = [world.has(f"Row {number}") for number in range(12)]
    await world.once()
    copy = backed_up(world)
    made = len(world.outreach.opportunities)
    assert 0 < made < 12
    world.settings["outreach.budget"] = {"per_hour": 0, "reserve": 0}
    world.settings["write_back"]["batch_max"] = 4
    world.workbooks_fault(Fault(method="PUT", skip=1, times=None, status=503))
    with pytest.raises((Unreachable, HeldBack)):
        await world.once()
    assert len(world.outreach.opportunities) == 12
    assert any(world.record(record)["outreach_id"] is None for record in records)

    put(copy, world.state)
    world.workbooks_traffic.reset()
    world.workbooks_traffic.plan.clear()
    result = await world.once()

    assert len({world.twin(record).id for record in records}) == 12
    assert len(world.outreach.opportunities) == 12
    assert (result.counts.in_doubt, result.counts.pending) == (0, 0)


async def test_it_is_said_loudly(world: Bench, said: io.StringIO) -> None:
    """Somebody should know why the service reads so much."""
    world.has("Harbour crane")
    await world.once()
    copy = backed_up(world)
    world.has("Dry dock")
    await world.once()
    _file_alone(copy, world.state)
    await world.once()

    [line] = [line for line in said.getvalue().splitlines() if "state_of_unknown_age" in line]
    assert "it lacks the last" in line
    assert '"level":"error"' in line.replace(" ", "")


async def test_a_file_without_its_log_is_noticed(world: Bench) -> None:
    """The file alone, taken while the service runs, holds less than was acknowledged."""
    record = world.has("Harbour crane")
    async with running(world):
        await until(lambda: len(world.twins(record)) == 1)
        await until(lambda: world.record(record)["outreach_id"] is not None)
        before = (world.state / statedir.FILE_NAME).read_bytes()
        world.edit(record, description="Harbour crane, blue")
        await until(lambda: world.twins(record)[0].attributes["name"] == "Harbour crane, blue")
    (world.state / statedir.FILE_NAME).write_bytes(before)
    world.edit(record, description="Harbour crane")
    await world.once()

    assert world.twin(record).attributes["name"] == "Harbour crane"
    assert len(world.outreach.opportunities) == 1


async def test_a_state_lost_beside_its_mark_creates_nothing_twice(world: Bench) -> None:
    """The file is gone, as one without its log may be; an id was never written back."""
    record = world.has("Harbour crane")
    world.workbooks_fault(Fault(method="PUT", times=None, status=503))
    with pytest.raises((Unreachable, HeldBack)):
        await world.once()
    (world.state / statedir.FILE_NAME).unlink()

    world.workbooks_traffic.plan.clear()
    await world.once()

    assert world.twin(record)
    assert len(world.outreach.opportunities) == 1


async def test_a_snapshot_of_a_machine_at_work_is_noticed(
    world: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything is put back at once, the mark and the times of the files too; but not the time."""
    ada, ben = world.knows_all("Ada Byron", "Ben Kay")
    record = world.has("Harbour crane")
    world.puts(record, (ada, "Buyer"))
    async with running(world):
        await until(lambda: bool(world.twins(record)) and len(world.role_rows(record)) == 1)
        await until(lambda: world.record(record)["outreach_id"] is not None)
        copy = backed_up(world)
        world.edit(record, description="Harbour crane, blue")
        world.puts(record, (ada, "Buyer"), (ben, "Adviser"))
        await until(lambda: len(world.role_rows(record)) == 2)
        await until(lambda: world.twins(record)[0].attributes["name"] == "Harbour crane, blue")

    _directory(copy, world.state)
    monkeypatch.setattr(mark, "look", unmoved(mark.look))
    world.clock.advance(3600)
    world.edit(record, description="Harbour crane")
    world.forget_traffic()
    await world.once()

    assert world.twin(record).attributes["name"] == "Harbour crane"
    assert len(world.role_rows(record)) == 2
    assert world.outreach_traffic.counts[CREATE_ROLE] == 0


def unmoved(look: Callable[[Path], Seen | None]) -> Callable[[Path], Seen | None]:
    """A look at the mark that does not see that the directory was copied."""

    def looked(path: Path) -> Seen | None:
        seen = look(path)
        return None if seen is None else replace(seen, moved=False)

    return looked


async def test_a_state_that_was_stopped_in_order_is_trusted(world: Bench) -> None:
    """A service that rested over a weekend reads nothing anew."""
    ada, ben = world.knows_all("Ada Byron", "Ben Kay")
    record = world.has("Harbour crane")
    world.puts(record, (ada, "Buyer"))
    await world.once()
    world.clock.advance(3 * 86_400)
    world.edit(record, description="Harbour crane, blue")
    world.puts(record, (ada, "Buyer"), (ben, "Adviser"))
    new = world.has("Dry dock")

    world.forget_traffic()
    await world.once()

    assert world.twin(record).attributes["name"] == "Harbour crane, blue"
    assert world.twin(new)
    counts = world.outreach_traffic.counts
    assert (counts[READ], counts[LIST_ROLES], counts[SEARCH]) == (0, 0, 0)
    assert (counts[CREATE], counts[CREATE_ROLE]) == (1, 1)


async def test_what_is_new_after_that_is_created_without_a_search(world: Bench) -> None:
    """What was made after the age was noticed was made by nobody else."""
    world.has("Harbour crane")
    await world.once()
    copy = backed_up(world)
    world.has("Dry dock")
    await world.once()
    _file_alone(copy, world.state)
    await world.once()
    world.clock.advance(3600)

    new = world.has("Lighthouse")
    world.forget_traffic()
    await world.once()

    assert world.twin(new)
    assert world.outreach_traffic.counts[SEARCH] == 0
