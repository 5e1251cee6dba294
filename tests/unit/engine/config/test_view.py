"""`wosync config get` and `show`: the values in force, with their origin and without secrets."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from engine.config.keys import Keys
from engine.config.loading import installed_connectors
from tests.end_to_end.test_config_command import (
    DONE,
    MANUAL,
    Operator,
    operator_in,
    with_secrets,
)


@pytest.fixture
def operator(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Operator:
    """A copy of the manual; no secret is within reach, and no systemd."""
    return operator_in(tmp_path / "etc", capsys, monkeypatch)


@pytest.mark.parametrize("within_reach", [True, False])
def test_no_secret_is_shown_whether_it_is_within_reach_or_not(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, within_reach: bool
) -> None:
    """The shell of an operator rarely holds them; where it does, the screen must not."""
    if within_reach:
        with_secrets(monkeypatch)
    shown = operator.types("show", "--json")
    found = {one["key"]: one for one in json.loads(shown.out)["settings"]}

    assert shown.code == DONE
    assert found["workbooks.api_key"]["value"] == {"env": "WORKBOOKS_API_KEY"}
    assert found["workbooks.api_key"]["note"] == (None if within_reach else "not set here")
    assert ("not set here" in operator.types("show").out) == (not within_reach)
    for key in ("workbooks.api_key", "outreach.client_id", "outreach.client_secret"):
        got = operator.types("get", key)
        assert (got.code, got.out.startswith('{ env = "')) == (DONE, True)
    assert operator.types("get", "workbooks").code == DONE


@pytest.mark.parametrize("form", ["env", "file", "credential"])
def test_a_secret_in_the_place_of_a_reference_is_not_shown(operator: Operator, form: str) -> None:
    """It leads nowhere, and may be what was on the clipboard."""
    wrong = f'api_key = {{ {form} = "by-mistake-0e885-78807" }}'
    text = operator.path.read_text()
    operator.path.write_text(text.replace('api_key = { env = "WORKBOOKS_API_KEY" }', wrong, 1))

    for typed in (["show"], ["show", "--json"], ["get", "workbooks"], ["get", "workbooks.api_key"]):
        said = operator.types(*typed)
        assert said.code == DONE
        assert "by-mistake" not in said.out + said.err


def test_show_lists_every_key_with_its_origin_and_what_a_change_needs(operator: Operator) -> None:
    """One place to look, for a person and for a program."""
    operator.types("set", "poller.interval_s", "--default")
    operator.types("set", "owners.aliases.Jo", "Joanna")
    document = json.loads(operator.types("show", "--json").out)
    found = {one["key"]: one for one in document["settings"]}

    assert (document["schema_version"], document["path"]) == (1, str(operator.path))
    assert found["poller.interval_s"] == {
        "key": "poller.interval_s",
        "value": 60,
        "origin": "default",
        "takes_effect": "reload",
        "note": None,
    }
    assert found["service.http"]["origin"] == "file"
    assert found["service.http"]["takes_effect"] == "restart"
    assert found["owners.aliases.Jo"]["value"] == "Joanna"
    assert found["workbooks.username"]["value"] is None
    known = {key.name for key in Keys(installed_connectors()).every()}
    assert known - found.keys() == {"owners.aliases", "mapping.opportunity", "mapping.prospect"}
    shown = operator.types("show").out
    assert "[outreach.budget]" in shown
    assert "username" not in shown
    assert "(not set)" in operator.types("show", "--all").out


def test_standard_mapping_lines_are_shown_until_a_line_of_the_file_replaces_them(
    operator: Operator,
) -> None:
    """What `get` prints is what holds, written or not."""
    without = MANUAL[: MANUAL.index("[mapping.opportunity]")]
    operator.path.write_text(without, encoding="utf-8")
    before = json.loads(operator.types("get", "mapping.opportunity.owner", "--json").out)
    operator.types("set", "mapping.opportunity.owner", "cf_owner")
    after = json.loads(operator.types("get", "mapping.opportunity.owner", "--json").out)

    columns = ["assigned_to_name", "queue_entry[queue[name]]"]
    assert (before["value"], before["origin"]) == ({"from": columns, "as": "user"}, "default")
    assert (after["value"], after["origin"]) == ("cf_owner", "file")
    assert operator.text == f'{without}\n[mapping.opportunity]\nowner = "cf_owner"\n'


def test_the_state_directory_is_the_one_in_force(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Relative to the file; systemd's own where the file has none."""
    beside = str(operator.path.parent / "state")
    assert operator.types("get", "service.state_dir").out == f'"{beside}"\n'
    operator.types("set", "service.state_dir", "--default")
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/wosync:/other")

    document = json.loads(operator.types("get", "service.state_dir", "--json").out)
    assert document["value"] == "/var/lib/wosync"
    assert document["origin"] == "systemd STATE_DIRECTORY"
    assert "→" in operator.types("set", "service.state_dir", "state").out
    assert operator.types("get", "service.state_dir").out == f'"{beside}"\n'


def test_a_table_is_printed_as_lines_of_toml(operator: Operator) -> None:
    """It can be pasted into a file, or read key by key."""
    got = tomllib.loads(operator.types("get", "outreach").out)["outreach"]

    assert got == tomllib.loads(MANUAL)["outreach"]
    assert operator.types("get", "mapping").code == DONE
    document = json.loads(operator.types("get", "retry", "--json").out)
    keys = [one["key"] for one in document["settings"]]
    assert keys == ["retry.attempts_max", "retry.base_s", "retry.cap_s", "retry.heal"]


@pytest.mark.parametrize("key", ["workbooks.username", "mapping.opportunity.nextStep"])
def test_a_key_without_a_value_prints_nothing_on_standard_output(
    operator: Operator, key: str
) -> None:
    """A script gets an empty text, a person a sentence."""
    got = operator.types("get", key)

    assert (got.code, got.out, got.err) == (DONE, "", f"{key} is not set\n")
    assert json.loads(operator.types("get", key, "--json").out)["value"] is None
