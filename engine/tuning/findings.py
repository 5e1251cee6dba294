"""The rules together: what limits, most important first.

What stops the work altogether comes first, then the machine, then the actors in the order a
change passes them. A rule that knows no setting says so; none goes beyond the ranges it is given,
and no setting is named twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from engine.tuning import stops
from engine.tuning.readings import Rates
from engine.tuning.stages import STAGES, answers, any_backlog, spent
from engine.tuning.terms import Finding, Limit, Range, less
from engine.tuning.workers import workers

LOOP_LAG_S = 0.1
COMMIT_S = 0.25
# Cores; the service works on one.
PROCESSOR = 0.9
SLOW_ANSWER_S = 2.0


def findings(rates: Rates, ranges: Mapping[str, Range]) -> list[Finding]:
    """What limits, most important first; never empty.

    Args:
        ranges: what each setting may be; none is advised that is not there.
    """
    budget = list(stops.budget(rates, ranges))
    found = [*stops.outages(rates), *stops.refusals(rates), *stops.pauses(rates)]
    found += [*budget, *stops.fuse(rates)]
    crowded = list(processor(rates))
    found += [*crowded, *disk(rates)]
    if not crowded:
        found += workers(rates, ranges, budget=bool(budget))
    if not (crowded or budget):
        found += slow_systems(rates)
    if not found:
        found += [*not_due(rates), *interval(rates, ranges)] or nothing(rates)
    return _each_setting_once(found)


def processor(rates: Rates) -> Iterator[Finding]:
    """The one core there is to work on is used up."""
    late = rates.loop_lag_p90_s >= LOOP_LAG_S
    if any_backlog(rates) and (late or rates.processor >= PROCESSOR):
        yield Finding(
            Limit.PROCESSOR,
            "the processor limits: more workers do not help",
            (
                f"{rates.processor:.2f} cores used, of the one the service can use",
                f"one timer in ten is more than {rates.loop_lag_p90_s * 1000:.0f} ms late",
            ),
            caution="see whether log_level is debug, or other programs keep the machine busy",
        )


def disk(rates: Rates) -> Iterator[Finding]:
    """Writes of the state take long."""
    if rates.commit_p99_s >= COMMIT_S:
        yield Finding(
            Limit.DISK,
            "the disk limits: writes of the state take long",
            (f"99 % of the commits take up to {rates.commit_p99_s * 1000:.0f} ms",),
            caution="put [service] state_dir on a faster or less busy disk; with a state in a"
            " database look at its disk, and at the way there",
        )


def slow_systems(rates: Rates) -> Iterator[Finding]:
    """A system that answers slowly while there is a backlog; said beside what we can change."""
    for system, load in rates.systems.items():
        open_to_us = not load.down and load.paused_s <= 0
        if any_backlog(rates) and open_to_us and load.answer_s >= SLOW_ANSWER_S:
            yield Finding(
                Limit.SLOW_SYSTEM,
                f"{system} is slow: that is not ours to tune",
                (answers(system, load),),
                caution="more requests at once may make it slower still",
            )


def not_due(rates: Rates) -> Iterator[Finding]:
    """Changes that wait while nobody works: their time has not come."""
    waiting = sum(one.steady for one in rates.backlog.values())
    if waiting and not (any(rates.reconciles_s.values()) or rates.write_backs_s):
        yield Finding(
            Limit.NOT_DUE,
            "nothing limits: what waits is not due yet",
            (f"{waiting:,} changes wait for their next attempt, or for something they need",),
            caution="wosync status names the reasons",
        )


def interval(rates: Rates, ranges: Mapping[str, Range]) -> Iterator[Finding]:
    """Nothing waits, and most of a change's delay lies before the poll that sees it."""
    seen, lag = rates.seen_lag_s, rates.lag_s
    every = rates.settings.get("poller.interval_s", 0.0)
    if any_backlog(rates) or seen is None or lag is None or not every:
        return
    if every / 4 <= seen <= 2 * every and seen >= lag / 2:
        yield Finding(
            Limit.POLL_INTERVAL,
            "nothing limits throughput; the poll interval is the delay",
            (
                f"a change reaches the target {lag:.1f} s after it was made, and it takes"
                f" {seen:.1f} s until a poll sees it",
                f"polls come every {every:g} s",
            ),
            less(rates, ranges, "poller.interval_s", round(every / 2, 3)),
            "twice the polls cost twice the requests for changes",
        )


def nothing(rates: Rates) -> list[Finding]:
    """No limit."""
    if any_backlog(rates):
        shown = tuple(spent(rates.actors[stage.actor], stage.plural) for stage in STAGES)
        says = "nothing limits: there is a backlog, and workers are free to take more of it"
        return [Finding(Limit.NOTHING, says, shown)]
    busy = any(rates.reconciles_s.values()) or rates.write_backs_s
    says = "nothing limits: every change is taken up at once" if busy else "nothing limits: idle"
    every = rates.settings.get("poller.interval_s")
    shown = () if every is None else (f"an edit is seen within {every:g} s, by the next poll",)
    return [Finding(Limit.NOTHING, says, shown)]


def _each_setting_once(found: Sequence[Finding]) -> list[Finding]:
    """The first finding that names a setting keeps it."""
    named: set[str] = set()
    kept: list[Finding] = []
    for one in found:
        setting = one.advice.setting if one.advice else None
        kept.append(replace(one, advice=None) if setting in named else one)
        if setting is not None:
            named.add(setting)
    return kept
