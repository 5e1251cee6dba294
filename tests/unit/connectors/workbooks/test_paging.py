"""Pages: a service that gives fewer rows than were asked for hides nothing."""

from __future__ import annotations

import pytest

from connectors.workbooks.paging import Paging


def requests(rows: int, asked: int, most: int) -> int:
    """How many it takes to read so many rows from a service that gives `most` at once."""
    paging, read, count = Paging(), 0, 0
    while True:
        page = min(rows - read, asked, most)
        read, count = read + page, count + 1
        if paging.complete(page, asked):
            assert read == rows
            return count


@pytest.mark.parametrize(
    ("rows", "most", "expected"),
    [
        (0, 100, 1),
        (3, 100, 1),
        (60, 100, 2),
        (100, 100, 2),
        (130, 100, 2),
        (120, 37, 4),
        (111, 37, 4),
    ],
)
def test_every_row_is_read_whatever_the_service_gives_at_once(
    rows: int, most: int, expected: int
) -> None:
    """The rest would wait for the next poll, or for ever."""
    assert requests(rows, 100, most) == expected


@pytest.mark.parametrize("asked", [1, 5, 50, 100])
def test_a_full_page_is_never_the_last(asked: int) -> None:
    """Even where longer ones were seen, and however short it is: that is what was asked for."""
    paging = Paging()
    paging.complete(100, 100)

    assert not paging.complete(asked, asked)


def test_a_page_shorter_than_one_seen_before_is_the_last() -> None:
    """A poll that finds something must not cost a request more than it needs."""
    paging = Paging()
    paging.complete(100, 100)

    assert paging.complete(60, 100)
    assert not paging.complete(100, 100)


def test_a_page_too_large_is_halved_and_stays_so_to_the_end_of_the_listing() -> None:
    """The rows behind it are probably as large; the next listing starts afresh."""
    paging = Paging()

    assert paging.size(100) == 100
    assert paging.too_large(100) == 50
    assert paging.too_large(50) == 25
    assert (paging.size(100), paging.size(10)) == (25, 10)
    assert not paging.complete(25, 25)
    assert paging.size(100) == 25
    assert paging.complete(3, 25)
    assert paging.size(100) == 100
