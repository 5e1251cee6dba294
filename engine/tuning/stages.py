"""The three kinds of work that can fall behind, and how far behind each is."""

from __future__ import annotations

from dataclasses import dataclass

from engine.tuning.readings import Load, Rates, Shares
from engine.tuning.terms import Limit

# Parts of an actor's time: used up, and waiting enough to be held up by it.
USED_UP = 0.8
WAITING = 0.3
# Part of the places in flight that are taken before they count as full.
FULL = 0.75


@dataclass(frozen=True, slots=True)
class Stage:
    """One kind of work: who does it, out of which mailbox, and whether towards the target."""

    kind: str
    actor: str
    mailbox: str
    setting: str
    limit: Limit
    plural: str
    to_target: bool


OPPORTUNITIES = Stage(
    "opportunity",
    "opportunity_syncer",
    "changes",
    "concurrency.opportunity_syncers",
    Limit.OPPORTUNITY_SYNCER,
    "opportunity syncers",
    True,
)
RELATIONSHIPS = Stage(
    "relationship",
    "relationship_syncer",
    "contacts",
    "concurrency.relationship_syncers",
    Limit.RELATIONSHIP_SYNCER,
    "relationship syncers",
    True,
)
WRITE_BACKS = Stage(
    "write_back",
    "write_back",
    "write_backs",
    "concurrency.write_backs",
    Limit.WRITE_BACK,
    "write-backs",
    False,
)
STAGES = (OPPORTUNITIES, RELATIONSHIPS, WRITE_BACKS)


def owed(rates: Rates) -> int:
    """Changes the target has not got."""
    return sum(rates.backlog[stage.kind].now for stage in STAGES if stage.to_target)


def has_backlog(rates: Rates, stage: Stage) -> bool:
    """Whether more waits, at both scrapes, than its workers have in hand."""
    in_hand = float(rates.actors[stage.actor].workers)
    if stage is WRITE_BACKS:
        in_hand *= max(1.0, rates.batch_records)
    return rates.backlog[stage.kind].steady > in_hand


def any_backlog(rates: Rates) -> bool:
    """Whether any kind of work has one."""
    return any(has_backlog(rates, stage) for stage in STAGES)


def saturated(rates: Rates, stage: Stage) -> bool:
    """Whether there is a backlog and hardly ever an idle worker."""
    return rates.actors[stage.actor].used >= USED_UP and has_backlog(rates, stage)


def full(rates: Rates, system: str) -> bool:
    """Whether hardly a place among the requests to the system is free."""
    places = rates.settings.get(places_key(system))
    return places is not None and rates.systems[system].in_flight >= FULL * places


def closed(rates: Rates, system: str) -> bool:
    """Whether the system lets nothing through, whatever our settings are."""
    load = rates.systems[system]
    return load.down or load.paused_s > 0


def system_of(rates: Rates, stage: Stage) -> str | None:
    """The system its requests go to; None when that cannot be told."""
    return rates.target if stage.to_target else rates.source


def places_key(system: str) -> str:
    """The setting of the places in flight."""
    return f"{system}.requests_in_flight_max"


def spent(shares: Shares, plural: str) -> str:
    """How the workers spent their time, in words."""
    return (
        f"{plural} ({shares.workers}): {shares.busy:.0%} busy, {shares.blocked:.0%} blocked,"
        f" {shares.throttled:.0%} throttled, {shares.idle:.0%} idle"
    )


def waits(rates: Rates, stage: Stage) -> str:
    """What waits for the stage, in words."""
    backlog, fill = rates.backlog[stage.kind], rates.mailboxes[stage.mailbox]
    return (
        f"{backlog.now:,} wait, the oldest for {backlog.oldest_age_s:.0f} s; mailbox"
        f" {stage.mailbox} holds {fill.depth} of {fill.capacity}"
    )


def taken(rates: Rates, system: str) -> str:
    """How many places in flight were taken, in words."""
    places = rates.settings.get(places_key(system), 0.0)
    in_flight = rates.systems[system].in_flight
    return f"{in_flight:.1f} of {places:.0f} places at {system} taken on average"


def answers(system: str, load: Load) -> str:
    """How fast the system answers, in words."""
    return f"{system} answers in {load.answer_s:.2f} s on average, {load.requests_s:.1f} requests/s"
