"""Each edit of the demo is a real one, and is seen to arrive only when it has."""

import pytest

from connectors.sandbox.demo_edits import BLANK, NO_OWNER, NOT_THERE, Change, Person
from tests.unit.connectors.sandbox.stage import Stage


@pytest.fixture
def stage() -> Stage:
    """A sandbox whose ordinary records are in Outreach already."""
    return Stage()


@pytest.fixture
def person(stage: Stage) -> Person:
    """Somebody at work in it."""
    return Person(stage.sandbox)


def by_what(changes: list[Change]) -> dict[str, Change]:
    """Changes by their title."""
    return {change.what: change for change in changes}


def test_nothing_has_arrived_before_it_was_synced(person: Person) -> None:
    """A demo that claims success by itself proves nothing."""
    changes = person.everything()

    assert [change.what for change in changes if change.look(0.1)] == []
    before = {what: change.before for what, change in by_what(changes).items()}
    assert before["Error repaired"] == before["Opportunity entered"] == NOT_THERE
    assert before["Its Outreach Id back"] == BLANK
    assert before["Owner gets a seat"] == NO_OWNER


def test_every_edit_arrives_once_it_is_synced(stage: Stage, person: Person) -> None:
    """Each line of the table ends with what Outreach shows and when it was seen."""
    stage.now += 60
    changes = person.everything()
    hired = by_what(changes)["Owner gets a seat"]
    edited = stage.changed_since_noon()
    waiting = [int(hired.ref.removeprefix("OPP-"))]

    for deal in [*edited, *waiting]:
        stage.copy(deal)

    assert len(edited) == 5
    assert all(change.look(2.5) for change in changes)
    assert not any(change.look(9.9) for change in changes)
    assert {change.arrived_s for change in changes} == {2.5}
    assert all(change.after and change.after != change.before for change in changes)


def test_the_repair_resets_the_flag(stage: Stage, person: Person) -> None:
    """Resetting the flag must be all it takes (mission rule 6)."""
    deals = stage.workbooks.opportunities
    failing = next(iter(stage.sandbox.sample.failing))
    deals.update(failing, cf_opportunity_outreach_sync_error=True)

    person.repairs()

    assert deals.value(failing, "cf_opportunity_outreach_sync_error") is False
    assert len(str(deals.value(failing, "description"))) <= 255
