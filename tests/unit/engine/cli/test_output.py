"""Where the output goes when nobody takes it: no command ends in a traceback for that."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO, cast

import pytest

from engine.cli.app import start

# Says and logs in turn, as a command does that reports what it has just done.
IN_TURN = """
import structlog
from engine import logs
from engine.cli.output import guarded

logs.configure("info", "json")
with guarded():
    for number in range(9):
        structlog.get_logger().info(f"logged_{number}")
        print(f"shown_{number}", flush=True)
"""
MANUAL = (Path(__file__).resolve().parents[4] / "config.toml").read_text(encoding="utf-8")
DONE, STATE = 0, 74
CONFIG = "config.toml"
# Short and long ones, with tables, with plain lines, and with what the library of commands says.
COMMANDS = [
    ("--help",),
    ("--version",),
    ("help", "status"),
    ("completion", "bash"),
    ("config", "--help"),
    ("config", "show", "--config", CONFIG),
    ("config", "show", "--json", "--config", CONFIG),
    ("config", "get", "poller", "--config", CONFIG),
    ("config", "set", "poller.interval_s", "7", "--config", CONFIG),
    ("unit", "show"),
]


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A configuration in the current directory, and no systemd."""
    (tmp_path / CONFIG).write_text(MANUAL, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)


@pytest.fixture
def onto(monkeypatch: pytest.MonkeyPatch) -> Callable[[TextIO, tuple[str, ...]], int]:
    """Runs a command line whose standard output is this stream."""

    def run(stream: TextIO, words: tuple[str, ...]) -> int:
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", stream)
            try:
                return start(words)
            except SystemExit as ended:
                return int(ended.code or 0)

    return run


def full() -> TextIO:
    """A device that takes nothing."""
    return Path("/dev/full").open("w", encoding="utf-8")


def unread() -> TextIO:
    """A pipe whose reader has gone: `| head -1`."""
    reader, writer = os.pipe()
    os.close(reader)
    return os.fdopen(writer, "w", encoding="utf-8")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_full_disk_is_one_paragraph_and_the_code_for_it(
    words: tuple[str, ...],
    onto: Callable[[TextIO, tuple[str, ...]], int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A report that a script stored must not look complete when it is not."""
    with full() as stream:
        code = onto(stream, words)
    said = capsys.readouterr().err

    assert code == STATE
    assert said.count("wosync: the output cannot be written: No space left on device\n") == 1
    assert said.endswith("or send it elsewhere; what the command has done is done.\n")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_reader_that_has_seen_enough_ends_a_command_quietly(
    words: tuple[str, ...],
    onto: Callable[[TextIO, tuple[str, ...]], int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`wosync config show | head -1` is no failure of anything."""
    with unread() as stream:
        code = onto(stream, words)
    said = capsys.readouterr().err

    assert code == DONE
    assert "Broken pipe" not in said
    assert "cannot be written" not in said


def test_a_report_stands_behind_what_was_logged_before_it() -> None:
    """On a terminal both are one text, though lines of a log are written a few at a time."""
    command = [sys.executable, "-c", IN_TURN]
    ended = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
    )

    expected = [f"{how}_{number}" for number in range(9) for how in ("logged", "shown")]
    assert re.findall(r"(?:logged|shown)_\d", ended.stdout) == expected


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_character_that_the_encoding_lacks_stops_no_command(
    encoding: str, onto: Callable[[TextIO, tuple[str, ...]], int]
) -> None:
    """The change was made by then; a traceback would say the opposite."""
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding=encoding)
    code = onto(stream, ("config", "set", "poller.interval_s", "7", "--config", CONFIG))

    assert code == DONE
    first = written.getvalue().decode(encoding).splitlines()[0]
    assert first == "poller.interval_s: 60 \\u2192 7"
    assert "interval_s = 7" in Path(CONFIG).read_text(encoding="utf-8")


def test_an_error_that_nobody_can_read_leaves_its_exit_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The code is all that is left to say."""
    lines = (("sing",), ("status", "--config", "absent.toml"), ("config", "get", "x"))
    with Path("/dev/full").open("wb", buffering=0) as device:
        stream = io.TextIOWrapper(device, encoding="utf-8", write_through=True)
        monkeypatch.setattr(sys, "stderr", stream)
        codes = [start(words) for words in lines]
        stream.detach()

    assert codes == [2, 78, 2]


def test_output_that_was_closed_before_the_start_is_not_missed(
    onto: Callable[[TextIO, tuple[str, ...]], int],
) -> None:
    """`>&-` is somebody's way to say that the answer is the exit code."""
    assert (
        onto(cast("TextIO", None), ("config", "get", "poller.interval_s", "--config", CONFIG))
        == DONE
    )
