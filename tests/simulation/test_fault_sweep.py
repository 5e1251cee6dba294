"""The fault sweep: whatever request of the story is spoilt, in whatever way, it ends well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import pytest

from tests.searching import SEARCH
from tests.simulation.pool import spread
from tests.simulation.sweep import SPOILT, Points, Route, played, spoil

KINDS = {
    ("outreach", "POST", "/oauth/token"),
    ("outreach", "GET", "/api/v2/users"),
    ("outreach", "GET", "/api/v2/opportunityStages"),
    ("outreach", "GET", "/api/v2/accounts find"),
    ("outreach", "GET", "/api/v2/opportunities find"),
    ("outreach", "GET", "/api/v2/opportunities/{id}"),
    ("outreach", "POST", "/api/v2/opportunities"),
    ("outreach", "PATCH", "/api/v2/opportunities/{id}"),
    ("outreach", "GET", "/api/v2/prospects find"),
    ("outreach", "POST", "/api/v2/prospects"),
    ("outreach", "GET", "/api/v2/opportunityProspectRoles find"),
    ("outreach", "POST", "/api/v2/opportunityProspectRoles"),
    ("outreach", "PATCH", "/api/v2/opportunityProspectRoles/{id}"),
    ("outreach", "DELETE", "/api/v2/opportunityProspectRoles/{id}"),
    ("workbooks", "GET", "/crm/opportunities.api"),
    ("workbooks", "GET", "/crm/opportunity_contacts.api"),
    ("workbooks", "GET", "/crm/people.api"),
    ("workbooks", "GET", "/crm/organisations.api"),
    ("workbooks", "PUT", "/crm/opportunities.api"),
    ("workbooks", "PUT", "/crm/people.api"),
}


def test_the_story_itself_ends_well_and_has_every_kind_of_request() -> None:
    """A sweep proves nothing about requests that the story does not make."""
    points = Points()

    assert played(points) == []
    assert KINDS - set(points.seen) == set()


@pytest.mark.slow
def test_the_story_ends_well_whatever_one_request_meets() -> None:
    """Every kind of request, dropped, refused or garbled before and after it was carried out, and
    the process dying at either point."""
    points = Points()
    played(points)

    complaints = spread(spoil, [*_spoilt(points.seen)])

    assert [one for found in complaints for one in found] == []


def _spoilt(seen: Sequence[Route]) -> Iterator[tuple[int, str]]:
    """Requests of each kind from all over the story, each in one of the eight ways, in turn.

    Of what is only asked again and again, as many as there are ways; a longer search takes every
    request in every way.
    """
    ways = list(SPOILT)
    if SEARCH > 1:
        yield from product(range(len(seen)), ways)
        return
    for kind in dict.fromkeys(seen):
        numbers = [number for number, route in enumerate(seen) if route == kind]
        taken = min(len(numbers), len(ways))
        for turn in range(taken):
            number = numbers[turn * len(numbers) // taken]
            yield number, ways[(numbers[0] + turn) % len(ways)]
