"""The rehearsal: a run over a copy of the state, by the actors that do the real one.

The readings of both systems are real; what would be written is noted in an overlay, and answered as
if it had been done. What the fuse would hold is rehearsed behind that, as the run that follows an
approval.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from sqlite3 import Connection

import anyio
import anyio.to_thread

from engine.about import about
from engine.assembly.assembly import Assembly
from engine.assembly.building import assemble
from engine.assembly.environment import Environment, Systems
from engine.config.loading import Config, MappingSettings
from engine.flow.tally import Tally, counted_by
from engine.logs import rehearsing
from engine.metrics import Metrics
from engine.model.approval import Chosen
from engine.model.kept import MAPPING
from engine.model.named import Named
from engine.model.plan import End, Header
from engine.model.pointer import Pointer
from engine.model.records import RecordType
from engine.service.once import begin, look, raise_if_unreachable, work
from engine.service.planning import lines, overlay
from engine.service.planning.baseline import Baseline
from engine.service.planning.files import Writing
from engine.service.planning.numbers import minutes, requests
from engine.service.planning.source import rehearsed as rehearsed_source
from engine.service.planning.target import rehearsed as rehearsed_target
from engine.service.starting import take_up
from engine.service.why.pointing import pointers_of, unknown
from engine.store.port.place import Place
from engine.store.port.store import Store
from engine.store.sqlite import scratch

OVERLAY_NAME = "overlay.db"
# What the fuse holds is let go of and held anew at most so often: what one mass change brings about
# may be another one.
APPROVALS_MAX = 3
# So many held records are looked through before an approval; of more, so many drawn by lot.
HELD_MAX = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be rehearsed: everything, or some records, or all of them by another mapping.

    Args:
        refs: what somebody has in hand of records; empty for all that is due.
        sample: so many of those that are due, drawn by lot.
        mapping: the lines of a file that is not in force; `mapping_name` is its name.
        held: what the fuse holds, and nothing else; of it only `refs`, where there are any, and
            never `beside`.
        adopts: what another program has left of the pair; not rehearsed, but looked at whole.
    """

    refs: tuple[str, ...] = ()
    sample: int | None = None
    mapping: MappingSettings | None = None
    mapping_name: str = ""
    held: bool = False
    beside: tuple[str, ...] = ()
    adopts: bool = False

    @property
    def some(self) -> bool:
        """Whether only some records are rehearsed, and not whatever a run would meet."""
        return self.held or bool(self.refs) or self.sample is not None

    @property
    def about(self) -> dict[str, str]:
        """The same for the header of a plan."""
        given = {
            "refs": " ".join(self.refs),
            "sample": "" if self.sample is None else str(self.sample),
            "mapping": self.mapping_name,
            "held": "by the fuse, waiting for an approval" if self.held else "",
            "except": " ".join(self.beside),
            "adopts": "what another program has left" if self.adopts else "",
        }
        return {name: value for name, value in given.items() if value}


@dataclass(slots=True)
class Rehearsal:
    """One rehearsal.

    Args:
        systems: opens the real ones.
        store: opened on `copy`.
        beside: the clients are those of the running service, whose start-up steps have run.
    """

    config: Config
    environment: Environment
    systems: Callable[[], AbstractAsyncContextManager[Systems]]
    store: Store
    copy: Path
    pair: str
    wanted: Wanted
    beside: bool
    now_sent: Tally = field(default_factory=Tally, init=False)
    later_sent: Tally = field(default_factory=Tally, init=False)
    _noted: dict[str, str] = field(default_factory=dict[str, str], init=False)

    async def write(self, writing: Writing) -> End:
        """Rehearse, and write the plan.

        Raises:
            EngineError: a system cannot be reached or refuses us, or a record is not known.
        """
        token = rehearsing.set(True)
        try:
            with ExitStack() as files:
                laid = files.enter_context(overlay.opened(self.copy.with_name(OVERLAY_NAME)))
                copy = files.enter_context(scratch.looking(self.copy))
                base = Baseline(copy, laid.connection)
                # However many records there are, nobody else in the service waits for their lines.
                await anyio.to_thread.run_sync(base.keep)
                assembly = await self._rehearse(laid, base)
                writing.write(self._header(assembly))
                await anyio.to_thread.run_sync(_write_lines, writing, laid.connection, copy)
                return writing.end(await self._numbers(assembly, laid))
        finally:
            rehearsing.reset(token)

    async def _rehearse(self, laid: overlay.Overlay, base: Baseline) -> Assembly:
        """The run, and those that an approval would bring; returns what did the last of it."""
        laid.held = self.wanted.held
        with counted_by(self.now_sent):
            assembly = await self._once(laid, base)
        raise_if_unreachable(assembly, await self.store.report.counts())
        for _ in range(APPROVALS_MAX):
            if not (await self.store.fuse.held()).records:
                break
            laid.held = True
            await self.store.fuse.release(self.environment.clock.now())
            with counted_by(self.later_sent):
                assembly = await self._once(laid, base, chosen=False)
        return assembly

    async def _once(
        self, laid: overlay.Overlay, base: Baseline, *, chosen: bool = True
    ) -> Assembly:
        """One whole run, by clients that know as little as those of a new process."""
        connectors = self.config.connectors
        async with self.systems() as real:
            target = rehearsed_target(real.target, connectors.target, laid, base)
            source = rehearsed_source(real.source, connectors.source, laid, base)
            return await self._run(replace(real, source=source, target=target), chosen=chosen)

    async def _run(self, systems: Systems, *, chosen: bool = True) -> Assembly:
        """One whole run, as `once` does it.

        Args:
            chosen: what is rehearsed is still to be chosen, where not everything is.
        """
        some = self.wanted.some
        metrics = Metrics()
        names = (self.config.connectors.source.name, self.config.connectors.target.name)
        metrics.know_connectors(names, budgeted=names[1])
        assembly = assemble(self._config, self.environment, self.store, systems, metrics)
        with counted_by(None) if self.beside or some else nullcontext():
            await self._begin(assembly)
        with counted_by(None) if some else nullcontext():
            if not some:
                await look(assembly)
            elif chosen:
                await self._choose(assembly)
        # Where nothing was polled, nobody is to wait for that.
        assembly.poller.tried.set()
        await work(assembly)
        return assembly

    @property
    def _config(self) -> Config:
        if self.wanted.mapping is None:
            return self.config
        engine = self.config.engine.model_copy(update={"mapping": self.wanted.mapping})
        return replace(self.config, engine=engine)

    async def _begin(self, assembly: Assembly) -> None:
        if not self.beside:
            await begin(assembly)
            return
        await assembly.mapping_reader.load()
        await assembly.people_poller.start()
        await take_up(assembly)

    async def _choose(self, assembly: Assembly) -> None:
        """Take in what is asked for, and leave nothing else due."""
        if self.wanted.held:
            ids = await self._held()
            await self.store.fuse.release(self.environment.clock.now())
        elif self.wanted.refs:
            found = await self._meant(assembly, self.wanted.refs)
            ids = list(dict.fromkeys(one for named in found for one in self._records(named)))
            await self._take_in(assembly, ids)
        else:
            ids = await self._drawn(assembly)
        scratch.restrict(self.copy, ids)

    async def _take_in(self, assembly: Assembly, ids: Sequence[int]) -> None:
        """Capture these records as a poll would, and evaluate them by the mapping in force."""
        clock = self.environment.clock
        asked_at = clock.now()
        source = assembly.systems.source
        rows = (await source.fetch(RecordType.OPPORTUNITY, ids)).whole() if ids else []
        feeds = self.store.feeds
        await feeds.capture_page(
            rows, now=clock.now(), fresh_max=len(rows), asked_at=asked_at, may_lag=False
        )
        if await self.store.kept.setting(MAPPING) is not None:
            # Only these, however many there are.
            await feeds.take_anew(rows, None, asked_at, clock.now(), fresh_max=len(rows))

    async def _drawn(self, assembly: Assembly) -> list[int]:
        number = self.wanted.sample or 0
        if await self.store.kept.setting(MAPPING) is not None:
            drawn = self._lot(scratch.linked(self.copy), number)
            await self._take_in(assembly, drawn)
            return drawn
        await look(assembly)
        return self._lot(scratch.pending(self.copy), number)

    def _lot(self, ids: Sequence[int], number: int) -> list[int]:
        # Not the same again at the next plan of one process.
        rng = self.environment.rng(f"plan.{self.environment.clock.now()}")
        return rng.sample(ids, min(number, len(ids)))

    async def _held(self) -> list[int]:
        """The records of which anything is held; no more of them than can be looked through."""
        only = await self._meant(None, self.wanted.refs) if self.wanted.refs else None
        beside = await self._meant(None, self.wanted.beside)
        chosen = Chosen(None if only is None else tuple(only), tuple(beside))
        ids = scratch.held(self.copy, chosen)
        if len(ids) > HELD_MAX:
            self._noted["sample"] = f"{HELD_MAX} of {len(ids)} records"
            return self._lot(ids, HELD_MAX)
        self._noted["records"] = str(len(ids))
        return ids

    async def _meant(self, assembly: Assembly | None, texts: Sequence[str]) -> list[Named]:
        """What these names lead to.

        Args:
            assembly: also asks the source about names that are not known here.

        Raises:
            UnknownRecord: one of them leads nowhere.
        """
        meant: dict[Named, None] = {}
        for text in texts:
            pointers = pointers_of(self.config, text)
            named = await self.store.dossiers.find(pointers)
            if not named and assembly is not None:
                named = await self._shown_as(assembly, pointers)
            if not named:
                raise unknown(text, self.config)
            meant |= dict.fromkeys(named)
        return list(meant)

    def _records(self, named: Named) -> list[int]:
        """The opportunities it stands for: a person for those with them on the tab."""
        if named.record_type is RecordType.PERSON:
            return scratch.with_person(self.copy, named.id)
        return [named.id]

    async def _shown_as(self, assembly: Assembly, pointers: Sequence[Pointer]) -> list[Named]:
        source = assembly.systems.source
        found: list[Named] = []
        for pointer in pointers:
            if pointer.record_type is RecordType.PERSON and not source.people:
                continue
            rows = await source.pointed_at(pointer)
            found += [Named(pointer.record_type, row.id, row.ref) for row in rows]
        return found

    def _header(self, assembly: Assembly) -> Header:
        told = assembly.systems.dates.told()
        return Header(
            about().version,
            self.pair,
            assembly.mappings.fingerprint,
            self.environment.clock.now(),
            told.get(self.config.connectors.source.name),
            self.wanted.about | self._noted,
        )

    async def _numbers(self, assembly: Assembly, laid: overlay.Overlay) -> End:
        counts = await self.store.report.counts()
        return End(
            requests=requests(self.now_sent),
            after_approval=requests(self.later_sent),
            minutes=minutes(assembly, self.now_sent, self.later_sent),
            waiting=counts.pending + counts.tabs,
            unlooked=laid.unlooked,
        )


def _write_lines(writing: Writing, noted: Connection, copy: Connection) -> None:
    lines.adoptions(noted, copy)
    for change in lines.Lines(noted, copy).all():
        writing.write(change)


@asynccontextmanager
async def scratch_store(place: Place, *, alone: bool) -> AsyncGenerator[tuple[Store, Path]]:
    """A store on a copy of the state, gone after the block.

    Args:
        alone: nobody works on the state meanwhile.
    """
    with scratch.directory(place.directory, alone=alone) as directory:
        copy = directory / scratch.FILE_NAME
        if alone:
            place.copy(copy)
        else:
            await anyio.to_thread.run_sync(place.copy, copy)
        async with scratch.opened(copy, alone=alone) as store:
            yield store, copy
