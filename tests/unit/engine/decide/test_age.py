"""How old a state is, decided from what tells it; and what of an absence is proven."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from engine.decide.age import ABSENCE_S, Resumed, Verdict, decide, proven_s, resumed
from engine.model.age import Aged, Evidence, Rest, Seen
from tests.unit.engine.stand_ins import NOW

MARK = Seen("abc", 7, moved=False)
TRUSTED = Evidence("abc", 7, True, None, NOW - 10, False, MARK)
EMPTY = replace(TRUSTED, holds_records=False)
# A state without a name, beside a mark or not.
UNNAMED = replace(TRUSTED, name=None, writes=0)
GONE_AT = NOW - ABSENCE_S - 1


@pytest.mark.parametrize(
    "changes",
    [
        # A crash and a restart some seconds later.
        {},
        # The mark is not synced: a power loss may leave it behind.
        {"writes": 9},
        {"lived_at": NOW - ABSENCE_S},
        {"lived_at": NOW + ABSENCE_S},
        {"lived_at": GONE_AT, "ended": True},
        # Written by a version that kept no sign of life.
        {"lived_at": None},
        # Nothing was sent by a state that holds no record, whatever its mark looks like.
        {"holds_records": False, "mark": None},
        {"holds_records": False, "mark": replace(MARK, moved=True)},
        {"holds_records": False, "elsewhere": True},
    ],
)
def test_what_proves_no_other_life_is_trusted(changes: dict[str, Any]) -> None:
    """Reading everything again for nothing would cost an hour of the budget."""
    decision = decide(replace(TRUSTED, **changes), NOW)

    assert (decision.verdict, decision.aged, decision.renamed) == (Verdict.TRUST, None, False)


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        (replace(TRUSTED, writes=6), "lacks the last 1 writes"),
        (replace(TRUSTED, mark=None), "mark that belongs beside it is missing"),
        (replace(TRUSTED, mark=replace(MARK, name="other")), "that of another state"),
        (replace(TRUSTED, mark=replace(MARK, moved=True)), "was copied, put back"),
        (UNNAMED, "older version, put back"),
        (replace(UNNAMED, holds_records=False), "it was lost"),
        (replace(TRUSTED, copied="it was put back from a copy"), "put back from a copy"),
        # Said of it by hand; what the mark tells besides is the same.
        (replace(UNNAMED, copied="taken over", mark=None), "taken over"),
    ],
)
def test_what_proves_another_life_makes_everything_as_young_as_now(
    evidence: Evidence, words: str
) -> None:
    """What that life sent may not show in lists yet."""
    decision = decide(evidence, NOW)

    assert decision.verdict is Verdict.DOUBT
    assert decision.aged is not None
    assert words in decision.aged.reason
    assert (decision.aged.at, decision.aged.since) == (NOW, NOW)
    assert decision.renamed


@pytest.mark.parametrize(
    ("lived_at", "since"),
    [
        # Whatever another life sent was sent after the last sign of life.
        (GONE_AT, GONE_AT),
        # A machine put back to an earlier day may wake up with the clock of that day.
        (NOW + ABSENCE_S + 1, NOW),
    ],
)
def test_an_absence_that_did_not_begin_in_order_may_have_been_another_life(
    lived_at: float, since: float
) -> None:
    """The snapshot of a machine at work looks like a crash."""
    aged = decide(replace(TRUSTED, lived_at=lived_at), NOW).aged

    assert aged is not None
    assert (aged.at, aged.since) == (NOW, since)


@pytest.mark.parametrize(
    ("lived_at", "doubt_since"),
    [
        (NOW - 10, NOW),
        # So much is taken from every doubt, because the clock was set back.
        (NOW + 50, NOW + 50),
        (None, NOW),
    ],
)
def test_no_doubt_of_an_aged_state_is_older_than_another_life(
    lived_at: float | None, doubt_since: float
) -> None:
    """What that life created is not to be seen at once."""
    evidence = replace(TRUSTED, copied="put back", lived_at=lived_at)

    assert decide(evidence, NOW).doubt_since == doubt_since


def test_a_state_at_work_elsewhere_is_not_taken_up() -> None:
    """Two services with copies of one state create everything twice."""
    assert decide(replace(TRUSTED, elsewhere=True), NOW).verdict is Verdict.REFUSE


@pytest.mark.parametrize(
    ("evidence", "renamed", "writes"),
    [
        (TRUSTED, False, 7),
        (replace(TRUSTED, writes=9), False, 9),
        (replace(TRUSTED, writes=3), True, 7),
        (replace(UNNAMED, mark=None), True, 0),
    ],
)
def test_no_other_copy_can_be_taken_for_a_state_that_was_in_doubt(
    evidence: Evidence, renamed: bool, writes: int
) -> None:
    """It counts on from where the mark stands, under a name of its own."""
    decision = decide(evidence, NOW)

    assert (decision.renamed, decision.writes) == (renamed, writes)


@pytest.mark.parametrize(
    ("clock_s", "before", "after", "proven"),
    [
        (100.0, {"one": 5.0}, {"one": 105.0}, 100.0),
        # Set forward while nobody looked; the systems' word counts, in whole seconds.
        (7300.0, {"one": 5.0}, {"one": 105.0}, 101.0),
        (-7100.0, {"one": 5.0}, {"one": 105.0}, 0.0),
        # Of two systems the one that tells less.
        (100.0, {"one": 5.0, "two": 0.0}, {"one": 105.0, "two": 30.0}, 31.0),
        (100.0, {"one": 5.0}, {"two": 105.0}, 0.0),
        (100.0, {}, {}, 0.0),
    ],
)
def test_time_is_proven_by_those_who_told_it_twice(
    clock_s: float, before: dict[str, float], after: dict[str, float], proven: float
) -> None:
    """The machine's clock can be set; a system that was not asked says nothing."""
    assert proven_s(clock_s, before, after) == proven


TOLD = {"source": 1000.0}


@pytest.mark.parametrize(
    ("rest", "moved_s", "set_back_s", "turned_s"),
    [
        (Rest(NOW - 100, TOLD, {"source": 1100.0}), 0.0, 0.0, 0.0),
        (Rest(NOW - 100, TOLD, {}), 100.0, 0.0, 0.0),
        (Rest(NOW + 50, TOLD, {"source": 1100.0}), -50.0, 50.0, 151.0),
        (Rest(NOW + 50, TOLD, {}), -50.0, 50.0, 50.0),
        (Rest(None, {}, TOLD), math.inf, 0.0, 0.0),
    ],
)
def test_a_doubt_grows_older_only_by_time_that_is_proven(
    rest: Rest, moved_s: float, set_back_s: float, turned_s: float
) -> None:
    """A create that a look does not show yet must not be repeated for a clock that is wrong."""
    assert resumed(rest, None, NOW) == Resumed(moved_s, set_back_s, turned_s, None)


@pytest.mark.parametrize(
    ("aged", "carried_on"),
    [
        (Aged(NOW - 500, NOW - 500, "copied"), Aged(NOW - 500, NOW - 400, "copied", 1000.0)),
        # Noticed while the clock was ahead.
        (Aged(NOW + 900, NOW + 900, "copied"), Aged(NOW, NOW, "copied", 1000.0)),
        (Aged(NOW - 9, NOW - 9, "copied", 7.0), Aged(NOW - 9, NOW, "copied", 7.0)),
    ],
)
def test_the_age_of_a_state_is_carried_on_by_the_sources_clock(
    aged: Aged, carried_on: Aged
) -> None:
    """Its clock stamps the records; the first that it told is when it was noticed."""
    rest = Rest(NOW - 100, {}, TOLD, "source")

    assert resumed(rest, aged, NOW).aged == carried_on
