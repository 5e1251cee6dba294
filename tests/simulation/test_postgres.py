"""A state in PostgreSQL: nothing that happens is another, and engines take turns on it."""

from __future__ import annotations

import pytest

from tests.searching import examples
from tests.simulation.history import simulate
from tests.simulation.pool import outcomes, spread

# Seeds with kills, an orderly stop, a lost state and one that is put back.
ALIKE = (3, 7, 36)
# Seeds that found something, and those after them.
TAKEN_AWAY = 12
TURNS = 3


def both(seed: int) -> tuple[str, str]:
    """What happens in the history of a seed, with the state in a file and in PostgreSQL."""
    return simulate(seed).digest, simulate(seed, state="postgres").digest


@pytest.mark.slow
@pytest.mark.usefixtures("shared")
def test_the_same_happens_whatever_keeps_the_state() -> None:
    """Each request and each commit, however often the way to the database is cut."""
    found = list(spread(both, [*ALIKE, *range(examples(1) - 1)]))

    assert [one for one, _ in found] == [other for _, other in found]


@pytest.mark.slow
@pytest.mark.usefixtures("shared")
def test_engines_that_take_turns_do_nothing_twice() -> None:
    """Killed, stopped, cut off, or frozen in the middle and then going on."""
    from tests.simulation.turns import take_turns

    played = list(outcomes([TAKEN_AWAY, *range(examples(TURNS))], play=take_turns))

    failed = [outcome.report() for outcome in played if outcome.complaints]
    assert not failed, "\n\n".join(failed)
    assert sum(outcome.counts["freeze"] for outcome in played) > 0
