"""Workers: those of the three pools, made when they are needed, by the settings in force."""

from __future__ import annotations

from dataclasses import dataclass, field

import anyio

from engine.actors.opportunity.create_search import CreateSearch
from engine.actors.opportunity.fresh_rows import FreshRows
from engine.actors.opportunity.target_rows import TargetRows
from engine.actors.opportunity_syncer import OpportunitySyncer
from engine.actors.relationship_syncer import RelationshipSyncer
from engine.actors.trust import Trust
from engine.actors.write_back import WriteBacks
from engine.assembly import limits
from engine.assembly.environment import Environment, Systems
from engine.assembly.signals import Signals
from engine.config.loading import Config
from engine.flow.bulk import Bulk
from engine.flow.mailbox import Mailbox
from engine.mapping_in_force import Mappings
from engine.metrics import Metrics
from engine.model.outbox import Key
from engine.resolvers.dependence import Dependence
from engine.resolvers.prospects import ProspectResolver
from engine.resolvers.references import References
from engine.runs import Runs
from engine.store.port.store import Store


@dataclass(slots=True)
class WorkerFactory:
    """Makes workers; `config` is replaced when settings change."""

    config: Config
    environment: Environment
    store: Store
    systems: Systems
    metrics: Metrics
    changes: Mailbox[int]
    tabs: Mailbox[int]
    write_backs: Mailbox[Key]
    signals: Signals
    mappings: Mappings
    references: References
    prospects: ProspectResolver
    fresh_rows: FreshRows
    target_rows: TargetRows
    trust: Trust
    search: CreateSearch
    dependence: Dependence
    runs: Runs
    bulk: Bulk = field(default_factory=Bulk, init=False)
    _gathering: anyio.Lock = field(default_factory=anyio.Lock, init=False)

    def opportunity_syncer(self, number: int) -> OpportunitySyncer:
        """A worker for `changes`."""
        return OpportunitySyncer(
            inbox=self.changes,
            store=self.store,
            source=self.systems.source,
            target=self.systems.target,
            governor=self.systems.target_governor,
            mappings=self.mappings,
            references=self.references,
            fresh_rows=self.fresh_rows,
            target_rows=self.target_rows,
            trust=self.trust,
            search=self.search,
            bulk=self.bulk,
            dependence=self.dependence,
            clock=self.environment.clock,
            rng=self.environment.rng(f"opportunity_syncer.{number}"),
            limits=limits.sync_limits(self.config),
            metrics=self.metrics,
            wake_downstream=self.signals.wake_downstream,
            wake=self.signals.wake_changes,
            runs=self.runs,
        )

    def relationship_syncer(self, number: int) -> RelationshipSyncer:
        """A worker for `tabs`."""
        return RelationshipSyncer(
            inbox=self.tabs,
            store=self.store,
            source=self.systems.source,
            target=self.systems.target,
            governor=self.systems.target_governor,
            prospects=self.prospects,
            trust=self.trust,
            bulk=self.bulk,
            clock=self.environment.clock,
            rng=self.environment.rng(f"relationship_syncer.{number}"),
            limits=limits.relate_limits(self.config),
            metrics=self.metrics,
            wake=self.signals.wake_tabs,
            wake_changes=self.signals.wake_changes,
            runs=self.runs,
        )

    def write_back(self, number: int) -> WriteBacks:
        """A worker for `write_backs`."""
        return WriteBacks(
            inbox=self.write_backs,
            store=self.store,
            source=self.systems.source,
            governor=self.systems.source_governor,
            clock=self.environment.clock,
            rng=self.environment.rng(f"write_back.{number}"),
            limits=limits.write_back_limits(self.config),
            metrics=self.metrics,
            upstream_idle=lambda: self.changes.idle and self.tabs.idle,
            wake_changes=self.signals.wake_both,
            wake=self.signals.wake_write_backs,
            forget_people=self.prospects.forget,
            runs=self.runs,
            gathering=self._gathering,
        )
