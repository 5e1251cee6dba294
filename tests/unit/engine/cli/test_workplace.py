"""Where a command works: made and removed, and a sentence where that cannot be."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from engine.cli.workplace import workplace
from engine.errors import StateUnusable

COMMANDS = Path(__file__).parents[4] / "engine" / "cli"


def test_it_is_gone_afterwards() -> None:
    """Secrets may have been in it."""
    with workplace() as directory:
        (directory / "state.db").touch()

    assert not directory.exists()


def test_a_machine_that_is_full_or_may_only_be_read_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As beside a container whose root may only be read."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))

    with pytest.raises(StateUnusable) as refused, workplace():
        pass

    assert "No such file or directory" in refused.value.message
    assert "set TMPDIR" in str(refused.value.remedy)


def test_no_command_makes_one_of_its_own() -> None:
    """Its refusal would be a crash."""
    making = [
        path.name for path in COMMANDS.rglob("*.py") if "TemporaryDirectory(" in path.read_text()
    ]

    assert making == ["workplace.py"]
