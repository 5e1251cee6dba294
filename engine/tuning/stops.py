"""What stops work altogether: an outage, a wait we were told, the budget, the fuse."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from engine.metrics.labels import LANES
from engine.model.condition import Condition
from engine.tuning.readings import Allowance, Rates
from engine.tuning.stages import STAGES, WAITING, closed, owed
from engine.tuning.terms import Advice, Finding, Limit, Range, less, more

_REFUSING = frozenset({Condition.CREDENTIALS_REFUSED, Condition.MISCONFIGURED})
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


def refusals(rates: Rates) -> Iterator[Finding]:
    """A system that lets nobody in, which is no matter of speed."""
    for system, load in rates.systems.items():
        if load.condition in _REFUSING:
            yield Finding(
                Limit.OUTAGE,
                f"{system} refuses the service: nothing to tune, the work goes on by itself once"
                " that is mended",
                (f"the next request may go out in {load.paused_s:.0f} s",),
                caution="wosync status names the cause and the remedy",
            )


def pauses(rates: Rates) -> Iterator[Finding]:
    """A system that told us to wait, or one that is asked nothing for a cause of its own."""
    for system, load in rates.systems.items():
        if load.down or load.condition in _REFUSING:
            continue
        held = f"requests are held for another {load.paused_s:.0f} s"
        if load.told_to_wait or load.condition == Condition.THROTTLED:
            yield Finding(
                Limit.PAUSE,
                f"{system} told the service to wait: no setting makes it answer sooner",
                (f"{load.told_to_wait} answers of that kind while measuring", held),
                caution=f"if it happens often, lower {system}.requests_in_flight_max",
            )
        elif load.paused_s > 0:
            # Such as the wait for an access token: nothing is slow, and nothing is to be lowered.
            yield Finding(
                Limit.PAUSE,
                f"{system} is paused: no setting makes it go on sooner",
                (held,),
                caution="wosync status names the cause",
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
    kept_back = tuple(_kept_back(rates, allowance, fresh=fresh, window=window))
    by = f", by its {' and its '.join(name for name, _ in kept_back)}" if kept_back else ""
    yield Finding(
        Limit.BUDGET,
        f"{allowance.system}'s budget limits {whose}{by}: no setting of ours {when}{unless}",
        (
            _left(allowance, window),
            *(f"{name} keeps back {what}" for name, what in kept_back),
            f"{owed(rates):,} changes wait",
        ),
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


def _kept_back(
    rates: Rates, allowance: Allowance, *, fresh: bool, window: str
) -> Iterator[tuple[str, str]]:
    """The settings of the budget that keep something of the hour back, and what that is."""
    own, limit = f"{allowance.system}.budget", allowance.limit["hour"]
    if window != "hour" or math.isinf(limit):
        return
    share = rates.settings.get(f"{own}.fresh_share", 0.0)
    if not fresh and share:
        yield "fresh_share", f"{int(limit * share):,} of {limit:,.0f} requests for fresh edits"
    reserve = rates.settings.get(f"{own}.reserve", 0.0)
    if reserve:
        # No more than half of the whole is ever left to others.
        yield "reserve", f"{min(reserve, limit):,.0f} requests of the hour for others"


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
