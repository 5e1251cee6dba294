"""What is said of a system and of the service: the cause, since when, until when, what helps. Pure.

The reasons and their remedies are the catalogue's, as everywhere; what a system's own answer says
helps comes before what the catalogue knows of its kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from engine.decide.reasons import because
from engine.decide.why.remedies import steps
from engine.model.condition import Health
from engine.model.health import Matter, RefusedRole, ServiceFacts, SystemFacts, Trouble, Verdict
from engine.model.reason import Code, Words

SERVICE = "service"
_AFTER_A_RELOAD = (
    "correct what it names and run: wosync reload; what cannot change while the service runs needs"
    " a restart, or its old value back"
)
# The most serious first, for whoever shows one of several.
_SERIOUS = (
    Health.STANDS_STILL,
    Health.WAITS,
    Health.WORKS_IN_PART,
    Health.NOT_KNOWN,
    Health.WORKS,
)


def system(facts: SystemFacts, words: Words) -> Verdict:
    """How a system does, and everything about it that is in the way of something."""
    stopped = [*_present(facts, words), *_polls(facts, words)]
    parts = [
        *_permissions(facts, words),
        *_left_out(facts, words),
        *_absent(facts, words),
        *_unreadable(facts, words),
        *(_role(role, words) for role in facts.roles),
        *_backlog(facts, words),
    ]
    health = Health.WORKS
    if stopped:
        waits = not facts.condition.stands_still and stopped[0].next_at is not None
        health = Health.WAITS if waits else Health.STANDS_STILL
    elif parts:
        health = Health.WORKS_IN_PART
    elif not facts.asked:
        health = Health.NOT_KNOWN
    return Verdict(facts.name, facts.title, health, (*stopped, *parts))


def service(facts: ServiceFacts, words: Words) -> Verdict:
    """How the service itself does."""
    title = "The service"
    if facts.stopping:
        return Verdict(SERVICE, title, Health.WAITS, (Matter(None, "it stops"),))
    if facts.stalled:
        text = f"no progress in: {', '.join(facts.stalled)}"
        remedy = ("Nothing, if its supervisor restarts it; if there is none, restart it.",)
        return Verdict(SERVICE, title, Health.STANDS_STILL, (Matter(None, text, remedy=remedy),))
    if not facts.started:
        return Verdict(SERVICE, title, Health.WAITS, (_start(facts.waiting, words),))
    matters = tuple(_own(facts, words))
    if not facts.polled:
        first = Matter(None, "the first poll is under way")
        return Verdict(SERVICE, title, Health.WAITS, (first, *matters))
    return Verdict(SERVICE, title, Health.WORKS_IN_PART if matters else Health.WORKS, matters)


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """The one to be shown where there is room for one; of equals the first."""
    return min(verdicts, key=lambda one: _SERIOUS.index(one.health))


def documents(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """As JSON can carry them: the first matter is told as the verdict's own."""
    return [_document(one) for one in verdicts]


def _document(verdict: Verdict) -> dict[str, Any]:
    told = [_told_matter(one) for one in verdict.matters]
    first = told[0] if told else _told_matter(Matter(None, ""))
    return {
        "name": verdict.name,
        "title": verdict.title,
        "verdict": verdict.health.value,
        **first,
        "matters": told,
    }


def _told_matter(matter: Matter) -> dict[str, Any]:
    return {
        "code": None if matter.code is None else matter.code.value,
        "cause": matter.text,
        "subject": matter.subject,
        "since": matter.since,
        "next_at": matter.next_at,
        "remedy": list(matter.remedy),
    }


def _steps(code: Code, words: Words, own: str | None = None) -> tuple[str, ...]:
    """What helps: as the system's own answer says it, or as the catalogue does."""
    if own:
        text = own[0].upper() + own[1:]
        return (text if text.endswith(".") else f"{text}.",)
    return steps(code, words)


def _present(facts: SystemFacts, words: Words) -> Iterator[Matter]:
    if facts.present is None:
        return
    yield _told(facts.present, words)


def _polls(facts: SystemFacts, words: Words) -> Iterator[Matter]:
    # A system that is asked nothing is not polled either: that is said once.
    if facts.polls is not None and facts.present is None:
        yield _told(facts.polls, words)


def _backlog(facts: SystemFacts, words: Words) -> Iterator[Matter]:
    if facts.backlog is not None and facts.present is None:
        text = f"the backlog waits, and fresh edits go on: {facts.backlog.text}"
        told = _told(facts.backlog, words)
        yield Matter(told.code, text, "", told.since, told.next_at, told.remedy)


def _told(trouble: Trouble, words: Words) -> Matter:
    remedy = _steps(trouble.code, words, trouble.remedy)
    return Matter(trouble.code, trouble.text, "", trouble.since, trouble.next_at, remedy)


def _permissions(facts: SystemFacts, words: Words) -> Iterator[Matter]:
    code = Code.NOT_GRANTED
    tried_at = min((one.next_at for one in facts.withheld if one.next_at), default=None)
    for missing in facts.without:
        yield Matter(code, missing, "", None, tried_at, _steps(code, words))
    if not facts.without:
        for one in facts.withheld:
            yield Matter(code, one.text, "", None, one.next_at, _steps(code, words, one.remedy))


def _left_out(facts: SystemFacts, words: Words) -> Iterator[Matter]:
    code = Code.MAPPING_LINE_LEFT_OUT
    for line in facts.left_out:
        yield Matter(code, str(because(code, detail=line)), remedy=steps(code, words))


def _unreadable(facts: SystemFacts, words: Words) -> Iterator[Matter]:
    code = Code.ROW_UNREADABLE
    for why in facts.unreadable:
        yield Matter(code, str(because(code, detail=why)), remedy=steps(code, words))


def _absent(facts: SystemFacts, words: Words) -> Iterator[Matter]:
    code = Code.COLUMN_ABSENT
    for title, columns in facts.absent.items():
        text = str(because(code, columns=", ".join(columns)))
        yield Matter(code, text, title, remedy=steps(code, words))


def _role(role: RefusedRole, words: Words) -> Matter:
    record = f"{role.record} {role.name}".strip()
    people = f" of {', '.join(role.people)}" if role.people else ""
    text = f"a line{people} on its People tab is refused: {role.text}"
    return Matter(role.code, text, record, role.since, role.next_at, steps(role.code, words))


def _start(waiting: Trouble | None, words: Words) -> Matter:
    if waiting is None:
        return Matter(None, "it starts")
    told = _told(waiting, words)
    text = f"its start waits: {waiting.text}"
    # A pause has its cause in the verdict of the system that it is a pause of.
    own = () if told.code is Code.SYSTEM_PAUSED else told.remedy
    return Matter(told.code, text, "", told.since, told.next_at, own)


def _own(facts: ServiceFacts, words: Words) -> Iterator[Matter]:
    if facts.held:
        code = Code.MASS_CHANGE_HELD
        text = f"{facts.held:,} edits at once are held until somebody approves them"
        yield Matter(code, text, since=facts.held_since, remedy=steps(code, words))
    if facts.creates_paused:
        code = Code.CREATES_PAUSED
        text = str(because(code, cause=facts.creates_paused))
        yield Matter(code, text, remedy=steps(code, words))
    if facts.reload_refused:
        code, own = Code.CONFIGURATION_WRONG, _AFTER_A_RELOAD
        text = f"the last reload was refused: {facts.reload_refused}"
        yield Matter(code, text, remedy=_steps(code, words, own))
    for clock in facts.clocks:
        yield Matter(None, clock, remedy=("Have the clocks of that system's servers set right.",))
