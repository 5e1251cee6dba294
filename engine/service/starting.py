"""Starting: the steps of both systems, and what a former process left unfinished."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import structlog

from engine.about import about
from engine.assembly.assembly import Assembly
from engine.decide.failure import error_class, plain_reason
from engine.decide.patience import GiveUp, Refusals, judged
from engine.errors import EngineError, Misconfigured, StateUnusable
from engine.flow.backoff import delay_s
from engine.flow.worktime import pausing
from engine.metrics.labels import START_UP
from engine.model.health import Trouble
from engine.ports import Step
from engine.service.reloading import note_settings
from engine.service.status import Status

# The longest that anything is made to wait, beside the cap of the backoff: one hour.
LONGEST_WAIT_S = 3600.0
# So long a start that is in trouble goes on where it was, and does not begin anew.
TAKEN_S = 300.0

Taken = dict[tuple[str, str], float]
"""Steps that a start has taken, by system and name, with when, in the loop's time."""

log = structlog.get_logger(component="service")


async def take_steps(system: str, steps: Sequence[Step], taken: Taken | None = None) -> None:
    """Take a system's start-up steps in order.

    Args:
        taken: those that need not be taken again; what is taken now is added.
    """
    for step in steps:
        if taken is not None and (system, step.name) in taken:
            continue
        fact = await step.run()
        log.info("start_up_step", system=system, step=step.name, fact=fact)
        if taken is not None:
            taken[system, step.name] = anyio.current_time()


async def start(assembly: Assembly, status: Status) -> None:
    """Everything that comes before work; whatever may pass is waited for, not given up.

    Raises:
        Misconfigured: a new pair keeps refusing us; see `engine.decide.patience`.
    """
    refusals: Refusals | None = None
    attempt, rng = 0, assembly.environment.rng("start")
    taken: Taken = {}
    furthest = 0
    while True:
        try:
            await _attempt(assembly, taken)
            break
        except StateUnusable:
            raise
        except EngineError as error:
            # One that got further than any before is the first of what is left.
            attempt = 1 if len(taken) > furthest else attempt + 1
            furthest = max(furthest, len(taken))
            _let_go(taken, error)
            backoff_s = delay_s(attempt, rng, assembly.config.engine.retry.backoff)
            verdict = judged(
                error,
                refusals,
                worked=await assembly.store.kept.has_worked(),
                backoff_s=max(1.0, backoff_s),
                now=anyio.current_time(),
                patience=assembly.environment.patience,
            )
            assembly.metrics.errors.labels(START_UP, error_class(error)).inc()
            if isinstance(verdict, GiveUp):
                raise
            refusals, now = verdict.refusals, assembly.environment.clock.now()
            since = now if status.waiting is None else status.waiting.since
            code = plain_reason(error).code
            status.waiting = Trouble(
                verdict.reason, code, since, now + verdict.seconds, error.remedy
            )
            log.warning(
                "waiting_for_system",
                reason=verdict.reason,
                remedy=error.remedy,
                wait_s=round(verdict.seconds, 1),
            )
            await pausing(verdict.seconds)
    await take_up(assembly)
    await note_settings(assembly)
    status.started = True
    state = assembly.environment.place(assembly.config).shown
    log.info("started", version=about().version, state=state)


def _let_go(taken: Taken, error: EngineError) -> None:
    """Begin anew after a refusal, which may have changed what is known, and after a while."""
    began = min(taken.values(), default=0.0)
    if isinstance(error, Misconfigured) or anyio.current_time() - began > TAKEN_S:
        taken.clear()


async def _attempt(assembly: Assembly, taken: Taken) -> None:
    connectors = assembly.config.connectors
    await take_steps(connectors.source.name, assembly.systems.source.steps(), taken)
    await take_steps(connectors.target.name, assembly.systems.target.steps(), taken)
    await assembly.mapping_reader.load()
    await assembly.people_poller.start()


async def take_up(assembly: Assembly) -> None:
    """Take up what a former process left: its creates are looked for, its waits bounded."""
    now = assembly.environment.clock.now()
    await assembly.store.kept.note_that_it_works(now)
    dates, source = assembly.systems.dates.told(), assembly.config.connectors.source.name
    set_back_s = await assembly.store.provenance.resume(now, dates, source)
    await assembly.trust.load()
    longest_s = max(LONGEST_WAIT_S, assembly.config.engine.retry.backoff.cap_s)
    if shortened := await assembly.store.provenance.bound_waits(now, longest_s, set_back_s):
        log.warning("waits_shortened", records=shortened, reason="the clock was set back")
    if unfinished := await assembly.store.fuse.forget_unfinished(now):
        log.warning("plan_was_cut_off", records=unfinished, remedy="apply it again, or approve")
    if doubtful := await assembly.store.provenance.doubt_unfinished(now):
        log.warning("creates_in_doubt", records=doubtful)
