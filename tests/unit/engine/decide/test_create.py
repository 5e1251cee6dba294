"""A create in doubt: what a look proves, by what it shows and when it began."""

from __future__ import annotations

import pytest

from engine.decide.create import Found, NotExecuted, NotSeen, Proof, proof
from engine.model.intent import Intent
from engine.model.records import Match
from tests.unit.engine.decide.test_opportunity import known

OPENED = 1_000_000.0
LOST = OPENED + 10
BOUND_S = 60.0


def at(seconds: float) -> str:
    """A time of the target, so many seconds after the announcement."""
    return f"1970-01-12T13:{46 + int(seconds // 60):02d}:{40 + int(seconds % 60):02d}.000Z"


OURS = Match(12, at(1))
TWIN = Match(13, at(2))
OLDER = Match(11, "1970-01-12T13:46:39.000Z")


def prove(
    *matches: Match,
    began_at: float = LOST + BOUND_S,
    others: frozenset[int] = frozenset(),
    gone_id: int | None = None,
    sent: int = 1,
    doubt_since: float | None = LOST,
    target_ahead_s: float = 0.0,
) -> Proof:
    """The proof of a look that shows these."""
    return proof(
        known(gone_id=gone_id),
        Intent("OPP-1", OPENED, doubt_since, 1, sent=sent),
        matches,
        others=others,
        began_at=began_at,
        now=began_at + 1,
        bound_s=BOUND_S,
        target_ahead_s=target_ahead_s,
    )


@pytest.mark.parametrize(
    ("matches", "expected"),
    [
        ((OURS,), Found(OURS)),
        ((TWIN, OURS), Found(OURS, (TWIN,), removable=False)),
        ((OLDER, OURS), Found(OLDER, (OURS,), removable=False)),
        ((Match(12, at(1), trashed=True),), NotExecuted()),
        ((), NotExecuted()),
    ],
)
def test_what_is_shown_is_ours_and_what_is_in_the_trash_is_not(
    matches: tuple[Match, ...], expected: Proof
) -> None:
    """The oldest is the record's; a second one that we did not send is somebody's."""
    assert prove(*matches) == expected


def test_a_second_create_of_ours_may_be_removed() -> None:
    """We sent as many as there are, and all are younger than our announcement."""
    assert prove(OURS, TWIN, sent=2) == Found(OURS, (TWIN,), removable=True)
    assert prove(OLDER, OURS, sent=2) == Found(OLDER, (OURS,), removable=False)
    assert prove(OURS, TWIN, Match(14, at(3)), sent=2) == Found(
        OURS, (TWIN, Match(14, at(3))), removable=False
    )


def test_a_twin_older_by_the_clock_of_the_target_is_never_removed() -> None:
    """Where our clock is behind, what was there before seems younger than our announcement."""
    assert prove(OURS, TWIN, sent=2, target_ahead_s=1.5) == Found(OURS, (TWIN,), removable=True)
    assert prove(OURS, TWIN, sent=2, target_ahead_s=2.5) == Found(OURS, (TWIN,), removable=False)
    assert prove(OLDER, OURS, sent=2, target_ahead_s=-9) == Found(OLDER, (OURS,), removable=False)


def test_what_belongs_to_another_or_is_gone_is_not_what_was_created() -> None:
    """Lists show it for a while yet, or somebody has entered its id elsewhere."""
    assert prove(OURS, others=frozenset({12})) == NotExecuted()
    assert prove(OURS, gone_id=12) == NotExecuted()
    assert prove(OURS, TWIN, gone_id=12) == Found(TWIN)


@pytest.mark.parametrize("age_s", [0.0, 20.0, BOUND_S - 0.1])
def test_an_empty_look_before_the_bound_proves_nothing(age_s: float) -> None:
    """A collection lags; what is looked for again is looked for later."""
    result = prove(began_at=LOST + age_s)

    assert isinstance(result, NotSeen)
    assert result.look_at > LOST + age_s + 1


def test_a_doubt_that_begins_with_the_look_is_as_old_as_the_look() -> None:
    """Nobody knows since when it is lost."""
    assert isinstance(prove(began_at=LOST + 10 * BOUND_S, doubt_since=None), NotSeen)
