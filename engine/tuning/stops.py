"""What stops work altogether: an outage, a wait we were told, the budget, the fuse."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from engine.metrics.labels import LANES
from engine.tuning.readings import Allowance, Rates
from engine.tuning.stages import STAGES, WAITING, closed, owed
from engine.tuning.terms import Advice, Finding, Limit, Range, less, more

# Part of the allowance that is left while requests wait for more.
SPENT = 0.02


def outages(rates: Rates) -> Iterator[Finding]:
    """A system that is down."""
    for system, load in rates.systems.items():
        if load.down:
            yield Finding(
                Limit.OUTAGE,
                f"{system} is down: nothing to tune, the work goes on by itself when it answers",
                (f"the next request may go out in {load.paused_s:.0f} s",),
                caution="wosync status names the reason",
            )


def pauses(rates: Rates) -> Iterator[Finding]:
    """A system that told us to wait."""
    for system, load in rates.systems.items():
        if not load.down and (load.paused_s > 0 or load.told_to_wait):
            yield Finding(
                Limit.PAUSE,
                f"{system} told the service to wait: no setting makes it answer sooner",
                (
                    f"{load.told_to_wait} answers of that kind while measuring",
                    f"requests are held for another {load.paused_s:.0f} s",
                ),
                caution=f"if it happens often, lower {system}.requests_in_flight_max",
            )


def budget(rates: Rates, ranges: Mapping[str, Range]) -> Iterator[Finding]:
    """Changes that wait because requests are held to the budget."""
    allowance = rates.allowance
    if allowance is None or not owed(rates) or closed(rates, allowance.system):
        return
    held = max(allowance.held_s.values())
    if held <= 0 and not _spent_in_between(rates, allowance):
        return
    fresh = allowance.held_s[LANES[0]] > 0
    window = "year" if allowance.remaining["year"] < 1 else "hour"
    advice, caution = _advice(rates, ranges, allowance, fresh=fresh, window=window)
    until = datetime.fromtimestamp(rates.at + held, UTC).strftime("%H:%M UTC")
    when = f"helps before {until}" if held > 0 else "helps"
    unless = f", unless {advice.setting} is changed" if advice else ""
    whose = "all requests" if fresh else "the backlog, while fresh edits get through"
    yield Finding(
        Limit.BUDGET,
        f"{allowance.system}'s budget limits {whose}: no setting of ours {when}{unless}",
        (_left(allowance, window), f"{owed(rates):,} changes wait"),
        advice,
        caution if advice else "",
    )


def _spent_in_between(rates: Rates, allowance: Allowance) -> bool:
    """Many short holds: workers wait for budget, and hardly any of it is left."""
    throttled = max(rates.actors[stage.actor].throttled for stage in STAGES if stage.to_target)
    limited = [window for window, limit in allowance.limit.items() if 0 < limit < math.inf]
    nearly = any(
        allowance.remaining[window] <= SPENT * allowance.limit[window] for window in limited
    )
    return throttled >= WAITING and nearly


def _advice(
    rates: Rates, ranges: Mapping[str, Range], allowance: Allowance, *, fresh: bool, window: str
) -> tuple[Advice | None, str]:
    """The setting of the budget that holds, and what changing it costs."""
    own = f"{allowance.system}.budget"
    plan = f"only if {allowance.system} allows that many"
    if window == "year":
        per_year = rates.settings.get(f"{own}.per_year", 0.0)
        return more(rates, ranges, f"{own}.per_year", math.ceil(per_year * 1.1)), plan
    if not fresh:
        share = rates.settings.get(f"{own}.fresh_share", 0.0)
        advice = less(rates, ranges, f"{own}.fresh_share", round(share / 2, 3))
        if advice is not None:
            return advice, "fresh edits may then have to wait for the hour to end"
    # At most half of the hour is kept back, so only what lies below that has an effect.
    reserve = min(rates.settings.get(f"{own}.reserve", 0.0), allowance.limit["hour"])
    advice = less(rates, ranges, f"{own}.reserve", reserve // 2)
    if advice is not None:
        return advice, "others who share the allowance may then find it spent"
    per_hour = rates.settings.get(f"{own}.per_hour", 0.0)
    if not per_hour:
        return None, ""
    return more(rates, ranges, f"{own}.per_hour", math.ceil(per_hour * 1.5)), plan


def fuse(rates: Rates) -> Iterator[Finding]:
    """A mass change nobody approved."""
    if rates.fuse_tripped:
        yield Finding(
            Limit.FUSE,
            f"{rates.fuse_held:,} edits at once wait for: wosync approve",
            caution="look at wosync status first; fresh edits go on meanwhile",
        )


def _left(allowance: Allowance, window: str) -> str:
    limit, left = allowance.limit[window], allowance.remaining[window]
    return f"{max(0.0, left):,.0f} of {limit:,.0f} requests of the {window} are left"
