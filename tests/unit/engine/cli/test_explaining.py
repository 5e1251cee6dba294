"""`wosync explain`: one reason, all of them, and what is none."""

from __future__ import annotations

import json

import pytest

from engine.decide.reasons import ENTRIES
from engine.model.reason import Code
from tests.unit.engine.cli.test_misuse import DONE, USAGE, types


def test_a_reason_is_explained_in_the_words_of_the_two_systems(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whoever reads it looks for the column by its title."""
    code, out, _ = types(capsys, "explain", "claim-lost")

    said = " ".join(out.split())
    assert code == DONE
    assert said.startswith("claim-lost (validation) Meaning Two records carry the same Outreach Id")
    assert "What to do Clear Outreach Id on this record" in said
    assert "then reset Outreach Sync Error here." in said


def test_nobody_is_told_to_reset_a_flag_that_the_service_takes_back(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As `wosync why` says of such a record; where errors do not heal, it is up to somebody."""
    _, out, _ = types(capsys, "explain", "value-unreadable")

    said = " ".join(out.split())
    assert "The service then takes its flag back by itself; with [retry] heal = false reset" in said
    assert "then reset Outreach Sync Error" not in said


def test_a_program_gets_every_part_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    """The same as is printed."""
    code, out, _ = types(capsys, "explain", "Owner_Unknown", "--json")

    document = json.loads(out)
    assert code == DONE
    assert {"schema_version": 1, "code": "owner-unknown", "class": "blank"}.items() <= (
        document.items()
    )
    assert "Workbooks" in document["remedy"]
    assert all(document[part] for part in ("text", "meaning", "cause", "remedy", "ends_with"))


def test_without_a_code_all_of_them_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """For whoever has none yet."""
    _, out, _ = types(capsys, "explain")
    _, document, _ = types(capsys, "explain", "--json")

    listed = [one["code"] for one in json.loads(document)["reasons"]]
    assert sorted(listed) == sorted(ENTRIES)
    assert [code for code in Code if f"\n{code.value} " not in out] == []


def test_an_unknown_code_is_a_mistake_with_a_way_out(capsys: pytest.CaptureFixture[str]) -> None:
    """As any other word that names nothing."""
    code, out, err = types(capsys, "explain", "owner-ambigous\x1b[31m")

    assert (code, out) == (USAGE, "")
    assert "there is no reason called 'owner-ambigous" in err
    assert "owner-ambiguous" in err
    assert "wosync explain" in err
    assert "\x1b" not in err
