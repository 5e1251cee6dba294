"""One run without a service: one poll, everything due drained, write-backs included."""

from __future__ import annotations

from dataclasses import dataclass

import anyio

from engine.assembly.assembly import Assembly
from engine.assembly.environment import Environment
from engine.assembly.opening import opened, plain_errors
from engine.config.loading import Config
from engine.errors import Misconfigured, Terminal, Unreachable
from engine.flow.governor import Governor
from engine.metrics import Metrics
from engine.model.lane import Lane
from engine.model.mass_change import Held
from engine.model.outcome import WAITS, Outcome
from engine.model.report import Counts
from engine.model.tab import RESTS
from engine.service.stages import downstream, take_turns
from engine.service.starting import take_steps, take_up
from engine.service.tending import take_times_back, tend_history
from engine.service.usage import keep_usage

# How long it waits for a retry that is due soon, before it leaves it to the next run.
RETRY_PATIENCE_S = 15.0
# How long it goes on although nothing it does succeeds.
STALL_PATIENCE_S = 120.0
LOOK_S = 0.05
_RESTING = (frozenset(Outcome) - WAITS) | RESTS


@dataclass(frozen=True, slots=True)
class Result:
    """How it ended."""

    changed: int
    counts: Counts
    held: Held


async def once(config: Config, environment: Environment | None = None) -> Result:
    """One poll, everything due drained, write-backs included.

    Raises:
        EngineError: a system cannot be reached, or refuses us; what was captured stays captured.
    """
    with plain_errors():
        return await _once(config, environment or Environment.real())


async def _once(config: Config, environment: Environment) -> Result:
    async with opened(config, environment) as assembly:
        await begin(assembly)
        changed = await look(assembly)
        await work(assembly)
        await keep_usage(assembly)
        await tend_history(assembly)
        await take_times_back(assembly, rest_s=0.0)
        counts = await assembly.store.report.counts()
        raise_if_unreachable(assembly, counts)
        return Result(changed, counts, await assembly.store.fuse.held())


async def begin(assembly: Assembly) -> None:
    """Everything that comes before the first poll."""
    source, target = assembly.config.connectors.source, assembly.config.connectors.target
    await take_steps(source.name, assembly.systems.source.steps())
    await take_steps(target.name, assembly.systems.target.steps()[:1])
    await _load_mapping(assembly)
    await assembly.people_poller.start()
    await take_up(assembly)


async def look(assembly: Assembly) -> int:
    """Poll once, all of it, before anything is sent; returns how many records changed."""
    await assembly.mapping_reader.evaluate_anew()
    await assembly.owner_resolver.step()
    await assembly.account_resolver.step()
    await assembly.prospect_resolver.step()
    changed = await assembly.poller.step()
    await assembly.poller.sweep_when_due()
    await assembly.people_poller.step()
    return changed


async def work(assembly: Assembly) -> None:
    """Do everything due, stage by stage.

    No stage begins while one before it has work. So what is asked of a system for many records at
    once is asked for all of them, and how many requests a run sends does not depend on which
    answer comes first: a rehearsal can tell it.
    """
    take_turns(assembly)
    async with downstream(assembly):
        await _drained(assembly)


async def _load_mapping(assembly: Assembly) -> None:
    """Put the mapping in force.

    The target is asked nothing before there is something to say to it, unless the mapping needs
    to know its custom fields; then no line is judged before they are known.
    """
    mappings, reader = assembly.mappings, assembly.mapping_reader
    if not mappings.customised:
        # The source may keep lines of its own.
        await mappings.load()
    if mappings.customised:
        target = assembly.config.connectors.target.name
        await take_steps(target, assembly.systems.target.steps()[1:])
        await mappings.load()
    await reader.note()


async def _drained(assembly: Assembly) -> None:
    """Wait until nothing is due any more, or a system is out of reach.

    A retry that is due soon is waited for, RETRY_PATIENCE_S at most; what waits longer, for a
    pause, an outage or the budget, is left to the next run.
    """
    clock, report = assembly.environment.clock, assembly.store.report
    worked_at = progress_at = anyio.current_time()
    rested = 0.0
    while True:
        await anyio.sleep(LOOK_S)
        if _out_of_reach(assembly, Lane.FRESH):
            return
        now = anyio.current_time()
        before, rested = rested, at_rest(assembly.metrics)
        progress_at = progress_at if rested == before else now
        if now - progress_at > STALL_PATIENCE_S:
            return
        lanes = Lane.FRESH if _out_of_reach(assembly, Lane.BACKLOG) else Lane.BACKLOG
        mailboxes = (assembly.changes, assembly.tabs, assembly.write_backs)
        busy = not all(mailbox.idle for mailbox in mailboxes)
        if busy or await report.due(clock.now(), lanes):
            worked_at = now
            continue
        if await assembly.fuse_keeper.step():
            continue
        soon = await report.due(clock.now() + RETRY_PATIENCE_S, lanes)
        if not soon or now - worked_at > RETRY_PATIENCE_S:
            return


def _governors(assembly: Assembly) -> list[Governor]:
    return list(assembly.systems.governors(assembly.config).values())


def _out_of_reach(assembly: Assembly, lane: Lane) -> bool:
    """Whether a system takes no request of this lane for longer than a run of `once` waits."""
    return any(
        max(governor.held_s(lane), governor.down_s) > RETRY_PATIENCE_S
        for governor in _governors(assembly)
    )


def raise_if_unreachable(assembly: Assembly, counts: Counts) -> None:
    if not (counts.pending or counts.tabs or counts.outbox):
        return
    for name, governor in assembly.systems.governors(assembly.config).items():
        if governor.down or governor.paused_s > RETRY_PATIENCE_S:
            cause = governor.pause_cause
            if isinstance(cause, Misconfigured):
                raise cause
            if isinstance(cause, Terminal):
                # A permission that is missing for every record alike, told by some of them.
                raise Misconfigured(
                    governor.pause_reason or cause.message,
                    system=name,
                    remedy=cause.remedy or "give the integration user the permission it lacks",
                )
            raise Unreachable(
                f"{counts.pending} records, the people of {counts.tabs} and"
                f" {counts.outbox} write-backs wait:"
                f" {governor.pause_reason or 'the system does not answer'}",
                system=name,
                remedy="nothing is lost; run again when the system answers",
            )


def at_rest(metrics: Metrics) -> float:
    """How many records, tabs and write-backs came to rest so far: a measure of progress.

    What is evaluated and held by the fuse counts: of a mass change everything is.
    """
    counted = ((metrics.reconciles, _RESTING), (metrics.deliveries, {"delivered", "withdrawn"}))
    return sum(
        count
        for counter, outcomes in counted
        for values, count in counter.counted()
        if values[-1] in outcomes
    )
