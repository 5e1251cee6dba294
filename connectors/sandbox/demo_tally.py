"""What came of it, counted in the two systems themselves and not by the service."""

from collections import Counter
from dataclasses import dataclass

from connectors.sandbox.outreach import Row
from connectors.sandbox.sandbox import Sandbox

_OPPORTUNITIES = "/api/v2/opportunities"
_ROLES = "/api/v2/opportunityProspectRoles"
_ON_THE_WAY = "on the way"


@dataclass(frozen=True, slots=True)
class PeopleTally:
    """What became of the people; `held_back` is lines of People tabs by the reason for it."""

    prospects_created: int
    prospects_adopted: int
    roles_created: int
    roles_changed: int
    roles_removed: int
    held_back: Counter[str]


@dataclass(frozen=True, slots=True)
class Tally:
    """Totals so far; requests include polls, look-ups, sign-in and start-up."""

    created: int
    updated: int
    written_back: int
    duplicates: int
    workbooks_requests: int
    outreach_requests: int
    people: PeopleTally

    @property
    def records(self) -> int:
        """Records of Outreach that were written: opportunities, prospects and roles."""
        people = self.people
        roles = people.roles_created + people.roles_changed + people.roles_removed
        return self.created + self.updated + people.prospects_created + roles

    def per_record(self, requests: int) -> float:
        """Requests for each record that was written; 0 while there is none."""
        return requests / self.records if self.records else 0.0


def written_back(sandbox: Sandbox) -> int:
    """Opportunities that carry the id of an Outreach record made for them."""
    deals, known = sandbox.workbooks.opportunities, sandbox.sample.linked
    made = 0
    for deal in deals.ids():
        row = None if deal in known else _counterpart(sandbox, deal)
        made += row is not None and row.attributes.get("customId") == deals.value(
            deal, "object_ref"
        )
    return made


def missed(sandbox: Sandbox) -> int:
    """Opportunities that are ticked, in no error and not in Outreach, and lines on the way."""
    value = sandbox.workbooks.opportunities.value
    absent = sum(
        bool(value(deal, "cf_opportunity_sync_to_outreach"))
        and not value(deal, "cf_opportunity_outreach_sync_error")
        and _counterpart(sandbox, deal) is None
        for deal in sandbox.workbooks.opportunities.ids()
    )
    return absent + _held_back(sandbox)[_ON_THE_WAY]


def related(sandbox: Sandbox) -> int:
    """Roles in Outreach that were not there before."""
    return sum(row.id not in sandbox.sample.roles for row in sandbox.outreach.roles.rows())


def tally(sandbox: Sandbox) -> Tally:
    """Count everything."""
    calls = sandbox.outreach_traffic.counts
    return Tally(
        created=calls["POST", _OPPORTUNITIES],
        updated=calls["PATCH", f"{_OPPORTUNITIES}/{{id}}"],
        written_back=written_back(sandbox),
        duplicates=_duplicates(sandbox),
        workbooks_requests=sandbox.workbooks_traffic.total,
        outreach_requests=sandbox.outreach_traffic.total,
        people=PeopleTally(
            prospects_created=_prospects_created(sandbox),
            prospects_adopted=_prospects_adopted(sandbox),
            roles_created=calls["POST", _ROLES],
            roles_changed=calls["PATCH", f"{_ROLES}/{{id}}"],
            roles_removed=calls["DELETE", f"{_ROLES}/{{id}}"],
            held_back=_held_back(sandbox),
        ),
    )


def _counterpart(sandbox: Sandbox, deal: int) -> Row | None:
    carried = str(sandbox.workbooks.opportunities.value(deal, "cf_opportunity_outreach_id") or "")
    return sandbox.outreach.opportunities.get(int(carried)) if carried.isdigit() else None


def _duplicates(sandbox: Sandbox) -> int:
    """Opportunities and prospects made twice for one record, and roles that say the same twice."""
    outreach = sandbox.outreach
    opportunities = [row.attributes.get("customId") for row in outreach.opportunities.rows()]
    prospects = [row.attributes.get("externalId") for row in outreach.prospects.rows()]
    roles = [
        (*sorted(row.relationships.items()), row.attributes.get("role"))
        for row in outreach.roles.rows()
    ]
    kinds = (
        Counter(opportunities),
        # One that we did not make names no record of Workbooks.
        Counter(ref for ref in prospects if ref is not None),
        Counter(roles),
    )
    return sum(kind.total() - len(kind) for kind in kinds)


def _prospects_created(sandbox: Sandbox) -> int:
    """Prospects that were made for a person of Workbooks."""
    people = sandbox.workbooks.people
    refs = {people.value(person, "object_ref") for person in people.ids()}
    return sum(
        row.attributes.get("externalId") in refs for row in sandbox.outreach.prospects.rows()
    )


def _prospects_adopted(sandbox: Sandbox) -> int:
    """People who carry the id of a prospect that was there before, and did not carry it then."""
    unlinked = sandbox.sample.unlinked
    return sum(_carried_id(sandbox, person) == known for person, known in unlinked.items())


def _held_back(sandbox: Sandbox) -> Counter[str]:
    """Lines on the tabs of synced opportunities that no role stands for, by what one sees."""
    reasons: Counter[str] = Counter()
    for deal in sandbox.workbooks.opportunities.ids():
        row = _counterpart(sandbox, deal)
        if row is None:
            continue
        theirs = Counter(
            (role.relationships["prospect"], str(role.attributes.get("role", "")))
            for role in sandbox.outreach.roles_on(row.id)
        )
        for person, role in sandbox.workbooks.people_on(deal):
            edge = (_carried_id(sandbox, person), role)
            if theirs[edge]:
                theirs[edge] -= 1
            else:
                reasons[_why(sandbox, person)] += 1
    return reasons


def _why(sandbox: Sandbox, person: int) -> str:
    people = sandbox.workbooks.people
    if people.value(person, "cf_person_outreach_sync_error"):
        return "person in error"
    if not people.value(person, "cf_person_sync_to_outreach"):
        return "sync is off"
    return _ON_THE_WAY if people.value(person, "main_location_email") else "no e-mail address"


def _carried_id(sandbox: Sandbox, person: int) -> int:
    """The prospect that the person's own record names; 0 for none."""
    carried = str(sandbox.workbooks.people.value(person, "cf_person_outreach_id") or "")
    return int(carried) if carried.isdigit() else 0
