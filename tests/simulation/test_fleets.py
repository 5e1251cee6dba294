"""A thousand pairs on virtual time: even loads, quick takeovers, and what was projected."""

from __future__ import annotations

from dataclasses import fields

import pytest

from tests.benchmarks.projection import Scenario, UnitCosts, Work, projected
from tests.searching import examples
from tests.simulation.fleets import Fleet

SEEDS = 3
WARM_S, PLAYED_S = 300.0, 1800.0
SCENARIO = Scenario()
# About what was measured; which they are changes nothing.
COSTS = UnitCosts(
    record=Work(10.5, 68.5, 15_000.0, 14.4, 7.9, 0.1, 4.0, 0.022, 0.0076),
    edit=Work(13.3, 55.3, 4400.0, 4.0, 1.9, 0.01, 1.0, 0.0037, 0.0021),
    idle_second=Work(1.24, 6.1, 220.0, 1.6, 0.0, 0.0, 0.0, 0.0013, 0.0006),
    poll=Work(21.2, 94.7, 580.0, 2.3, 0.0, 3.0, 0.0, 0.014, 0.0086),
    renewal=Work(wal_bytes=77.0, dead_rows=1.0, database_cpu_s=0.00006),
    beat=Work(1.2, 8.0, 168.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.001),
    beat_wal_bytes=4.2,
    record_bytes=4300.0,
    edit_bytes=960.0,
    process_bytes=87e6,
    pair_bytes=1e6,
    connections=9.0,
    start_s=0.2,
)
NEAR = 0.1


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(examples(SEEDS)))
def test_a_thousand_pairs_are_worked_on_by_one_process_each(seed: int) -> None:
    """Whoever joins, leaves, dies or freezes; and it takes what the projection says."""
    fleet = Fleet(seed, SCENARIO, start_s=COSTS.start_s)

    played = fleet.play(WARM_S, PLAYED_S)

    assert played.complaints == []
    seen, told = played.second(COSTS, SCENARIO), projected(COSTS, SCENARIO).second
    for one in fields(Work):
        assert getattr(seen, one.name) == pytest.approx(getattr(told, one.name), rel=NEAR), one.name


def test_pairs_of_a_process_that_died_are_taken_over_in_time() -> None:
    """The projection tells how long it takes at the most."""
    fleet = Fleet(1, SCENARIO, start_s=COSTS.start_s)

    took_s = fleet.lose_one(WARM_S)

    assert len(took_s) == SCENARIO.pairs / SCENARIO.processes
    assert max(took_s) <= projected(COSTS, SCENARIO).takeover_s
