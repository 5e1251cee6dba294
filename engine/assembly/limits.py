"""What a configuration means to each actor, in the actor's own terms."""

from __future__ import annotations

from engine.actors.failing import RetryLimits
from engine.actors.opportunity.fresh_rows import AGE_MIN_S
from engine.actors.opportunity_syncer import SyncLimits
from engine.actors.people_poller import PeoplePollLimits
from engine.actors.poller import PollLimits
from engine.actors.relationship_syncer import RelateLimits
from engine.actors.write_back import WriteBackLimits
from engine.config.loading import Config
from engine.flow.allowance import BudgetLimits
from engine.resolvers.owners import OwnerRules
from engine.resolvers.prospects import ProspectRules


def poll_limits(config: Config) -> PollLimits:
    """For the poller."""
    settings = config.engine.poller
    return PollLimits(
        interval_s=settings.interval_s,
        overlap_s=settings.overlap_s,
        sweep_interval_s=settings.sweep_interval_s,
        page_size=config.source.page_size,
    )


def row_age_max_s(config: Config) -> float:
    """How long a row is believed that nothing was sent of yet, seconds."""
    return max(AGE_MIN_S, config.engine.poller.interval_s)


def people_poll_limits(config: Config) -> PeoplePollLimits:
    """For the people poller."""
    return PeoplePollLimits(
        overlap_s=config.engine.poller.overlap_s,
        page_size=config.source.page_size,
        tabs=config.engine.contacts.source,
    )


def audit_share(config: Config) -> float:
    """Part of the population that each audit compares, 0 to 1."""
    settings = config.engine.poller
    return min(1.0, settings.sweep_interval_s / settings.audit_interval_s)


def retry_limits(config: Config) -> RetryLimits:
    """For the two syncers."""
    return RetryLimits(config.engine.retry.attempts_max, config.engine.retry.backoff)


def sync_limits(config: Config) -> SyncLimits:
    """For the opportunity syncers."""
    return SyncLimits(
        retry=retry_limits(config),
        visibility_s=config.target.visibility_s,
        people_ttl_s=config.engine.owners.ttl_s,
        recreate_missing=config.target.on_missing == "recreate",
        correlation_field=config.connectors.target.correlation_field,
    )


def relate_limits(config: Config) -> RelateLimits:
    """For the relationship syncers."""
    return RelateLimits(
        retry=retry_limits(config),
        visibility_s=config.target.visibility_s,
        removes=config.engine.contacts.remove,
        one_role=config.engine.contacts.one_role_per_person,
    )


def write_back_limits(config: Config) -> WriteBackLimits:
    """For the write-backs."""
    settings = config.engine.write_back
    return WriteBackLimits(
        settings.batch_max, settings.linger_ms / 1000, config.engine.retry.backoff
    )


def budget_limits(config: Config) -> BudgetLimits:
    """For the governor in front of the target."""
    return BudgetLimits(**config.target.budget.model_dump(exclude={"account"}))


def owner_rules(config: Config) -> OwnerRules:
    """For the owner resolver."""
    settings = config.engine.owners
    return OwnerRules(settings.match, settings.ttl_s, settings.aliases)


def prospect_rules(config: Config) -> ProspectRules:
    """For the prospect resolver."""
    return ProspectRules(
        missing=config.engine.contacts.missing_prospects,
        ttl_s=config.engine.owners.ttl_s,
        visibility_s=config.target.visibility_s,
        email_field=config.connectors.target.email_field,
        retry=retry_limits(config),
        row_age_s=row_age_max_s(config),
    )
