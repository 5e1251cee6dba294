"""Tables on narrow terminals: everything in them can still be read."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest

from engine.cli.app import start
from engine.cli.tables import PlainConsole, console, table

MANUAL = Path(__file__).resolve().parents[4] / "config.toml"


def letters(text: str) -> list[str]:
    """What is left when nobody minds where a line ends, or whose turn a column is."""
    return sorted("".join(text.split()))


@pytest.mark.parametrize("columns", ["20", "60", "200"])
def test_a_table_loses_no_letter(
    columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A heading or a key that ends in dots can be looked up nowhere."""
    monkeypatch.setenv("COLUMNS", columns)
    headings = ("Actor", "Workers", "Throttled", "Head waits")
    row = ("relationship syncer", "4", "100%", "12.5 s")
    shown = table(*headings)
    shown.add_row(*row)

    console().print(shown)

    assert letters(capsys.readouterr().out) == letters("".join((*headings, *row)))


def test_the_configuration_is_folded_and_never_cut(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its keys are copied from there."""
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    shown: dict[str, str] = {}
    for columns in ("60", "300"):
        monkeypatch.setenv("COLUMNS", columns)
        assert start(["config", "show", "--all", "--config", str(MANUAL)]) == 0
        shown[columns] = capsys.readouterr().out

    assert "…" not in shown["60"]
    assert letters(shown["60"]) == letters(shown["300"])


def test_rows_without_headings_lose_no_letter_either(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path that ends in dots leads nowhere."""
    monkeypatch.setenv("COLUMNS", "40")
    path = "/srv/a-directory-with-a-long-name/and-another-one-below-it/state.db"
    shown = table("", "")
    shown.add_row("Service", path)

    console().print(shown)

    assert letters(capsys.readouterr().out) == letters(f"Service{path}")


@pytest.mark.parametrize("name", ["Crane [bold]10 t[/]", "Crane :bug:", "OPP-1 at 10:15:00"])
def test_whatever_a_record_is_called_is_shown_as_it_is(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a line or a cell, printed once or watched: nothing of it is markup, or a picture."""
    watched = StringIO()
    for printer in (console(), PlainConsole(file=watched)):
        shown = table("")
        shown.add_row(name)
        printer.print(name)
        printer.print(shown)

    for text in (capsys.readouterr().out, watched.getvalue()):
        assert [line.strip() for line in text.splitlines()] == [name, name]
