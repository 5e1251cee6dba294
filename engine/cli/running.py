"""`wosync run` and `wosync once`."""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path

import anyio

from engine import logs
from engine.about import PROGRAM
from engine.cli.exits import Exit, complain
from engine.cli.reading import load
from engine.cli.services import option
from engine.cli.state import NoState, state_of
from engine.config.loading import Config
from engine.errors import StateUnusable
from engine.service import once as one_run
from engine.service import process as service
from engine.settings import FileSecret, secrets_in
from engine.store.places import done, ensure_driver

# Nearly all that is made for a record goes with its last reference; what is left is looked for less
# often than the interpreter would by itself.
GC_THRESHOLDS = (5_000, 20, 20)


def run(path: Path | None, *, shadow: bool = False) -> int:
    """The service; 0 after an orderly stop.

    Args:
        shadow: it sends nothing that changes anything.
    """
    config = load(path)
    config = config.in_shadow() if shadow else config
    _settle_memory()
    anyio.run(service.run, config)
    return Exit.DONE


def fleet(path: Path | None) -> int:
    """A process of a fleet; 0 after an orderly stop.

    Raises:
        Misconfigured: it cannot be one; a mistake in a pair stops that pair alone.
    """
    from engine.config import fleet as fleet_config

    settings = fleet_config.load(path)
    logs.keep_secret(secrets_in(settings.service))
    FileSecret.watchers[:] = [lambda text: logs.keep_secret([text])]
    logs.configure(settings.service.log_level, settings.service.log_format)
    ensure_driver()
    from engine.service.fleet import process

    _settle_memory()
    anyio.run(process.run, settings)
    return Exit.DONE


def _settle_memory() -> None:
    """Have the garbage collector look at what is made for records alone.

    The program itself stays for good: looked through again and again, it would hold the event loop
    for 50 ms each time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


def once(path: Path | None, *, as_json: bool) -> int:
    """One poll and everything that follows; 3 when records need attention, 130 after Ctrl-C."""
    config = load(path)
    _settle_memory()
    try:
        result = anyio.run(one_run.once, config)
    except KeyboardInterrupt:
        complain(f"{PROGRAM}: stopped; {_left(config)}; {PROGRAM} once{option(path)} goes on\n")
        return Exit.INTERRUPTED
    counts = result.counts
    document: dict[str, int] = {
        "changed": result.changed,
        "linked": counts.linked,
        "refused": counts.refused,
        "pending": counts.pending,
        "in_doubt": counts.in_doubt,
        "people_pending": counts.tabs,
        "people_held_back": counts.lines_held_back,
        "people_refused": counts.people_refused,
        "outbox": counts.outbox,
        "held_by_fuse": result.held.records,
    }
    if as_json:
        sys.stdout.write(json.dumps({"schema_version": 1, **document}) + "\n")
    else:
        words = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in document.items())
        sys.stdout.write(f"{words}\n")
        if counts.pending or counts.tabs or counts.outbox:
            sys.stdout.write("what waits is tried again by the next run; see: wosync status\n")
        if result.held.tripped:
            sys.stdout.write(
                f"{result.held.records} edits at once are held; see: {PROGRAM} status;"
                f" if they are meant, run: {PROGRAM} approve{option(path)}\n"
            )
        if counts.refused or counts.people_refused:
            sys.stdout.write("some records are in error; see: wosync status\n")
    attention = (
        counts.refused or counts.people_refused or counts.pending or counts.tabs or counts.outbox
    )
    return Exit.ATTENTION if attention else Exit.DONE


def _left(config: Config) -> str:
    """What a run that was stopped leaves to the next one."""
    try:
        with state_of(config).looking() as store:
            counts = done(store.report.counts())
            doubtful = counts.in_doubt + done(store.report.cut_off())
    except NoState:
        return "nothing was captured yet"
    except StateUnusable as error:
        return str(error)
    return (
        f"{counts.pending} records, {counts.tabs} people tabs and {counts.outbox} write-backs"
        f" wait, {doubtful} creates are in doubt and will be looked for; nothing is lost"
    )
