"""An adoption as it is printed."""

from __future__ import annotations

import pytest

from engine.cli.adopting import code_of, printed_csv, shown
from engine.cli.exits import Exit
from engine.model.adoption import Finding
from engine.model.edit import Edit
from engine.model.plan import Change, End, Header, Kind, LeftOut, Line
from engine.model.records import RecordType

HEADER = Header("1.0", "a and b", "f00", 1_790_000_000.0)
HOSTILE = "OPP-1\x1b[2J\x1b]0;owned\x07\u202e=cmd"


def _adopted(number: int, ref: str = "", *, remark: str = "the record carries this id") -> Change:
    given = (RecordType.OPPORTUNITY, number, ref or f"OPP-{number}", 1, 40 + number)
    return Change(Kind.ADOPT, *given, finding=Finding.DIFFERENT, remark=remark)


def _updated(number: int, ref: str = "", name: str = "Crane") -> Change:
    given = (RecordType.OPPORTUNITY, number, ref or f"OPP-{number}", 1, 40 + number)
    edits = (Edit("name", name, "Big crane"),)
    return Change(Kind.UPDATE, *given, edits, overwrites=True, finding=Finding.DIFFERENT)


def _double(number: int, ref: str = "") -> LeftOut:
    given = (RecordType.OPPORTUNITY, number, ref or f"OPP-{number}", "two of them")
    return LeftOut(*given, Finding.DOUBLED, 90, f"https://b.example/{ref or number}")


def test_numbers_and_ten_records_of_each_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """The lines of one record together, and what adopting does about it."""
    lines: list[Line] = [HEADER]
    for number in range(1, 13):
        lines += [_adopted(number), _updated(number)]
    end = End({Kind.ADOPT: 12, Kind.UPDATE: 12}, findings={Finding.DIFFERENT: 12})

    shown([*lines, end])

    out = capsys.readouterr().out
    assert "different (10 of 12)" in out
    assert "links it, and sends what differs" in out
    assert out.count('name: "Crane" → "Big crane"') == 10
    assert "12 updates overwrite" in out
    assert "OPP-11" not in out


def test_what_is_left_to_a_person_ends_with_three() -> None:
    """And what nobody has to do anything about with 0."""
    assert code_of(End(findings={Finding.DOUBLED: 1})) == Exit.ATTENTION
    assert code_of(End(findings={Finding.LINKED: 9, Finding.UNCREATED: 1})) == Exit.DONE


def test_hostile_names_steer_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither in a table nor in a list for spreadsheets."""
    end = End({Kind.ADOPT: 1}, findings={Finding.DIFFERENT: 1, Finding.DOUBLED: 1})
    lines = [HEADER, _adopted(1, HOSTILE), _updated(1, HOSTILE, HOSTILE), _double(1, HOSTILE), end]

    shown(lines)
    printed_csv(lines)

    out = capsys.readouterr().out
    assert not {"\x1b", "\x07", "\u202e"} & set(out)
    assert out.count("OPP-1") >= 4


def test_a_list_for_spreadsheets_has_a_row_for_each_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With the link of what somebody is to look at."""
    printed_csv([HEADER, _adopted(1), _updated(1), _double(2), End()])

    rows = capsys.readouterr().out.splitlines()
    assert rows[0].startswith("finding,ref,record_id,target_id,link,does")
    assert rows[1] == "different,OPP-1,1,41,,adopt,the record carries this id"
    assert rows[2].startswith("different,OPP-1,1,41,,update name")
    assert rows[3] == "doubled,OPP-2,2,90,https://b.example/2,,two of them"
