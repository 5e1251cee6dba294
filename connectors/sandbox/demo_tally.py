"""What came of it, counted in the two systems themselves and not by the service."""

from collections import Counter
from dataclasses import dataclass

from connectors.sandbox.sandbox import Sandbox

_OPPORTUNITIES = "/api/v2/opportunities"


@dataclass(frozen=True, slots=True)
class Tally:
    """Totals so far; requests include polls, sign-in and start-up."""

    created: int
    updated: int
    written_back: int
    duplicates: int
    workbooks_requests: int
    outreach_requests: int

    def per_record(self, requests: int) -> float:
        """Requests for each record that was created or updated; 0 while there is none."""
        synced = self.created + self.updated
        return requests / synced if synced else 0.0


def written_back(sandbox: Sandbox) -> int:
    """Opportunities that carry the id of an Outreach record made for them."""
    deals, known = sandbox.workbooks.opportunities, sandbox.sample.linked
    made = 0
    for deal in deals.ids():
        carried = str(deals.value(deal, "cf_opportunity_outreach_id") or "")
        if deal in known or not carried.isdigit():
            continue
        row = sandbox.outreach.opportunities.get(int(carried))
        ref = deals.value(deal, "object_ref")
        made += row is not None and row.attributes.get("customId") == ref
    return made


def tally(sandbox: Sandbox) -> Tally:
    """Count everything."""
    calls = sandbox.outreach_traffic.counts
    rows = sandbox.outreach.opportunities.rows()
    copies = Counter(row.attributes.get("customId") for row in rows)
    return Tally(
        created=calls["POST", _OPPORTUNITIES],
        updated=calls["PATCH", f"{_OPPORTUNITIES}/{{id}}"],
        written_back=written_back(sandbox),
        duplicates=sum(count - 1 for count in copies.values()),
        workbooks_requests=sandbox.workbooks_traffic.total,
        outreach_requests=sandbox.outreach_traffic.total,
    )
