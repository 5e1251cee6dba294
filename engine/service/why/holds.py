"""What keeps requests from a system now, as a reason of the catalogue."""

from __future__ import annotations

from collections.abc import Iterator

from engine.assembly.assembly import Assembly
from engine.flow.governor import HOLD_MAX_S, Governor
from engine.model.condition import Condition
from engine.model.explanation import Hold
from engine.model.lane import Lane
from engine.model.reason import Code, code_of

_CODES = {
    Condition.CREDENTIALS_REFUSED: Code.CREDENTIALS_REFUSED,
    Condition.DOWN: Code.UNANSWERED,
    Condition.NO_WRITES: Code.UNANSWERED,
    Condition.THROTTLED: Code.THROTTLED,
}


def holds(assembly: Assembly, lane: Lane) -> tuple[Hold, ...]:
    """Of both systems, for a record of this lane."""
    systems, now = assembly.systems, assembly.environment.clock.now()
    return tuple(
        hold
        for name, governor in systems.governors(assembly.config).items()
        for hold in _of(name, governor, lane, now, of_source=governor is systems.source_governor)
    )


def _of(
    name: str, governor: Governor, lane: Lane, now: float, *, of_source: bool
) -> Iterator[Hold]:
    held_s, condition = governor.held_s(lane), governor.condition
    if held_s <= HOLD_MAX_S and not condition.stands_still:
        return
    cause = governor.cause(lane)
    until = now + held_s if held_s > 0 else None
    yield Hold(of_source, name, code_of_hold(governor, lane, now), cause, until)


def code_of_hold(governor: Governor, lane: Lane, now: float) -> Code:
    """The kind of what keeps requests of this lane from a system."""
    known = _CODES.get(governor.condition)
    cause = governor.cause(lane)
    if governor.condition is Condition.MISCONFIGURED:
        # What is refused may say more than that it is.
        return code_of(cause) or Code.CONFIGURATION_WRONG
    code = known or code_of(cause)
    if code is None and governor.paused_s <= 0:
        code = governor.budget.code(now, backlog=lane is Lane.BACKLOG)
    return code or Code.SYSTEM_PAUSED
