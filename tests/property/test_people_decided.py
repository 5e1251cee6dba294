"""Whatever is known of a person, and whatever is answered: a safe decision comes."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import hypothesis.strategies as st
from hypothesis import given

from engine.decide.person import carried, decide, foreseen, refused_still, standing
from engine.model.intent import Intent
from engine.model.person import Likeness, Person, PersonFacts, Sought
from engine.model.records import SourceRecord
from engine.model.verdict import (
    Adopt,
    Ask,
    Create,
    Decision,
    Linked,
    LostLink,
    NotExecuted,
    Question,
    Tell,
)
from engine.model.work import Failure
from tests.unit.engine.stand_ins import said

NOW = 1_000_000.0
TIMES = st.sampled_from([None, NOW - 100_000, NOW - 400, NOW - 5, NOW, NOW + 50, NOW + 500])
IDS = st.sampled_from([None, "7", "8", "x7", ""])
VERSIONS = st.sampled_from([None, 3, 4])
REFUSAL = Failure("validation", "emails", said("no"))

INTENTS = st.none() | st.builds(
    Intent,
    st.just("then@b.example"),
    st.just(NOW),
    TIMES,
    st.just(0),
    st.integers(0, 9),
)
PEOPLE = st.builds(
    Person,
    id=st.just(31),
    ref=st.just("PERS-31"),
    version=st.just(3),
    read_at=st.just(NOW),
    prospect_id=st.sampled_from([None, 7]),
    delivered_id=st.sampled_from([None, "7"]),
    delivered_version=VERSIONS,
    refused_version=VERSIONS,
    intent=INTENTS,
    reason=st.sampled_from([None, "why"]),
    email=st.sampled_from([None, "then@b.example"]),
    failed_at=TIMES,
    taken_at=TIMES,
    retry_at=st.sampled_from([0.0, NOW + 9, NOW + 1_000]),
)
RECORDS = st.builds(
    SourceRecord,
    id=st.just(31),
    ref=st.just("PERS-31"),
    version=st.just(3),
    updated_at=st.just(0),
    sync=st.booleans(),
    error=st.booleans(),
    target_id=IDS,
    target_url=st.sampled_from([None, "there"]),
    columns=st.just({}),
)
SOUGHT = st.builds(
    Sought, st.sampled_from([None, 7, 9]), st.sampled_from([None, REFUSAL]), st.just(NOW)
)
LIKENESS = st.builds(
    Likeness,
    st.just({}),
    st.sampled_from([None, "now@b.example"]),
    st.sampled_from([None, None, REFUSAL]),
)


@st.composite
def decided(draw: st.DrawFn) -> tuple[PersonFacts, list[Question], Decision]:
    """The last of the facts, all that was asked on the way there, and the decision."""
    missing: Literal["create", "link", "skip"] = draw(st.sampled_from(["create", "link", "skip"]))
    facts = PersonFacts(
        draw(RECORDS), draw(st.none() | PEOPLE), NOW, missing, 300.0, "emails", "there"
    )
    asked: list[Question] = []
    while True:
        found = decide(facts)
        match found:
            case Ask(question):
                asked.append(question)
                facts = draw(answered(facts, question))
            case NotExecuted(known):
                facts = replace(facts, known=known)
            case LostLink():
                facts = replace(facts, known=None)
            case _:
                return facts, asked, found


@st.composite
def answered(draw: st.DrawFn, facts: PersonFacts, question: Question) -> PersonFacts:
    """The facts with any answer to the question."""
    match question:
        case Question.IN_DOUBT:
            return replace(facts, in_doubt=draw(SOUGHT))
        case Question.THERE:
            return replace(facts, there=draw(st.booleans()))
        case Question.LIKENESS:
            return replace(facts, likeness=draw(LIKENESS))
        case Question.ADDRESS:
            return replace(facts, found=draw(SOUGHT))


@given(decided())
def test_every_question_is_asked_once_at_most(
    course: tuple[PersonFacts, list[Question], Decision],
) -> None:
    """So a decision always comes."""
    _, asked, _ = course

    assert len(asked) == len(set(asked))


@given(decided())
def test_nobody_is_created_who_may_be_there(
    course: tuple[PersonFacts, list[Question], Decision],
) -> None:
    """Only who carries no id, is in no doubt, was not refused, and was looked for in vain."""
    facts, _, decision = course
    if not isinstance(decision, Create):
        return

    assert facts.missing == "create"
    assert facts.record.eligible
    assert carried(facts.known, facts.record) is None
    assert facts.found is not None
    assert (facts.found.prospect_id, facts.found.refusal) == (None, None)
    if facts.known is not None:
        assert facts.known.doubt_since is None
        assert facts.known.prospect_id is None
        assert not refused_still(facts.known, facts.record)


@given(decided())
def test_nobody_is_told_an_id_who_carries_one(
    course: tuple[PersonFacts, list[Question], Decision],
) -> None:
    """What somebody has entered is never written over."""
    facts, _, decision = course
    held = carried(facts.known, facts.record)

    if isinstance(decision, Tell | Adopt | Create):
        assert held is None
    if isinstance(decision, Linked):
        assert str(decision.prospect_id) == held
        assert decision.owed is None or decision.owed.target_id is None


@given(decided())
def test_the_fuse_hears_the_prospect_that_would_be_said(
    course: tuple[PersonFacts, list[Question], Decision],
) -> None:
    """Foreseeing and doing are one decision."""
    _, _, decision = course
    told, would = standing(decision), foreseen(decision)

    if told is not None:
        assert would is not None
        assert replace(would, would="") == told
