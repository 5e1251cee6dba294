"""What happens on a People tab is an edit of that tab alone, and is seen when roles show it."""

import pytest

from connectors.sandbox.demo_edits import Change
from connectors.sandbox.demo_people import NOT_RELATED, TabKeeper
from connectors.sandbox.workbooks import WorkbooksWorld
from tests.unit.connectors.sandbox.stage import Stage


@pytest.fixture
def stage() -> Stage:
    """A sandbox whose opportunities and people are in Outreach already."""
    stage = Stage(bulk=60)
    for deal in stage.synced:
        stage.relate(deal)
    return stage


@pytest.fixture
def keeper(stage: Stage) -> TabKeeper:
    """Somebody who looks after People tabs."""
    return TabKeeper(stage.sandbox)


def deal_of(workbooks: WorkbooksWorld, change: Change) -> int:
    """The opportunity a change is about."""
    deals = workbooks.opportunities
    return next(one for one in deals.ids() if deals.value(one, "object_ref") == change.ref)


def test_people_arrive_change_and_leave_once_they_are_related(
    stage: Stage, keeper: TabKeeper
) -> None:
    """These are the ways in which a tab comes to differ (mission rule 8)."""
    stage.now += 60
    changes = keeper.everything()
    early = [change.what for change in changes if change.look(0.1)]

    for deal in stage.synced:
        stage.relate(deal)

    added, changed, removed, reachable = changes
    assert early == []
    assert all(change.look(1.5) for change in changes)
    assert added.before == reachable.before == removed.after == NOT_RELATED
    assert NOT_RELATED not in (added.after, reachable.after, removed.before)
    assert changed.before.split(", ")[0] == str(changed.after).split(", ", maxsplit=1)[0]
    assert changed.before != changed.after


def test_no_opportunity_counts_as_edited(stage: Stage, keeper: TabKeeper) -> None:
    """Otherwise the demo would show that opportunities sync, and not that tabs do."""
    stage.now += 60

    keeper.everything()

    assert stage.changed_since_noon() == []


def test_each_edit_has_an_opportunity_of_its_own(stage: Stage, keeper: TabKeeper) -> None:
    """A second edit of the same tab would hide what became of the first."""
    changes = keeper.everything()[:3]
    deals = {deal_of(stage.workbooks, change) for change in changes}

    assert len(deals) == 3
    assert deals <= set(stage.sandbox.sample.bulk)


def test_a_person_comes_alone(stage: Stage, keeper: TabKeeper) -> None:
    """Everybody else on the tab stays as they were."""
    before = {deal: stage.workbooks.people_on(deal) for deal in stage.sandbox.sample.bulk}

    change = keeper.adds()

    deal = deal_of(stage.workbooks, change)
    *others, (person, role) = stage.workbooks.people_on(deal)
    assert others == before[deal]
    assert person not in {one for one, _ in others}
    assert str(change.wanted).endswith(f", {role}")


def test_it_can_go_on_for_hours(stage: Stage, keeper: TabKeeper) -> None:
    """`--keep` edits until somebody stops it."""
    for _ in range(100):
        change = keeper.changes()
        stage.relate(deal_of(stage.workbooks, change))
        assert change.look(0.2), change
