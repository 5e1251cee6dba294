"""Why an opportunity is (not) in step, as a whole. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.decide.opportunity import Send, step
from engine.decide.why.basis import held_fields, hold_of, newer, work_of
from engine.decide.why.findings import finding
from engine.decide.why.gates import gates
from engine.decide.why.people import person_line
from engine.decide.why.remedies import remedies
from engine.model.dossier import HISTORY_SHOWN_MAX
from engine.model.explanation import (
    Explanation,
    FieldFact,
    FieldLine,
    Finding,
    RecordFacts,
    Requests,
    Verdict,
)
from engine.model.fields import Scalar
from engine.model.mass_change import NEVER
from engine.model.records import RecordType
from engine.model.report import HistoryLine
from engine.model.states import State


def explain(facts: RecordFacts) -> Explanation:
    """What becomes of an opportunity, why, and what helps."""
    found = finding(facts)
    history = () if facts.dossier is None else facts.dossier.history
    follows, follows_at = _what_follows(facts, found)
    return Explanation(
        facts.ref,
        RecordType.OPPORTUNITY,
        found.verdict,
        found.cause,
        found.subject,
        gates(facts, found),
        tuple(_compared(facts, one) for one in facts.fields),
        tuple(person_line(one) for one in facts.lines),
        history[-HISTORY_SHOWN_MAX:],
        follows,
        follows_at,
        remedies(facts, found),
        facts.unseen,
        facts.others,
        facts.left_out,
        _spent_on(history),
    )


def _spent_on(history: Sequence[HistoryLine]) -> Requests | None:
    """The requests that its decisions have cost; None where none of them were counted."""
    counted = [one for one in history if one.requests is not None]
    if not counted:
        return None
    return Requests(sum(one.requests or 0 for one in counted), counted[0].at)


def _compared(facts: RecordFacts, fact: FieldFact) -> FieldLine:
    held = held_fields(facts)
    there = "?" if held is None else _shown(held.get(fact.field))
    wanted = _shown(fact.wanted)
    return FieldLine(
        fact.title,
        fact.source,
        "?" if fact.refusal is not None else wanted,
        there,
        "; ".join(_notes(facts, fact, held)),
    )


def _notes(facts: RecordFacts, fact: FieldFact, held: dict[str, Scalar] | None) -> Iterator[str]:
    if fact.refusal is not None:
        yield f"cannot be sent: {fact.refusal.text}"
        return
    if fact.blank is not None:
        yield fact.blank.text
    if fact.nearest:
        yield f"nearest: {', '.join(fact.nearest)}"
    if fact.left_alone:
        if fact.blank is None:
            yield "blank values leave it as it is"
        return
    work = work_of(facts)
    if held is None or work is None:
        return
    if isinstance(step(work, {fact.field: fact.wanted}, held), Send):
        yield "differs"


def _shown(value: Scalar) -> str:
    if value is None or value == []:
        return ""
    if isinstance(value, list):
        return ", ".join(value)
    return str(value)


def _what_follows(facts: RecordFacts, found: Finding) -> tuple[str, float | None]:
    """What happens next by itself, and when."""
    dossier = facts.dossier
    if found.verdict is Verdict.HELD:
        return "it waits until somebody approves, whatever the time", None
    if found.verdict in {Verdict.REFUSED, Verdict.NOT_ELIGIBLE, Verdict.NOT_VISIBLE}:
        return "nothing by itself: see what to do", None
    if found.verdict is Verdict.DELETED:
        return "nothing by itself", None
    hold = hold_of(facts)
    if hold is not None and hold.until is not None:
        return f"{hold.system} is asked again", hold.until
    if newer(facts):
        return "the next poll captures it", facts.next_look_at
    if dossier is None:
        return "", None
    intent = dossier.work.intent
    if found.verdict is Verdict.IN_DOUBT and intent is not None:
        return "it is looked for again", intent.look_at or None
    if dossier.state is State.PENDING and dossier.due_at < NEVER:
        return "it is tried again", dossier.due_at
    if dossier.owing is not None:
        return f"{facts.words.source} is told", dossier.owing.due_at
    if dossier.tab is not None and dossier.tab.pending and dossier.tab.due_at < NEVER:
        return "the people on its tab are looked at again", dossier.tab.due_at
    return "nothing, until the record or one of its people changes", None
