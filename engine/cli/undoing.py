"""`wosync undo`: give back what writes took the place of, where nobody has changed it since."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

from engine.about import PROGRAM
from engine.cli.exits import Exit, Misused
from engine.cli.moments import moment_of
from engine.cli.planning import done_by, kept_in
from engine.cli.plans import Seen, printed_json, show
from engine.cli.reading import load
from engine.cli.services import option
from engine.clock import SystemClock
from engine.config.places import find
from engine.service.planning.files import lines_of
from engine.service.undoing import Asked, undo_alone

_NOTHING_DONE = (
    f"Nothing was done. To do it: {PROGRAM} undo with the same words and --yes, or answer y.\n"
)


def undo(
    path: Path | None,
    x: str | None,
    *,
    run: int | None,
    since: str | None,
    yes: bool,
    as_json: bool,
) -> int:
    """Show what would be given back, and do it once that is agreed; 3 when some of it is not.

    Args:
        x: whatever somebody has in hand of one record.

    Raises:
        Misused: nothing is meant.
    """
    if x is None and run is None and since is None:
        raise Misused(
            "nothing is meant",
            remedy=f"give --run or --since, or name a record; runs: {PROGRAM} history --runs",
        )
    clock = SystemClock()
    asked = Asked(
        # What a shell passed on that is no text names nothing.
        None if x is None else x.encode(errors="replace").decode(),
        run,
        None if since is None else moment_of(since, clock.now(), "--since"),
    )
    found = find(path)
    if yes:
        return _done(found, asked, option(path), as_json=as_json)
    planned = _told(found, asked, as_json=as_json)
    if planned.idle:
        return _code(planned)
    if as_json or not sys.stdin.isatty():
        if not as_json:
            sys.stdout.write(_NOTHING_DONE)
        return Exit.ATTENTION
    if not click.confirm("\nDo it?"):
        sys.stdout.write(_NOTHING_DONE)
        return Exit.ATTENTION
    if planned.header is not None:
        # What was written since was not shown.
        asked = replace(asked, upto=int(planned.header.about["upto"]))
    return _done(found, asked, option(path), as_json=False)


def _done(found: Path, asked: Asked, further: str, *, as_json: bool) -> int:
    seen = _told(found, replace(asked, does=True), as_json=as_json)
    run = "" if seen.header is None else seen.header.about.get("done as run", "")
    if not as_json and not seen.idle:
        sys.stdout.write(f"Done. To take that back again: {PROGRAM} undo{further} --run {run}\n")
    return _code(seen)


def _code(seen: Seen) -> int:
    return Exit.ATTENTION if seen.end.left_out else Exit.DONE


def _told(found: Path, asked: Asked, *, as_json: bool) -> Seen:
    """Ask the service, or do it under the lock of the state where none runs."""
    with kept_in(None) as file:
        with file.open("w", encoding="utf-8") as written:
            done_by(
                found,
                "/undo",
                asked.document(),
                written,
                lambda: undo_alone(load(found), asked, written),
            )
        return printed_json(lines_of(file)) if as_json else show(lines_of(file))
