"""What the demo prints is calm: whole facts in a pipe, folded tables on a narrow screen."""

import io
import sys
from collections import Counter
from pathlib import Path

import pytest
from rich.console import Console

from connectors.sandbox import demo_view as view
from connectors.sandbox.demo_edits import Change
from connectors.sandbox.demo_service import Look, Refusal
from connectors.sandbox.demo_tally import PeopleTally, Tally
from connectors.sandbox.settings_file import SettingsFile

LOOK = Look(
    ready=True,
    reason=None,
    captured=1393,
    pending=3,
    counted=0,
    linked=1386,
    in_doubt=0,
    outbox=0,
    workbooks_requests=25,
    outreach_requests=429,
    in_error=1,
    to_relate=2,
    people_in_error=4,
    refusals=(Refusal("OPP-7", None, "the name [bold]is[/bold] too long"),),
)
ARRIVED = view.Arrived(ids=1300, roles=2750)


class Screen:
    """A console that keeps what it prints."""

    def __init__(self, *, terminal: bool = False, width: int = 80) -> None:
        self._file = io.StringIO()
        self.console = Console(
            file=self._file, force_terminal=terminal, width=width, highlight=False, no_color=True
        )

    @property
    def text(self) -> str:
        """Everything printed."""
        return self._file.getvalue()


def test_a_pipe_gets_a_plain_line_at_most_every_two_seconds() -> None:
    """A log file of the demo must stay readable."""
    screen = Screen(width=40)
    with view.Board(screen.console) as board:
        for tenths in range(60):
            picture, line = view.progress(LOOK, ARRIVED, tenths / 10)
            board.show(picture, line, tenths / 10)

    lines = screen.text.splitlines()
    assert len(lines) == 2
    assert lines[0].strip() == (
        "2.0 s  captured 1393, synced 1386, in error 5, waiting 5, ids back 1300, roles 2750,"
        " requests: Workbooks 25, Outreach 429"
    )
    assert "\x1b" not in screen.text


def test_a_terminal_keeps_the_last_picture() -> None:
    """Who looks away must find the outcome when looking back."""
    screen = Screen(terminal=True, width=80)
    with view.Board(screen.console) as board:
        board.show(view.progress(None, view.Arrived(0, 0), 0.0)[0], "", 0.0)
        board.show(view.progress(LOOK, ARRIVED, 6.8)[0], "", 6.8)
        board.say("this line is for pipes")

    assert "1,386" in screen.text
    assert "2,750" in screen.text
    assert "Captured" in screen.text
    assert "Workbooks" in screen.text
    assert "this line" not in screen.text
    assert board.redraws


@pytest.mark.parametrize("width", [60, 80, 200])
def test_tables_keep_to_the_width_and_lose_no_word(width: int) -> None:
    """A customer's terminal has any size."""
    screen = Screen(width=width)
    change = Change("Amount edited", "OPP-1080", "1 GBP", lambda: "2 GBP", wanted="2 GBP")
    change.look(1.5)
    view.refusals_table(screen.console, LOOK.refusals)
    screen.console.print(view.changes_table([change]))

    assert all(len(line) <= width for line in screen.text.splitlines())
    assert "OPP-7" in screen.text
    assert "1.5 s" in screen.text


def test_a_reason_is_shown_as_it_was_given() -> None:
    """A record's text must not be taken for the screen's own formatting."""
    screen = Screen()
    view.refusals_table(screen.console, LOOK.refusals)

    assert "the name [bold]is[/bold] too long" in screen.text


def test_paths_and_commands_can_be_copied_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folded path is worth nothing, nor is a command that the shell does not find."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "argv", [".venv/bin/wosync", "demo"])
    screen = Screen(width=40)
    config = Path("/a/rather/long/directory/with a blank/wosync-demo/config.toml")
    log = config.with_name("service.log")
    view.whereabouts(screen.console, SettingsFile(config, "", ""), log, LOOK.refusals)

    why = f"  .venv/bin/wosync why {LOOK.refusals[0].ref} --offline --config '{config}'\n"
    assert why in screen.text
    assert f"  .venv/bin/wosync status --config '{config}'\n" in screen.text
    assert "  .venv/bin/wosync sandbox\n" in screen.text


def counted(held_back: Counter[str]) -> Tally:
    """A tally with these lines held back."""
    return Tally(
        created=360,
        updated=40,
        written_back=360,
        duplicates=0,
        workbooks_requests=100,
        outreach_requests=1100,
        people=PeopleTally(
            prospects_created=44,
            prospects_adopted=12,
            roles_created=1550,
            roles_changed=4,
            roles_removed=2,
            held_back=held_back,
        ),
    )


def test_the_summary_gives_requests_per_record() -> None:
    """The budget is what an operator asks about first."""
    screen = Screen()
    view.summary(screen.console, counted(Counter()), LOOK)

    assert "2,000: opportunities, prospects and roles" in screen.text
    assert "Workbooks 0.05, Outreach 0.55" in screen.text


def test_the_summary_tells_of_people() -> None:
    """Who is missing, and why, must not have to be asked for."""
    screen = Screen()
    reasons = Counter({"sync is off": 13, "no e-mail address": 6})
    view.summary(screen.console, counted(reasons), LOOK)
    view.summary(screen.console, counted(Counter()), LOOK)

    lines = [" ".join(line.split()) for line in screen.text.splitlines()]
    assert "Prospects created 44, adopted 12" in lines
    assert "Roles created 1,550, changed 4, removed 2" in lines
    assert "Lines held back 19: no e-mail address 6, sync is off 13" in lines
    assert "Lines held back 0" in lines
    assert "In error opportunities 1, people 4" in lines
