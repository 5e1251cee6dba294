"""The assembly: every part of the engine, built from one configuration and wired together."""

from __future__ import annotations

import platform
import sqlite3
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from random import Random

import httpx

from engine.about import PROGRAM, about
from engine.actors.account_resolver import AccountResolver
from engine.actors.dispatcher import Dispatcher
from engine.actors.opportunity_syncer import OpportunitySyncer, SyncLimits
from engine.actors.owner_resolver import OwnerResolver, OwnerRules
from engine.actors.poller import Poller, PollLimits
from engine.actors.write_back import WriteBackLimits, WriteBacks
from engine.clock import SystemClock
from engine.config import Config
from engine.flow.budget import BudgetLimits
from engine.flow.governor import Governor
from engine.flow.lane import Lane
from engine.flow.mailbox import Mailbox
from engine.mapping import FieldMapping, Line, columns_of, compose
from engine.metrics import Metrics
from engine.ports import RequestObserver, Source, Surroundings, Target, WallClock
from engine.records import FieldKind
from engine.references import References
from engine.store import kept, outbox, work
from engine.store.kept import StoreVault
from engine.store.threaded import ThreadedStore
from engine.transport import Transport


@dataclass(frozen=True, slots=True)
class Outside:
    """Where time, chance and the network come from; tests replace them.

    `transports` by system; one that is missing is a real one.
    """

    clock: WallClock
    seed: str
    transports: Mapping[str, httpx.AsyncBaseTransport]

    @classmethod
    def real(cls) -> Outside:
        """The machine's clock, fresh randomness, real sockets."""
        return cls(SystemClock(), str(Random().random()), {})  # noqa: S311 # jitter, not secrets

    def rng(self, actor: str) -> Random:
        """Randomness of one actor, so that one's draws never shift another's."""
        return Random(f"{self.seed}:{actor}")  # noqa: S311 # jitter, not secrets

    def transport(self, system: str) -> httpx.AsyncBaseTransport:
        """The system's HTTP transport."""
        return self.transports.get(system) or Transport()


@dataclass(slots=True)
class Systems:
    """The two systems, each behind its governor."""

    source: Source
    target: Target
    source_governor: Governor
    target_governor: Governor

    def governors(self, config: Config) -> dict[str, Governor]:
        """Governor by system name."""
        return {
            config.connectors.source.name: self.source_governor,
            config.connectors.target.name: self.target_governor,
        }


@dataclass(slots=True)
class Assembly:
    """Everything that runs."""

    config: Config
    outside: Outside
    store: ThreadedStore
    systems: Systems
    metrics: Metrics
    changes: Mailbox
    write_backs: Mailbox
    poller: Poller
    owner_resolver: OwnerResolver
    account_resolver: AccountResolver
    opportunity_syncers: list[OpportunitySyncer]
    write_back_workers: list[WriteBacks]
    change_dispatchers: list[Dispatcher]
    write_back_dispatcher: Dispatcher


@asynccontextmanager
async def open_systems(
    config: Config, outside: Outside, store: ThreadedStore, metrics: Metrics
) -> AsyncGenerator[Systems]:
    """Open both connectors; nothing is sent before their start-up steps run."""
    source, target = config.connectors.source, config.connectors.target
    clock = outside.clock
    backoff = config.engine.retry.backoff
    source_governor = Governor(
        clock,
        outside.rng(f"{source.name}.governor"),
        config.source.requests_in_flight_max,
        backoff=backoff,
    )
    budget = BudgetLimits(**config.target.budget.model_dump())
    target_governor = Governor(
        clock,
        outside.rng(f"{target.name}.governor"),
        config.target.requests_in_flight_max,
        budget,
        backoff,
    )
    await _load_usage(store, target.name, target_governor)

    def surroundings(name: str, governor: Governor, columns: list[str]) -> Surroundings:
        return Surroundings(
            clock=clock,
            rng=outside.rng(name),
            governor=governor,
            vault=StoreVault(store, name),
            observe=_observer(metrics, name),
            transport=outside.transport(name),
            user_agent=f"{PROGRAM}/{about().version} (gzip)",
            columns=columns,
        )

    columns = columns_of(config.engine.mapping.opportunity, config.connectors.default_mapping())
    async with AsyncExitStack() as stack:
        yield Systems(
            await stack.enter_async_context(
                source.open(config.source, surroundings(source.name, source_governor, columns))
            ),
            await stack.enter_async_context(
                target.open(config.target, surroundings(target.name, target_governor, []))
            ),
            source_governor,
            target_governor,
        )


def assemble(
    config: Config, outside: Outside, store: ThreadedStore, systems: Systems, metrics: Metrics
) -> Assembly:
    """Build every actor.

    Raises:
        Misconfigured: the mapping cannot be used.
    """
    builder = _Builder(config, outside, store, systems, metrics)
    return builder.build()


@dataclass(slots=True)
class _Builder:
    config: Config
    outside: Outside
    store: ThreadedStore
    systems: Systems
    metrics: Metrics

    def build(self) -> Assembly:
        limits = self.config.engine.mailboxes
        changes = Mailbox("changes", limits.changes)
        write_backs = Mailbox("write_backs", limits.write_backs)
        fresh, backlog = (self._change_dispatcher(changes, lane) for lane in Lane)
        delivery = self._write_back_dispatcher(write_backs)

        def wake() -> None:
            fresh.bell.ring()
            backlog.bell.ring()

        lines = compose(
            self.config.engine.mapping.opportunity,
            self.config.connectors.default_mapping(),
            self.systems.target.fields,
            "mapping.opportunity",
        )
        owners = self._owner_resolver(wake)
        accounts = self._account_resolver(lines, wake)
        syncers = self._syncers(changes, lines, References(owners, accounts), wake, delivery)
        about_us = about()
        self.metrics.build.labels(about_us.version, platform.python_version()).set(1)
        return Assembly(
            config=self.config,
            outside=self.outside,
            store=self.store,
            systems=self.systems,
            metrics=self.metrics,
            changes=changes,
            write_backs=write_backs,
            poller=self._poller(wake),
            owner_resolver=owners,
            account_resolver=accounts,
            opportunity_syncers=syncers,
            write_back_workers=self._write_back_workers(write_backs, changes, wake, delivery),
            change_dispatchers=[fresh, backlog],
            write_back_dispatcher=delivery,
        )

    def _change_dispatcher(self, mailbox: Mailbox, lane: Lane) -> Dispatcher:
        async def due_keys(now: float, limit: int) -> list[int]:
            return await self.store.read(work.due_keys, lane, now, limit)

        async def next_due(now: float) -> float | None:
            return await self.store.read(work.next_due, lane, now)

        governor = self.systems.target_governor
        return Dispatcher(mailbox, lane, self.outside.clock, due_keys, next_due, governor)

    def _write_back_dispatcher(self, mailbox: Mailbox) -> Dispatcher:
        async def due_keys(now: float, limit: int) -> list[int]:
            return await self.store.read(outbox.due_keys, now, limit)

        async def next_due(now: float) -> float | None:
            return await self.store.read(outbox.next_due, now)

        governor = self.systems.source_governor
        return Dispatcher(mailbox, Lane.FRESH, self.outside.clock, due_keys, next_due, governor)

    def _poller(self, wake: Callable[[], None]) -> Poller:
        settings = self.config.engine.poller
        return Poller(
            source=self.systems.source,
            store=self.store,
            clock=self.outside.clock,
            rng=self.outside.rng("poller"),
            limits=PollLimits(
                interval_s=settings.interval_s,
                overlap_s=settings.overlap_s,
                sweep_interval_s=settings.sweep_interval_s,
                page_size=self.config.source.page_size,
            ),
            backoff=self.config.engine.retry.backoff,
            metrics=self.metrics,
            wake=wake,
        )

    def _owner_resolver(self, wake: Callable[[], None]) -> OwnerResolver:
        settings = self.config.engine.owners
        return OwnerResolver(
            target=self.systems.target,
            store=self.store,
            clock=self.outside.clock,
            rules=OwnerRules(settings.match, settings.ttl_s, settings.aliases),
            metrics=self.metrics,
            wake=wake,
        )

    def _account_resolver(self, lines: list[Line], wake: Callable[[], None]) -> AccountResolver:
        columns = [
            column
            for line in lines
            if line.reference is FieldKind.ACCOUNT
            for column in line.columns
        ]
        return AccountResolver(
            source=self.systems.source,
            target=self.systems.target,
            store=self.store,
            clock=self.outside.clock,
            columns=columns,
            ttl_s=self.config.engine.owners.ttl_s,
            metrics=self.metrics,
            wake=wake,
        )

    def _syncers(
        self,
        changes: Mailbox,
        lines: list[Line],
        references: References,
        wake: Callable[[], None],
        delivery: Dispatcher,
    ) -> list[OpportunitySyncer]:
        retry = self.config.engine.retry
        terms = self.config.target
        limits = SyncLimits(
            attempts_max=retry.attempts_max,
            backoff=retry.backoff,
            visibility_s=terms.visibility_s,
            recreate_missing=terms.on_missing == "recreate",
            correlation_field=self.config.connectors.target.correlation_field,
        )
        mapping = FieldMapping(lines, self.systems.source, self.systems.target)
        return [
            OpportunitySyncer(
                inbox=changes,
                store=self.store,
                source=self.systems.source,
                target=self.systems.target,
                governor=self.systems.target_governor,
                mapping=mapping,
                references=references,
                clock=self.outside.clock,
                rng=self.outside.rng(f"opportunity_syncer.{number}"),
                limits=limits,
                metrics=self.metrics,
                wake_write_back=delivery.bell.ring,
                wake=wake,
            )
            for number in range(self.config.engine.concurrency.opportunity_syncers)
        ]

    def _write_back_workers(
        self,
        inbox: Mailbox,
        changes: Mailbox,
        wake: Callable[[], None],
        delivery: Dispatcher,
    ) -> list[WriteBacks]:
        settings = self.config.engine.write_back
        workers = [
            WriteBacks(
                inbox=inbox,
                store=self.store,
                source=self.systems.source,
                governor=self.systems.source_governor,
                clock=self.outside.clock,
                rng=self.outside.rng(f"write_back.{number}"),
                limits=WriteBackLimits(
                    settings.batch_max,
                    settings.linger_ms / 1000,
                    self.config.engine.retry.backoff,
                ),
                metrics=self.metrics,
                upstream_idle=lambda: changes.idle,
                wake_changes=wake,
                wake=delivery.bell.ring,
            )
            for number in range(self.config.engine.concurrency.write_backs)
        ]
        for worker in workers[1:]:
            worker.gathering = workers[0].gathering
        return workers


def _observer(metrics: Metrics, connector: str) -> RequestObserver:
    def observe(method: str, route: str, status: str, duration_s: float) -> None:
        metrics.api_requests.labels(connector, method, route, status).inc()
        metrics.api_request_duration.labels(connector, route).observe(duration_s)

    return observe


async def _load_usage(store: ThreadedStore, system: str, governor: Governor) -> None:
    minutes, days = await store.read(kept.load_usage, system)
    governor.budget.minutes.extend(minutes.items())
    governor.budget.days.update(days)


async def save_usage(assembly: Assembly) -> None:
    """Keep the target's request counts, so that a restart does not forget what was spent."""
    budget = assembly.systems.target_governor.budget
    await assembly.store.write(
        _save_usage, assembly.config.connectors.target.name, dict(budget.minutes), budget.days
    )


def _save_usage(
    connection: sqlite3.Connection, system: str, minutes: dict[int, int], days: dict[int, int]
) -> None:
    kept.save_usage(connection, system, minutes, days)
