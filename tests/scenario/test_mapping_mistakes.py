"""A mapping that cannot work is refused at the start, before anything is written anywhere."""

from __future__ import annotations

from contextlib import closing

import anyio
import pytest

from engine.cli.exits import Exit, code_for
from engine.decide.patience import Patience
from engine.errors import Misconfigured
from engine.store.sqlite import statefile
from tests.scenario.bench import Bench
from tests.scenario.mapping_hands import (
    PROSPECT_LINES,
    adds_column,
    held,
    maps,
    rules,
    writes,
)
from tests.waiting import DEADLINE_S

pytestmark = pytest.mark.anyio


async def refused(world: Bench) -> str:
    """What the operator reads when the engine refuses to start."""
    with pytest.raises(Misconfigured) as caught:
        await world.once()
    assert code_for(caught.value) is Exit.CONFIGURATION
    return str(caught.value)


def touched(world: Bench) -> list[str]:
    """Requests to Workbooks that were to change something."""
    return [seen.path for seen in world.workbooks_seen if seen.method not in ("GET", "POST")]


async def test_every_mistake_is_named_at_once_with_what_was_probably_meant(world: Bench) -> None:
    """Nobody wants to start a service seven times to find seven typing errors."""
    rules(world, "custom1", "string", "Region")
    rules(world, "custom2", "string", "Region")
    column = adds_column(world, "Sales region")
    maps(
        world,
        {
            "descripton": "comment",
            "custom3": column[:-1],
            "custom4": "party[name",
            "amount": "document_date",
            "closeDate": {"from": "document_date", "as": "money"},
            "Region": "fao",
            "name": False,
        },
    )
    maps(world, {"firstNam": "person_first_name", "custom3": "person_frist_name"}, PROSPECT_LINES)
    world.has("Harbour crane")

    said = await refused(world)

    for part in (
        "descripton: no such writable field; did you mean 'description'?",
        f"custom3: there is no column '{column[:-1]}'; did you mean '{column}'?",
        "custom4: 'party[name' is not a related column",
        "amount: the column 'document_date' holds a date",
        "closeDate: conversion 'money' does not suit it",
        "Region: several fields have this label",
        "custom1, custom2",
        "name: the target demands this field",
        "[mapping.prospect] firstNam: no such writable field; did you mean 'firstName'?",
        "'person_frist_name'; did you mean 'person_first_name'?",
    ):
        assert part in said


async def test_a_refused_mapping_leaves_both_systems_as_they_were(world: Bench) -> None:
    """A start that is refused must be as if it had not been tried."""
    maps(world, {"descripton": "comment"})
    record = world.has("Harbour crane")

    await refused(world)

    assert len(world.outreach.opportunities) == 0
    assert writes(world) == []
    assert touched(world) == []
    assert world.record(record)["error"] is False


async def test_a_refused_mapping_keeps_nothing_but_the_tokens_just_minted(world: Bench) -> None:
    """The old refresh token may be worth nothing once the new one was given out."""
    maps(world, {"descripton": "comment"})
    world.has("Harbour crane")

    await refused(world)

    with closing(statefile.connect(world.state / statefile.FILE_NAME)) as connection:
        tables = ("record", "watermark", "outbox", "intent", "person")
        counts = [connection.execute(f"SELECT count(*) FROM {table}") for table in tables]  # noqa: S608 - names from the line above
        assert [count.fetchone()[0] for count in counts] == [0] * len(tables)


async def test_a_line_of_a_wrong_form_leaves_no_trace_at_all(world: Bench) -> None:
    """What can be told from the file alone is told before anybody is asked."""
    maps(world, {"name": {"from": "description", "as": "picklist"}})

    with pytest.raises(Misconfigured, match="need each other"):
        await world.once()

    assert world.outreach_seen == []
    assert world.workbooks_seen == []
    assert not world.state.exists()


async def test_the_field_that_finds_a_lost_create_cannot_be_left_alone(world: Bench) -> None:
    """Otherwise every record would be refused one by one, and flagged for it."""
    maps(world, {"customId": False})
    record = world.has("Harbour crane")

    said = await refused(world)

    assert "[mapping.opportunity] customId" in said
    assert world.record(record)["error"] is False


async def test_a_mistake_that_is_put_right_leaves_no_trace(world: Bench) -> None:
    """The next start goes on as if it were the first."""
    maps(world, {"descripton": "comment"})
    record = world.has("Harbour crane", comment="Two hooks")
    await refused(world)

    maps(world, {"description": "comment"})
    await world.once()

    assert held(world, record, "description") == "Two hooks"


async def test_the_service_refuses_the_same_mapping(world: Bench) -> None:
    """A service that starts with half a mapping would fill half of the fields."""
    maps(world, {"descripton": "comment"})
    world.has("Harbour crane")
    world.patience = Patience(over_s=0.3, first_s=0.02, cap_s=0.1)

    with anyio.fail_after(DEADLINE_S), pytest.raises(Misconfigured) as given_up:
        await world.run()

    assert "did you mean 'description'" in str(given_up.value)

    assert len(world.outreach.opportunities) == 0
