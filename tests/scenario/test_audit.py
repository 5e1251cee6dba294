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


async def test_an_audit_of_what_agrees_costs_outreach_nothing(audited: Bench) -> None:
    """It runs for ever, so it must be cheap."""
    for number in range(5):
        audited.has(f"Row {number}")
    await audited.once()
    await audited.once()
    audited.forget_traffic()

    await audited.once()

    assert audited.outreach_traffic.total == 0
