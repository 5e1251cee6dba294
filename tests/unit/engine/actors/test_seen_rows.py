"""Rows of a feed that need no second look, and those that do."""

from __future__ import annotations

from engine.actors.polling import seen_rows
from engine.actors.polling.seen_rows import SeenRows
from engine.model.records import Position

AT = 1_790_000_000
OVER = AT + seen_rows.OVER_S


def noted(*positions: Position, served_at: float | None, skew_s: float = 0.0) -> SeenRows:
    """A feed of which these rows were looked at."""
    seen = SeenRows()
    seen.note(positions, served_at=served_at, skew_s=skew_s)
    return seen


def test_a_row_whose_second_is_over_needs_no_second_look() -> None:
    """Whatever happens to it later gives it another time."""
    seen = noted(Position(AT, 7), served_at=OVER)

    assert Position(AT, 7) in seen
    assert Position(AT + 1, 7) not in seen
    assert Position(AT, 8) not in seen


def test_a_row_that_may_be_edited_within_its_second_is_looked_at_again() -> None:
    """The second edit would stand in the same place."""
    assert Position(AT, 7) not in noted(Position(AT, 7), served_at=AT + 1.0)
    assert Position(AT, 7) not in noted(Position(AT, 7), served_at=OVER + 10, skew_s=30.0)
    assert Position(AT, 7) not in noted(Position(AT, 7), served_at=None)


def test_what_no_poll_reads_again_is_forgotten() -> None:
    """Memory holds the last minute and not the history."""
    seen = noted(Position(AT, 7), Position(AT + 2, 7), served_at=OVER + 60)
    seen.forget_upto(Position(AT, 7))

    assert Position(AT, 7) not in seen
    assert Position(AT + 2, 7) in seen


def test_a_flood_of_rows_does_not_fill_the_memory() -> None:
    """What is beyond is looked at once more."""
    rows = [Position(AT, one) for one in range(seen_rows.KEPT_MAX + 5)]
    seen = noted(*rows, served_at=OVER)

    assert sum(row in seen for row in rows) == seen_rows.KEPT_MAX
