"""Which actor is behind, and what it needs: workers, places in flight, larger pages or batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from engine.tuning.readings import Rates
from engine.tuning.stages import (
    STAGES,
    USED_UP,
    WAITING,
    WRITE_BACKS,
    Stage,
    answers,
    closed,
    full,
    has_backlog,
    places_key,
    saturated,
    spent,
    system_of,
    taken,
    waits,
)
from engine.tuning.terms import Advice, Finding, Limit, Range, more

RESOLVERS = ("owner_resolver", "account_resolver", "prospect_resolver")
# Longer than this, a batch that is not full is not for want of waiting.
LINGER_ENOUGH_MS = 1000
_AGAIN = "measure again afterwards: a larger number may only move the limit"


def workers(rates: Rates, ranges: Mapping[str, Range], *, budget: bool) -> Iterator[Finding]:
    """The actors, in the order a change passes them.

    Args:
        budget: whether the target's budget limits already.
    """
    stages = [stage for stage in STAGES if _free(rates, stage, budget=budget)]
    behind = [stage for stage in stages if saturated(rates, stage)]
    crowded = [stage for stage in behind if _crowded(rates, stage)]
    for system in rates.systems:
        yield from places(rates, ranges, system, crowded)
    for stage in behind:
        if stage not in crowded:
            yield from _behind(rates, ranges, stage)
    for stage in stages:
        if stage not in behind:
            yield from dispatch(rates, ranges, stage)
    if not behind and not budget:
        yield from poller(rates, ranges)


def _free(rates: Rates, stage: Stage, *, budget: bool) -> bool:
    """Whether the system it works with lets requests through at all."""
    system = system_of(rates, stage)
    return system is not None and not closed(rates, system) and not (budget and stage.to_target)


def _crowded(rates: Rates, stage: Stage) -> bool:
    """Whether its workers wait, and there is hardly a place in flight to be had."""
    system = system_of(rates, stage)
    waiting = rates.actors[stage.actor].blocked >= WAITING
    return waiting and system is not None and full(rates, system)


def _behind(rates: Rates, ranges: Mapping[str, Range], stage: Stage) -> Iterator[Finding]:
    shares = rates.actors[stage.actor]
    found: list[Finding] = []
    if shares.throttled >= WAITING:
        found += throttled(rates, stage)
    elif shares.blocked >= WAITING:
        found += resolvers(rates, stage)
    if not found:
        rule = write_backs if stage is WRITE_BACKS else syncers
        found += rule(rates, ranges, stage)
    yield from found


def places(
    rates: Rates, ranges: Mapping[str, Range], system: str, crowded: Sequence[Stage]
) -> Iterator[Finding]:
    """Workers with a backlog that wait for a place in flight."""
    waiting = [stage for stage in crowded if system_of(rates, stage) == system]
    if not waiting:
        return
    setting = places_key(system)
    now = rates.settings.get(setting, 0.0)
    wanted = min(now * 2, sum(rates.actors[stage.actor].workers for stage in waiting))
    names = " and ".join(stage.plural for stage in waiting)
    yield Finding(
        Limit.REQUESTS_IN_FLIGHT,
        f"{names} wait for a place among the requests to {system}",
        (
            *(spent(rates.actors[stage.actor], stage.plural) for stage in waiting),
            taken(rates, system),
            answers(system, rates.systems[system]),
        ),
        more(rates, ranges, setting, max(now + 1, wanted)),
        f"watch the answer times and 429s of {system}: it may not bear more at once",
    )


def syncers(rates: Rates, ranges: Mapping[str, Range], stage: Stage) -> Iterator[Finding]:
    """All syncers of a kind busy while there is a backlog."""
    system, shares = system_of(rates, stage), rates.actors[stage.actor]
    if system is None:
        return
    now = rates.settings.get(stage.setting, shares.workers)
    room = rates.settings.get(places_key(system), 0.0)
    if now < room:
        advice, caution = more(rates, ranges, stage.setting, min(now * 2, room)), _AGAIN
    else:
        advice = more(rates, ranges, places_key(system), room * 2)
        caution = (
            f"more {stage.plural} than places gain nothing, so places come first; then raise"
            f" {stage.setting} too, and watch the answer times and 429s of {system}"
        )
    yield Finding(
        stage.limit,
        f"the {stage.plural} limit: they are busy and there is a backlog",
        (spent(shares, stage.plural), waits(rates, stage), taken(rates, system)),
        advice,
        caution,
    )


def throttled(rates: Rates, stage: Stage) -> Iterator[Finding]:
    """Workers that wait for admission again and again, with no long hold in sight."""
    yield Finding(
        Limit.PAUSE,
        f"the {stage.plural} are held back again and again: nothing to tune",
        (spent(rates.actors[stage.actor], stage.plural), waits(rates, stage)),
        caution="after failures only a tenth of the traffic may be retries; see wosync status",
    )


def resolvers(rates: Rates, stage: Stage) -> Iterator[Finding]:
    """Syncers that wait for another worker, which looks names or people up."""
    for resolver in RESOLVERS:
        shares = rates.actors[resolver]
        if shares.used >= USED_UP:
            name = resolver.replace("_", " ")
            yield Finding(
                Limit.RESOLVER,
                f"the {stage.plural} wait for the {name}: no setting changes that",
                (spent(rates.actors[stage.actor], stage.plural), spent(shares, name)),
                caution="what it has found is not looked up again, so it passes",
            )


def write_backs(rates: Rates, ranges: Mapping[str, Range], stage: Stage) -> Iterator[Finding]:
    """Write-backs busy while the outbox does not shrink."""
    waiting = rates.backlog[stage.kind]
    if waiting.now < waiting.before:
        return
    advice, caution = _for_write_backs(rates, ranges)
    batch_max = rates.settings.get("write_back.batch_max", 0.0)
    yield Finding(
        stage.limit,
        "the write-backs limit: they are busy and the outbox does not shrink",
        (
            spent(rates.actors[stage.actor], stage.plural),
            waits(rates, stage),
            f"{rates.batch_records:.0f} of {batch_max:.0f} records in a batch on average",
        ),
        advice,
        caution,
    )


def _for_write_backs(rates: Rates, ranges: Mapping[str, Range]) -> tuple[Advice | None, str]:
    """Larger batches if they are full, fuller ones if they are small, else one more at a time."""
    batch_max = rates.settings.get("write_back.batch_max", 0.0)
    linger_ms = rates.settings.get("write_back.linger_ms", 0.0)
    advice = None
    if rates.batch_records >= 0.9 * batch_max:
        advice = more(rates, ranges, "write_back.batch_max", batch_max * 2)
    elif rates.batch_records < batch_max / 2 and linger_ms < LINGER_ENOUGH_MS:
        advice = more(rates, ranges, "write_back.linger_ms", max(200.0, linger_ms * 2))
        if advice is not None:
            return advice, "fuller batches need fewer requests, but every entry waits longer"
    if advice is None:
        source = rates.source
        room = rates.settings.get(places_key(source), 0.0) if source else 0.0
        now = rates.settings.get(WRITE_BACKS.setting, 0.0)
        advice = more(rates, ranges, WRITE_BACKS.setting, min(now + 1, room))
    return advice, _AGAIN


def dispatch(rates: Rates, ranges: Mapping[str, Range], stage: Stage) -> Iterator[Finding]:
    """Workers idle before an empty mailbox, although much is due and is being done."""
    shares, fill = rates.actors[stage.actor], rates.mailboxes[stage.mailbox]
    done_s = rates.reconciles_s.get(stage.kind, rates.write_backs_s)
    runs_empty = max(fill.depth_before, fill.depth) <= shares.workers
    turned_over = done_s * rates.over_s > fill.capacity
    if not (has_backlog(rates, stage) and runs_empty and turned_over):
        return
    if rates.backlog[stage.kind].steady > fill.capacity and shares.idle >= 1 - USED_UP:
        setting = f"mailboxes.{stage.mailbox}"
        yield Finding(
            Limit.DISPATCHER,
            f"the mailbox {stage.mailbox} runs empty before it is filled again",
            (spent(shares, stage.plural), waits(rates, stage)),
            more(rates, ranges, setting, fill.capacity * 2.0, old=float(fill.capacity)),
            "this one needs a restart; each key takes some hundred bytes of memory",
        )


def poller(rates: Rates, ranges: Mapping[str, Range]) -> Iterator[Finding]:
    """The poller reading new changes without a pause, while those behind it keep up."""
    shares, source = rates.actors["poller"], rates.source
    if source is None or closed(rates, source) or not rates.captured_s:
        return
    if shares.used < USED_UP or shares.throttled >= WAITING:
        return
    page_size = f"{source}.page_size"
    largest = ranges[page_size].high if page_size in ranges else 0.0
    advice, caution = more(rates, ranges, page_size, largest), "larger pages take longer each"
    if advice is None and shares.blocked >= WAITING and full(rates, source):
        now = rates.settings.get(places_key(source), 0.0)
        advice = more(rates, ranges, places_key(source), now + 1)
        caution = f"watch the answer times of {source}"
    yield Finding(
        Limit.POLLER,
        f"the poller limits: it reads pages from {source} without a pause"
        + ("" if advice else ", and no setting makes a page come sooner"),
        (
            spent(shares, "poller"),
            f"{rates.captured_s:.1f} new changes/s",
            answers(source, rates.systems[source]),
        ),
        advice,
        caution if advice else "",
    )
