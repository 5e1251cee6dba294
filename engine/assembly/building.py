"""The builder: every actor, made from one configuration and wired to the others."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from engine.about import about
from engine.actors.absent_columns import AbsentColumns
from engine.actors.auditor import Auditor
from engine.actors.dispatcher import Dispatcher
from engine.actors.fuse_keeper import FuseKeeper
from engine.actors.healer import Healer
from engine.actors.mapping_reader import MappingReader
from engine.actors.opportunity.create_search import CreateSearch
from engine.actors.opportunity.fresh_rows import FreshRows
from engine.actors.opportunity.target_rows import TargetRows
from engine.actors.opportunity_syncer import COMPONENT as OPPORTUNITY_SYNCER
from engine.actors.people_poller import PeoplePoller
from engine.actors.poller import Poller
from engine.actors.relationship_syncer import COMPONENT as RELATIONSHIP_SYNCER
from engine.actors.trust import Trust
from engine.actors.unreadable_rows import UnreadableRows
from engine.actors.write_back import COMPONENT as WRITE_BACK
from engine.assembly import limits
from engine.assembly.assembly import Assembly
from engine.assembly.environment import Environment, Systems
from engine.assembly.signals import Signals
from engine.assembly.workers import WorkerFactory
from engine.config.loading import Config
from engine.flow.mailbox import Mailbox
from engine.flow.pace import Pace
from engine.flow.pool import Pool, W
from engine.flow.worktime import WorkTime
from engine.mapping_in_force import Mappings
from engine.metrics import Metrics
from engine.model.lane import Lane
from engine.model.mass_change import Limits
from engine.model.outbox import Key
from engine.model.records import FieldKind, RecordType
from engine.resolvers.accounts import AccountResolver
from engine.resolvers.customers import Customers
from engine.resolvers.dependence import Dependence
from engine.resolvers.owners import OwnerResolver
from engine.resolvers.prospects import ProspectResolver
from engine.resolvers.references import References
from engine.runs import Runs
from engine.store.port.store import Store


def assemble(
    config: Config, environment: Environment, store: Store, systems: Systems, metrics: Metrics
) -> Assembly:
    """Build every actor; nothing is asked of either system."""
    return _Builder(config, environment, store, systems, metrics).build()


@dataclass(slots=True)
class _Builder:
    config: Config
    environment: Environment
    store: Store
    systems: Systems
    metrics: Metrics
    changes: Mailbox[int] = field(init=False)
    tabs: Mailbox[int] = field(init=False)
    write_backs: Mailbox[Key] = field(init=False)
    signals: Signals = field(init=False)
    runs: Runs = field(init=False)
    mappings: Mappings = field(init=False)
    worktime: WorkTime = field(default_factory=WorkTime, init=False)

    def build(self) -> Assembly:
        self._lay_pipes()
        owners, accounts = self._owner_resolver(), self._account_resolver()
        references, dependence = References(owners, accounts), self._dependence()
        prospects = self._prospect_resolver(references, dependence)
        keeper, auditor = self._fuse_keeper(), self._auditor()
        people_poller = self._people_poller(prospects, keeper)
        healer = self._healer(prospects, dependence)
        poller = self._poller(people_poller, auditor, keeper, healer)
        for dispatcher in self.signals.changes:
            dispatcher.first = poller.tried
        search = self._create_search()
        factory = self._worker_factory(references, prospects, search, dependence)
        workers = self.config.engine.concurrency
        about_us = about()
        self.metrics.build.labels(about_us.version, platform.python_version()).set(1)
        return Assembly(
            config=self.config,
            environment=self.environment,
            store=self.store,
            systems=self.systems,
            metrics=self.metrics,
            changes=self.changes,
            tabs=self.tabs,
            write_backs=self.write_backs,
            mappings=self.mappings,
            mapping_reader=self._mapping_reader(),
            poller=poller,
            auditor=auditor,
            fuse_keeper=keeper,
            people_poller=people_poller,
            owner_resolver=owners,
            account_resolver=accounts,
            prospect_resolver=prospects,
            trust=factory.trust,
            create_search=search,
            worker_factory=factory,
            worktime=self.worktime,
            opportunity_syncers=self._pool(
                OPPORTUNITY_SYNCER,
                workers.opportunity_syncers,
                self.changes,
                factory.opportunity_syncer,
            ),
            relationship_syncers=self._pool(
                RELATIONSHIP_SYNCER,
                workers.relationship_syncers,
                self.tabs,
                factory.relationship_syncer,
            ),
            write_back_workers=self._pool(
                WRITE_BACK, workers.write_backs, self.write_backs, factory.write_back
            ),
            change_dispatchers=self.signals.changes,
            tab_dispatchers=self.signals.tabs,
            write_back_dispatcher=self.signals.write_backs,
        )

    def _lay_pipes(self) -> None:
        """Make what several actors share."""
        sizes = self.config.engine.mailboxes
        self.runs = Runs(self.environment.rng("runs"))
        self.changes = Mailbox("changes", sizes.changes, self._waits("changes"))
        self.tabs = Mailbox("contacts", sizes.contacts, self._waits("contacts"))
        self.write_backs = Mailbox("write_backs", sizes.write_backs, self._waits("write_backs"))
        self.signals = Signals(
            [self._change_dispatcher(lane) for lane in Lane],
            [self._tab_dispatcher(lane) for lane in Lane],
            self._write_back_dispatcher(),
        )
        self.mappings = Mappings(self.config, self.systems.source, self.systems.target)

    def _worker_factory(
        self,
        references: References,
        prospects: ProspectResolver,
        search: CreateSearch,
        dependence: Dependence,
    ) -> WorkerFactory:
        trust = Trust(
            self.store,
            self.environment.clock,
            self.metrics,
            self.config.target.visibility_s,
            self.config.connectors.target.correlation_field,
            self.systems.dates,
            self.config.connectors.source.name,
            self.config.connectors.target.name,
            self.config.shadow,
        )
        return WorkerFactory(
            config=self.config,
            environment=self.environment,
            store=self.store,
            systems=self.systems,
            metrics=self.metrics,
            changes=self.changes,
            tabs=self.tabs,
            write_backs=self.write_backs,
            signals=self.signals,
            mappings=self.mappings,
            references=references,
            prospects=prospects,
            fresh_rows=FreshRows(
                source=self.systems.source,
                store=self.store,
                clock=self.environment.clock,
                age_max_s=limits.row_age_max_s(self.config),
            ),
            target_rows=TargetRows(self.store, self.systems.target, trust, self.environment.clock),
            trust=trust,
            search=search,
            dependence=dependence,
            runs=self.runs,
        )

    def _create_search(self) -> CreateSearch:
        return CreateSearch(
            self.store,
            self.systems.target,
            self.systems.target_governor,
            self.environment.clock,
            self.metrics,
        )

    def _pool(
        self, actor: str, size: int, mailbox: Mailbox[Any], make: Callable[[int], W]
    ) -> Pool[W]:
        return Pool(actor, size, mailbox, self.worktime, make)

    def _waits(self, mailbox: str) -> Callable[[float], None]:
        return self.metrics.mailbox_wait.labels(mailbox).observe

    def _change_dispatcher(self, lane: Lane) -> Dispatcher[int]:
        async def due_keys(now: float, limit: int) -> list[int]:
            return await self.store.records.due_keys(lane, now, limit)

        async def next_due(now: float) -> float | None:
            return await self.store.records.next_due(lane, now)

        governor = self.systems.target_governor
        return Dispatcher(self.changes, lane, self.environment.clock, due_keys, next_due, governor)

    def _tab_dispatcher(self, lane: Lane) -> Dispatcher[int]:
        async def due_keys(now: float, limit: int) -> list[int]:
            return await self.store.tabs.due_keys(lane, now, limit)

        async def next_due(now: float) -> float | None:
            return await self.store.tabs.next_due(lane, now)

        governor = self.systems.target_governor
        return Dispatcher(self.tabs, lane, self.environment.clock, due_keys, next_due, governor)

    def _write_back_dispatcher(self) -> Dispatcher[Key]:
        async def due_keys(now: float, limit: int) -> list[Key]:
            return await self.store.outbox.due_keys(now, limit)

        async def next_due(now: float) -> float | None:
            return await self.store.outbox.next_due(now)

        governor = self.systems.source_governor
        return Dispatcher(
            self.write_backs, Lane.FRESH, self.environment.clock, due_keys, next_due, governor
        )

    def _mapping_reader(self) -> MappingReader:
        return MappingReader(
            mappings=self.mappings,
            source=self.systems.source,
            store=self.store,
            clock=self.environment.clock,
            pace=Pace(self.config.engine.poller.mapping_interval_s),
            metrics=self.metrics,
            wake=self.signals.wake_changes,
        )

    def _auditor(self) -> Auditor:
        return Auditor(
            source=self.systems.source,
            store=self.store,
            clock=self.environment.clock,
            page_size=self.config.source.page_size,
            share=limits.audit_share(self.config),
            metrics=self.metrics,
            wake=self.signals.wake_both,
            absent=AbsentColumns(
                self.systems.source, lambda: self.mappings.of(RecordType.OPPORTUNITY)
            ),
            unreadable=UnreadableRows(self.store, self.environment.clock, self.metrics),
        )

    def _fuse_keeper(self) -> FuseKeeper:
        settings = self.config.engine.fuse
        return FuseKeeper(
            store=self.store,
            clock=self.environment.clock,
            limits=Limits(settings.share, settings.records_min, settings.creates_max),
            wake=self.signals.wake_both,
        )

    def _dependence(self) -> Dependence:
        return Dependence(
            self.store,
            self.systems.source,
            self.systems.target,
            self.mappings,
            limits.owner_rules(self.config),
            {"on_missing": self.config.target.on_missing},
            heals=self.config.engine.retry.heal,
        )

    def _healer(self, prospects: ProspectResolver, dependence: Dependence) -> Healer:
        return Healer(
            self.systems.source,
            self.store,
            self.environment.clock,
            dependence,
            prospects,
            self.signals.wake_both,
        )

    def _poller(
        self, people: PeoplePoller, auditor: Auditor, keeper: FuseKeeper, healer: Healer
    ) -> Poller:
        return Poller(
            source=self.systems.source,
            store=self.store,
            clock=self.environment.clock,
            rng=self.environment.rng("poller"),
            limits=limits.poll_limits(self.config),
            backoff=self.config.engine.retry.backoff,
            metrics=self.metrics,
            wake=self.signals.wake_both,
            tabs_listed=people.polls_tabs,
            audit=auditor.step,
            fuse_keeper=keeper,
            follow_people=people.attempt,
            healer=healer,
            absent=auditor.absent,
            unreadable=auditor.unreadable,
            runs=self.runs,
        )

    def _people_poller(self, prospects: ProspectResolver, keeper: FuseKeeper) -> PeoplePoller:
        return PeoplePoller(
            source=self.systems.source,
            store=self.store,
            clock=self.environment.clock,
            prospects=prospects,
            fuse_keeper=keeper,
            limits=limits.people_poll_limits(self.config),
            metrics=self.metrics,
            wake=self.signals.wake_both,
            runs=self.runs,
        )

    def _owner_resolver(self) -> OwnerResolver:
        return OwnerResolver(
            target=self.systems.target,
            store=self.store,
            clock=self.environment.clock,
            rules=limits.owner_rules(self.config),
            metrics=self.metrics,
            wake=self.signals.wake_changes,
        )

    def _account_resolver(self) -> AccountResolver:
        def columns() -> list[str]:
            return [
                column
                for line in self.mappings.of(RecordType.OPPORTUNITY).lines
                if line.reference is FieldKind.ACCOUNT
                for column in line.columns
            ]

        pace = Pace(self.config.engine.owners.ttl_s)
        customers = Customers(
            self.systems.source,
            self.store,
            self.environment.clock,
            columns,
            lambda: self.mappings.of(RecordType.OPPORTUNITY),
            pace,
        )
        return AccountResolver(
            source=self.systems.source,
            target=self.systems.target,
            store=self.store,
            clock=self.environment.clock,
            columns=columns,
            pace=pace,
            metrics=self.metrics,
            wake=self.signals.wake_changes,
            customers=customers,
        )

    def _prospect_resolver(
        self, references: References, dependence: Dependence
    ) -> ProspectResolver:
        return ProspectResolver(
            source=self.systems.source,
            target=self.systems.target,
            store=self.store,
            clock=self.environment.clock,
            mappings=self.mappings,
            references=references,
            dependence=dependence,
            rules=limits.prospect_rules(self.config),
            metrics=self.metrics,
            governor=self.systems.target_governor,
            rng=self.environment.rng("prospect_resolver"),
            wake=self.signals.wake_tabs,
            wake_write_back=self.signals.wake_write_backs,
        )
