"""The fault sweep: whatever request of the story is spoilt, in whatever way, it ends well."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import product
from random import Random
from typing import TypeVar

import pytest

from tests.searching import SEARCH, SEED, examples
from tests.simulation.history import FILE, STATES
from tests.simulation.pool import spread
from tests.simulation.sweep import SPOILT, Points, Route, die, spoil, told

T = TypeVar("T")

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


# A longer search plays more of these: instants at which a process dies, and points in a database.
DEATHS, SPOILT_IN_TABLES = 2, 2


def test_the_story_itself_ends_well_and_has_every_kind_of_request() -> None:
    """A sweep proves nothing about requests that the story does not make."""
    points = Points()

    assert told(points).complaints == []
    assert KINDS - set(points.seen) == set()


@pytest.mark.slow
def test_the_story_ends_well_whatever_one_request_meets() -> None:
    """Every kind of request, dropped, refused or garbled before and after it was carried out, and
    the process dying at either point."""
    points = Points()
    told(points)

    assert _complaints(partial(spoil, FILE), _spoilt(points.seen)) == []


@pytest.mark.slow
@pytest.mark.parametrize("state", STATES)
def test_the_story_ends_well_whenever_the_process_dies(
    request: pytest.FixtureRequest, state: str
) -> None:
    """Before or behind any commit or request, some of them drawn."""
    if state != FILE:
        request.getfixturevalue("shared")
    instants = range(told(Points()).instants)

    assert _complaints(partial(die, state), _drawn(instants, DEATHS)) == []


@pytest.mark.slow
@pytest.mark.usefixtures("shared")
def test_the_story_ends_well_in_a_database_whatever_one_request_meets() -> None:
    """What was to be kept when it failed is kept there as well; some of them drawn."""
    points = Points()
    told(points)
    every = list(product(range(len(points.seen)), SPOILT))

    assert _complaints(partial(spoil, "postgres"), _drawn(every, SPOILT_IN_TABLES)) == []


def _complaints(play: Callable[[T], list[str]], points: Iterable[T]) -> list[str]:
    return [one for found in spread(play, points) for one in found]


def _drawn(every: Sequence[T], usual: int) -> list[T]:
    """So many of them; a longer search takes more, up to all."""
    rng = Random(SEED)  # noqa: S311 # chance, not secrets
    return rng.sample(every, min(len(every), examples(usual)))


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
