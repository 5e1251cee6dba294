"""What is said of a system and of the service, for each thing that can be in the way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.decide import health
from engine.model.condition import Condition, Health
from engine.model.health import RefusedRole, ServiceFacts, SystemFacts, Trouble, Verdict, Withheld
from engine.model.reason import Code, Words

WORDS = Words("Workbooks", "Outreach", "the box", "the flag", "the id")
UP = SystemFacts("outreach", "Outreach", Condition.UP)
ROLE = RefusedRole("OPP-7", "Crane", ("PERS-3",), "too long", Code.ROLE_REFUSED, 10.0, 90.0)


def present(condition: Condition, code: Code, next_at: float | None = None) -> SystemFacts:
    """A system that something keeps us from."""
    return replace(UP, condition=condition, present=Trouble("no", code, next_at=next_at))


def said(facts: SystemFacts) -> Verdict:
    """What is said of it."""
    return health.system(facts, WORDS)


@pytest.mark.parametrize(
    ("facts", "expected", "code", "helps"),
    [
        (UP, Health.WORKS, None, ""),
        (replace(UP, asked=False), Health.NOT_KNOWN, None, ""),
        (
            present(Condition.CREDENTIALS_REFUSED, Code.CREDENTIALS_REFUSED, next_at=9.0),
            Health.STANDS_STILL,
            Code.CREDENTIALS_REFUSED,
            "wosync auth",
        ),
        (
            present(Condition.DOWN, Code.UNANSWERED, next_at=9.0),
            Health.STANDS_STILL,
            Code.UNANSWERED,
            "Look whether the system is up",
        ),
        (
            present(Condition.PAUSED, Code.ACCESS_AWAITED, next_at=9.0),
            Health.WAITS,
            Code.ACCESS_AWAITED,
            "wosync auth",
        ),
        (
            present(Condition.BUDGET_SPENT, Code.BUDGET_HOUR_SPENT, next_at=9.0),
            Health.WAITS,
            Code.BUDGET_HOUR_SPENT,
            "per_hour",
        ),
        (
            replace(UP, polls=Trouble("polls failed", Code.UNANSWERED)),
            Health.STANDS_STILL,
            Code.UNANSWERED,
            "wosync check",
        ),
        (
            replace(UP, without=("prospects.write was not granted: no people",)),
            Health.WORKS_IN_PART,
            Code.NOT_GRANTED,
            "wosync auth",
        ),
        (
            replace(UP, withheld=(Withheld("prospects.write is missing", 9.0),)),
            Health.WORKS_IN_PART,
            Code.NOT_GRANTED,
            "wosync auth",
        ),
        (
            replace(UP, left_out=("record 4: no such field",)),
            Health.WORKS_IN_PART,
            Code.MAPPING_LINE_LEFT_OUT,
            "Correct the mapping record in Workbooks",
        ),
        (replace(UP, roles=(ROLE,)), Health.WORKS_IN_PART, Code.ROLE_REFUSED, "relationship"),
        (
            replace(UP, backlog=Trouble("reserve", Code.BUDGET_RESERVE_REACHED)),
            Health.WORKS_IN_PART,
            Code.BUDGET_RESERVE_REACHED,
            "reserve",
        ),
    ],
)
def test_each_thing_in_the_way_has_its_verdict_its_reason_and_what_helps(
    facts: SystemFacts, expected: Health, code: Code | None, helps: str
) -> None:
    """One word, and then everything behind it."""
    verdict = said(facts)

    assert verdict.health is expected
    assert [one.code for one in verdict.matters] == ([] if code is None else [code])
    assert all(helps in " ".join(one.remedy) for one in verdict.matters)


def test_a_refused_role_is_named_by_record_and_person() -> None:
    """Whoever mends it must find the line."""
    [matter] = said(replace(UP, roles=(ROLE,))).matters

    assert matter.subject == "OPP-7 Crane"
    assert matter.text == "a line of PERS-3 on its People tab is refused: too long"
    assert (matter.since, matter.next_at) == (10.0, 90.0)


def test_what_the_system_says_helps_comes_first() -> None:
    """The catalogue knows the kind, and the answer the case."""
    told = Trouble("no", Code.CREDENTIALS_REFUSED, remedy="ask Ines for a new key")
    facts = replace(UP, condition=Condition.CREDENTIALS_REFUSED, present=told)

    assert said(facts).matters[0].remedy == ("Ask Ines for a new key.",)


def test_a_system_that_is_down_is_not_said_to_fail_its_polls_as_well() -> None:
    """One cause, once; what else is so of it stands behind."""
    facts = present(Condition.DOWN, Code.UNANSWERED)
    facts = replace(facts, polls=Trouble("polls failed", Code.UNANSWERED), roles=(ROLE,))

    assert next(one.text for one in said(facts).matters) == "no"
    assert [one.code for one in said(facts).matters] == [Code.UNANSWERED, Code.ROLE_REFUSED]


@pytest.mark.parametrize(
    ("facts", "expected", "text"),
    [
        (ServiceFacts(), Health.WORKS, ""),
        (ServiceFacts(stopping=True), Health.WAITS, "it stops"),
        (ServiceFacts(stalled=("poller",)), Health.STANDS_STILL, "no progress in: poller"),
        (ServiceFacts(started=False), Health.WAITS, "it starts"),
        (
            ServiceFacts(started=False, waiting=Trouble("no answer", Code.UNANSWERED)),
            Health.WAITS,
            "its start waits: no answer",
        ),
        (ServiceFacts(polled=False), Health.WAITS, "the first poll is under way"),
        (ServiceFacts(held=300), Health.WORKS_IN_PART, "300 edits at once are held"),
        (ServiceFacts(creates_paused="a copy"), Health.WORKS_IN_PART, "creates are paused"),
        (ServiceFacts(reload_refused="[poler]"), Health.WORKS_IN_PART, "[poler]"),
        (ServiceFacts(clocks=("they differ",)), Health.WORKS_IN_PART, "they differ"),
    ],
)
def test_the_service_itself_has_a_verdict(facts: ServiceFacts, expected: Health, text: str) -> None:
    """Both systems may be well while it is not."""
    verdict = health.service(facts, WORDS)

    assert verdict.health is expected
    assert text in (verdict.matters[0].text if verdict.matters else "")


def test_the_most_serious_verdict_is_the_one_that_is_shown_where_there_is_room_for_one() -> None:
    """The banner of the page; of equals the first."""
    well, still = said(UP), said(present(Condition.DOWN, Code.UNANSWERED))
    waits = said(present(Condition.PAUSED, Code.SYSTEM_PAUSED, next_at=9.0))

    assert health.worst([well, waits, still]) is still
    assert health.worst([well, waits]) is waits
    assert health.worst([well]) is well
