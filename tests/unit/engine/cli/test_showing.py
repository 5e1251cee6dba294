"""`wosync status`, as an operator and a script read it: beside a service, and without one."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connectors.sandbox.serving import free_port
from engine.cli import showing
from engine.cli.app import start
from engine.decide import health
from engine.decide.reasons import foreign
from engine.model.health import ServiceFacts
from engine.model.reason import Code, Words
from engine.model.work import Failure
from engine.store.sqlite import settle, statefile
from engine.store.sqlite.place import StateFile
from engine.store.sqlite.summary import summary
from tests.unit.engine.stand_ins import NOW, pending, row, take

ATTENTION, UNREACHABLE, STATE = 3, 69, 74
COMMON = Failure("validation", "ownerId", foreign(Code.REFUSED, "this user may not own it"))
RARE = Failure("forbidden", None, foreign(Code.REFUSED, "no permission"))
CONFIG = """
[service]
http = "127.0.0.1:{port}"
state_dir = "{state}"
[workbooks]
api_key = {{ env = "SURELY_NOT_SET" }}
[outreach]
client_id = {{ env = "SURELY_NOT_SET" }}
client_secret = {{ env = "SURELY_NOT_SET" }}
refresh_token = {{ env = "SURELY_NOT_SET" }}
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """What it printed, for a program."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody with a configuration of a service that does not run."""

    config: Path
    state: Path
    capsys: pytest.CaptureFixture[str]

    def asks(self, *options: str) -> Shown:
        """`wosync status`."""
        code = start(["status", "--config", str(self.config), *options])
        said = self.capsys.readouterr()
        return Shown(code, said.out, said.err)

    def refuse(self, numbers: range, failure: Failure) -> None:
        """Leave these records behind, each refused."""
        self.state.parent.mkdir(exist_ok=True)
        statefile.prepare(self.state)
        with contextlib.closing(statefile.connect(self.state)) as connection:
            take(connection, *(row(number) for number in numbers))
            for number in numbers:
                settle.settle_refused(connection, pending(connection, number), failure, NOW)


def nothing(*_: object) -> None:
    """In place of what would change the whole process."""


def never(*_: object) -> bool:
    """In place of the question whether this user may."""
    return False


@pytest.fixture
def operator(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Operator:
    """No service, no secret, no systemd; logging stays as the tests have it."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("engine.logs.configure", nothing)
    state = tmp_path / "state" / statefile.FILE_NAME
    config = tmp_path / "config.toml"
    config.write_text(CONFIG.format(port=free_port(), state=state.parent), encoding="utf-8")
    return Operator(config, state, capsys)


def served(monkeypatch: pytest.MonkeyPatch, operator: Operator, **told: object) -> None:
    """A service that answers with the state as it is."""

    def answer(*_: object) -> dict[str, Any]:
        with contextlib.closing(statefile.connect(operator.state, query_only=True)) as connection:
            return {"ready": True, "reason": None, **summary(connection), **told}

    monkeypatch.setattr(showing, "ask_service", answer)


@pytest.mark.parametrize("running", [True, False])
def test_records_beyond_those_shown_are_counted_and_can_be_listed(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, running: bool
) -> None:
    """A list that ends without a word is taken for the whole."""
    operator.refuse(range(100, 220), COMMON)
    operator.refuse(range(900, 901), RARE)
    if running:
        served(monkeypatch, operator)

    shown, whole = operator.asks(), operator.asks("--all")

    every = f"wosync status --all --config {operator.config}"
    assert shown.code == whole.code == (ATTENTION if running else UNREACHABLE)
    assert f"In error, 50 of 121 shown; all: {every}\n" in shown.out
    assert "In error: 121, by reason" in shown.out
    assert re.findall(r"^(\d+) +(?:ownerId +this|no) ", shown.out, re.MULTILINE) == ["120", "1"]
    assert "OPP-900" in shown.out
    assert "\nIn error: 121\n" in whole.out
    assert all(f"OPP-{number}" in whole.out for number in (*range(100, 220), 900))


@pytest.mark.parametrize("running", [True, False])
def test_a_program_gets_the_same_numbers_from_a_running_and_a_stopped_service(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, running: bool
) -> None:
    """A script must not have to know which of the two it talks to."""
    operator.refuse(range(100, 220), COMMON)
    if running:
        served(monkeypatch, operator)

    part, whole = operator.asks("--json").document, operator.asks("--json", "--all").document

    assert (part["running"], part["refused_total"], len(part["refused"])) == (running, 120, 50)
    assert [one["records"] for one in part["refused_by_reason"]] == [120]
    assert (whole["refused_total"], len(whole["refused"])) == (120, 120)


def test_few_records_in_error_need_no_summary(operator: Operator) -> None:
    """Each with a reason of its own, the list itself is the shortest."""
    operator.refuse(range(1, 2), COMMON)
    operator.refuse(range(2, 3), RARE)

    shown = operator.asks().out

    assert "by reason" not in shown
    assert "\nIn error: 2\n" in shown


@pytest.mark.parametrize("content", [b"garbage\n" * 500, b""])
def test_a_state_that_cannot_be_read_shows_no_numbers(operator: Operator, content: bytes) -> None:
    """Zeros would say that nothing waits, and nothing is linked."""
    operator.state.parent.mkdir()
    operator.state.write_bytes(content)

    shown, document = operator.asks(), operator.asks("--json").document

    assert (shown.code, operator.asks("--json").code) == (STATE, STATE)
    assert f"the state file {operator.state} cannot be read: " in shown.out
    assert "What to do: see docs/state.md, When the state is damaged or lost.\n" in shown.out
    assert "Pending" not in shown.out
    members = ("records", "people", "outbox", "refused_total", "refused_by_reason", "refused")
    assert [document[name] for name in members] == [None] * len(members)
    assert document["remedy"] == "see docs/state.md, When the state is damaged or lost"


def test_a_state_that_this_user_may_not_read_shows_no_numbers(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under systemd only root may; anybody else must not see an empty service."""

    def denied(*_: object, **__: object) -> sqlite3.Connection:
        raise sqlite3.OperationalError("unable to open database file")

    operator.refuse(range(1, 2), COMMON)
    monkeypatch.setattr(statefile, "connect", denied)
    monkeypatch.setattr("os.access", never)

    shown = operator.asks()

    assert shown.code == STATE
    assert "may not read and write the state file" in shown.out
    # It may be the owner's already, and only not to be written.
    assert f"chmod u+rw {operator.state}" in shown.out
    assert "Pending" not in shown.out


def test_a_state_that_this_user_may_not_look_for_is_named_as_operators_know_it(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its directory, in words of the system, and not as the program calls it within."""

    def denied(_place: StateFile) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(StateFile, "is_there", denied)

    shown = operator.asks()

    assert shown.code == STATE
    told = f"the state in {operator.state.parent} cannot be looked for: Permission denied"
    assert told in " ".join(shown.out.split())
    assert "StateFile" not in shown.out


def test_where_nothing_was_ever_captured_no_number_is_made_up(operator: Operator) -> None:
    """Perhaps only the directory is another one than this shell believes."""
    shown = operator.asks()

    assert (shown.code, shown.err) == (UNREACHABLE, "")
    assert f"there is no state in {operator.state.parent}" in shown.out
    assert "What to do: if the service has never run, start it" in shown.out
    assert "Pending" not in shown.out
    assert not operator.state.parent.exists()


def test_a_refused_reload_is_shown(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service seems well, on settings that are not those of the file."""
    operator.refuse(range(1, 2), COMMON)
    refused = ServiceFacts(reload_refused="config.toml has 1 mistake:\n  [poler]")
    verdicts = health.documents([health.service(refused, Words())])
    served(monkeypatch, operator, verdicts=verdicts)

    said = " ".join(operator.asks().out.split())
    assert "the last reload was refused: config.toml has 1 mistake: [poler]" in said
    assert "What to do: Correct what it names and run: wosync reload; what cannot change" in said

    served(monkeypatch, operator, reload_refused=None)
    assert "Last reload" not in operator.asks().out
