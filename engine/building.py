"""The builder: every actor, made from one configuration and wired to the others."""

from __future__ import annotations

import platform
from dataclasses import dataclass, field

from engine.about import about
from engine.actors.account_resolver import AccountResolver
from engine.actors.auditor import Auditor
from engine.actors.dispatcher import Dispatcher
from engine.actors.fuse_keeper import FuseKeeper
from engine.actors.mapping_reader import MappingReader
from engine.actors.opportunity_syncer import OpportunitySyncer, SyncLimits
from engine.actors.owner_resolver import OwnerResolver, OwnerRules
from engine.actors.people_poller import PeoplePoller, PeoplePollLimits
from engine.actors.poller import Poller, PollLimits
from engine.actors.prospect_resolver import ProspectResolver, ProspectRules
from engine.actors.relationship_syncer import RelateLimits, RelationshipSyncer
from engine.actors.write_back import WriteBackLimits, WriteBacks
from engine.assembly import Assembly, Outside, Systems
from engine.config import Config
from engine.flow.lane import Lane
from engine.flow.mailbox import Mailbox
from engine.mappings import Mappings
from engine.metrics import Metrics
from engine.records import FieldKind, RecordType
from engine.references import References
from engine.store import contacts, outbox, work
from engine.store.outbox import Key
from engine.store.port import Store


def assemble(
    config: Config, outside: Outside, store: Store, systems: Systems, metrics: Metrics
) -> Assembly:
    """Build every actor; nothing is asked of either system."""
    return _Builder(config, outside, store, systems, metrics).build()


@dataclass(slots=True)
class _Bells:
    """Who is woken when there may be something to do."""

    changes: list[Dispatcher[int]]
    contacts: list[Dispatcher[int]]
    write_backs: Dispatcher[Key]

    def wake_changes(self) -> None:
        for dispatcher in self.changes:
            dispatcher.bell.ring()

    def wake_contacts(self) -> None:
        for dispatcher in self.contacts:
            dispatcher.bell.ring()

    def wake_both(self) -> None:
        self.wake_changes()
        self.wake_contacts()

    def wake_write_backs(self) -> None:
        self.write_backs.bell.ring()


@dataclass(slots=True)
class _Builder:
    config: Config
    outside: Outside
    store: Store
    systems: Systems
    metrics: Metrics
    changes: Mailbox[int] = field(init=False)
    contacts: Mailbox[int] = field(init=False)
    write_backs: Mailbox[Key] = field(init=False)
    bells: _Bells = field(init=False)
    mappings: Mappings = field(init=False)

    def build(self) -> Assembly:
        limits = self.config.engine.mailboxes
        self.changes = Mailbox("changes", limits.changes)
        self.contacts = Mailbox("contacts", limits.contacts)
        self.write_backs = Mailbox("write_backs", limits.write_backs)
        self.bells = _Bells(
            [self._change_dispatcher(lane) for lane in Lane],
            [self._contact_dispatcher(lane) for lane in Lane],
            self._write_back_dispatcher(),
        )
        self.mappings = Mappings(self.config, self.systems.source, self.systems.target)
        owners = self._owner_resolver()
        accounts = self._account_resolver()
        references = References(owners, accounts)
        prospects = self._prospect_resolver(references)
        people_poller = self._people_poller(prospects)
        auditor = self._auditor()
        about_us = about()
        self.metrics.build.labels(about_us.version, platform.python_version()).set(1)
        return Assembly(
            config=self.config,
            outside=self.outside,
            store=self.store,
            systems=self.systems,
            metrics=self.metrics,
            changes=self.changes,
            contacts=self.contacts,
            write_backs=self.write_backs,
            mappings=self.mappings,
            mapping_reader=self._mapping_reader(),
            poller=self._poller(people_poller, auditor),
            fuse_keeper=self._fuse_keeper(),
            people_poller=people_poller,
            owner_resolver=owners,
            account_resolver=accounts,
            prospect_resolver=prospects,
            opportunity_syncers=self._opportunity_syncers(references),
            relationship_syncers=self._relationship_syncers(prospects),
            write_back_workers=self._write_back_workers(prospects),
            change_dispatchers=self.bells.changes,
            contact_dispatchers=self.bells.contacts,
            write_back_dispatcher=self.bells.write_backs,
        )

    def _change_dispatcher(self, lane: Lane) -> Dispatcher[int]:
        async def due_keys(now: float, limit: int) -> list[int]:
            return await self.store.read(work.due_keys, lane, now, limit)

        async def next_due(now: float) -> float | None:
            return await self.store.read(work.next_due, lane, now)

        governor = self.systems.target_governor
        return Dispatcher(self.changes, lane, self.outside.clock, due_keys, next_due, governor)

    def _contact_dispatcher(self, lane: Lane) -> Dispatcher[int]:
        async def due_keys(now: float, limit: int) -> list[int]:
            return await self.store.read(contacts.due_keys, lane, now, limit)

        async def next_due(now: float) -> float | None:
            return await self.store.read(contacts.next_due, lane, now)

        governor = self.systems.target_governor
        return Dispatcher(self.contacts, lane, self.outside.clock, due_keys, next_due, governor)

    def _write_back_dispatcher(self) -> Dispatcher[Key]:
        async def due_keys(now: float, limit: int) -> list[Key]:
            return await self.store.read(outbox.due_keys, now, limit)

        async def next_due(now: float) -> float | None:
            return await self.store.read(outbox.next_due, now)

        governor = self.systems.source_governor
        return Dispatcher(
            self.write_backs, Lane.FRESH, self.outside.clock, due_keys, next_due, governor
        )

    def _mapping_reader(self) -> MappingReader:
        return MappingReader(
            mappings=self.mappings,
            source=self.systems.source,
            store=self.store,
            clock=self.outside.clock,
            interval_s=self.config.engine.poller.mapping_interval_s,
            metrics=self.metrics,
            wake=self.bells.wake_changes,
        )

    def _auditor(self) -> Auditor:
        settings = self.config.engine.poller
        return Auditor(
            source=self.systems.source,
            store=self.store,
            clock=self.outside.clock,
            page_size=self.config.source.page_size,
            share=min(1.0, settings.sweep_interval_s / settings.audit_interval_s),
            metrics=self.metrics,
            wake=self.bells.wake_both,
        )

    def _fuse_keeper(self) -> FuseKeeper:
        settings = self.config.engine.fuse
        return FuseKeeper(
            store=self.store,
            clock=self.outside.clock,
            share=settings.share,
            records_min=settings.records_min,
            wake=self.bells.wake_both,
        )

    def _poller(self, people: PeoplePoller, auditor: Auditor) -> Poller:
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
            wake=self.bells.wake_both,
            tabs_listed=people.polls_tabs,
            audit=auditor.step,
            follow_people=people.attempt,
        )

    def _people_poller(self, prospects: ProspectResolver) -> PeoplePoller:
        settings = self.config.engine.poller
        return PeoplePoller(
            source=self.systems.source,
            store=self.store,
            clock=self.outside.clock,
            prospects=prospects,
            limits=PeoplePollLimits(
                overlap_s=settings.overlap_s,
                page_size=self.config.source.page_size,
                tabs=self.config.engine.contacts.source,
            ),
            metrics=self.metrics,
            wake=self.bells.wake_both,
        )

    def _owner_resolver(self) -> OwnerResolver:
        settings = self.config.engine.owners
        return OwnerResolver(
            target=self.systems.target,
            store=self.store,
            clock=self.outside.clock,
            rules=OwnerRules(settings.match, settings.ttl_s, settings.aliases),
            metrics=self.metrics,
            wake=self.bells.wake_changes,
        )

    def _account_resolver(self) -> AccountResolver:
        def columns() -> list[str]:
            return [
                column
                for line in self.mappings.of(RecordType.OPPORTUNITY).lines
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
            wake=self.bells.wake_changes,
        )

    def _prospect_resolver(self, references: References) -> ProspectResolver:
        return ProspectResolver(
            source=self.systems.source,
            target=self.systems.target,
            store=self.store,
            clock=self.outside.clock,
            mappings=self.mappings,
            references=references,
            rules=ProspectRules(
                missing=self.config.engine.contacts.missing_prospects,
                ttl_s=self.config.engine.owners.ttl_s,
                visibility_s=self.config.target.visibility_s,
                email_field=self.config.connectors.target.email_field,
            ),
            metrics=self.metrics,
            wake=self.bells.wake_contacts,
            wake_write_back=self.bells.wake_write_backs,
        )

    def _opportunity_syncers(self, references: References) -> list[OpportunitySyncer]:
        retry = self.config.engine.retry
        terms = self.config.target
        limits = SyncLimits(
            attempts_max=retry.attempts_max,
            backoff=retry.backoff,
            visibility_s=terms.visibility_s,
            recreate_missing=terms.on_missing == "recreate",
            correlation_field=self.config.connectors.target.correlation_field,
        )

        def wake_downstream() -> None:
            self.bells.wake_write_backs()
            self.bells.wake_contacts()

        return [
            OpportunitySyncer(
                inbox=self.changes,
                store=self.store,
                source=self.systems.source,
                target=self.systems.target,
                governor=self.systems.target_governor,
                mappings=self.mappings,
                references=references,
                clock=self.outside.clock,
                rng=self.outside.rng(f"opportunity_syncer.{number}"),
                limits=limits,
                metrics=self.metrics,
                wake_downstream=wake_downstream,
                wake=self.bells.wake_changes,
            )
            for number in range(self.config.engine.concurrency.opportunity_syncers)
        ]

    def _relationship_syncers(self, prospects: ProspectResolver) -> list[RelationshipSyncer]:
        retry = self.config.engine.retry
        limits = RelateLimits(
            attempts_max=retry.attempts_max,
            backoff=retry.backoff,
            visibility_s=self.config.target.visibility_s,
            removes=self.config.engine.contacts.remove,
        )
        return [
            RelationshipSyncer(
                inbox=self.contacts,
                store=self.store,
                source=self.systems.source,
                target=self.systems.target,
                governor=self.systems.target_governor,
                prospects=prospects,
                clock=self.outside.clock,
                rng=self.outside.rng(f"relationship_syncer.{number}"),
                limits=limits,
                metrics=self.metrics,
                wake=self.bells.wake_contacts,
            )
            for number in range(self.config.engine.concurrency.relationship_syncers)
        ]

    def _write_back_workers(self, prospects: ProspectResolver) -> list[WriteBacks]:
        settings = self.config.engine.write_back
        workers = [
            WriteBacks(
                inbox=self.write_backs,
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
                upstream_idle=lambda: self.changes.idle and self.contacts.idle,
                wake_changes=self.bells.wake_both,
                wake=self.bells.wake_write_backs,
                forget_people=prospects.forget,
            )
            for number in range(self.config.engine.concurrency.write_backs)
        ]
        for worker in workers[1:]:
            worker.gathering = workers[0].gathering
        return workers
