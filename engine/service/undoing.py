"""Undoing, asked for: a plan of it, or all of it, written down line by line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, Any

import anyio

from engine.about import about
from engine.actors.undoer import Undoer
from engine.assembly.assembly import Assembly
from engine.assembly.environment import Environment
from engine.assembly.opening import opened, pair, plain_errors
from engine.config.loading import Config
from engine.errors import EngineError
from engine.flow.purpose import spent_on
from engine.model.plan import End, Header
from engine.model.purpose import Purpose
from engine.model.run import RunKind
from engine.model.undo import Scope
from engine.runs import kept_run
from engine.service.planning.files import Writing
from engine.service.starting import take_steps, take_up
from engine.service.usage import keep_usage
from engine.service.why.pointing import pointers_of, spelled

NEAREST_MAX = 3
# What the store numbers its lines with, and the last moment that has a date.
_LINE_MAX = 2**63 - 1
_MOMENT_MAX = 253_402_300_799


class NotKnown(EngineError):
    """Nothing is kept of what is to be undone."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be undone.

    Args:
        does: it is carried out; otherwise only planned.
        upto: no line of history after this one is meant: a plan says which.
    """

    x: str | None = None
    run: int | None = None
    since: float | None = None
    does: bool = False
    upto: int | None = None

    def document(self) -> dict[str, Any]:
        """As JSON can carry it."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Asked:
        """What was asked in such a document.

        Raises:
            ValueError, TypeError, OverflowError: it is none.
        """
        x, run, since, upto = (given.get(name) for name in ("x", "run", "since", "upto"))
        if x is None and run is None and since is None:
            raise ValueError("nothing is meant")
        return cls(
            None if x is None else str(x),
            None if run is None else int(_bounded(int(run), _LINE_MAX)),
            None if since is None else _bounded(float(since), _MOMENT_MAX),
            bool(given.get("does", False)),
            None if upto is None else int(_bounded(int(upto), _LINE_MAX)),
        )


@dataclass(slots=True)
class Undoing:
    """Answers one after the other: of two that undo at once, one waits."""

    turn: anyio.Lock = field(default_factory=anyio.Lock)

    async def answer(self, assembly: Assembly, asked: Asked, out: IO[str]) -> None:
        """Write the plan, or what was done, to a file.

        Raises:
            NotKnown: nothing is kept of it.
            EngineError: the state cannot be used.
        """
        async with self.turn:
            with spent_on(Purpose.BACKLOG):
                await self._written(assembly, asked, out)

    async def _written(self, assembly: Assembly, asked: Asked, out: IO[str]) -> None:
        undos = assembly.store.undos
        scope = await self._scope(assembly, asked)
        undoer = undoer_of(assembly)
        writing, about_it = Writing(out), _about(scope)
        token = None
        if asked.does:
            now = assembly.environment.clock.now()
            number = await undos.begin(RunKind.UNDO, now, f"of {about_it['undo']}")
            about_it["done as run"] = str(number)
            token = kept_run.set(number)
        writing.write(_header(assembly, about_it))
        try:
            lines = undoer.carry_out(scope) if asked.does else undoer.plan(scope)
            async for line in lines:
                writing.write(line)
        finally:
            if token is not None:
                kept_run.reset(token)
        writing.end(End())

    async def _scope(self, assembly: Assembly, asked: Asked) -> Scope:
        named = None
        if asked.x is not None:
            pointers = pointers_of(assembly.config, asked.x)
            found = await assembly.store.dossiers.find(pointers)
            if not found:
                near = await assembly.store.dossiers.alike(pointers, NEAREST_MAX)
                raise _unknown(assembly.config, asked.x, [one.ref for one in near])
            named = found[0]
        if asked.run is not None and await assembly.store.undos.run(asked.run) is None:
            raise NotKnown(
                f"no run {asked.run} is known", remedy="see which there are: wosync history --runs"
            )
        newest = await assembly.store.undos.newest()
        upto = newest if asked.upto is None else min(asked.upto, newest)
        return Scope(asked.run, asked.since, named, upto)


def undoer_of(assembly: Assembly) -> Undoer:
    """One that works beside the actors of this assembly."""
    return Undoer(
        store=assembly.store,
        source=assembly.systems.source,
        target=assembly.systems.target,
        references=assembly.worker_factory.references,
        mappings=assembly.mappings,
        clock=assembly.environment.clock,
        changes=assembly.changes,
        tabs=assembly.tabs,
    )


def _unknown(config: Config, text: str, near: list[str]) -> NotKnown:
    tried = "; ".join(spelled(one, config) for one in pointers_of(config, text))
    looked = f" (looked for: {tried})" if tried else ""
    nearest = f"; nearest: {', '.join(near)}" if near else ""
    return NotKnown(
        f"nothing is known of {text}{looked}{nearest}",
        remedy="give it as either system shows it",
    )


def _bounded(number: float, most: float) -> float:
    if not 0 <= number <= most:
        raise ValueError("no such number is kept")
    return number


def _about(scope: Scope) -> dict[str, str]:
    parts: list[str] = []
    if scope.run is not None:
        parts.append(f"run {scope.run}")
    if scope.since is not None:
        since = datetime.fromtimestamp(scope.since, UTC)
        parts.append(f"what was written since {since:%Y-%m-%d %H:%M:%S} UTC")
    if scope.record is not None:
        parts.append(scope.record.ref)
    return {"undo": ", ".join(parts), "upto": str(scope.upto)}


def _header(assembly: Assembly, about_it: dict[str, str]) -> Header:
    return Header(
        about().version,
        pair(assembly.config),
        assembly.mappings.fingerprint,
        assembly.environment.clock.now(),
        about=about_it,
    )


async def undo_alone(
    config: Config, asked: Asked, out: IO[str], environment: Environment | None = None
) -> None:
    """The same without a service, under the lock of the state.

    Raises:
        EngineError: a system cannot be reached, or refuses us.
    """
    with plain_errors():
        async with opened(config, environment or Environment.real()) as assembly:
            connectors, systems = config.connectors, assembly.systems
            await take_steps(connectors.source.name, systems.source.steps())
            await take_steps(connectors.target.name, systems.target.steps())
            await assembly.mapping_reader.load()
            await take_up(assembly)
            await Undoing().answer(assembly, asked, out)
            await keep_usage(assembly)
