"""Plans as they are printed."""

from __future__ import annotations

import json

import pytest

from engine.cli.plans import printed_json, show
from engine.model.edit import Edit
from engine.model.plan import Change, End, Header, Kind, LeftOut, Requests, RoleEdit
from engine.model.records import RecordType

HEADER = Header("1.0", "a and b", "f00", 1_790_000_000.0)


def _update(number: int, before: str, after: str) -> Change:
    edits = (Edit("name", before, after),)
    return Change(
        Kind.UPDATE, RecordType.OPPORTUNITY, number, f"OPP-{number}", 1, 40 + number, edits
    )


def test_numbers_samples_and_requests_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Ten of each kind, with old and new."""
    changes = [_update(number, "Crane", f"Crane {number}") for number in range(1, 13)]
    end = End({Kind.UPDATE: 12}, requests=(Requests("b", "PATCH", "/things/{id}", 12),), minutes=3)

    seen = show([HEADER, *changes, end])

    out = capsys.readouterr().out
    assert "update (10 of 12)" in out
    assert 'name: "Crane" → "Crane 10"' in out
    assert "Crane 11" not in out
    assert "Requests of the next run: b 12" in out
    assert "about 3 minutes" in out
    assert not seen.idle


def test_the_difference_of_long_values_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Two that begin alike would look the same where both are cut."""
    same = "A very long name of an opportunity that goes on and on, and on, and "

    show([HEADER, _update(1, f"{same}ends", f"{same}does not end"), End({Kind.UPDATE: 1})])

    words = " ".join(capsys.readouterr().out.split())
    assert '…" on, and on, and ends"' not in words
    assert 'ends" → …' in words
    assert 'does not end"' in words


def test_an_empty_plan_says_that_nothing_would_change(capsys: pytest.CaptureFixture[str]) -> None:
    """In so many words."""
    assert show([HEADER, End()]).idle
    assert "Nothing would change." in capsys.readouterr().out


def test_hostile_names_steer_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither in a value, nor in a reference, nor in a role, nor in a reason."""
    bad = "\x1b]0;owned\x07[bold red]\u202e\r\nOPP-1 create"
    role = RoleEdit(1, 2, 3, bad, bad, bad)
    flag = Change(Kind.FLAG, RecordType.OPPORTUNITY, 1, bad, reason=bad)
    change = Change(Kind.ROLE_CHANGE, RecordType.OPPORTUNITY, 1, bad, 1, 2, (), role)
    left = LeftOut(RecordType.OPPORTUNITY, 1, bad, bad)
    end = End({Kind.UPDATE: 1, Kind.FLAG: 1, Kind.ROLE_CHANGE: 1}, left_out=1)

    show(
        [
            Header("1", bad, "f", 0.0, about={"refs": bad}),
            _update(1, bad, bad),
            flag,
            change,
            left,
            end,
        ]
    )

    out = capsys.readouterr().out
    assert not set(out) & set("\x1b\x07\u202e\r")
    assert "OPP-1 create" not in [line.strip() for line in out.splitlines()]


def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    """With every line of the plan, in its order."""
    end = End({Kind.UPDATE: 2})

    printed_json([HEADER, _update(1, "a", "b"), _update(2, "c", "d"), end], {"more": 1})

    document = json.loads(capsys.readouterr().out)
    assert [one["change"]["ref"] for one in document["lines"]] == ["OPP-1", "OPP-2"]
    assert document["end"]["changes"] == {"update": 2}
    assert document["header"]["pair"] == "a and b"
    assert document["more"] == 1
