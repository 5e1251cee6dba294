"""What becomes of a person: every fact that decides, and what is asked for before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.decide.doubt import RESEND_S
from engine.decide.person import (
    INVISIBLE_RETRY_S,
    NEGATIVE_S,
    WAIT_MAX_S,
    WOULD_CREATE,
    address_taken,
    carried,
    counts_for_s,
    create_failed,
    decide,
    foreseen,
    hold_back,
    outdated,
    prospect_gone,
    remembered,
    standing,
)
from engine.decide.retry import SPACING_S, SPACING_SPREAD
from engine.errors import (
    Conflict,
    Gone,
    HeldBack,
    OurFault,
    Rejected,
    Taken,
    TheirFault,
    Unreachable,
)
from engine.model.intent import Intent
from engine.model.outbox import Owed
from engine.model.person import Candidate, Likeness, Person, PersonFacts, Sought, Standing
from engine.model.records import SourceRecord
from engine.model.verdict import (
    Adopt,
    Ask,
    Create,
    Created,
    Decision,
    Forbid,
    HoldBack,
    Keep,
    Linked,
    Lose,
    LostLink,
    NotExecuted,
    Question,
    Refuse,
    Tell,
    Unseen,
    Wait,
    Weigh,
    Withdraw,
)
from engine.model.work import Failure
from tests.unit.engine.stand_ins import said

NOW = 1_000_000.0
LAG_S = 300.0
URL = "https://target.example/prospects/7"
EMAIL = "ada@customer.example"
FIELDS = {"emails": [EMAIL]}
LIKE = Likeness(FIELDS, EMAIL)
NOT_LOOKED_FOR = Failure("validation", "emails", said("not looked for"))
NOBODY = Sought(None, None, NOW)
SOMEBODY = Sought(7, None, NOW)
UNKNOWN = Sought(None, NOT_LOOKED_FOR, NOW)


def source(
    target_id: str | None = None,
    *,
    sync: bool = True,
    error: bool = False,
    url: str | None = None,
    version: int = 3,
) -> SourceRecord:
    """The person as the source has it."""
    return SourceRecord(31, "PERS-31", version, 0, sync, error, target_id, url, {})


# The address of then, by which a create in doubt is looked for.
NOBODY_YET = "then@customer.example"


def known(**changes: Any) -> Person:
    """Somebody read before who is nobody's prospect, but for the changes."""
    lost, sent = changes.pop("doubt_since", None), changes.pop("sent", 1)
    facts: dict[str, Any] = {
        "id": 31,
        "ref": "PERS-31",
        "version": 3,
        "read_at": NOW - 9,
        "prospect_id": None,
        "delivered_id": None,
        "delivered_version": None,
        "refused_version": None,
        "intent": None if lost is None else Intent(NOBODY_YET, lost, lost, 1, sent),
        "reason": None,
        "email": NOBODY_YET,
    }
    return Person(**(facts | changes))


def facts(
    record: SourceRecord | None = None, person: Person | None = None, **more: Any
) -> PersonFacts:
    """What a decision rests on."""
    rest: dict[str, Any] = {
        "missing": "create",
        "visibility_s": LAG_S,
        "email_field": "emails",
        "url": URL,
    }
    return PersonFacts(record or source(), person, NOW, **(rest | more))


PROSPECT = known(prospect_id=7)
REFUSED = known(refused_version=3, reason="too long")
LONG_TAKEN = known(refused_version=3, reason="taken", taken_at=NOW - INVISIBLE_RETRY_S)
LOST = Intent(NOBODY_YET, NOW - LAG_S, NOW - LAG_S, 1)
IN_DOUBT = known(doubt_since=NOW - LAG_S, sent=1)
YOUNG_DOUBT = known(doubt_since=NOW - 5, sent=1)
LOST_OFTEN = known(doubt_since=NOW - 40, sent=9)
TAKEN = known(doubt_since=NOW - LAG_S, taken_at=NOW - LAG_S, reason="taken")
TOLD_URL = Owed(target_url=URL)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        # It carries an id.
        (facts(source("7")), Linked(7, TOLD_URL, blamed=False)),
        (facts(source("7", url="elsewhere")), Linked(7, None, blamed=False)),
        (facts(source("7", url="elsewhere"), PROSPECT), Linked(7, None, blamed=False)),
        (facts(source("8", url="elsewhere"), PROSPECT), Linked(8, TOLD_URL, blamed=False)),
        (facts(source("8", url=URL), PROSPECT), Linked(8, None, blamed=False)),
        (facts(source("7", sync=False)), Linked(7, TOLD_URL, blamed=False)),
        (facts(source("7", version=4), REFUSED), Linked(7, TOLD_URL, blamed=True)),
        (facts(source("7"), IN_DOUBT), Linked(7, TOLD_URL, blamed=False)),
        (
            facts(source(), known(prospect_id=7, delivered_id="7", delivered_version=3)),
            Linked(7, None, blamed=False),
        ),
        (
            facts(source("x7")),
            HoldBack(said("its target id 'x7' is not the id of any prospect"), Keep.REASON),
        ),
        (
            facts(source("x7"), PROSPECT),
            HoldBack(said("its target id 'x7' is not the id of any prospect"), Keep.READ_AGAIN),
        ),
        # It carries none, and has a prospect.
        (facts(source(), PROSPECT), Ask(Question.THERE)),
        (facts(source(), PROSPECT, there=True), Tell(7)),
        (facts(source(), PROSPECT, there=False), LostLink(7)),
        # A create of it is in doubt.
        (facts(source(), IN_DOUBT), Ask(Question.IN_DOUBT)),
        (facts(source(sync=False), IN_DOUBT), Ask(Question.IN_DOUBT)),
        (
            facts(source(), IN_DOUBT, in_doubt=SOMEBODY),
            Adopt(7, "then@customer.example", executed=True),
        ),
        (
            facts(source(), IN_DOUBT, in_doubt=NOBODY),
            NotExecuted(replace(IN_DOUBT, intent=LOST.answered())),
        ),
        # It was refused.
        (facts(source(), REFUSED), HoldBack(said("too long"), Keep.NOTHING)),
        (facts(source(error=True, version=9), REFUSED), HoldBack(said("too long"), Keep.NOTHING)),
        (facts(source("7"), REFUSED), HoldBack(said("too long"), Keep.NOTHING)),
        (facts(source(version=4), REFUSED), Ask(Question.LIKENESS)),
        (facts(source(), LONG_TAKEN), Ask(Question.LIKENESS)),
        (facts(source(sync=False), LONG_TAKEN), HoldBack(said("taken"), Keep.NOTHING)),
        (facts(source("8"), LONG_TAKEN), HoldBack(said("taken"), Keep.NOTHING)),
        (
            facts(source(), replace(LONG_TAKEN, taken_at=NOW - INVISIBLE_RETRY_S + 1)),
            HoldBack(said("taken"), Keep.NOTHING),
        ),
        # It is nobody's prospect.
        (facts(source()), Ask(Question.LIKENESS)),
        (facts(source(), missing="link"), Ask(Question.LIKENESS)),
        (facts(source(), missing="skip"), HoldBack(said("not in the target"), Keep.REASON)),
        (
            facts(source(sync=False)),
            HoldBack(said("not in the target, and sync is off"), Keep.REASON),
        ),
        (
            facts(source(error=True)),
            HoldBack(said("not in the target, and the error flag is set"), Keep.REASON),
        ),
        (facts(source(), known(retry_at=NOW + 9, reason="lost")), Wait(said("lost"), 9.0)),
        (facts(source(), known(retry_at=NOW)), Ask(Question.LIKENESS)),
        (facts(source(), known(retry_at=NOW + WAIT_MAX_S + 1)), Ask(Question.LIKENESS)),
    ],
)
def test_what_is_known_decides(given: PersonFacts, expected: Ask | Decision) -> None:
    """Rule 8: linked by its id, else told again, found out, held back, or looked for."""
    assert decide(given) == expected


@pytest.mark.parametrize(
    ("person", "sought", "retry_s"),
    [
        (YOUNG_DOUBT, NOBODY, 15.0),
        (known(doubt_since=NOW - LAG_S + 1, sent=1), NOBODY, 1.0),
        (IN_DOUBT, UNKNOWN, RESEND_S),
        (TAKEN, UNKNOWN, RESEND_S),
    ],
)
def test_a_doubt_ends_when_a_look_can_prove_something(
    person: Person, sought: Sought, retry_s: float
) -> None:
    """The collection may lag, and an address may be one that nobody is looked for by."""
    reason = "it is not known yet whether its prospect was created"

    assert decide(facts(source(), person, in_doubt=sought)) == Wait(said(reason), retry_s)


def test_only_a_look_that_began_past_the_bound_proves_anything() -> None:
    """However late its answer came."""
    sought = Sought(None, None, NOW - 1)

    assert isinstance(decide(facts(source(), IN_DOUBT, in_doubt=sought)), Wait)


def test_a_create_that_keeps_getting_lost_is_sent_ever_less_often() -> None:
    """Where the collection does not lag at all."""
    seldom = facts(source(), LOST_OFTEN, in_doubt=NOBODY, visibility_s=0.0)

    assert isinstance(decide(seldom), Wait)
    assert isinstance(decide(replace(seldom, known=known(doubt_since=NOW - 40))), NotExecuted)


def test_whoever_has_the_address_and_is_not_shown_is_told_of() -> None:
    """Once the look can prove it."""
    told = decide(facts(source(), TAKEN, in_doubt=NOBODY))

    assert isinstance(told, Refuse)
    assert (told.taken, told.failure.field) == (True, "emails")
    assert told.failure.reason.startswith("PERS-31: the target calls its e-mail address taken")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (facts(likeness=Likeness({}, None, NOT_LOOKED_FOR)), Refuse(NOT_LOOKED_FOR)),
        (facts(likeness=Likeness({}, None)), HoldBack(said("has no e-mail address"), Keep.REASON)),
        (facts(likeness=LIKE), Ask(Question.ADDRESS)),
        (facts(likeness=LIKE, found=SOMEBODY), Adopt(7, EMAIL)),
        (facts(likeness=LIKE, found=SOMEBODY, missing="link"), Adopt(7, EMAIL)),
        (facts(likeness=LIKE, found=UNKNOWN), Refuse(NOT_LOOKED_FOR)),
        (facts(None, LONG_TAKEN, likeness=LIKE, found=SOMEBODY), Adopt(7, EMAIL)),
        (facts(None, LONG_TAKEN, likeness=LIKE, found=NOBODY), Unseen(said("taken"))),
        (
            facts(likeness=LIKE, found=NOBODY, missing="link"),
            HoldBack(said("no prospect has the e-mail address"), Keep.REASON),
        ),
        (
            facts(likeness=LIKE, found=NOBODY),
            Create(Candidate(source(), FIELDS, EMAIL, None, NOW)),
        ),
    ],
)
def test_an_address_decides_about_who_is_nobodys_prospect(
    given: PersonFacts, expected: Ask | Decision
) -> None:
    """Who is found is adopted; who is not is created, where that is wanted."""
    assert decide(given) == expected


@pytest.mark.parametrize(
    ("person", "keep"),
    [
        (None, Keep.REASON),
        (known(), Keep.REASON),
        (PROSPECT, Keep.READ_AGAIN),
        (REFUSED, Keep.NOTHING),
        (IN_DOUBT, Keep.NOTHING),
    ],
)
def test_holding_somebody_back_forgets_nothing(person: Person | None, keep: Keep) -> None:
    """Neither a prospect, nor a refusal, nor a doubt about a create."""
    assert hold_back(facts(source(), person), said("why")) == HoldBack(said("why"), keep)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Taken("there", field="emails"), Ask(Question.ADDRESS)),
        (Rejected("bad", field="title"), Refuse(Failure("validation", "title", said("bad")))),
        (Rejected("no", status=403), Forbid(said("no"))),
        (OurFault("malformed"), Weigh()),
        (Conflict("moved"), Weigh()),
        (Gone("no such owner"), Weigh()),
        (HeldBack("paused"), Withdraw()),
        (Unreachable("refused"), Withdraw()),
        (Unreachable("cut off", ambiguous=True), Lose(said("cut off"), 5.0)),
        (TheirFault("nonsense"), Lose(said("nonsense"), 5.0)),
        (KeyError("data"), Lose(said("internal error: KeyError"), 5.0)),
    ],
)
def test_a_create_that_failed_may_have_been_executed(error: Exception, expected: object) -> None:
    """Whatever is not surely refused."""
    assert create_failed(error, LAG_S) == expected


def test_an_address_that_is_taken_is_somebodys() -> None:
    """Or of somebody who does not show yet."""
    candidate = Candidate(source(), FIELDS, EMAIL, None, NOW)

    assert address_taken(candidate, SOMEBODY, said("taken"), LAG_S) == Adopt(7, EMAIL)
    assert address_taken(candidate, NOBODY, said("taken"), LAG_S) == Lose(
        said("taken"), 5.0, taken=True
    )


@pytest.mark.parametrize(
    ("decision", "told", "would"),
    [
        (Linked(7, None, blamed=False), Standing(7), ""),
        (Tell(7), Standing(7), "linked"),
        (Adopt(7, EMAIL), Standing(7), "linked"),
        (Created(7, EMAIL), Standing(7), "linked"),
        (Refuse(NOT_LOOKED_FOR), Standing(None, said("not looked for")), "flagged"),
        (Unseen(said("taken")), Standing(None, said("taken")), ""),
        (HoldBack(said("why"), Keep.REASON), Standing(None, said("why")), ""),
        (Wait(said("lost"), 9.0), Standing(None, said("lost"), retry_s=9.0), ""),
        (Forbid(said("no")), Standing(None, said("no"), retry_s=3600.0), ""),
    ],
)
def test_opportunities_are_told_what_is_decided(
    decision: Decision, told: Standing, would: str
) -> None:
    """The fuse is told what would become of the person besides."""
    assert standing(decision) == told
    assert foreseen(decision) == replace(told, would=would)


def test_who_would_be_created_is_no_prospect_yet() -> None:
    """What goes on tells nobody anything."""
    create = Create(Candidate(source(), FIELDS, EMAIL, None, NOW))

    assert [standing(one) for one in (create, LostLink(7), NotExecuted(known()))] == [None] * 3
    assert foreseen(create) == WOULD_CREATE
    assert [foreseen(one) for one in (LostLink(7), NotExecuted(known()))] == [None, None]


@pytest.mark.parametrize(
    ("linked", "own"),
    [
        (Linked(7, None, blamed=False), True),
        (Linked(7, TOLD_URL, blamed=False), False),
        (Linked(7, None, blamed=True), False),
    ],
)
def test_what_a_person_says_itself_is_kept_where_nobody_is_told(linked: Linked, own: bool) -> None:
    """Even where everything else is only foreseen."""
    assert linked.is_its_own_word is own


def test_what_was_written_last_counts_until_a_newer_version_shows() -> None:
    """The row that was read may be older than our own write-back."""
    ours = known(delivered_id="9", delivered_version=3)

    assert carried(ours, source("7")) == "9"
    assert carried(ours, source("7", version=4)) == "7"
    assert carried(replace(ours, delivered_id=None), source("7")) == "7"
    assert carried(None, source("7")) == "7"


@pytest.mark.parametrize(
    ("read_at", "prospect_id", "told"),
    [
        (NOW, 7, Standing(7)),
        (NOW - 59, 7, Standing(7)),
        (NOW - 60, 7, None),
        (NOW + 1, 7, None),
        (NOW, None, None),
    ],
)
def test_a_prospect_read_lately_needs_no_question(
    read_at: float, prospect_id: int | None, told: Standing | None
) -> None:
    """Nor one that a clock ahead has read."""
    assert remembered(known(read_at=read_at, prospect_id=prospect_id), NOW, 60.0) == told


def test_a_standing_counts_for_as_long_as_it_can_be_right() -> None:
    """Nobody's prospect may be somebody's within a minute."""
    assert counts_for_s(Standing(7), 3600.0) == 3600.0
    assert counts_for_s(Standing(7, would="linked"), 3600.0) == NEGATIVE_S
    assert counts_for_s(Standing(None, said("why")), 3600.0) == NEGATIVE_S
    assert counts_for_s(Standing(None, said("why"), retry_s=5.0), 3600.0) == 5.0
    assert counts_for_s(Standing(None, said("why")), 30.0) == 30.0


def test_who_was_read_long_ago_is_read_again_before_it_is_created() -> None:
    """Unless somebody is being created for its address already."""
    old = Candidate(source(), FIELDS, EMAIL, None, NOW - 61)
    candidates = {1: old, 2: replace(old, read_at=NOW), 3: replace(old, email="held@b.example")}
    held = ["held@b.example"]

    def those(now: float) -> list[int]:
        return list(outdated(candidates, [1, 2, 3, 4], taken_hold_of=held, now=now, age_max_s=60))

    assert those(NOW) == [1]
    assert those(NOW - 122) == [1, 2]


def test_a_prospect_that_is_gone_is_told_of_by_its_number() -> None:
    """Only the person can clear it."""
    assert "the prospect 7 does not exist any more" in prospect_gone(7).failure.reason


def test_no_wait_for_a_create_is_longer_than_any_is_meant_to_be() -> None:
    """The bound here and the longest wait are one."""
    assert pytest.approx(SPACING_S * SPACING_SPREAD) == WAIT_MAX_S
