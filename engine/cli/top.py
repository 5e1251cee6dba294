"""`wosync top`: the status of the running service, live and in place."""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.live import Live
from rich.text import Text

from engine.cli.asking import address, ask_service
from engine.cli.exits import Exit
from engine.cli.picture import moment, picture
from engine.cli.services import option
from engine.cli.showing import status
from engine.cli.tables import PlainConsole
from engine.clock import SystemClock
from engine.config.places import find

EVERY_S = 1.0
QUIT = {"q", "Q", "\x1b", "\x04"}


def top(path: Path | None, *, as_json: bool) -> int:
    """0 when somebody has seen enough; where nobody can watch it is `wosync status`, once.

    Raises:
        Misconfigured: there is no configuration, or the service that answers runs on another one.
        StateUnusable: where nobody can watch, the state cannot be read.
    """
    watched = sys.stdin.isatty() and sys.stdout.isatty()
    if as_json or not watched or os.environ.get("TERM") == "dumb":
        return status(path, as_json=as_json, everything=False)
    found, clock = find(path), SystemClock()
    # The screen beneath comes back at the end, and what is drawn replaces what was there at once.
    # Past the stream that writes down whatever steers a terminal: every text here is plain already.
    with (
        open(os.dup(sys.stdout.fileno()), "w", encoding="utf-8") as terminal,  # noqa: PTH123 # a descriptor
        suppress(KeyboardInterrupt),
        _keys() as pressed,
        Live(console=PlainConsole(file=terminal), screen=True, auto_refresh=False) as live,
    ):
        while True:
            told = ask_service(found, "/status")
            live.update(_screen(told, found, option(path), clock.now()), refresh=True)
            if pressed(EVERY_S) in QUIT:
                break
    return Exit.DONE


def _screen(told: dict[str, Any] | None, config: Path, named: str, now: float) -> Group:
    head = Text(f"wosync top  {moment(now)}  ", style="dim")
    head.append("q ends it", style="dim")
    if told is None:
        text = f"No service answers at {address(config)}; it is asked again every second."
        return Group(head, Text(), Text(text), Text(f"What the state holds: wosync status{named}"))
    if told.get("standby"):
        text = f"The service stands by: {told['reason']}"
        return Group(head, Text(), Text(text), Text(f"What the state holds: wosync status{named}"))
    parts = [head, Text(), picture(told, now)]
    total = told.get("refused_total") or 0
    if total:
        parts.append(Text(f"In error: {total:,}; which and why: wosync list --refused{named}"))
    return Group(*parts)


@contextmanager
def _keys() -> Generator[Any]:
    """Reads single keys for the block; gives back the terminal as it was, whatever happens."""
    handle = sys.stdin.fileno()
    before = termios.tcgetattr(handle)

    def pressed(seconds: float) -> str:
        """The key that is pressed within so many seconds, or nothing."""
        ready, _, _ = select.select([handle], [], [], seconds)
        return os.read(handle, 1).decode("ascii", "replace") if ready else ""

    try:
        # Ctrl-C stays a signal, so that it ends this as it ends everything.
        tty.setcbreak(handle)
        yield pressed
    finally:
        termios.tcsetattr(handle, termios.TCSADRAIN, before)
