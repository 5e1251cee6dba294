"""Where Outreach demands a close date: refused with that reason, unless a default is configured."""

from __future__ import annotations

from datetime import date

import pytest

from tests.scenario.bench import Bench

pytestmark = pytest.mark.anyio


@pytest.fixture
def strict(world: Bench) -> Bench:
    """An org that takes no opportunity without a close date."""
    world.outreach.knobs.close_date_required = True
    return world


async def test_a_record_without_a_date_is_refused_with_what_outreach_said(strict: Bench) -> None:
    """No date is made up: somebody would take it for a forecast."""
    world = strict
    record = world.has("Harbour crane", document_date=None)
    other = world.has("Tug", document_date=date(2027, 3, 1))

    await world.once()

    assert world.record(record)["error"] is True
    refused = world.reasons()[f"OPP-{record}"]
    assert (refused.reason, refused.field) == ("Close date can't be blank.", "closeDate")
    assert world.twin(other)


async def test_a_default_date_stands_in_for_a_blank_one(strict: Bench) -> None:
    """The operator says which; a date of the record's own goes before it."""
    world = strict
    world.settings["mapping.opportunity"] = {
        "closeDate": {"from": "document_date", "as": "date", "default": "2027-12-31"}
    }
    record = world.has("Harbour crane", document_date=None)
    other = world.has("Tug", document_date=date(2027, 3, 1))

    await world.once()

    assert str(world.twin(record).attributes["closeDate"]).startswith("2027-12-31")
    assert str(world.twin(other).attributes["closeDate"]).startswith("2027-03-01")
