"""A configuration that is being written, and who answers for it."""

from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest

from engine.cli import asker
from engine.cli.asker import AGAIN, Flags, Terminal, pairs
from engine.cli.draft import Draft
from engine.cli.exits import Misused
from engine.config.loading import installed_connectors
from engine.connector import Question
from engine.errors import EngineError, Misconfigured, Unauthorized

SECRET = "a-secret-of-many-characters"


def begun(path: Path, *, stored: bool = True) -> Draft:
    """A new one."""
    draft = Draft(path, installed_connectors(), stored=stored)
    draft.begin()
    return draft


def test_each_answer_is_in_the_file_at_once_behind_what_it_means(tmp_path: Path) -> None:
    """Whoever leaves finds it again, and whoever reads the file understands it."""
    draft = begun(tmp_path / "etc" / "config.toml")
    draft.put("outreach", "client_id", "an id")

    text = draft.path.read_text(encoding="utf-8")
    assert tomllib.loads(text)["outreach"] == {"client_id": "an id"}
    lines = text.splitlines()
    assert lines[lines.index('client_id = "an id"') - 2].startswith("# ")
    assert draft.value("outreach", "client_id") == "an id"


def test_a_secret_is_in_a_file_for_its_owner_alone(tmp_path: Path) -> None:
    """Also where another umask would let others read it."""
    former = os.umask(0)
    try:
        draft = begun(tmp_path / "config.toml")
        draft.put_secret("workbooks", "api_key", SECRET)
    finally:
        os.umask(former)

    [file] = (tmp_path / "secrets").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert SECRET not in draft.path.read_text(encoding="utf-8")
    assert draft.secret("workbooks", "api_key") == SECRET


def test_an_installed_service_finds_its_secrets_where_its_unit_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the names that the unit loads, and with its state where systemd has it."""
    monkeypatch.setattr("engine.cli.services.HOME", tmp_path)
    for name in ("CREDENTIALS_DIRECTORY", "STATE_DIRECTORY"):
        # Put back at the end, whatever the command sets.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    draft = begun(tmp_path / "config.toml")
    draft.put_secret("workbooks", "api_key", SECRET)

    tables = tomllib.loads(draft.path.read_text(encoding="utf-8"))
    assert tables["workbooks"]["api_key"] == {"credential": "workbooks_api_key"}
    assert "state_dir" not in tables["service"]
    assert (tmp_path / "credentials" / "workbooks_api_key").read_text("utf-8") == f"{SECRET}\n"
    assert draft.secret("workbooks", "api_key") == SECRET
    assert os.environ["STATE_DIRECTORY"] == "/var/lib/wosync"


def test_a_tight_umask_does_not_keep_an_installed_service_from_its_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has a user of its own, and no secret stands in it."""
    monkeypatch.setattr("engine.cli.services.HOME", tmp_path)
    for name in ("CREDENTIALS_DIRECTORY", "STATE_DIRECTORY"):
        monkeypatch.setenv(name, str(tmp_path))
    before = os.umask(0o077)
    try:
        path = begun(tmp_path / "prod" / "config.toml").path
    finally:
        os.umask(before)

    modes = [stat.S_IMODE(one.stat().st_mode) for one in (path.parent, path)]
    assert modes == [0o755, 0o644]


def test_a_secret_that_is_not_stored_serves_for_this_run_alone(tmp_path: Path) -> None:
    """It is tried, named, and gone."""
    draft = begun(tmp_path / "config.toml", stored=False)
    draft.put_secret("workbooks", "api_key", SECRET)
    settings: Any = draft.settings(draft.connectors.source)

    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]
    assert settings.api_key.get_secret_value() == SECRET


def test_a_file_that_cannot_be_read_is_left_alone(tmp_path: Path) -> None:
    """It may be somebody's work of a day."""
    path = tmp_path / "config.toml"
    path.write_text("[service\n", encoding="utf-8")

    with pytest.raises(Misconfigured):
        Draft(path, installed_connectors()).begin()

    assert path.read_text(encoding="utf-8") == "[service\n"


OPEN = Question("name", "Name", "any")
HIDDEN = Question("key", "Key", "any", secret=True)


def test_a_secret_is_typed_without_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is the one there is offered as the usual answer."""
    asked: list[dict[str, Any]] = []

    def prompt(text: str, **options: Any) -> str:
        asked.append({"text": text, **options})
        return "given"

    monkeypatch.setattr(asker.click, "prompt", prompt)
    Terminal().answer("t", OPEN, "present")
    Terminal().answer("t", HIDDEN, SECRET)

    assert asked[0].get("hide_input", False) is False
    assert (asked[1]["hide_input"], asked[1]["show_default"]) == (True, False)
    assert SECRET not in asked[1]["text"]


@pytest.mark.parametrize(
    ("question", "answers", "secrets"),
    [(OPEN, {}, {}), (HIDDEN, {}, {}), (HIDDEN, {"t.key": SECRET}, {})],
)
def test_what_a_script_does_not_give_is_named(
    question: Question, answers: dict[str, str], secrets: dict[str, str]
) -> None:
    """A secret is no answer: a command line is read by everybody on the machine."""
    with pytest.raises(Misused) as caught:
        Flags(answers, secrets).answer("t", question, None)

    assert question.key in str(caught.value)
    assert SECRET not in f"{caught.value}{caught.value.remedy}"


def test_a_mistake_ends_a_script() -> None:
    """Nobody is there to ask."""
    with pytest.raises(Unauthorized):
        Flags({}, {}).after(Unauthorized("no"))


def test_a_mistake_is_said_and_a_person_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what to do about it."""
    given = iter(["what?", AGAIN])

    def prompt(text: str, **options: Any) -> str:
        return next(given)

    monkeypatch.setattr(asker.click, "prompt", prompt)

    assert Terminal().after(EngineError("wrong", remedy="right")) == AGAIN
    assert "wosync: wrong" in capsys.readouterr().err


def test_flags_are_pairs_of_a_key_and_a_value() -> None:
    """A value may have anything in it."""
    assert pairs(["a.b=c=d", "e.f="], "--answer") == {"a.b": "c=d", "e.f": ""}
    for wrong in ("a.b", "ab=c", ""):
        with pytest.raises(Misused):
            pairs([wrong], "--answer")
