"""What a shell is offered in the place of a setting, a reference or a code, and what that takes."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.cli.completing import completed
from engine.cli.offered import known_settings
from engine.config.keys import Keys, Kind
from engine.config.loading import installed_connectors
from engine.store.sqlite import statefile
from engine.store.sqlite.known import references
from tests.waiting import DEADLINE_S

Say = pytest.CaptureFixture[str]


def bash(line: str) -> dict[str, str]:
    """As bash asks, with the cursor at the end."""
    at = str(len(line.split(" ")) - 1)
    return {"_WOSYNC_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": at}


def offered(line: str, capsys: Say) -> list[str]:
    """The words that a shell is given."""
    assert completed(bash(line)) == 0
    return capsys.readouterr().out.split()


def test_every_setting_is_offered() -> None:
    """One that is not cannot be found by somebody who knows half of its name."""
    keys = list(Keys(installed_connectors()).every())
    expected = {key.name for key in keys if key.kind is Kind.SETTING}
    tables = {key.name for key in keys if key.kind is Kind.OPEN_TABLE}

    assert (expected | tables) - set(known_settings()) == set()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("wosync config set fuse.sh", ["fuse.share"]),
        ("wosync config set fuse.share 0", []),
        ("wosync config get --config ", []),
        ("wosync config get --config other.toml fuse.sh", ["fuse.share"]),
        ("wosync explain sync-o", ["sync-off"]),
        ("wosync explain sync-off sync-o", []),
        ("wosync skip --reason va", []),
        ("wosync retry --reason value-unf", ["value-unfit"]),
        ("wosync list --by r", ["reason"]),
        ("wosync status ", []),
        ("wosync why --off", ["--offline"]),
        ('wosync why "half', []),
        ("wosync list --sort r", ["ref", "reason"]),
        ("wosync retry --reason=value-unf", ["value-unfit"]),
        ("wosync history --since ", []),
        ("wosync unsk", ["unskip"]),
        ("wosync status --config oth", []),
        ("wosync nosuch --ver", ["--version"]),
    ],
)
def test_each_place_has_its_own_words(line: str, expected: list[str], capsys: Say) -> None:
    """Files are left to the shell."""
    assert offered(line, capsys) == expected


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state with one record, at rest."""
    path = tmp_path / "state.db"
    statefile.prepare(path)
    with contextlib.closing(statefile.connect(path)) as connection:
        connection.execute(
            "INSERT INTO record (id, ref, version, updated_at, captured_at, linked, payload,"
            " state, lane, due_at) VALUES (1, 'OPP-1', 1, 1, 1, 0, '{}', 'settled', 0, 1)"
        )
    return path


def test_a_state_at_rest_is_read_and_nothing_is_laid_beside_it(state: Path) -> None:
    """A file of root's would keep the service from its own state."""
    before = sorted(state.parent.iterdir())

    assert references(state, "OPP-") == ["OPP-1"]
    assert sorted(state.parent.iterdir()) == before


def test_a_state_at_work_is_read_as_it_is(state: Path) -> None:
    """What was captured a moment ago is known."""
    with contextlib.closing(statefile.connect(state)) as writer:
        writer.execute("UPDATE record SET ref = 'OPP-2'")

        assert references(state, "OPP-") == ["OPP-2"]


@pytest.mark.parametrize("what", ["nothing", "text", "link", "log"])
def test_what_cannot_be_read_offers_nothing(what: str, state: Path, tmp_path: Path) -> None:
    """Somebody pressed a key; there is no place for a message."""
    path = tmp_path / "other.db"
    if what == "text":
        path.write_text("no state", encoding="utf-8")
    elif what == "link":
        path.symlink_to(state)
    elif what == "log":
        # Its log alone: SQLite would have to write something to read it.
        path.write_bytes(state.read_bytes())
        path.with_name("other.db-wal").touch()

    assert references(path, "OPP-") == []


def test_nothing_that_takes_long_is_loaded(state: Path) -> None:
    """A tenth of a second is felt; the libraries of the commands take twice that."""
    script = "import engine.__main__ as it, sys; it.main(); print(*sys.modules, file=sys.stderr)"
    ended = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **bash("wosync why OPP-")},
        cwd=state.parent,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=True,
    )

    loaded = {name.split(".")[0] for name in ended.stderr.split()}
    assert (
        loaded & {"typer", "rich", "pydantic", "anyio", "httpx", "asyncio", "email", "tempfile"}
        == set()
    )


INTERRUPTED_WHILE_LOADING = """
import sys, types
class Loading(types.ModuleType):
    def __getattr__(self, name):
        raise KeyboardInterrupt
sys.modules["engine.cli.app"] = Loading("engine.cli.app")
from engine.__main__ import main
main()
"""


@pytest.mark.parametrize(
    ("script", "variables", "code"),
    [
        ("from engine.__main__ import main; main()", bash("wosync why --o"), 0),
        (INTERRUPTED_WHILE_LOADING, {}, 130),
    ],
    ids=["nobody takes the word", "interrupted while it loads"],
)
def test_a_command_that_comes_to_nothing_says_nothing(
    script: str, variables: dict[str, str], code: int
) -> None:
    """What Python itself would say of it helps nobody who has pressed a key."""
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, **variables},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )

    assert (ended.returncode, ended.stderr) == (code, "")
