"""Each edit of the demo is a real one, and is seen to arrive only when it has."""

import pytest

from connectors.sandbox.demo_edits import BLANK, NO_OWNER, NOT_THERE, Change, Person
from connectors.sandbox.demo_tally import tally
from connectors.sandbox.outreach import OutreachWorld
from connectors.sandbox.sandbox import Sandbox, SandboxOptions
from connectors.sandbox.workbooks import Money, WorkbooksWorld

NOON = 1_741_521_600.0


class Stage:
    """A sandbox at a standing clock, a person, and a hand that copies what a service would."""

    def __init__(self) -> None:
        self.now = NOON
        self.sandbox = Sandbox(SandboxOptions(bulk=0), clock=lambda: self.now)
        self.workbooks: WorkbooksWorld = self.sandbox.workbooks
        self.outreach: OutreachWorld = self.sandbox.outreach
        for deal in self.sandbox.sample.ordinary:
            self.copy(deal)
        self.person = Person(self.sandbox)

    def copy(self, deal: int) -> None:
        """Make Outreach hold what Workbooks holds."""
        record = self.workbooks.opportunities.get(deal)
        money, day = record["document_currency_net_value"], record["document_date"]
        sample = self.sandbox.sample
        users = {str(row.attributes["name"]): row.id for row in self.outreach.users.rows()}
        attributes = {
            "name": record["description"],
            "customId": record["object_ref"],
            "amount": int(money.amount) if isinstance(money, Money) else None,
            "currencyType": money.code if isinstance(money, Money) else None,
            "closeDate": f"{day}T12:00:00.000Z" if day else None,
        }
        links = {
            "owner": users.get(str(record["assigned_to_name"])),
            "opportunityStage": sample.stages.get(str(record["opportunity_stage[name]"])),
        }
        found = self.outreach.find_opportunities(str(record["object_ref"]))
        if found:
            self.outreach.opportunities.update(found[0].id, attributes, links)
            return
        target_id = self.outreach.opportunities.create(attributes, links)
        self.workbooks.opportunities.update(deal, cf_opportunity_outreach_id=str(target_id))

    def changed_since_noon(self) -> list[int]:
        """What a poll would find."""
        deals = self.workbooks.opportunities
        return [
            deal
            for deal in deals.ids()
            if deals.value(deal, "updated_at").timestamp() > NOON  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType] # a datetime
        ]


@pytest.fixture
def stage() -> Stage:
    """A sandbox whose ordinary records are in Outreach already."""
    return Stage()


def by_what(changes: list[Change]) -> dict[str, Change]:
    """Changes by their title."""
    return {change.what: change for change in changes}


def test_nothing_has_arrived_before_it_was_synced(stage: Stage) -> None:
    """A demo that claims success by itself proves nothing."""
    changes = stage.person.everything()

    assert [change.what for change in changes if change.look(0.1)] == []
    before = {what: change.before for what, change in by_what(changes).items()}
    assert before["Error repaired"] == before["Opportunity entered"] == NOT_THERE
    assert before["Its Outreach Id back"] == BLANK
    assert before["Owner gets a seat"] == NO_OWNER


def test_every_edit_arrives_once_it_is_synced(stage: Stage) -> None:
    """Each line of the table ends with what Outreach shows and when it was seen."""
    stage.now += 60
    changes = stage.person.everything()
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


def test_the_repair_resets_the_flag(stage: Stage) -> None:
    """Resetting the flag must be all it takes (mission rule 6)."""
    deals = stage.workbooks.opportunities
    failing = next(iter(stage.sandbox.sample.failing))
    deals.update(failing, cf_opportunity_outreach_sync_error=True)

    stage.person.repairs()

    assert deals.value(failing, "cf_opportunity_outreach_sync_error") is False
    assert len(str(deals.value(failing, "description"))) <= 255


def test_the_tally_is_counted_in_the_systems_themselves(stage: Stage) -> None:
    """The summary must not repeat what the service believes of itself."""
    counted = tally(stage.sandbox)
    first = stage.sandbox.sample.ordinary[0]
    ref = stage.workbooks.opportunities.value(first, "object_ref")
    stage.outreach.opportunities.create({"name": "again", "customId": ref})

    assert counted.written_back == len(stage.sandbox.sample.ordinary)
    assert (counted.created, counted.updated, counted.duplicates) == (0, 0, 0)
    assert counted.per_record(100) == 0.0
    assert tally(stage.sandbox).duplicates == 1
