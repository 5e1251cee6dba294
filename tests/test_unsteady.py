"""Which failures of a run are put down to a busy machine, and which stand."""

from __future__ import annotations

import pytest

from tests.unsteady import FEW, TESTS_FAILED, unsteady

SHAKY = "tests/scenario/test_a.py::test_shaky"
BROKEN = "tests/scenario/test_a.py::test_broken"


def test_one_that_passes_every_time_is_named() -> None:
    """It waits for something that a busy machine does too late."""
    runs: list[str] = []

    def passes(test: str) -> bool:
        runs.append(test)
        return True

    assert unsteady([SHAKY], TESTS_FAILED, passes) == [SHAKY]
    assert runs == [SHAKY]


@pytest.mark.parametrize("name", [SHAKY, f"{SHAKY}[docs/a.md-console]", f"{SHAKY}[a@b]"])
@pytest.mark.parametrize("group", ["", "@documentation"])
def test_one_of_a_group_is_run_by_its_own_name(name: str, group: str) -> None:
    """The group behind it is not part of the name; an `@` in what it is given is."""
    runs: list[str] = []

    def passes(test: str) -> bool:
        runs.append(test)
        return True

    assert unsteady([name + group], TESTS_FAILED, passes) == [name + group]
    assert runs == [name]


def test_one_that_fails_again_even_once_stands() -> None:
    """And with it the whole run is red."""
    assert unsteady([SHAKY, BROKEN], TESTS_FAILED, lambda test: test == SHAKY) is None


@pytest.mark.parametrize(
    "failed",
    [
        ["tests/simulation/test_simulation.py::test_seeds[7]"],
        ["tests/property/test_moves.py::test_moves"],
        ["tests/end_to_end/test_kills.py::test_kills", SHAKY],
    ],
)
def test_what_searches_for_rare_defects_is_never_excused(failed: list[str]) -> None:
    """One failure in a thousand is what it searches for."""
    assert unsteady(failed, TESTS_FAILED, lambda _: True) is None


@pytest.mark.parametrize("ended", [None, 0, 2, 3, 4, 5])
def test_a_run_that_did_not_come_to_its_end_proves_nothing(ended: int | None) -> None:
    """Of tests that were never run nobody knows anything."""
    assert unsteady([SHAKY], ended, lambda _: True) is None


def test_many_failures_are_no_disturbance() -> None:
    """Nor is a run that failed without a failed test."""
    many = [f"{SHAKY}[{number}]" for number in range(FEW + 1)]

    assert unsteady(many, TESTS_FAILED, lambda _: True) is None
    assert unsteady([], TESTS_FAILED, lambda _: True) is None
