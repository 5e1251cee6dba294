"""Which numbers somebody may have meant who typed another one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.decide.nearness import near


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("1057", "1058"),  # the next one
        ("1057", "1507"),  # two digits turned round
        ("1057", "157"),  # one too many
        ("1057", "10577"),  # one missing
        ("1057", "1957"),  # one wrong
        ("0057", "0058"),  # spelled as it was typed
    ],
)
def test_a_slip_of_the_finger_is_near(typed: str, meant: str) -> None:
    """And so is a number close by."""
    assert meant in near(typed)


@pytest.mark.parametrize(("typed", "other"), [("9999", "1417"), ("99", "1"), ("1057", "1078")])
def test_another_number_is_not(typed: str, other: str) -> None:
    """The greatest there is is no help for one that is far beyond it."""
    assert other not in near(typed)


@given(st.text() | st.text("0123456789", max_size=20))
def test_the_nearest_come_first_and_what_was_typed_never(typed: str) -> None:
    """Whatever it is."""
    found = near(typed)

    assert typed not in found
    assert [abs(int(one) - int(typed)) for one in found] == sorted(
        abs(int(one) - int(typed)) for one in found
    )
    assert len(found) < 400
