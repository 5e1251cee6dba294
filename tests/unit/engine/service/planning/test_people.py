"""What is planned for people, however many they are."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

from engine.model.edit import Edit
from engine.model.plan import Change, Kind
from engine.model.records import RecordType
from engine.service.planning import people
from engine.service.planning.source import NEW_ID

NUMBER = 3000
# All the lines at once take twice as much.
PEAK_BYTES_MAX = 1_200_000


def _created(person: int) -> Change:
    return Change(
        Kind.PROSPECT,
        RecordType.PERSON,
        person,
        f"PERS-{person}",
        edits=(Edit("lastName", None, f"Son {person % 2}"), Edit("emails", None, ["a@b.example"])),
    )


def _told(person: int) -> Change:
    edits = (Edit("id", None, NEW_ID),)
    return Change(Kind.WRITE_BACK, RecordType.PERSON, person, f"PERS-{person}", edits=edits)


def _lines() -> Iterator[Change]:
    for person in range(NUMBER):
        yield _created(person)
        yield _told(person)


def test_however_many_people_there_are_they_take_no_memory(tmp_path: Path) -> None:
    """They lie in a file, and are read one by one."""
    with people.opened(tmp_path / people.FILE_NAME) as planned:
        tracemalloc.start()
        try:
            planned.take_in(_lines())
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert peak < PEAK_BYTES_MAX
        assert planned.changes(7) == [_created(7), _told(7)]


def test_everybody_is_gone_through_once() -> None:
    """In pieces, also of whom no id is known."""
    with people.opened() as planned:
        planned.take_in([_told(5), _created(0), _created(5), _told(9)])

        assert planned.ids(-1, 2) == [0, 5]
        assert planned.ids(5, 2) == [9]
        assert planned.ids(9, 2) == []


def test_each_create_that_is_planned_is_permitted_once() -> None:
    """Two who are alike are two."""
    fields = {edit.field: edit.after for edit in _created(2).edits}
    with people.opened() as planned:
        planned.take_in([_created(2), _created(4)])

        assert [planned.creates(fields) for _ in range(3)] == [True, True, False]
        assert not planned.creates(fields | {"lastName": "Daughter"})
