"""The summary is counted in the systems themselves and does not repeat what the service says."""

from collections import Counter

import pytest

from connectors.sandbox.demo_tally import PeopleTally, Tally, related, tally
from tests.unit.connectors.sandbox.stage import Stage


@pytest.fixture
def stage() -> Stage:
    """A sandbox whose ordinary records are in Outreach already."""
    return Stage()


def test_the_tally_is_counted_in_the_systems_themselves(stage: Stage) -> None:
    """A service that forgot to send anything must not be able to hide it."""
    counted = tally(stage.sandbox)
    first = stage.sandbox.sample.ordinary[0]
    ref = stage.workbooks.opportunities.value(first, "object_ref")
    stage.outreach.opportunities.create({"name": "again", "customId": ref})

    assert counted.written_back == len(stage.sandbox.sample.ordinary)
    assert (counted.created, counted.updated, counted.duplicates) == (0, 0, 0)
    assert counted.per_record(100) == 0.0
    assert tally(stage.sandbox).duplicates == 1


def test_prospects_are_counted_by_how_they_came_about(stage: Stage) -> None:
    """Found by e-mail address or made anew: only the second costs a write."""
    sample = stage.sandbox.sample
    before = tally(stage.sandbox).people
    for deal in stage.synced:
        stage.relate(deal)
    on_tabs = {
        person
        for deal in stage.workbooks.opportunities.ids()
        if deal in stage.synced
        for person, _ in stage.workbooks.people_on(deal)
    }

    after = tally(stage.sandbox).people

    assert (before.prospects_created, before.prospects_adopted) == (0, 0)
    assert after.prospects_created == len(on_tabs & set(sample.newcomers))
    assert after.prospects_adopted == len(on_tabs & sample.unlinked.keys())
    assert 0 < after.prospects_adopted < after.prospects_created


def test_a_line_without_a_role_is_held_back_for_a_reason_one_can_see(stage: Stage) -> None:
    """Whoever misses a person in Outreach needs to know what to change in Workbooks."""
    for deal in [*stage.synced, *stage.sandbox.sample.linked]:
        stage.relate(deal)
    for person in stage.sandbox.sample.refused:
        stage.workbooks.people.update(person, cf_person_outreach_sync_error=True)
    held_back = tally(stage.sandbox).people.held_back

    stage.outreach.roles.delete(stage.outreach.roles.rows()[0].id)

    assert held_back.keys() == {"no e-mail address", "person in error", "sync is off"}
    assert tally(stage.sandbox).people.held_back == held_back + Counter(["on the way"])


def test_a_role_that_says_the_same_twice_is_a_duplicate(stage: Stage) -> None:
    """A doubled role is as bad as a doubled opportunity."""
    for deal in stage.synced:
        stage.relate(deal)
    roles = related(stage.sandbox)
    row = stage.outreach.roles.rows()[-1]
    none = tally(stage.sandbox).duplicates

    stage.outreach.roles.create(row.attributes, row.relationships)

    assert (none, tally(stage.sandbox).duplicates) == (0, 1)
    assert related(stage.sandbox) == roles + 1


def test_what_was_there_before_is_not_counted_as_related(stage: Stage) -> None:
    """The live table begins at nought."""
    assert len(stage.outreach.roles) > 0
    assert related(stage.sandbox) == 0


def test_requests_are_shared_out_among_all_that_was_written() -> None:
    """People cost requests too, so they count on both sides of the division."""
    people = PeopleTally(
        prospects_created=40,
        prospects_adopted=500,
        roles_created=90,
        roles_changed=7,
        roles_removed=3,
        held_back=Counter(),
    )
    counted = Tally(
        created=50,
        updated=10,
        written_back=50,
        duplicates=0,
        workbooks_requests=20,
        outreach_requests=220,
        people=people,
    )

    assert counted.records == 200
    assert counted.per_record(220) == 1.1
