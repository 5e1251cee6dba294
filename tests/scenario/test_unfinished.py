"""A sweep, an audit or a re-evaluation that dies half-way keeps nobody waiting."""

from __future__ import annotations

from contextlib import closing

import pytest

from connectors.sandbox.faults import Fault
from engine.errors import EngineError
from engine.model.kept import AUDIT_UNFINISHED, MARKS
from engine.store.sqlite import kept, statefile
from tests.scenario.bench import Bench

pytestmark = pytest.mark.anyio

# How the audit asks for a page; a sweep asks for records without an id only, a poll by time.
AUDIT_PAGE = Fault(
    path="/crm/opportunities",
    body=r"^(?!.*(=blank|_sort\[\]=updated_at))(?=.*_ff\[\]=cf_opportunity_sync).*_sort\[\]=id",
)
AN_HOUR_S = 3601


@pytest.mark.parametrize("mark", MARKS)
async def test_a_process_killed_while_it_reads_pages_holds_up_no_mapping(
    world: Bench, mark: str
) -> None:
    """Nobody goes on with what it was reading, so nobody waits for its last page."""
    record = world.has("Row", comment="Comment")
    await world.once()
    with closing(statefile.connect(world.state / statefile.FILE_NAME)) as connection:
        kept.set_setting(connection, mark, "7")
    world.settings["mapping.opportunity"] = {"name": "comment"}

    await world.once()

    assert world.twin(record).attributes["name"] == "Comment"


async def test_a_slice_of_the_audit_that_fails_goes_on_with_the_next_poll(world: Bench) -> None:
    """Its next turn by the clock is an hour away."""
    world.settings["poller"] = {"audit_interval_s": 0.001}
    record = world.has("Harbour crane")
    await world.once()
    world.workbooks.opportunities.hide(record)
    world.edit(record, description="Harbour crane, blue")
    world.clock.advance(600)
    world.has("Later")
    for _ in range(2):
        await world.once()
        world.clock.advance(60)
    world.workbooks.opportunities.show(record)
    world.clock.advance(AN_HOUR_S)
    world.workbooks_fault(AUDIT_PAGE)

    with pytest.raises(EngineError, match="eligible"):
        await world.once()
    assert world.workbooks_traffic.plan.waiting == []
    await world.once()

    assert world.twin(record).attributes["name"] == "Harbour crane, blue"


async def test_a_slice_of_the_audit_that_fails_holds_up_no_mapping(world: Bench) -> None:
    """What a small change of the mapping sends does not wait for the audit."""
    record = world.has("Row", comment="Comment")
    await world.once()
    world.clock.advance(AN_HOUR_S)
    world.workbooks_fault(AUDIT_PAGE)

    with pytest.raises(EngineError, match="eligible"):
        await world.once()

    with closing(statefile.connect(world.state / statefile.FILE_NAME)) as connection:
        assert kept.setting(connection, AUDIT_UNFINISHED) is None
    world.settings["mapping.opportunity"] = {"name": "comment"}
    await world.once()

    assert world.twin(record).attributes["name"] == "Comment"
