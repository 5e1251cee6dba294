"""The times at which a create in doubt is looked for."""

from __future__ import annotations

import pytest

from engine.decide.doubt import look_in_s


def ages(visibility_s: float) -> list[float]:
    """How old the doubt is at each look, up to the one that counts for good."""
    seen = [0.0]
    while seen[-1] < visibility_s:
        seen.append(seen[-1] + look_in_s(seen[-1], visibility_s))
    return seen[1:]


@pytest.mark.parametrize(
    ("visibility_s", "looks"),
    [(300.0, [5.0, 20.0, 80.0, 300.0]), (5.0, [5.0]), (1.0, [1.0]), (0.0, [])],
)
def test_the_looks_thin_out_and_the_last_is_at_the_bound(
    visibility_s: float, looks: list[float]
) -> None:
    """Looking often costs requests; not looking at the bound would leave a record in doubt."""
    assert ages(visibility_s) == looks


def test_the_next_look_is_never_at_once() -> None:
    """A bound that is all but reached must not become a loop without a pause."""
    assert look_in_s(299.9999, 300.0) == look_in_s(400.0, 300.0) == 0.5
