"""Retuning: put the live settings of another configuration in force, while everything works."""

from __future__ import annotations

from engine.assembly import limits
from engine.assembly.assembly import Assembly
from engine.config.loading import Config


def retune(assembly: Assembly, config: Config) -> None:
    """Apply them all at once; workers finish what they hold.

    Args:
        config: differs from the one in force by live settings only.
    """
    assembly.config = assembly.worker_factory.config = config
    _pollers(assembly, config)
    _resolvers(assembly, config)
    _governors(assembly, config)
    _workers(assembly, config)
    assembly.worker_factory.signals.wake_all()


def _pollers(assembly: Assembly, config: Config) -> None:
    assembly.poller.retune(limits.poll_limits(config), config.engine.retry.backoff)
    assembly.people_poller.limits = limits.people_poll_limits(config)
    assembly.auditor.page_size = config.source.page_size
    assembly.auditor.share = limits.audit_share(config)
    assembly.mapping_reader.pace.change(config.engine.poller.mapping_interval_s)


def _resolvers(assembly: Assembly, config: Config) -> None:
    assembly.owner_resolver.retune(limits.owner_rules(config))
    assembly.account_resolver.pace.change(config.engine.owners.ttl_s)
    assembly.prospect_resolver.retune(limits.prospect_rules(config))


def _governors(assembly: Assembly, config: Config) -> None:
    backoff = config.engine.retry.backoff
    source, target = assembly.systems.source_governor, assembly.systems.target_governor
    source.retune(config.source.requests_in_flight_max, source.limits, backoff)
    target.retune(config.target.requests_in_flight_max, limits.budget_limits(config), backoff)


def _workers(assembly: Assembly, config: Config) -> None:
    assembly.worker_factory.fresh_rows.age_max_s = limits.row_age_max_s(config)
    for syncer in assembly.opportunity_syncers.workers:
        syncer.limits = limits.sync_limits(config)
    for syncer in assembly.relationship_syncers.workers:
        syncer.limits = limits.relate_limits(config)
    for worker in assembly.write_back_workers.workers:
        worker.limits = limits.write_back_limits(config)
    sizes = config.engine.concurrency
    assembly.opportunity_syncers.resize(sizes.opportunity_syncers)
    assembly.relationship_syncers.resize(sizes.relationship_syncers)
    assembly.write_back_workers.resize(sizes.write_backs)
