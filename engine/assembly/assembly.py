"""The assembly: everything that runs."""

from __future__ import annotations

from dataclasses import dataclass

from engine.actors.auditor import Auditor
from engine.actors.dispatcher import Dispatcher
from engine.actors.fuse_keeper import FuseKeeper
from engine.actors.mapping_reader import MappingReader
from engine.actors.opportunity.create_search import CreateSearch
from engine.actors.opportunity_syncer import OpportunitySyncer
from engine.actors.people_poller import PeoplePoller
from engine.actors.poller import Poller
from engine.actors.relationship_syncer import RelationshipSyncer
from engine.actors.trust import Trust
from engine.actors.write_back import WriteBacks
from engine.assembly.environment import Environment, Systems
from engine.assembly.workers import WorkerFactory
from engine.config.loading import Config
from engine.flow.mailbox import Mailbox
from engine.flow.pool import Pool
from engine.flow.worktime import WorkTime
from engine.mapping_in_force import Mappings
from engine.metrics import Metrics
from engine.model.outbox import Key
from engine.resolvers.accounts import AccountResolver
from engine.resolvers.owners import OwnerResolver
from engine.resolvers.prospects import ProspectResolver
from engine.store.port.store import Store


@dataclass(slots=True)
class Assembly:
    """Everything that runs."""

    config: Config
    environment: Environment
    store: Store
    systems: Systems
    metrics: Metrics
    changes: Mailbox[int]
    tabs: Mailbox[int]
    write_backs: Mailbox[Key]
    mappings: Mappings
    mapping_reader: MappingReader
    poller: Poller
    auditor: Auditor
    fuse_keeper: FuseKeeper
    people_poller: PeoplePoller
    owner_resolver: OwnerResolver
    account_resolver: AccountResolver
    prospect_resolver: ProspectResolver
    trust: Trust
    create_search: CreateSearch
    worker_factory: WorkerFactory
    worktime: WorkTime
    opportunity_syncers: Pool[OpportunitySyncer]
    relationship_syncers: Pool[RelationshipSyncer]
    write_back_workers: Pool[WriteBacks]
    change_dispatchers: list[Dispatcher[int]]
    tab_dispatchers: list[Dispatcher[int]]
    write_back_dispatcher: Dispatcher[Key]
