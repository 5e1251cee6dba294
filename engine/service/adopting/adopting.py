"""Adopting: the plan by which a pair that another program has run becomes this service's.

Both sides are read page by page and compared; nothing is sent that changes anything. The plan is
one like any other, and carried out like any other.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from engine.about import about
from engine.assembly.assembly import Assembly
from engine.assembly.building import assemble
from engine.assembly.environment import Environment, Systems
from engine.config.loading import Config
from engine.errors import Misconfigured
from engine.flow.lane import current_lane
from engine.flow.purpose import spent_on
from engine.flow.tally import Tally, counted_by
from engine.logs import rehearsing
from engine.metrics import Metrics
from engine.model.lane import Lane
from engine.model.plan import End, Header
from engine.model.purpose import Purpose
from engine.service.adopting import laid
from engine.service.adopting.costs import Costs
from engine.service.adopting.lines import Adoptions
from engine.service.adopting.survey import Survey
from engine.service.once import begin
from engine.service.planning.files import Writing
from engine.service.planning.numbers import minutes, requests
from engine.service.planning.rehearsal import Wanted
from engine.service.starting import take_steps
from engine.store.port.store import Store
from engine.store.sqlite import scratch

FILE_NAME = "adoption.db"


@dataclass(slots=True)
class Adopting:
    """One plan; see `Rehearsal` for the arguments."""

    config: Config
    environment: Environment
    systems: Callable[[], AbstractAsyncContextManager[Systems]]
    store: Store
    copy: Path
    pair: str
    wanted: Wanted
    beside: bool
    reading: Tally = field(default_factory=Tally, init=False)

    async def write(self, writing: Writing) -> End:
        """Look at both sides, and write the plan.

        Raises:
            EngineError: a system cannot be reached, or refuses us.
        """
        if self.config.shadow:
            raise Misconfigured(
                "the service only looks, and tells of what it has not done",
                remedy="stop it (wosync run --shadow) first: adopt needs no service",
            )
        token = rehearsing.set(True)
        try:
            with ExitStack() as files:
                both = files.enter_context(laid.opened(self.copy.with_name(FILE_NAME)))
                copy = files.enter_context(scratch.looking(self.copy))
                async with self.systems() as systems:
                    return await self._write(writing, both, copy, systems)
        finally:
            rehearsing.reset(token)

    async def _write(
        self, writing: Writing, both: laid.Laid, copy: sqlite3.Connection, systems: Systems
    ) -> End:
        assembly = self._assembled(systems)
        lane = current_lane.set(Lane.BACKLOG)
        try:
            with counted_by(self.reading), spent_on(Purpose.BACKLOG):
                await self._begin(assembly)
                survey = Survey(assembly, both, copy)
                await survey.read()
                writing.write(self._header(assembly))
                adoptions = Adoptions(survey, both)
                costs = Costs(assembly, self.reading)
                async for line in adoptions.all():
                    writing.write(line)
                    costs.note(line)
        finally:
            current_lane.reset(lane)
        tally = costs.tally()
        return writing.end(
            End(
                requests=requests(tally),
                minutes=minutes(assembly, tally, seen=self.reading),
                findings=dict(adoptions.numbers),
                read=requests(self.reading),
            )
        )

    def _assembled(self, systems: Systems) -> Assembly:
        metrics = Metrics()
        names = (self.config.connectors.source.name, self.config.connectors.target.name)
        metrics.know_connectors(names, budgeted=names[1])
        # What is selected here concerns nobody else.
        apart = replace(systems, source=systems.source.apart())
        return assemble(self.config, self.environment, self.store, apart, metrics)

    async def _begin(self, assembly: Assembly) -> None:
        if not self.beside:
            await begin(assembly)
            target = assembly.config.connectors.target.name
            await take_steps(target, assembly.systems.target.steps()[1:])
        await assembly.mapping_reader.load()

    def _header(self, assembly: Assembly) -> Header:
        return Header(
            about().version,
            self.pair,
            assembly.mappings.fingerprint,
            self.environment.clock.now(),
            assembly.systems.dates.told().get(self.config.connectors.source.name),
            self.wanted.about,
        )
