"""A sandbox at a standing clock, and a hand that copies what a service would."""

from collections import Counter

from connectors.sandbox.outreach import OutreachWorld
from connectors.sandbox.sandbox import Sandbox, SandboxOptions
from connectors.sandbox.workbooks import Money, WorkbooksWorld

NOON = 1_741_521_600.0


class Stage:
    """A sandbox whose ordinary and imported records are in Outreach already, without people."""

    def __init__(self, bulk: int = 0) -> None:
        self.now = NOON
        self.sandbox = Sandbox(SandboxOptions(bulk=bulk), clock=lambda: self.now)
        self.workbooks: WorkbooksWorld = self.sandbox.workbooks
        self.outreach: OutreachWorld = self.sandbox.outreach
        self.synced = [*self.sandbox.sample.ordinary, *self.sandbox.sample.bulk]
        for deal in self.synced:
            self.copy(deal)

    def copy(self, deal: int) -> None:
        """Make Outreach hold what Workbooks holds of the opportunity itself."""
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

    def relate(self, deal: int) -> None:
        """Make the roles in Outreach those of the People tab, as far as its people may go there."""
        carried = self.workbooks.opportunities.value(deal, "cf_opportunity_outreach_id")
        target_id = int(str(carried))
        wanted = Counter(
            (prospect_id, role)
            for person, role in self.workbooks.people_on(deal)
            if (prospect_id := self._prospect(person)) is not None
        )
        for row in self.outreach.roles_on(target_id):
            edge = (row.relationships["prospect"], str(row.attributes["role"]))
            if wanted[edge]:
                wanted[edge] -= 1
            else:
                self.outreach.roles.delete(row.id)
        for prospect_id, role in wanted.elements():
            links = {"opportunity": target_id, "prospect": prospect_id}
            self.outreach.roles.create({"role": role}, links)

    def _prospect(self, person: int) -> int | None:
        record, sample = self.workbooks.people.get(person), self.sandbox.sample
        email = record["main_location[email]"]
        if person in sample.unsynced or person in sample.refused or not email:
            return None
        found = self.outreach.tables["prospect"].find("emails", str(email))
        prospect_id = (
            found[0].id
            if found
            else self.outreach.prospects.create(
                {"emails": [email], "externalId": record["object_ref"]}
            )
        )
        self.workbooks.people.update(person, cf_person_outreach_id=str(prospect_id))
        return prospect_id

    def changed_since_noon(self) -> list[int]:
        """What a poll of opportunities would find."""
        deals = self.workbooks.opportunities
        return [
            deal
            for deal in deals.ids()
            if deals.value(deal, "updated_at").timestamp() > NOON  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType] # a datetime
        ]
