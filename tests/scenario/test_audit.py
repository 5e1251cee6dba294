"""The rolling audit: what no poll can show is found and repaired."""

from __future__ import annotations

import pytest

from tests.scenario.bench import Bench

pytestmark = pytest.mark.anyio


@pytest.fixture
def audited(world: Bench) -> Bench:
    """Every run sweeps, and every sweep audits everything."""
    world.settings["poller"] = {"sweep_interval_s": 0.001, "audit_interval_s": 0.001}
    return world


async def test_a_change_behind_the_watermark_is_found(audited: Bench) -> None:
    """A source whose clock was set back hides its edits from every poll."""
    record = audited.has("Harbour crane")
    await audited.once()
    audited.clock.advance(600)
    other = audited.has("Later")
    await audited.once()

    audited.clock.advance(-900)
    audited.edit(record, description="Harbour crane, blue")
    audited.clock.advance(900)
    await audited.once()

    assert audited.twin(record).attributes["name"] == "Harbour crane, blue"
    assert audited.twin(other)


async def test_a_gone_record_is_made_anew_when_an_audit_finds_its_id_cleared(
    audited: Bench,
) -> None:
    """One such record is no mass change that would have to be approved."""
    record = audited.has("Harbour crane")
    await audited.once()
    before = audited.twin(record).id
    audited.clock.advance(600)
    audited.has("Later")
    await audited.once()

    audited.clock.advance(-900)
    audited.edit(record, cf_opportunity_outreach_id=None, cf_opportunity_outreach_url=None)
    audited.clock.advance(900)
    audited.outreach.opportunities.delete(before)
    await audited.once()

    assert audited.twin(record).id != before


async def test_an_audit_of_what_agrees_costs_outreach_nothing(audited: Bench) -> None:
    """It runs for ever, so it must be cheap."""
    for number in range(5):
        audited.has(f"Row {number}")
    await audited.once()
    await audited.once()
    audited.forget_traffic()

    await audited.once()

    assert audited.outreach_traffic.total == 0


async def test_what_changed_while_it_was_hidden_from_us_is_found(audited: Bench) -> None:
    """A permission lost and given back moves no time that a poll could see."""
    record = audited.has("Harbour crane")
    await audited.once()
    audited.workbooks.opportunities.hide(record)
    audited.edit(record, description="Harbour crane, blue")
    audited.clock.advance(600)
    audited.has("Later")
    await audited.once()

    audited.workbooks.opportunities.show(record)
    await audited.once()

    assert audited.twin(record).attributes["name"] == "Harbour crane, blue"


async def test_a_record_nobody_shows_any_more_is_let_go(audited: Bench) -> None:
    """What is deleted or unticked is not waited for, and Outreach keeps what it has."""
    kept, gone = audited.has("Harbour crane"), audited.has("Dry dock")
    await audited.once()
    audited.workbooks.opportunities.delete(gone)
    audited.edit(kept, description="Harbour crane, blue")

    result = await audited.once()

    assert audited.twin(kept).attributes["name"] == "Harbour crane, blue"
    assert len(audited.twins(gone)) == 1
    assert (result.counts.pending, result.counts.tabs) == (0, 0)
