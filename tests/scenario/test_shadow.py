"""`wosync run --shadow`: nothing is sent, and what would have been is told and compared."""

from __future__ import annotations

import io
import json
from collections.abc import Awaitable, Callable
from contextlib import closing

import anyio
import anyio.to_thread
import pytest

from engine.assembly.environment import Systems, open_systems
from engine.cli import acting
from engine.cli.app import start
from engine.cli.exits import Exit
from engine.errors import OurFault
from engine.model.acting import Act, Request
from engine.model.edit import Edit
from engine.model.plan import Kind
from engine.model.records import RecordType, WriteBack
from engine.model.shadow import Outcome, There, Unsent
from engine.service.acting import Acting
from engine.service.shadow.book import FILE_NAME
from engine.service.shadow.opening import opened_in_shadow
from engine.service.shadow.reading import reading
from engine.store import statedir
from engine.store.sqlite import statefile
from tests.scenario.bench import Bench, running, until
from tests.scenario.plan_hands import writes
from tests.scenario.service_port import served


@pytest.fixture
def world(world: Bench) -> Bench:
    """A bench whose service only looks."""
    world.shadow = True
    return world


def told(world: Bench, kind: Kind | None = None) -> list[Unsent]:
    """What would have been sent."""
    with reading(world.state / "shadow") as found:
        lines = [] if found is None else list(found.lines())
    return [one for one in lines if kind in (None, one.change.kind)]


def outcomes(world: Bench, kind: Kind) -> list[Outcome]:
    """What has become of it."""
    return [one.outcome for one in told(world, kind)]


def tells(world: Bench, *kinds: Kind) -> Callable[[], bool]:
    """Whether all of these would have been sent."""
    return lambda: {one.change.kind for one in told(world)} >= set(kinds)


async def linked_by_the_plugin(world: Bench, name: str = "Harbour crane") -> int:
    """A record that somebody else keeps in step."""
    record = world.has(name)
    world.shadow = False
    await world.once()
    world.forget_state()
    world.forget_traffic()
    world.shadow = True
    return record


async def test_nothing_is_sent_and_all_of_it_is_told(world: Bench, said: io.StringIO) -> None:
    """Creates, people, roles, write-backs and flags; both systems stay as they were."""
    person = world.knows("Petra Piers")
    record = world.has_valued("Harbour crane", "1200.00")
    world.puts(record, (person, "Buyer"))
    refused = world.has(" ")

    async with served(world) as port:
        await until(tells(world, Kind.CREATE, Kind.ROLE_ADD, Kind.WRITE_BACK, Kind.FLAG))
        await until(lambda: len(told(world, Kind.WRITE_BACK)) == 2)
        status = await port.status()
        page = (await port.client.get("/")).text

    assert writes(world) == []
    assert world.twins(record) == []
    assert "SHADOW: nothing is sent" in page
    [create] = told(world, Kind.CREATE)
    assert (create.change.ref, create.outcome) == (f"OPP-{record}", Outcome.NOT_DONE)
    assert Edit("name", None, "Harbour crane") in create.change.edits
    [flag] = told(world, Kind.FLAG)
    assert flag.change.ref == f"OPP-{refused}"
    assert "8000000000000" not in repr([one.change for one in told(world)])
    [role] = told(world, Kind.ROLE_ADD)
    assert role.change.role is not None
    assert (role.change.role.person, role.change.role.after) == (f"PERS-{person}", "Buyer")
    assert status["shadow"]["not_done"] == len(told(world))
    lines = [json.loads(line) for line in said.getvalue().splitlines()]
    assert [line["shadow"] for line in lines if line["event"] == "created"] == [True]


async def test_no_write_leaves_whoever_asks_for_it(world: Bench) -> None:
    """Also past the stand-ins: each writing operation of both ports is refused at the way out."""
    config, environment = world.config().in_shadow(), world.environment()
    statedir_of = config.engine.service.state_dir
    entry = WriteBack(1, 1, target_id="5", target_url="https://outreach.example/5")
    with statedir.lease(statedir_of):
        async with (
            environment.place(config).open() as store,
            open_systems(config, environment, store, environment.metrics()) as real,
        ):
            for step in (*real.source.steps(), *real.target.steps()):
                await step.run()
            for write in _writing(real, entry):
                with pytest.raises(OurFault, match="nothing may be written"):
                    await write()

    assert writes(world) == []


def _writing(real: Systems, entry: WriteBack) -> list[Callable[[], Awaitable[object]]]:
    target, source = real.target, real.source
    return [
        lambda: target.create({"name": "x", "customId": "OPP-1"}),
        lambda: target.update(5, {"name": "x"}),
        lambda: target.delete(5),
        lambda: target.create_prospect({"emails": ["a@b.example"]}),
        lambda: target.create_role(5, 6, "Buyer"),
        lambda: target.update_role(7, "Buyer"),
        lambda: target.delete_role(7),
        lambda: source.write_back(RecordType.OPPORTUNITY, [entry]),
        lambda: source.write_back(RecordType.PERSON, [entry]),
    ]


async def test_what_the_plugin_creates_is_recognised(world: Bench) -> None:
    """By the id in the record; what it holds differently is told as an update of it."""
    record = world.has("Harbour crane")
    async with running(world):
        await until(lambda: outcomes(world, Kind.WRITE_BACK) == [Outcome.NOT_DONE])
        made = world.outreach.opportunities.create({"name": "Harbour Crane"})
        world.edit(
            record,
            cf_opportunity_outreach_id=str(made),
            cf_opportunity_outreach_url=f"https://outreach.example/opportunities/{made}",
        )
        await until(lambda: outcomes(world, Kind.CREATE) == [Outcome.DONE])
        await until(lambda: outcomes(world, Kind.WRITE_BACK) == [Outcome.DONE])
        await until(tells(world, Kind.UPDATE))

    [update] = told(world, Kind.UPDATE)
    assert update.change.target_id == made
    assert Edit("name", "Harbour Crane", "Harbour crane") in update.change.edits
    assert writes(world) == []


async def test_another_writer_is_what_the_shadow_is_for(world: Bench) -> None:
    """One who gives what it makes the same correlation value is no reason to stop."""
    record = world.has("Harbour crane")
    async with served(world) as port:
        await until(lambda: outcomes(world, Kind.WRITE_BACK) == [Outcome.NOT_DONE])
        made = world.outreach.opportunities.create({"customId": f"OPP-{record}"})
        world.edit(record, cf_opportunity_outreach_id=str(made))
        await until(tells(world, Kind.UPDATE))
        assert (await port.status())["creates_paused"] is None

    assert writes(world) == []


async def test_an_edit_is_compared_with_what_the_plugin_made_of_it(world: Bench) -> None:
    """Not done, then done otherwise, then done the same."""
    record = await linked_by_the_plugin(world)
    twin = world.twin(record).id
    async with running(world):
        await until((world.state / "shadow" / FILE_NAME).exists)
        world.edit(record, description="Quay crane")
        await until(lambda: outcomes(world, Kind.UPDATE) == [Outcome.NOT_DONE])
        world.outreach.opportunities.update(twin, {"name": "Quay"})
        await until(lambda: outcomes(world, Kind.UPDATE) == [Outcome.DIFFERS])
        [line] = told(world, Kind.UPDATE)
        assert line.change.edits == (Edit("name", "Harbour crane", "Quay crane"),)
        assert line.there == (There("name", "Quay"),)
        world.outreach.opportunities.update(twin, {"name": "Quay crane"})
        await until(lambda: outcomes(world, Kind.UPDATE) == [Outcome.DONE])

    assert writes(world) == []


async def test_an_edit_that_is_taken_back_comes_to_nothing(world: Bench) -> None:
    """The last of several edits counts, beside what is really there."""
    record = await linked_by_the_plugin(world)
    async with running(world):
        await until((world.state / "shadow" / FILE_NAME).exists)
        world.edit(record, description="Quay crane")
        await until(tells(world, Kind.UPDATE))
        world.edit(record, description="Dock crane")
        await until(lambda: [one.change.edits[0].after for one in told(world)] == ["Dock crane"])
        [line] = told(world)
        assert line.change.edits == (Edit("name", "Harbour crane", "Dock crane"),)
        world.edit(record, description="Harbour crane")
        await until(lambda: told(world) == [])

    assert writes(world) == []


async def test_it_goes_on_where_it_was_stopped(world: Bench) -> None:
    """The same create is told once, however often the process begins."""
    record = world.has("Harbour crane")
    async with running(world):
        await until(lambda: outcomes(world, Kind.WRITE_BACK) == [Outcome.NOT_DONE])
    [before] = told(world, Kind.CREATE)
    world.edit(record, description="Quay crane")
    async with running(world):
        await until(
            lambda: Edit("name", None, "Quay crane") in told(world, Kind.CREATE)[0].change.edits
        )
    [after] = told(world, Kind.CREATE)

    assert after.since == before.since
    assert told(world, Kind.UPDATE) == []
    assert writes(world) == []


async def test_the_real_state_is_not_touched_and_takes_over_the_tokens(world: Bench) -> None:
    """Afterwards the service that writes begins as if nothing had been: a used token is kept."""
    record = world.has("Harbour crane")
    async with running(world):
        await until(tells(world, Kind.CREATE))
    with closing(statefile.connect(world.state / statefile.FILE_NAME)) as connection:
        assert connection.execute("SELECT count(*) FROM record").fetchone()[0] == 0

    world.shadow = False
    await world.once()

    assert world.twin(record).value("name") == "harbour crane"
    assert [one.path for one in world.outreach_seen].count("/oauth/token") == 1


async def test_one_that_writes_does_not_run_beside(world: Bench) -> None:
    """Nor the other way round: they are one installation of one pair."""
    world.has("Harbour crane")
    with statedir.lease(world.state), pytest.raises(statedir.StateInUse):
        async with opened_in_shadow(world.config().in_shadow(), world.environment()):
            pass
    async with running(world):
        await until(tells(world, Kind.CREATE))
        with pytest.raises(statedir.StateInUse):
            await world.once()


async def test_who_acts_in_the_shadow_is_told_that_nothing_is_sent(
    world: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Our flag is reset, it was said, and there had been none."""
    record = world.has(" ")
    async with served(world):
        await until(tells(world, Kind.FLAG))
    async with opened_in_shadow(world.config().in_shadow(), world.environment()) as shadow:
        request = Request(Act.RETRY, (f"OPP-{record}",))
        answer = await Acting(shadow.assembly, request).answer()
    monkeypatch.setattr(acting, "ask_service", lambda *_, **__: answer)  # pyright: ignore[reportUnknownLambdaType,reportUnknownArgumentType] # whatever is asked

    path, names = world.directory / "config.toml", [f"OPP-{record}"]
    acting.retry(path, names, code=None, everything=False, as_json=False)

    said = capsys.readouterr().out
    assert "our error flag is reset" in said
    assert "in neither system is anything changed" in said
    assert writes(world) == []


async def test_a_reload_does_not_end_the_shadow(world: Bench) -> None:
    """What is live is put in force, and still nothing is sent."""
    world.has("Harbour crane")
    async with served(world) as port:
        await until(tells(world, Kind.CREATE))
        world.settings["poller"] |= {"overlap_s": 90}
        world.config()
        assert (await port.reload())["applied"]
        world.has("Quay crane")
        await until(lambda: len(told(world, Kind.CREATE)) == 2)

    assert writes(world) == []


async def test_what_the_fuse_would_hold_is_told_and_let_go(world: Bench) -> None:
    """Nothing is sent, so nobody need approve anything to see it."""
    world.settings["fuse"] = {"records_min": 1, "share": 0.01}
    for number in range(4):
        world.has(f"Crane {number}")
    world.shadow = False
    await world.once()
    world.forget_state()
    world.forget_traffic()
    world.shadow = True
    for row in world.outreach.opportunities.rows():
        world.outreach.opportunities.update(row.id, {"name": "other"})
    async with served(world) as port:
        await until(lambda: len(told(world, Kind.UPDATE)) == 4)
        status = await port.status()

    assert status["shadow"]["fuse_would_hold"] >= 1
    assert writes(world) == []


async def test_people_that_the_plugin_brings_along_are_recognised(world: Bench) -> None:
    """A prospect by the address, a role by the prospect and its text."""
    person = world.knows("Petra Piers")
    record = await linked_by_the_plugin(world)
    twin = world.twin(record).id
    world.puts(record, (person, "Buyer"))
    async with running(world):
        await until(tells(world, Kind.PROSPECT, Kind.ROLE_ADD))
        prospect = world.outreach.prospects.create({"emails": ["petra.piers@customer.example"]})
        await until(lambda: outcomes(world, Kind.PROSPECT) == [Outcome.DONE])
        assert outcomes(world, Kind.ROLE_ADD) == [Outcome.NOT_DONE]
        world.outreach.roles.create({"role": "Buyer"}, {"opportunity": twin, "prospect": prospect})
        await until(lambda: outcomes(world, Kind.ROLE_ADD) == [Outcome.DONE])

    assert writes(world) == []


async def test_a_flag_counts_until_the_record_is_mended(world: Bench) -> None:
    """Nobody has to reset what was never set."""
    record = world.has(" ")
    async with running(world):
        await until(tells(world, Kind.FLAG))
        world.edit(record, description="Harbour crane")
        await until(tells(world, Kind.CREATE))

    assert writes(world) == []


async def test_the_commands_tell_of_it(
    world: Bench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it runs, and when it does not; nothing yet is told as well."""
    monkeypatch.setenv("COLUMNS", "80")
    record = world.has("Harbour crane")
    world.config()
    assert (await _told_by(world, capsys, "shadow"))[0] == Exit.STATE
    async with served(world):
        await until(lambda: len(told(world)) == 2)
        code, text = await _told_by(world, capsys, "status")
        assert text.startswith("SHADOW: nothing is sent to either system, since 2026-")
        assert "What would have been sent: 2 not done" in text
        assert code == Exit.DONE
        _, text = await _told_by(world, capsys, "history", f"OPP-{record}")
        assert "created" in text
    code, text = await _told_by(world, capsys, "shadow")
    assert code == Exit.ATTENTION
    assert f"OPP-{record}" in text
    assert max(map(len, text.splitlines())) <= 80
    _, text = await _told_by(world, capsys, "shadow", "--json")
    document = json.loads(text)
    assert document["not_done"] == len(document["lines"]) == 2
    assert {one["outcome"] for one in document["lines"]} == {"not done"}


async def _told_by(
    world: Bench, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, str]:
    """The code of a command, and what it shows; the service goes on meanwhile."""
    capsys.readouterr()
    config = str(world.directory / "config.toml")
    code = await anyio.to_thread.run_sync(start, [*words, "--config", config])
    return code, capsys.readouterr().out
