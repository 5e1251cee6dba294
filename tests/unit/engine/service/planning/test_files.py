"""Plan files: what was written is read again, and anything else is refused."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from engine.model.edit import Edit
from engine.model.plan import Change, End, Header, Kind, LeftOut, Line, Requests, RoleEdit
from engine.model.records import RecordType
from engine.service.planning.files import UnusablePlan, lines_of, written

HEADER = Header("1.0", "a and b", "f00", 1_790_000_000.0, 1_790_000_000.5, {"refs": "OPP-17"})
UPDATE = Change(
    Kind.UPDATE,
    RecordType.OPPORTUNITY,
    17,
    "OPP-17",
    3,
    4711,
    (Edit("name", "Crane", "Ha\u202erbour \x1b[31mcrane"), Edit("emails", None, ["a@b.c"])),
    held=True,
)
ROLE = Change(
    Kind.ROLE_ADD,
    RecordType.OPPORTUNITY,
    17,
    "OPP-17",
    version=0,
    role=RoleEdit(None, None, 5, "PERS-5", None, "Buyer"),
)
LEFT = LeftOut(RecordType.OPPORTUNITY, 18, "OPP-18", "it was edited since")
END = End(requests=(Requests("b", "POST", "/things", 1, writes=True),), minutes=0.5)


def _file(tmp_path: Path, *lines: Line) -> Path:
    path = tmp_path / "a.plan"
    with path.open("w", encoding="utf-8") as out:
        written(lines, out)
    return path


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    """And its end has the numbers of its lines."""
    *lines, end = lines_of(_file(tmp_path, HEADER, UPDATE, ROLE, LEFT, END))

    assert lines == [HEADER, UPDATE, ROLE, LEFT]
    assert end == End({Kind.UPDATE: 1, Kind.ROLE_ADD: 1}, 1, END.requests, held=1, minutes=0.5)


@pytest.mark.parametrize("seed", range(40))
def test_no_line_can_be_changed_taken_away_or_cut(tmp_path: Path, seed: int) -> None:
    """Whatever part of the file is another, none of it is used."""
    path = _file(tmp_path, HEADER, UPDATE, ROLE, LEFT, END)
    text = path.read_text(encoding="utf-8")
    at = seed * len(text) // 40
    for other in (text[:at], text[:at] + "7" + text[at + 1 :], text[:at] + text[at + 1 :]):
        if other == text:
            continue
        path.write_text(other, encoding="utf-8")
        with pytest.raises(UnusablePlan):
            list(lines_of(path))


@pytest.mark.parametrize("number", range(5))
def test_no_whole_line_can_be_left_out(tmp_path: Path, number: int) -> None:
    """The checksum is that of all of them."""
    path = _file(tmp_path, HEADER, UPDATE, ROLE, LEFT, END)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:number] + lines[number + 1 :]), encoding="utf-8")

    with pytest.raises(UnusablePlan):
        list(lines_of(path))


@pytest.mark.parametrize(
    "text", ["", "\n", "{}\n", "[]\n", "null\n", "no json\n", "\x00\n", '{"wosync_plan": [' * 9000]
)
def test_what_is_no_plan_says_so(tmp_path: Path, text: str) -> None:
    """With what to do about it."""
    path = tmp_path / "a.plan"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(UnusablePlan) as caught:
        list(lines_of(path))
    assert caught.value.remedy


def test_a_plan_of_another_format_is_refused_as_that(tmp_path: Path) -> None:
    """Not as one that is damaged."""
    path = _file(tmp_path, HEADER)
    given = json.loads(path.read_text(encoding="utf-8").splitlines()[0])
    path.write_text(json.dumps(given | {"wosync_plan": 99}) + "\n", encoding="utf-8")

    with pytest.raises(UnusablePlan, match="another version"):
        list(lines_of(path))


IMPOSSIBLE: dict[str, list[Header | Change | LeftOut]] = {
    "made at no time": [replace(HEADER, made_at=math.nan)],
    "made before all time": [replace(HEADER, made_at=-1e18)],
    "made after all time": [replace(HEADER, made_at=1e300)],
    "read after all time": [replace(HEADER, source_at=math.inf)],
    "a record that cannot be": [HEADER, replace(UPDATE, record_id=-1)],
    "a record that no state holds": [HEADER, replace(UPDATE, record_id=2**63)],
    "a version that no state holds": [HEADER, replace(UPDATE, version=10**40)],
    "a target record that no state holds": [HEADER, replace(UPDATE, target_id=10**25)],
    "a role that no state holds": [
        HEADER,
        replace(ROLE, role=RoleEdit(10**25, 1, 5, "PERS-5", None, "Buyer")),
    ],
    "what is left out of no state": [HEADER, replace(LEFT, record_id=10**25)],
}


@pytest.mark.parametrize("given", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_a_plan_with_what_cannot_be_is_damaged(
    tmp_path: Path, given: list[Header | Change | LeftOut]
) -> None:
    """However well it is sealed: nothing behind has to take it."""
    with pytest.raises(UnusablePlan):
        list(lines_of(_file(tmp_path, *given, END)))
