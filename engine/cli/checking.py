"""`wosync check`: one line per step, each with a verdict, and a remedy where it fails."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio

from engine.assembly.opening import take_over
from engine.assembly.outside import Outside, open_systems
from engine.cli.exits import Exit, code_for
from engine.cli.reading import load
from engine.cli.tables import console, table
from engine.config.loading import Config
from engine.config.unencrypted import unencrypted
from engine.errors import EngineError, StateUnusable
from engine.mappings import Mappings
from engine.metrics import Metrics
from engine.model.age import Seen
from engine.model.records import RecordType
from engine.plain import plain
from engine.ports import Step
from engine.redaction import redact
from engine.store.port.store import Store
from engine.store.sqlite import mark, statedir, statefile
from engine.store.sqlite.threaded import open_store


@dataclass(frozen=True, slots=True)
class Verdict:
    """One line: `ok` is None for a step that could not be reached."""

    subject: str
    step: str
    ok: bool | None
    detail: str
    remedy: str | None = None
    code: Exit = Exit.DONE


def check(path: Path | None, *, as_json: bool) -> int:
    """Run every step and print the verdicts; the code is that of the first failure."""
    config = load(path)
    fact = f"{config.path}: every key is valid, every secret is there"
    verdicts = [Verdict("configuration", "read", True, fact)]
    verdicts += [Verdict("configuration", "encryption", True, one) for one in unencrypted(config)]
    verdicts += anyio.run(_verdicts, config)
    (_print_json if as_json else _print_table)(verdicts)
    return next((verdict.code for verdict in verdicts if verdict.ok is False), Exit.DONE)


async def _verdicts(config: Config) -> list[Verdict]:
    state_dir = config.engine.service.state_dir
    fresh_directory = not state_dir.exists()
    try:
        with statedir.lease(state_dir):
            path = state_dir / statefile.FILE_NAME
            fresh = not path.exists()
            seen = mark.look(state_dir / statedir.MARK_NAME)
            try:
                return await _with_state(config, path, seen)
            finally:
                if fresh:
                    statefile.discard_if_empty(path, directory=fresh_directory)
    except statedir.StateInUse:
        return await _beside_the_service(config)
    except EngineError as error:
        return [_failed("state", "directory", error)]


async def _with_state(config: Config, path: Path, seen: Seen | None) -> list[Verdict]:
    """Every step, with the real state: a token minted on the way is kept, not lost."""
    verdicts = [Verdict("state", "directory", True, f"{path.parent} can be written")]
    async with open_store(path) as store:
        try:
            # Before anything is asked: the tokens in another state are not ours to renew.
            await take_over(config, store, seen, Outside.real().clock.now())
        except StateUnusable as error:
            return [*verdicts, _failed("state", "belongs here", error)]
        return verdicts + await _with_systems(config, store)


async def _with_systems(config: Config, store: Store) -> list[Verdict]:
    verdicts: list[Verdict] = []
    async with open_systems(config, Outside.real(), store, Metrics()) as systems:
        mappings = Mappings(config, systems.source, systems.target)
        walked = await _walk(config.connectors.source.name, systems.source.steps())
        walked += await _walk(config.connectors.target.name, systems.target.steps())
        verdicts += walked
        if all(verdict.ok for verdict in walked):
            verdicts.append(await _check_mapping(mappings))
    return verdicts


async def _check_mapping(mappings: Mappings) -> Verdict:
    try:
        await mappings.load()
    except EngineError as error:
        return _failed("mapping", "lines", error)
    left_out = [mistake.text for mistake in mappings.mistakes]
    if left_out:
        lines = (plain(line) for line in left_out)
        detail = "\n".join(("lines kept in the source that are left out:", *lines))
        return Verdict("mapping", "lines", True, detail)
    number = sum(len(mappings.of(record_type).lines) for record_type in RecordType)
    return Verdict("mapping", "lines", True, f"{number} lines, each suits its field and column")


async def _beside_the_service(config: Config) -> list[Verdict]:
    """The service holds the state and its tokens; what needs neither is checked all the same."""
    verdicts = [Verdict("state", "directory", True, "in use by the running service")]
    with TemporaryDirectory(prefix="wosync-check-") as directory:
        async with (
            open_store(Path(directory) / statefile.FILE_NAME) as store,
            open_systems(config, Outside.real(), store, Metrics()) as systems,
        ):
            verdicts += await _walk(config.connectors.source.name, systems.source.steps())
    left = "left to the running service, which holds the tokens; see: wosync status"
    verdicts.append(Verdict(config.connectors.target.name, "all steps", None, left))
    unchecked = (
        "not checked beside a running service; a mistake there would keep it from starting again:"
        " after a change of a line stop the service and run wosync check before you start it"
    )
    verdicts.append(Verdict("mapping", "lines", None, unchecked))
    return verdicts


async def _walk(subject: str, steps: Sequence[Step]) -> list[Verdict]:
    """Run the steps in order; behind a failure the rest cannot be judged."""
    verdicts: list[Verdict] = []
    for step in steps:
        if any(verdict.ok is False for verdict in verdicts):
            verdicts.append(Verdict(subject, step.name, None, "not reached"))
            continue
        try:
            verdicts.append(Verdict(subject, step.name, True, await step.run()))
        except EngineError as error:
            verdicts.append(_failed(subject, step.name, error))
    return verdicts


def _failed(subject: str, step: str, error: EngineError) -> Verdict:
    return Verdict(subject, step, False, redact(str(error)), error.remedy, code_for(error))


def _print_table(verdicts: Sequence[Verdict]) -> None:
    words = {True: "ok", False: "FAILED", None: "skipped"}
    shown = table("Subject", "Step", "Verdict", "Detail")
    for verdict in verdicts:
        detail = verdict.detail.split("\n")
        if verdict.remedy:
            detail.append(f"What to do: {verdict.remedy}")
        shown.add_row(verdict.subject, verdict.step, words[verdict.ok], detail)
    console().print(shown)


def _print_json(verdicts: Sequence[Verdict]) -> None:
    lines = [
        {
            "subject": verdict.subject,
            "step": verdict.step,
            "ok": verdict.ok,
            "detail": verdict.detail,
            "remedy": verdict.remedy,
        }
        for verdict in verdicts
    ]
    sys.stdout.write(json.dumps({"schema_version": 1, "verdicts": lines}) + "\n")
