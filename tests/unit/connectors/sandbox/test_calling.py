"""A command that is printed must work where the person who reads it is."""

import shlex
import sys
from pathlib import Path

import pytest

from connectors.sandbox.calling import program


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The program in a directory with a blank in its name."""
    path = tmp_path / "a folder" / "wosync"
    path.parent.mkdir()
    path.touch(mode=0o755)
    return path


def test_a_program_outside_the_path_is_called_as_it_was_started(
    script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After `make demo` nobody has it on the path."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "argv", [str(script), "demo"])

    assert shlex.split(program()) == [str(script)]


def test_a_program_on_the_path_is_called_by_its_name(
    script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shortest form that works is the one to show."""
    monkeypatch.setenv("PATH", str(script.parent))
    monkeypatch.setattr(sys, "argv", [str(script), "demo"])

    assert program() == "wosync"


def test_another_program_of_that_name_on_the_path_is_not_taken_for_this_one(
    script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older version elsewhere would not know this configuration."""
    mine = tmp_path / "wosync"
    mine.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(script.parent))
    monkeypatch.setattr(sys, "argv", [str(mine), "demo"])

    assert program() == str(mine)


def test_a_module_is_called_by_the_interpreter_that_ran_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file is no command."""
    monkeypatch.setattr(sys, "argv", ["/somewhere/engine/__main__.py", "demo"])

    assert shlex.split(program()) == [sys.executable, "-m", "engine"]
