"""Why: the verdict, the gates and the remedy, from facts alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.decide.reasons import ENTRIES
from engine.decide.why.basis import as_kept
from engine.decide.why.document import document
from engine.decide.why.explain import explain
from engine.decide.why.remedies import steps
from engine.model.claim import Claim
from engine.model.dossier import Dossier, Owing, TabDossier
from engine.model.explanation import (
    FieldFact,
    Hold,
    LineFact,
    RecordFacts,
    SourceLook,
    TargetLook,
    Verdict,
)
from engine.model.history import LEFT_OUT
from engine.model.intent import Intent
from engine.model.lane import Lane
from engine.model.mass_change import Mass
from engine.model.outbox import Owed
from engine.model.person import Likeness, PersonFacts
from engine.model.reason import Cause, Code, Words
from engine.model.records import SourceRecord
from engine.model.report import HistoryLine
from engine.model.states import State
from engine.model.work import Work

NOW = 1_000_000.0
WORDS = Words("Source", "Target", "Sync box", "Error box", "Target Id")
RECORD = SourceRecord(
    id=7,
    ref="OPP-7",
    version=3,
    updated_at=int(NOW),
    sync=True,
    error=False,
    target_id="41",
    target_url="https://target.example/41",
    columns={"name": "Crane"},
)
WORK = Work(
    id=7,
    ref="OPP-7",
    version=3,
    revision=1,
    pending_since=NOW - 60,
    proved_at=NOW - 30,
    lane=Lane.FRESH,
    mass=Mass.NONE,
    payload="{}",
    attempts=0,
    failed_since=None,
    failed_at=None,
    target_id=41,
    gone_id=None,
    synced={"name": "Crane"},
    delivered_id="41",
    delivered_version=3,
    owes_id=False,
    intent=None,
)
TOO_LONG = Cause(Code.VALUE_TOO_LONG, "name: 300 characters long", "validation", "name")
OUTAGE = Hold(False, "Target", Code.UNANSWERED, "no answer", NOW + 90)


def dossier(state: State = State.SETTLED, **given: Any) -> Dossier:
    """An opportunity that is linked and at rest, but for what is given."""
    work = replace(WORK, **given.pop("work", {}))
    known: dict[str, Any] = {
        "due_at": NOW + 5,
        "captured_at": NOW - 60,
        "cause": None,
        "carried": 41,
        "flagged": False,
        "owing": None,
        "owner": None,
        "tab": None,
        "awaited": (),
        "people": (),
        "history": (),
    }
    return Dossier(work, state, **(known | given))


def facts(kept: Dossier | None = None, **given: Any) -> RecordFacts:
    """What is looked at: all of it is well, but for what is given."""
    record = given.pop("record", RECORD)
    known: dict[str, Any] = {
        "source": SourceLook(NOW, record),
        "target": TargetLook(NOW, 41, {"name": "Crane"}),
        "fields": (FieldFact("name", "name", "Crane", "Crane"),),
    }
    return RecordFacts(NOW, WORDS, "OPP-7", kept or dossier(), record, **(known | given))


def found(of: RecordFacts) -> tuple[Verdict, Code | None]:
    """The verdict, and the code of its reason."""
    explanation = explain(of)
    cause = explanation.cause
    return explanation.verdict, None if cause is None else cause.code


def test_what_agrees_is_in_step_and_every_gate_is_open() -> None:
    """Nothing is to be done then."""
    explanation = explain(facts())

    assert (explanation.verdict, explanation.cause) == (Verdict.IN_STEP, None)
    assert {gate.passed for gate in explanation.gates} == {True}
    assert explanation.remedies == ()


CASES: dict[str, tuple[RecordFacts, Verdict, Code]] = {
    "deleted": (
        facts(source=SourceLook(NOW, None, deleted=True)),
        Verdict.DELETED,
        Code.RECORD_DELETED,
    ),
    "hidden": (facts(source=SourceLook(NOW, None)), Verdict.NOT_VISIBLE, Code.RECORD_HIDDEN),
    "unticked": (
        facts(record=replace(RECORD, sync=False)),
        Verdict.NOT_ELIGIBLE,
        Code.SYNC_OFF,
    ),
    "flagged by somebody": (
        facts(record=replace(RECORD, error=True)),
        Verdict.NOT_ELIGIBLE,
        Code.ERROR_FLAG_SET,
    ),
    "flagged by us": (
        facts(dossier(State.REFUSED, cause=TOO_LONG), record=replace(RECORD, error=True)),
        Verdict.REFUSED,
        Code.VALUE_TOO_LONG,
    ),
    "flag of ours on its way": (
        facts(dossier(State.REFUSED, cause=TOO_LONG)),
        Verdict.REFUSED,
        Code.VALUE_TOO_LONG,
    ),
    "left out with a flag of ours": (
        facts(
            dossier(State.INELIGIBLE, cause=TOO_LONG, flagged=True),
            record=replace(RECORD, error=True),
        ),
        Verdict.REFUSED,
        Code.VALUE_TOO_LONG,
    ),
    "flag reset, and not captured": (
        facts(dossier(State.REFUSED, cause=TOO_LONG), record=replace(RECORD, version=4)),
        Verdict.WAITS,
        Code.NOT_CAPTURED_YET,
    ),
    "held": (
        facts(dossier(State.PENDING, work={"mass": Mass.HELD})),
        Verdict.HELD,
        Code.MASS_CHANGE_HELD,
    ),
    "its people held": (
        facts(dossier(tab=TabDossier(True, Mass.HELD, NOW, None, False, None, ()))),
        Verdict.HELD,
        Code.MASS_CHANGE_HELD,
    ),
    "an outage": (facts(dossier(State.PENDING), holds=(OUTAGE,)), Verdict.WAITS, Code.UNANSWERED),
    "creates paused": (
        facts(
            dossier(State.PENDING, work={"target_id": None, "delivered_id": None}),
            record=replace(RECORD, target_id=None),
            creates_paused="another service writes",
            target=None,
        ),
        Verdict.WAITS,
        Code.CREATES_PAUSED,
    ),
    "its turn": (facts(dossier(State.PENDING)), Verdict.WAITS, Code.WAITS_ITS_TURN),
    "an id that is none": (
        facts(
            dossier(State.PENDING, work={"delivered_id": None}),
            record=replace(RECORD, target_id="see e-mail"),
        ),
        Verdict.REFUSED,
        Code.TARGET_ID_MALFORMED,
    ),
    "in doubt": (
        facts(dossier(State.PENDING, work={"intent": Intent("OPP-7", NOW - 9, NOW - 8, 1)})),
        Verdict.IN_DOUBT,
        Code.CREATE_IN_DOUBT,
    ),
    "gone": (facts(target=TargetLook(NOW, 41, None)), Verdict.DELETED, Code.TARGET_GONE),
    "owed": (
        facts(
            dossier(
                owing=Owing(
                    Owed(target_id="41"),
                    NOW,
                    3,
                    Cause(Code.WRITE_BACK_REFUSED, "no", "validation"),
                )
            )
        ),
        Verdict.WAITS,
        Code.WRITE_BACK_REFUSED,
    ),
    "the source is out": (
        facts(source=None, holds=(replace(OUTAGE, of_source=True),)),
        Verdict.WAITS,
        Code.UNANSWERED,
    ),
    "roles in doubt": (
        facts(dossier(tab=TabDossier(True, Mass.NONE, NOW, NOW - 5, False, None, ()))),
        Verdict.IN_DOUBT,
        Code.ROLES_IN_DOUBT,
    ),
    "a person is hidden": (
        facts(lines=(LineFact(5, "Buyer", "PERS-5", hidden=True),)),
        Verdict.WAITS,
        Code.PERSON_HIDDEN,
    ),
    "a field will be refused": (
        facts(
            record=replace(RECORD, version=4),
            fields=(FieldFact("name", "name", "x", refusal=TOO_LONG),),
        ),
        Verdict.REFUSED,
        Code.VALUE_TOO_LONG,
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_each_thing_in_the_way_has_its_verdict_and_its_reason(
    case: tuple[RecordFacts, Verdict, Code],
) -> None:
    """The first on the way counts, and it comes with what is to be done."""
    of, verdict, code = case

    assert found(of) == (verdict, code)
    assert code in {one.code for one in explain(of).remedies}


def test_our_own_write_back_is_no_change_that_waits() -> None:
    """The source shows a version that we made."""
    of = facts(dossier(work={"delivered_version": 4}), record=replace(RECORD, version=4))

    assert found(of)[0] is Verdict.IN_STEP


def test_an_outage_of_the_target_is_no_matter_of_what_is_at_rest() -> None:
    """Nothing is to be sent."""
    assert found(facts(holds=(OUTAGE,)))[0] is Verdict.IN_STEP


def test_a_mended_field_leaves_the_flag_alone_to_be_reset() -> None:
    """Whoever has mended it must not look for what is wrong."""
    refused = dossier(State.REFUSED, cause=TOO_LONG)
    flagged = replace(RECORD, error=True)
    still = FieldFact("name", "name", "x", refusal=TOO_LONG)

    [mended] = explain(facts(refused, record=flagged)).remedies
    [wrong, *_] = explain(facts(refused, record=flagged, fields=(still,))).remedies

    assert mended.steps == ("Reset Error box: what it was refused for is mended.",)
    assert len(wrong.steps) > 1
    assert not any("reset Error box" in one for one in wrong.steps)
    by_hand = replace(facts(refused, record=flagged, fields=(still,)), healing=False)
    assert any("reset Error box" in one for one in explain(by_hand).remedies[0].steps)


def test_a_flag_is_told_by_who_set_it() -> None:
    """Ours with its reason."""
    history = (HistoryLine(NOW, 3, "refused", "name: too long"),)
    flagged = replace(RECORD, error=True)
    ours = facts(dossier(State.REFUSED, cause=TOO_LONG, flagged=True, history=history))

    def seen(of: RecordFacts) -> str:
        [gate] = [one for one in explain(of).gates if one.name == "Error box is off"]
        return gate.seen

    assert seen(replace(ours, record=flagged)) == "set by this service: name: too long"
    assert seen(facts(record=flagged)) == "set, and not by this service"


def test_a_person_who_waits_is_named_with_what_is_to_be_done() -> None:
    """A remedy for somebody unnamed sends people to the wrong record."""
    person = replace(RECORD, ref="PERS-5", target_id=None)
    asked = PersonFacts(
        person,
        None,
        NOW,
        missing="create",
        visibility_s=300,
        email_field="emails",
        likeness=Likeness({}, None),
    )
    line = LineFact(5, "Buyer", "PERS-5", "Ada King", facts=asked)

    explanation = explain(facts(lines=(line,)))

    assert explanation.subject == "PERS-5"
    assert explanation.people[0].code is Code.PERSON_WITHOUT_EMAIL
    assert [one.subject for one in explanation.remedies] == ["PERS-5"]


def test_the_owner_of_a_copied_id_is_named() -> None:
    """Which of the two keeps it is what people want to know."""
    of = facts(dossier(owner=Claim(3, "OPP-3", NOW, owed=False)))

    [gate] = [one for one in explain(of).gates if "no other record" in one.name]

    assert (gate.passed, gate.seen) == (False, "id 41 is that of OPP-3")


def test_a_field_that_differs_is_marked() -> None:
    """Somebody edited the target since."""
    of = facts(target=TargetLook(NOW, 41, {"name": "Bridge"}))

    [line] = explain(of).fields

    assert (line.wanted, line.held, line.note) == ("Crane", "Bridge", "differs")


def test_what_follows_has_a_time_where_there_is_one() -> None:
    """ "When" is half of the question."""
    held = explain(facts(dossier(State.PENDING), holds=(OUTAGE,)))
    due = explain(facts(dossier(State.PENDING)))

    assert (held.follows, held.follows_at) == ("Target is asked again", NOW + 90)
    assert (due.follows, due.follows_at) == ("it is tried again", NOW + 5)


@pytest.mark.parametrize("code", Code)
def test_every_remedy_is_whole_steps(code: Code) -> None:
    """None is cut in the middle, and none is lost."""
    taken = steps(code, WORDS)
    whole = ENTRIES[code].worded(WORDS).remedy

    assert all(one[0].isupper() and one.endswith(".") for one in taken)
    assert sum(len(one) for one in taken) >= len(whole.replace("; ", "")) - 2 * len(taken)


def test_a_record_is_told_by_the_state_alone() -> None:
    """While no service runs, its row cannot be opened."""
    line = HistoryLine(NOW, 3, LEFT_OUT, "sync is off", Code.SYNC_OFF)
    unticked = as_kept(dossier(State.INELIGIBLE, history=(line,)))
    refused = as_kept(dossier(State.REFUSED, cause=TOO_LONG))

    assert (unticked.sync, unticked.error) == (False, False)
    assert (refused.sync, refused.error, refused.target_id) == (True, True, "41")


def test_the_document_has_every_part() -> None:
    """Programs go by the names."""
    told = document(explain(facts()))

    assert (told["schema_version"], told["verdict"], told["code"]) == (1, "in step", None)
    assert {"gates", "fields", "people", "history", "next", "remedies", "unseen"} <= told.keys()
