"""The book of a service that only looks: one line for each thing, whatever follows."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from connectors.outreach.connector import connector
from engine.errors import StateUnusable
from engine.model.edit import Edit
from engine.model.plan import Kind
from engine.model.records import Match, RecordType
from engine.model.shadow import Outcome
from engine.service.planning.overlay import INVENTED
from engine.service.shadow.book import FILE_NAME, Book, opened
from engine.service.shadow.known import Known
from engine.service.shadow.target import shadowed
from engine.store.sqlite import scratch, statefile

pytestmark = pytest.mark.anyio
OPPORTUNITY = RecordType.OPPORTUNITY


@dataclass
class _Clock:
    at: float = 100.0

    def now(self) -> float:
        return self.at


@pytest.fixture
def clock() -> _Clock:
    """A clock that stands."""
    return _Clock()


@pytest.fixture
def book(tmp_path: Path, clock: _Clock) -> Generator[Book]:
    """An empty book."""
    with opened(tmp_path / FILE_NAME, clock) as made:
        yield made


def _lines(book: Book) -> list[sqlite3.Row]:
    return book.connection.execute("SELECT * FROM line ORDER BY seq").fetchall()


def _update(book: Book, before: str, after: str) -> None:
    edits = [Edit("name", before, after)]
    book.note(Kind.UPDATE, OPPORTUNITY, 1, target_id=5, edits=edits)


def test_edits_that_follow_each_other_are_one(book: Book, clock: _Clock) -> None:
    """From what is really there to the last of them, since the first."""
    _update(book, "a", "b")
    clock.at = 200.0
    _update(book, "b", "c")

    [line] = _lines(book)
    assert (line["edits"], line["since"]) == ('[["name", "a", "c"]]', 100.0)


def test_what_was_done_by_another_is_left_alone(book: Book) -> None:
    """What follows is something new."""
    _update(book, "a", "b")
    [line] = _lines(book)
    assert book.compared(line, Outcome.DONE)
    _update(book, "b", "c")

    assert [one["edits"] for one in _lines(book)] == [
        '[["name", "a", "b"]]',
        '[["name", "b", "c"]]',
    ]


def test_a_comparison_of_what_has_changed_since_counts_for_nothing(book: Book) -> None:
    """The request took a moment, and another edit came."""
    _update(book, "a", "b")
    [line] = _lines(book)
    book.connection.execute("UPDATE line SET edits = '[]'")

    assert not book.compared(line, Outcome.DONE)
    assert [one["outcome"] for one in _lines(book)] == [Outcome.NOT_DONE]


def test_a_flag_that_would_be_reset_comes_to_nothing(book: Book) -> None:
    """But not one that was really there."""
    book.note(Kind.FLAG, OPPORTUNITY, 1, reason="why", code="value-required")
    book.note(Kind.UNFLAG, OPPORTUNITY, 1)
    assert _lines(book) == []

    book.note(Kind.UNFLAG, OPPORTUNITY, 1)
    assert [one["kind"] for one in _lines(book)] == ["reset flag"]


def test_a_role_that_would_be_made_and_removed_comes_to_nothing(book: Book) -> None:
    """A change of it belongs to its line."""
    role: dict[str, Any] = {"id": INVENTED + 1, "prospect": 3, "before": None, "after": "Buyer"}
    book.note(Kind.ROLE_ADD, OPPORTUNITY, 1, target_id=5, role=role)
    changed = role | {"before": "Buyer", "after": "Payer"}
    book.note(Kind.ROLE_CHANGE, OPPORTUNITY, 1, target_id=5, role=changed)
    [line] = _lines(book)
    assert (line["kind"], '"after": "Payer"' in line["role"]) == ("add role", True)

    book.note(Kind.ROLE_REMOVE, OPPORTUNITY, 1, target_id=5, role=changed | {"after": None})
    assert _lines(book) == []


def test_ids_are_not_given_twice(tmp_path: Path, clock: _Clock) -> None:
    """Not by the next process either: the state still knows those of the former."""
    given: list[int] = []
    for _ in range(2):
        with opened(tmp_path / FILE_NAME, clock) as book:
            given += [book.invented(), book.invented()]

    assert len(set(given)) == 4


async def test_a_create_that_the_state_forgot_is_found_again(book: Book, tmp_path: Path) -> None:
    """As after a kill; unless there is really one."""

    class Real:
        async def find(self, _correlations: object) -> dict[str, list[Match]]:
            return {"OPP-2": [Match(7, "2026-01-01T00:00:00Z")]}

    statefile.prepare(tmp_path / statefile.FILE_NAME)
    with scratch.looking(tmp_path / statefile.FILE_NAME) as state:
        known = Known(state, book.connection)
        target = shadowed(cast("Any", Real()), connector, book, known)
        made = [await target.create({"customId": f"OPP-{number}"}) for number in (1, 2)]
        found = await target.find(["OPP-1", "OPP-2", "OPP-3"])

    assert {name: [one.id for one in matches] for name, matches in found.items()} == {
        "OPP-1": [made[0]],
        "OPP-2": [7],
    }


@pytest.mark.parametrize("what", ["garbage", "of another version"])
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, clock: _Clock, what: str) -> None:
    """With what to do."""
    path = tmp_path / FILE_NAME
    if what == "garbage":
        path.write_bytes(b"\0garbage" * 1000)
    else:
        with opened(path, clock) as book:
            book.connection.execute("PRAGMA user_version = 99")

    with pytest.raises(StateUnusable, match=str(path)) as raised, opened(path, clock):
        pass

    assert "move" in str(raised.value.remedy)
