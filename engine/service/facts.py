"""What the verdicts about both systems and the service rest on, gathered at one moment."""

from __future__ import annotations

from dataclasses import replace

import anyio

from engine.assembly.assembly import Assembly
from engine.decide.reasons import kept
from engine.errors import EngineError
from engine.flow.governor import HOLD_MAX_S, Governor
from engine.mapping.telling import source_text
from engine.model.condition import Condition
from engine.model.health import RefusedRole, SystemFacts, Trouble, Withheld
from engine.model.lane import Lane
from engine.model.permissions import without
from engine.model.reason import Code
from engine.model.records import RecordType, SourceRecord
from engine.model.report import RefusedTab
from engine.service import authorising
from engine.service.why.holds import code_of_hold

# These are asked again by themselves, one request at a time.
_PROBED = frozenset({Condition.DOWN, Condition.NO_WRITES})
# Refused roles that are told one by one.
ROLES_MAX = 10
# Rows that cannot be read, likewise.
ROWS_MAX = 10
# The field that is what people call a record.
TITLE = "name"


async def systems(assembly: Assembly) -> tuple[SystemFacts, ...]:
    """Of both systems, the source first."""
    connectors, systems = assembly.config.connectors, assembly.systems
    source = _facts(assembly, connectors.source.name, systems.source_governor)
    target = _facts(assembly, connectors.target.name, systems.target_governor)
    left_out = tuple(one.text for one in assembly.mappings.mistakes)
    return (
        replace(
            source,
            title=connectors.words.source,
            polls=_polls(assembly),
            left_out=left_out,
            unreadable=assembly.poller.unreadable.told[:ROWS_MAX],
            absent=assembly.poller.absent.fields,
        ),
        replace(
            target,
            title=connectors.words.target,
            without=await _without(assembly),
            roles=await _roles(assembly),
        ),
    )


def _facts(assembly: Assembly, name: str, governor: Governor) -> SystemFacts:
    """What is known of either system."""
    now, condition = assembly.environment.clock.now(), governor.condition
    return SystemFacts(
        name,
        name,
        condition,
        asked=asked(assembly, name) > 0,
        present=_present(governor, condition, now),
        backlog=_backlog(governor, now),
        withheld=tuple(
            Withheld(error.message, now + seconds, error.remedy)
            for error, seconds in governor.withheld
        ),
    )


def asked(assembly: Assembly, name: str) -> int:
    """Requests sent to a system since the start."""
    return sum(
        int(count)
        for (connector, *_), count in assembly.metrics.api_requests.counted()
        if connector == name
    )


def _present(governor: Governor, condition: Condition, now: float) -> Trouble | None:
    held_s = governor.held_s(Lane.FRESH)
    if condition is Condition.UP or (held_s <= HOLD_MAX_S and not condition.stands_still):
        return None
    lasted_s = governor.condition_s
    return Trouble(
        governor.cause(Lane.FRESH),
        code_of_hold(governor, Lane.FRESH, now),
        None if lasted_s is None else now - lasted_s,
        # Between two pauses somebody is trying.
        now + held_s if held_s > 0 or condition in _PROBED else None,
        governor.remedy,
    )


def _backlog(governor: Governor, now: float) -> Trouble | None:
    held_s = governor.held_s(Lane.BACKLOG)
    if held_s <= HOLD_MAX_S or governor.held_s(Lane.FRESH) > 0:
        return None
    code = code_of_hold(governor, Lane.BACKLOG, now)
    return Trouble(governor.cause(Lane.BACKLOG), code, next_at=now + held_s)


def _polls(assembly: Assembly) -> Trouble | None:
    poller, now = assembly.poller, assembly.environment.clock.now()
    if poller.trouble is None:
        return None
    next_at = poller.retry_at
    return Trouble(
        f"the last {poller.failures} polls failed: {poller.trouble}",
        poller.trouble_code,
        now - poller.failing_s,
        None if next_at is None else now + max(0.0, next_at - anyio.current_time()),
        poller.remedy,
    )


async def _without(assembly: Assembly) -> tuple[str, ...]:
    """Permissions that were not granted, as far as the target has told."""
    try:
        found = await authorising.looked(assembly)
    except EngineError:
        return ()
    return tuple(without(found.missing)) if found.standing.granted is not None else ()


async def _roles(assembly: Assembly) -> tuple[RefusedRole, ...]:
    tabs = await assembly.store.report.refused_tabs(ROLES_MAX)
    return tuple([await _role(assembly, one) for one in tabs])


async def _role(assembly: Assembly, tab: RefusedTab) -> RefusedRole:
    code = kept(tab.reason_code, tab.reason).code
    generic = code in {Code.REFUSED, Code.INTERNAL_ERROR, Code.UNSPECIFIED}
    try:
        record = assembly.systems.source.read(RecordType.OPPORTUNITY, tab.payload)
    except EngineError:
        record = None
    return RefusedRole(
        tab.ref,
        "" if record is None else _title(assembly, record),
        () if record is None else await _people(assembly, record, tab),
        tab.reason,
        Code.ROLE_REFUSED if generic and tab.reason_class == "validation" else code,
        tab.since,
        tab.due_at,
    )


def _title(assembly: Assembly, record: SourceRecord) -> str:
    mapping = assembly.mappings.of(RecordType.OPPORTUNITY)
    line = next((one for one in mapping.lines if one.field.name == TITLE), None)
    return "" if line is None else source_text(mapping, record, line)


async def _people(assembly: Assembly, record: SourceRecord, tab: RefusedTab) -> tuple[str, ...]:
    """Those of the tab whose prospect lacks the role of their line."""
    lines = record.people or ()
    known = await assembly.store.people.load({one.person_id for one in lines})
    refs = [
        known[one.person_id].ref
        for one in lines
        if one.person_id in known
        and known[one.person_id].prospect_id is not None
        and (known[one.person_id].prospect_id, one.role) not in tab.roles
    ]
    return tuple(dict.fromkeys(refs))
