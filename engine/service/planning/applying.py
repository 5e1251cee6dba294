"""Applying: carry out a plan, and nothing else.

The actors themselves work on the records of the plan, one after the other, behind a gate that lets
through what the plan names. What has changed since on either side is left out, with the reason. So
a plan that was cut off can be applied again: creates are announced as ever, and what is there
already is told so.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import IO

import anyio
import structlog
from anyio.to_thread import run_sync

from engine.about import about
from engine.assembly.assembly import Assembly
from engine.assembly.environment import Environment
from engine.assembly.opening import opened, pair, plain_errors
from engine.config.loading import Config
from engine.flow.lane import current_lane
from engine.model.lane import Lane
from engine.model.outbox import Key
from engine.model.plan import Change, Header, Kind, LeftOut
from engine.model.records import Captured, RecordType
from engine.model.run import RunKind
from engine.runs import within
from engine.service.once import begin, look
from engine.service.planning import people
from engine.service.planning.files import UnusablePlan, lines_of, told
from engine.service.planning.people import People
from engine.service.planning.record import PlannedRecord
from engine.service.starting import take_steps
from engine.service.usage import keep_usage
from engine.store.sqlite import scratch

# An older plan tells too little of what is there now.
AGE_MAX_S = 24 * 3600.0
# Clocks of two machines may differ so much.
SKEW_S = 300.0
BATCH_MAX = 100
UNTOLD = "it is not what it was, or nobody on a tab needs it any more"

log = structlog.get_logger(component="applying")


@dataclass(slots=True)
class Tallied:
    """What came of a plan, in records."""

    numbers: Counter[str] = field(default_factory=Counter[str])

    def document(self) -> dict[str, dict[str, int]]:
        """As the last line of the answer."""
        names = ("done", "done_already", "left_out")
        return {"applied": {name: self.numbers[name] for name in names}}


async def apply_alone(
    config: Config, plan: Path, out: IO[str], environment: Environment | None = None
) -> None:
    """Carry out a plan on a state that nobody works on.

    Raises:
        StateInUse: the service runs.
        UnusablePlan: it cannot be carried out at all.
        EngineError: a system cannot be reached, or refuses us.
    """
    with plain_errors():
        async with opened(config, environment or Environment.real()) as assembly:
            await begin(assembly)
            target = config.connectors.target.name
            await take_steps(target, assembly.systems.target.steps()[1:])
            applying = Applying(assembly, plan, out, beside=False)
            await applying.ensure_usable()
            await look(assembly)
            await applying.run()
            await keep_usage(assembly)


async def apply_beside(assembly: Assembly, plan: Path, out: IO[str]) -> None:
    """Carry it out inside the running service."""
    with plain_errors():
        applying = Applying(assembly, plan, out, beside=True)
        await applying.ensure_usable()
        await applying.run()


@dataclass(slots=True)
class Applying:
    """One plan.

    Args:
        plan: the file, which is whole.
        out: takes a line for each record that is left out, and one with the numbers.
        beside: the service works as well, and delivers what is owed.
    """

    assembly: Assembly
    plan: Path
    out: IO[str]
    beside: bool
    tallied: Tallied = field(default_factory=Tallied, init=False)
    _made: str = field(default="", init=False)
    _run: int = field(default=0, init=False)

    async def ensure_usable(self) -> None:
        """See that it is a plan for this pair as it is now.

        Raises:
            UnusablePlan: it is not.
        """
        header = await run_sync(next, lines_of(self.plan))
        if not isinstance(header, Header):
            raise UnusablePlan("it has no header", remedy="make a new plan")
        assembly, new = self.assembly, "make a new one: wosync plan --out"
        self._made = f"made {datetime.fromtimestamp(header.made_at, UTC):%Y-%m-%d %H:%M}"
        ours = pair(assembly.config)
        if header.pair != ours:
            raise UnusablePlan(f"the plan is for {header.pair}, and this is {ours}", remedy=new)
        if header.made_by != about().version:
            raise UnusablePlan(
                f"the plan was made by version {header.made_by}, and this is {about().version}",
                remedy=new,
            )
        if header.mapping != assembly.mappings.fingerprint:
            raise UnusablePlan(
                "the plan was made by another mapping than the one in force",
                remedy="put that mapping in force first (config.toml, then restart the service),"
                " or make a new plan",
            )
        age_s = assembly.environment.clock.now() - header.made_at
        if age_s > AGE_MAX_S or age_s < -SKEW_S:
            when = f"{age_s / 3600:.0f} hours old" if age_s > 0 else "of a time to come"
            raise UnusablePlan(f"the plan is {when}", remedy=new)

    async def run(self) -> None:
        """Carry it out, by as many workers as records are synchronised by."""
        current_lane.set(Lane.FRESH)
        state_dir = self.assembly.config.engine.service.state_dir
        with (
            scratch.directory(state_dir, alone=not self.beside) as place,
            people.opened(place / people.FILE_NAME) as planned,
        ):
            # Nobody else in the service is to wait for the reading of a long plan.
            await run_sync(planned.take_in, lines_of(self.plan))
            await self._carry_out_all(planned)

    async def _carry_out_all(self, planned: People) -> None:
        self._run = await self.assembly.store.undos.begin(
            RunKind.APPLIED, self.assembly.environment.clock.now(), self._made
        )
        with within(self._run):
            again = await self._carry_out(_grouped(lines_of(self.plan)), planned, last=False)
            await self._carry_out(again, planned, last=True)
            await self._end_with_people(planned)
        self.out.write(json.dumps({**self.tallied.document(), "run": self._run}) + "\n")
        log.info("plan_applied", kept_run=self._run, **self.tallied.numbers)

    async def _carry_out(
        self, groups: Iterable[list[Change]], planned: People, *, last: bool
    ) -> list[list[Change]]:
        """Do it record by record; returns those that are to be tried once more."""
        again: list[list[Change]] = []
        workers = self.assembly.config.engine.concurrency.opportunity_syncers

        async def one(limiter: anyio.CapacityLimiter, record: PlannedRecord) -> None:
            async with limiter:
                await record.carry_out()

        batches = _batches(groups)
        while batch := await run_sync(next, batches, None):
            rows = await self._rows([changes[0].record_id for changes in batch])
            limiter = anyio.CapacityLimiter(workers)
            records = [
                PlannedRecord(
                    self.assembly,
                    changes,
                    rows.get(changes[0].record_id),
                    planned,
                    self._tell,
                    self._run,
                    last,
                )
                for changes in batch
            ]
            async with anyio.create_task_group() as tasks:
                for record in records:
                    tasks.start_soon(one, limiter, record)
            again += [record.changes for record in records if await record.end()]
            if not self.beside:
                ids = [changes[0].record_id for changes in batch]
                await self._deliver([Key(RecordType.OPPORTUNITY, record_id) for record_id in ids])
        return again

    async def _rows(self, ids: Sequence[int]) -> dict[int, Captured]:
        """The records as they are now."""
        found = await self.assembly.systems.source.fetch(RecordType.OPPORTUNITY, ids)
        return {row.id: row for row in found.whole()}

    async def _deliver(self, keys: Sequence[Key]) -> None:
        """Tell the source what it is owed of these, as far as it is."""
        await self.assembly.worker_factory.write_back(0).step(keys)

    async def _end_with_people(self, planned: People) -> None:
        store, after = self.assembly.store.people, -1
        while batch := planned.ids(after, BATCH_MAX):
            after = batch[-1]
            if not self.beside:
                await self._deliver([Key(RecordType.PERSON, one) for one in batch])
            known = await store.load(batch)
            for person_id in batch:
                person, changes = known.get(person_id), planned.changes(person_id)
                flags = any(one.kind is Kind.FLAG for one in changes)
                is_told = person is not None and (
                    person.refused_version is not None if flags else person.prospect_id is not None
                )
                why = None if person is None else person.reason
                undone = None if is_told else why or UNTOLD
                self._tell(changes[0], undone, already=not planned.is_told(person_id))

    def _tell(self, change: Change, left_out: str | None, *, already: bool = False) -> None:
        """Note what came of one record or person."""
        if left_out is None:
            self.tallied.numbers["done_already" if already else "done"] += 1
            return
        self.tallied.numbers["left_out"] += 1
        line = LeftOut(change.record_type, change.record_id, change.ref, left_out)
        self.out.write(json.dumps(told(line)) + "\n")


def _grouped(lines: Iterable[object]) -> Generator[list[Change]]:
    """The changes of each opportunity together, as they stand in the plan."""
    changes = (
        one
        for one in lines
        if isinstance(one, Change) and one.record_type is RecordType.OPPORTUNITY
    )
    for _, group in groupby(changes, key=lambda one: one.record_id):
        yield list(group)


def _batches(groups: Iterable[list[Change]]) -> Generator[list[list[Change]]]:
    batch: list[list[Change]] = []
    for group in groups:
        batch.append(group)
        if len(batch) == BATCH_MAX:
            yield batch
            batch = []
    if batch:
        yield batch
