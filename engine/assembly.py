"""The assembly: everything that runs, and the way to both systems."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from random import Random

import httpx

from engine.about import PROGRAM, about
from engine.actors.account_resolver import AccountResolver
from engine.actors.dispatcher import Dispatcher
from engine.actors.fuse_keeper import FuseKeeper
from engine.actors.mapping_reader import MappingReader
from engine.actors.opportunity_syncer import OpportunitySyncer
from engine.actors.owner_resolver import OwnerResolver
from engine.actors.people_poller import PeoplePoller
from engine.actors.poller import Poller
from engine.actors.prospect_resolver import ProspectResolver
from engine.actors.relationship_syncer import RelationshipSyncer
from engine.actors.write_back import WriteBacks
from engine.clock import SystemClock
from engine.config import Config
from engine.flow.budget import BudgetLimits
from engine.flow.governor import Governor
from engine.flow.mailbox import Mailbox
from engine.mappings import Mappings
from engine.metrics import Metrics
from engine.ports import RequestObserver, Source, Surroundings, Target, WallClock
from engine.store import kept
from engine.store.kept import StoreVault
from engine.store.outbox import Key
from engine.store.port import OpenStore, Store
from engine.store.threaded import open_store
from engine.transport import Transport


@dataclass(frozen=True, slots=True)
class Outside:
    """Where time, chance, storage and the network come from; tests replace them.

    `transports` by system; one that is missing is a real one.
    """

    clock: WallClock
    seed: str
    transports: Mapping[str, httpx.AsyncBaseTransport]
    open_store: OpenStore = open_store

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
    store: Store
    systems: Systems
    metrics: Metrics
    changes: Mailbox[int]
    contacts: Mailbox[int]
    write_backs: Mailbox[Key]
    mappings: Mappings
    mapping_reader: MappingReader
    poller: Poller
    fuse_keeper: FuseKeeper
    people_poller: PeoplePoller
    owner_resolver: OwnerResolver
    account_resolver: AccountResolver
    prospect_resolver: ProspectResolver
    opportunity_syncers: list[OpportunitySyncer]
    relationship_syncers: list[RelationshipSyncer]
    write_back_workers: list[WriteBacks]
    change_dispatchers: list[Dispatcher[int]]
    contact_dispatchers: list[Dispatcher[int]]
    write_back_dispatcher: Dispatcher[Key]


@asynccontextmanager
async def open_systems(
    config: Config, outside: Outside, store: Store, metrics: Metrics
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

    def surroundings(name: str, governor: Governor) -> Surroundings:
        return Surroundings(
            clock=clock,
            rng=outside.rng(name),
            governor=governor,
            vault=StoreVault(store, name),
            observe=_observer(metrics, name),
            transport=outside.transport(name),
            user_agent=f"{PROGRAM}/{about().version} (gzip)",
        )

    async with AsyncExitStack() as stack:
        yield Systems(
            await stack.enter_async_context(
                source.open(config.source, surroundings(source.name, source_governor))
            ),
            await stack.enter_async_context(
                target.open(config.target, surroundings(target.name, target_governor))
            ),
            source_governor,
            target_governor,
        )


def _observer(metrics: Metrics, connector: str) -> RequestObserver:
    def observe(method: str, route: str, status: str, duration_s: float) -> None:
        metrics.api_requests.labels(connector, method, route, status).inc()
        metrics.api_request_duration.labels(connector, route).observe(duration_s)

    return observe


async def _load_usage(store: Store, system: str, governor: Governor) -> None:
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
