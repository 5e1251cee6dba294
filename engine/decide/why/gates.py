"""The gates a record has to pass, in their order, with what was seen at each. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from engine.decide.opportunity import Create, Reconcile, course, held_target_id
from engine.decide.why.basis import hold_of, is_due, newer, work_of
from engine.model.explanation import Finding, Gate, RecordFacts
from engine.model.mass_change import Mass
from engine.model.records import SourceRecord
from engine.model.why import Verdict

REFUSED = "refused"


def gates(facts: RecordFacts, found: Finding) -> tuple[Gate, ...]:
    """Every gate; behind the first that is closed the others are looked at all the same."""
    return tuple(
        gate
        for part in (_of_source(facts), _of_state(facts), _of_target(facts, found))
        for gate in part
    )


def _of_source(facts: RecordFacts) -> Iterator[Gate]:
    look, record, words = facts.source, facts.record, facts.words
    seen_at = _seen_at(facts)
    if look is None:
        told = None if record is None else True
        yield Gate(f"exists in {words.source}", told, _when_known(record), seen_at)
        yield Gate("visible to our user", told, _when_known(record), seen_at)
    else:
        there = look.record is not None
        exists = "it shows the record" if there else "among the deleted records"
        if not there and not look.deleted:
            exists = "it shows no such record: deleted, or hidden"
        known = True if there else False if look.deleted else None
        yield Gate(f"exists in {words.source}", known, exists, look.at)
        yield Gate("visible to our user", there, "shown" if there else "not shown", look.at)
    if record is None:
        return
    yield Gate(f"{words.sync} is ticked", record.sync, _yes(record.sync), seen_at)
    yield Gate(f"{words.error} is off", not record.error, _by_whom(facts, record), seen_at)


def _seen_at(facts: RecordFacts) -> float | None:
    if facts.source is not None:
        return facts.source.at
    return None if facts.dossier is None else facts.dossier.work.proved_at


def _when_known(record: SourceRecord | None) -> str:
    return "not known" if record is None else "as it was last shown"


def _yes(ticked: bool) -> str:
    return "yes" if ticked else "no"


def _by_whom(facts: RecordFacts, record: SourceRecord) -> str:
    """Who set the flag: we, with the reason and when, or somebody."""
    if not record.error:
        return "off"
    dossier = facts.dossier
    refusal = None
    if dossier is not None and dossier.flagged:
        refusal = next((one for one in reversed(dossier.history) if one.decision == REFUSED), None)
    if refusal is None:
        return "set, and not by this service"
    return f"set by this service: {refusal.detail}"


def _of_state(facts: RecordFacts) -> Iterator[Gate]:
    dossier = facts.dossier
    if dossier is None:
        yield Gate("captured", False, "never")
        return
    captured = not newer(facts)
    known = f"version {dossier.work.version}"
    if not captured and facts.source is not None and facts.source.record is not None:
        known += f", {facts.words.source} shows {facts.source.record.version}"
    yield Gate("captured", captured, known, dossier.captured_at)
    if (skip := dossier.work.skip) is not None:
        yield Gate("not skipped by an operator", False, skip.reason, skip.since)
    masses = [dossier.work.mass, Mass.NONE if dossier.tab is None else dossier.tab.mass]
    held = any(mass in (Mass.EVALUATING, Mass.HELD) for mass in masses)
    yield Gate("not held by the fuse", not held, "held" if held else "not held")


def _of_target(facts: RecordFacts, found: Finding) -> Iterator[Gate]:
    record, work = facts.record, work_of(facts)
    hold = hold_of(facts) if is_due(facts) else None
    others = [one for one in facts.holds if one is not hold]
    seen = "no pause, and the budget lets it through"
    if hold is not None:
        seen = f"{hold.system}: {hold.cause}"
    elif others:
        seen = "; ".join(f"{one.system}: {one.cause}" for one in others)
    until = None if hold is None else hold.until
    yield Gate("no pause, and budget left", hold is None and not others, seen, until)
    if record is None or work is None:
        return
    way = course(work, record)
    if isinstance(way, Create) and facts.creates_paused is not None:
        yield Gate("creates are not paused", False, facts.creates_paused)
    owner = None if facts.dossier is None else facts.dossier.owner
    carried = held_target_id(work, record)
    claimed = "carries no id" if carried is None else f"id {carried} is its own"
    if owner is not None:
        claimed = f"id {carried} is that of {owner.ref}"
    yield Gate("its id is no other record's", owner is None, claimed)
    doubted = work.intent is not None and work.intent.doubt_since is not None
    since = None if work.intent is None else work.intent.doubt_since
    doubt = "a create may have been executed" if doubted else "no create is in doubt"
    yield Gate("no create in doubt", not doubted, doubt, since)
    yield _there(facts, found, way.target_id if isinstance(way, Reconcile) else work.target_id)


def _there(facts: RecordFacts, found: Finding, target_id: int | None) -> Gate:
    name = f"exists in {facts.words.target}, and not in its trash"
    if facts.target is not None:
        there = facts.target.fields is not None
        seen = f"id {facts.target.target_id}"
        return Gate(name, there, seen if there else f"{seen} is not there", facts.target.at)
    if target_id is None:
        created = found.verdict not in {Verdict.IN_STEP}
        return Gate(name, None, "not created yet" if created else "not known")
    return Gate(name, None, f"id {target_id}, not looked at")
