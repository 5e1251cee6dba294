"""The judge of histories of a lease: what it lets pass, and what it finds."""

from __future__ import annotations

import pytest

from tests.property.lease_model import NEVER, Kind, Operation, violation


def history(*lines: str) -> list[Operation]:
    """Written as `who kind number value: began ended`."""
    made: list[Operation] = []
    for line in lines:
        what, _, when = line.partition(": ")
        who, kind, number, value = what.split()
        began, ended = when.split()
        at = NEVER if ended == "…" else float(ended)
        made.append(Operation(who, Kind[kind], float(began), at, int(number), int(value)))
    return made


EXPLAINED = {
    "one after the other": (
        "a TOOK 1 0: 0 1",
        "a WROTE 1 1: 2 3",
        "b TOOK 2 0: 4 5",
        "b WROTE 2 2: 6 7",
        "x READ 0 2: 8 9",
    ),
    "a write that overlaps the change of hands came before it": (
        "a TOOK 1 0: 0 1",
        "a WROTE 1 1: 2 6",
        "b TOOK 2 0: 3 4",
        "b WROTE 2 2: 5 7",
    ),
    "a write that nobody heard of was done": (
        "a TOOK 1 0: 0 1",
        "a MAYBE_WROTE 1 0: 2 …",
        "x READ 0 0: 3 4",
        "x READ 0 1: 5 6",
    ),
    "or it was not": (
        "a TOOK 1 0: 0 1",
        "a MAYBE_WROTE 1 0: 2 …",
        "b TOOK 2 0: 3 4",
        "b WROTE 2 1: 5 6",
    ),
    "of several that nobody heard of some were done": (
        "a TOOK 1 0: 0 1",
        *(f"a MAYBE_WROTE 1 0: {2 + n / 100} …" for n in range(50)),
        "x READ 0 37: 3 4",
    ),
    "a number grows by more than one": ("a TOOK 1 0: 0 1", "b TOOK 3 0: 2 3"),
    "a lease that nobody heard of was taken, or not": (
        "a TOOK 1 0: 0 1",
        "b MAYBE_TOOK 0 0: 1 …",
        "a STOOD 1 0: 2 3",
        "b TOOK 3 0: 4 5",
    ),
}
UNEXPLAINED = {
    "two have the same number": ("a TOOK 1 0: 0 1", "b TOOK 1 0: 2 3"),
    "a number is smaller than the one before": ("a TOOK 2 0: 0 1", "b TOOK 1 0: 2 3"),
    "a lease stands that another has": (
        "a TOOK 1 0: 0 1",
        "b TOOK 2 0: 2 3",
        "a STOOD 1 0: 4 5",
    ),
    "a write under a lease that another has": (
        "a TOOK 1 0: 0 1",
        "b TOOK 2 0: 2 3",
        "a WROTE 1 1: 4 5",
    ),
    "a write that overlaps the change of hands, and came behind it": (
        "a TOOK 1 0: 0 1",
        "a WROTE 1 1: 2 7",
        "b TOOK 2 0: 3 4",
        "x READ 0 0: 5 6",
    ),
    "a write that nobody heard of, done after the change of hands": (
        "a TOOK 1 0: 0 1",
        "a MAYBE_WROTE 1 0: 2 …",
        "b TOOK 2 0: 3 4",
        "x READ 0 0: 5 6",
        "x READ 0 1: 7 8",
    ),
    "a write is lost": (
        "a TOOK 1 0: 0 1",
        "a WROTE 1 1: 2 3",
        "a WROTE 1 1: 4 5",
    ),
    "a read goes back": (
        "a TOOK 1 0: 0 1",
        "a WROTE 1 1: 2 5",
        "x READ 0 1: 3 4",
        "x READ 0 0: 4.5 6",
    ),
    "more was written than anybody has tried": (
        "a TOOK 1 0: 0 1",
        "a MAYBE_WROTE 1 0: 2 …",
        "x READ 0 2: 3 4",
    ),
}


@pytest.mark.parametrize("name", EXPLAINED)
def test_what_one_lease_could_have_answered_passes(name: str) -> None:
    """Whatever the order in which answers arrived."""
    assert violation(history(*EXPLAINED[name])) is None


@pytest.mark.parametrize("name", UNEXPLAINED)
def test_what_no_lease_could_have_answered_is_found(name: str) -> None:
    """And named: the operation that nothing explains."""
    told = history(*UNEXPLAINED[name])

    assert violation(told) in told
