"""The course of a People tab: whether roles are edited at all, and what follows from it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import pytest

from engine.decide.doubt import RESEND_S
from engine.decide.person import WOULD_CREATE
from engine.decide.roles import Script
from engine.decide.tab import (
    REFUSED_RETRY_S,
    REFUSED_ROLE_RETRY_S,
    Abandon,
    Course,
    Doubt,
    Hold,
    Leave,
    Relate,
    Settlement,
    Unreadable,
    after_look,
    as_joined,
    course,
    given_up,
    joining,
    looked_long,
    must_be_listed,
    retry_in_s,
    settlement,
    stopped,
    told,
    weighed,
)
from engine.errors import (
    Conflict,
    EngineError,
    Gone,
    HeldBack,
    Rejected,
    Taken,
    TheirFault,
    Unreachable,
)
from engine.metrics.labels import TAB_OUTCOMES
from engine.model.history import Note
from engine.model.intent import Intent
from engine.model.lane import Lane
from engine.model.mass_change import Mass
from engine.model.person import Person, Standing
from engine.model.records import SourceRecord, TabLine
from engine.model.tab import (
    Edge,
    GivenUp,
    Joining,
    KnownRole,
    Lines,
    RefusedRole,
    Sent,
    TabOutcome,
    TabWork,
)
from engine.model.work import Failure
from tests.unit.engine.stand_ins import said

NOW = 1_000_000.0
LAG_S = 300.0
PEOPLE = (TabLine(31, "User"), TabLine(32, "Buyer"))
EDGE: Edge = (310, "User")
FAULT = Failure("validation", "role", said("no such role"))
CUT_OFF = Unreachable("cut off", ambiguous=True)


def tab(**changes: Any) -> TabWork:
    """A tab whose roles are all known, but for the changes."""
    lost, sent = changes.pop("doubt_since", None), changes.pop("sent", 0)
    is_open = lost is not None
    facts: dict[str, Any] = {
        "record_id": 1,
        "ref": "OPP-1",
        "version": 3,
        "pending_since": NOW - 9,
        "payload": "{}",
        "tab": "[]",
        "target_id": 7,
        "revision": 1,
        "lane": Lane.FRESH,
        "mass": Mass.NONE,
        "listed": True,
        "roles": (),
        "announced": (),
        "intent": Intent("[]", 0.0, lost, 0, sent, open=is_open) if sent or is_open else None,
        "attempts": 0,
        "failed_at": None,
        "left_out": False,
    }
    return TabWork(**(facts | changes))


def source(
    people: tuple[TabLine, ...] | None = PEOPLE,
    *,
    sync: bool = True,
    error: bool = False,
    fault: str | None = None,
) -> SourceRecord:
    """The opportunity as the source has it."""
    return SourceRecord(1, "OPP-1", 3, 0, sync, error, "7", None, {}, people, fault)


def lines(held: dict[int, Standing] | None = None, would: dict[int, str] | None = None) -> Lines:
    """A tab with one line that can be told."""
    return Lines((EDGE,), {31: 310}, held or {}, would or {}, frozenset())


def sent(**changes: Any) -> Sent:
    """Edits that came to nothing, but for the changes."""
    nothing = Sent((), (), None, joins=False, again=False, others=False)
    return replace(nothing, **changes)


UNREADABLE = Unreadable(Failure("validation", None, said("the People tab cannot be read: ragged")))


@pytest.mark.parametrize(
    ("work", "record", "follows", "expected"),
    [
        (tab(), source(), True, Relate(PEOPLE, look=False)),
        (tab(listed=False), source(), True, Relate(PEOPLE, look=True)),
        (tab(), source(()), True, Relate((), look=False)),
        (tab(left_out=True), source(), True, Leave()),
        (tab(), source(sync=False), True, Leave()),
        (tab(), source(error=True), True, Leave()),
        (tab(), source(), False, Leave()),
        (tab(), source(None), True, Leave()),
        (tab(), source(None, fault="ragged"), True, UNREADABLE),
        (tab(left_out=True), source(None, fault="ragged"), True, Leave()),
        (tab(), source(None, sync=False, fault="ragged"), True, Leave()),
        (tab(), source(None, fault="ragged"), False, Leave()),
    ],
)
def test_what_is_known_decides_the_course(
    work: TabWork, record: SourceRecord, follows: bool, expected: Course
) -> None:
    """Nobody is related for a record that is left out, nor on the word of half a tab."""
    assert course(work, record, follows=follows) == expected
    assert UNREADABLE.retry_s == REFUSED_ROLE_RETRY_S


def test_a_tab_is_told_in_the_terms_of_the_target() -> None:
    """Who cannot be told is held back, and keeps the roles it has."""
    standings = {
        31: Standing(310),
        32: Standing(None, said("sync is off")),
        33: WOULD_CREATE,
        34: Standing(340, would="linked"),
    }
    known = Person(32, "P-32", 1, NOW, 320, None, None, None, None, None, None)
    people = (*PEOPLE, TabLine(33, ""), TabLine(34, "User"))

    found = told(people, standings, [known])

    assert found == Lines(
        wanted=((310, "User"), (-33, ""), (340, "User")),
        people={31: 310, 33: -33, 34: 340},
        held={32: standings[32]},
        would={33: "created", 34: "linked"},
        protected=frozenset({320}),
    )


@pytest.mark.parametrize(
    ("setting", "learnt", "expected"),
    [
        ("auto", False, Joining(joins=False, learns=True)),
        ("auto", True, Joining(joins=True, learns=False)),
        ("always", False, Joining(joins=True, learns=False)),
        ("never", True, Joining(joins=False, learns=False)),
    ],
)
def test_whether_a_person_has_one_role_is_set_or_learnt(
    setting: Literal["auto", "always", "never"], learnt: bool, expected: Joining
) -> None:
    """Setting contacts.one_role_per_person."""
    assert joining(setting, learnt=learnt) == expected


def test_the_lines_of_a_person_are_joined_where_it_has_one_role() -> None:
    """And nowhere else."""
    two = replace(lines(), wanted=((310, "User"), (310, "Buyer")))

    assert as_joined(two, Joining(joins=True, learns=False)).wanted == ((310, "Buyer, User"),)
    assert as_joined(two, Joining(joins=False, learns=True)) == two


IN_DOUBT = tab(doubt_since=NOW - 20, announced=(EDGE,), sent=1, listed=False)
NOT_SEEN = Failure("unreachable", None, said("the roles are not to be seen yet"))


@pytest.mark.parametrize(
    ("work", "unseen", "age_s", "expected"),
    [
        (tab(listed=False), True, 0.0, None),
        (IN_DOUBT, False, 0.0, "executed"),
        (IN_DOUBT, True, 0.0, Doubt(NOT_SEEN, (EDGE,), NOW + 60)),
        (IN_DOUBT, True, LAG_S - 21, Doubt(NOT_SEEN, (EDGE,), NOW + LAG_S - 20)),
        (IN_DOUBT, True, LAG_S - 20, "not_executed"),
    ],
)
def test_a_look_ends_a_doubt_once_it_can_prove_something(
    work: TabWork, unseen: bool, age_s: float, expected: object
) -> None:
    """A role that is not to be seen may only not be listed yet."""
    now = NOW + age_s

    assert after_look(work, unseen=unseen, began_at=now, now=now, visibility_s=LAG_S) == expected


def test_only_a_look_that_began_past_the_bound_proves_anything() -> None:
    """However long the answer took."""
    late = NOW + LAG_S

    found = after_look(IN_DOUBT, unseen=True, began_at=NOW, now=late, visibility_s=LAG_S)

    assert isinstance(found, Doubt)


def test_what_was_announced_and_never_accounted_for_is_in_doubt_from_the_look_on() -> None:
    """An attempt may have ended between the create and its answer."""
    announced = replace(IN_DOUBT, intent=Intent("[]", NOW - 900, None, 0))

    def looked(*, unseen: bool) -> object:
        return after_look(announced, unseen=unseen, began_at=NOW, now=NOW, visibility_s=LAG_S)

    assert looked(unseen=True) == Doubt(NOT_SEEN, (EDGE,), NOW + 5)
    assert looked(unseen=False) == "executed"


def test_roles_that_keep_getting_lost_are_sent_ever_less_often() -> None:
    """Where the collection does not lag at all."""
    often = tab(doubt_since=NOW - 20, announced=(EDGE,), sent=9, listed=False)

    def after(work: TabWork, age_s: float) -> object:
        at = NOW - 20 + age_s
        return after_look(work, unseen=True, began_at=at, now=at, visibility_s=0.0)

    assert isinstance(after(often, RESEND_S - 1), Doubt)
    assert after(often, RESEND_S) == after(IN_DOUBT, 0.0) == "not_executed"


@pytest.mark.parametrize(
    ("taken_since", "expected"),
    [(None, False), (NOW, False), (NOW - LAG_S + 1, False), (NOW - LAG_S, True)],
)
def test_a_role_called_taken_is_looked_for_until_it_would_show(
    taken_since: float | None, expected: bool
) -> None:
    """Before that it may be one that somebody has just made."""
    assert looked_long(tab(taken_since=taken_since), now=NOW, visibility_s=LAG_S) is expected


ROLE = KnownRole(5, 310, "User", True, NOW)


@pytest.mark.parametrize(
    ("edits", "told_lines", "expected"),
    [
        (Script((), (), ()), lines(), None),
        (Script((EDGE,), (), ()), lines(), "would create 1 roles"),
        (Script((), ((ROLE, "Buyer"),), ()), lines(), "would change 1 roles"),
        (Script((), (), (ROLE, ROLE)), lines(), "would remove 2 roles"),
        (Script((), (), ()), lines(would={31: "linked"}), "would have 1 people linked"),
        (
            Script((EDGE,), (), (ROLE,)),
            lines(would={31: "linked", 32: "created", 33: "linked"}),
            "would create 1 roles, remove 1 roles, have 1 people created, have 2 people linked",
        ),
    ],
)
def test_whatever_would_change_is_held_for_the_fuse(
    edits: Script, told_lines: Lines, expected: str | None
) -> None:
    """A role as well as a person, and it is said which."""
    hold = weighed(edits, told_lines)

    assert hold == (None if expected is None else Hold(expected, told_lines.would.keys()))


@pytest.mark.parametrize(
    ("error", "asking", "expected"),
    [
        (Gone("no such opportunity"), EDGE, Abandon(0.0)),
        (Gone("no such opportunity"), None, Abandon(0.0)),
        (
            Taken("there"),
            EDGE,
            Doubt(Failure("unreachable", None, said("there")), (), NOW + 5, True),
        ),
        (CUT_OFF, EDGE, Doubt(Failure("unreachable", None, said("cut off")), (EDGE,), NOW + 5)),
        (
            TheirFault("nonsense"),
            EDGE,
            Doubt(Failure("unreachable", None, said("nonsense")), (EDGE,), NOW + 5),
        ),
        (
            KeyError("data"),
            EDGE,
            Doubt(Failure("unreachable", None, said("internal error: KeyError")), (EDGE,), NOW + 5),
        ),
        (CUT_OFF, None, None),
        (Unreachable("no connection"), EDGE, None),
        (HeldBack("paused"), EDGE, None),
        (Rejected("bad"), EDGE, None),
    ],
)
def test_an_edit_that_failed_may_leave_a_create_in_doubt(
    error: Exception, asking: Edge | None, expected: object
) -> None:
    """Whatever is not surely refused, and was to create a role."""
    assert stopped(tab(sent=1), error, asking=asking, now=NOW, visibility_s=LAG_S) == expected


def test_the_looks_for_a_role_called_taken_go_on_from_the_first() -> None:
    """Each is later than the one before, to the end of the lag."""
    work = tab(taken_since=NOW - 20)

    left = stopped(work, Taken("there"), asking=EDGE, now=NOW, visibility_s=LAG_S)

    assert isinstance(left, Doubt)
    assert left.look_at == NOW + 60


def test_a_gone_opportunity_is_asked_for_ever_less_often() -> None:
    """It may be there after all, as often as it is called gone."""
    left = stopped(tab(sent=9), Gone("no"), asking=None, now=NOW, visibility_s=LAG_S)

    assert left == Abandon(RESEND_S)


SETTLED = Settlement(None, (), complete=True, listed=True, given_up=None, look_at=None, why=None)
TRIED_AGAIN = GivenUp(FAULT, NOW + REFUSED_ROLE_RETRY_S)
OFF = {32: Standing(None, said("sync is off"))}
SOON = {
    32: Standing(None, said("in doubt"), retry_s=5.0),
    33: Standing(None, said("later"), retry_s=60.0),
}


@pytest.mark.parametrize(
    ("came_to", "told_lines", "expected"),
    [
        (sent(), lines(), SETTLED),
        (sent(others=True), lines(), replace(SETTLED, listed=False)),
        (
            sent(edits=("created",)),
            lines(),
            replace(SETTLED, note=Note("related", "created")),
        ),
        (
            sent(edits=("created",), joins=True),
            lines(),
            replace(
                SETTLED,
                note=Note("related", "created; the lines of one person are joined in one role"),
            ),
        ),
        (sent(joins=True), lines(), SETTLED),
        (
            sent(refused=("refused: no",), refusal=TRIED_AGAIN),
            lines(),
            replace(
                SETTLED,
                note=Note("related", "refused: no"),
                complete=False,
                given_up=TRIED_AGAIN,
            ),
        ),
        (
            sent(),
            lines(OFF),
            replace(
                SETTLED,
                note=Note("related", "person 32 held back: sync is off"),
                waits_for=(32,),
                complete=False,
                why="person 32 held back: sync is off",
            ),
        ),
    ],
)
def test_what_was_sent_settles_the_tab(
    came_to: Sent, told_lines: Lines, expected: Settlement
) -> None:
    """What is held back or refused keeps it from being complete, and is said."""
    assert settlement(came_to, told_lines, NOW) == expected


def test_what_the_target_lacks_is_tried_again_when_the_first_of_it_is_due() -> None:
    """A role that it has once already, and takes no second time, is nothing that it lacks."""
    other = Failure("validation", "role", said("not that one"))
    refused = [
        RefusedRole(FAULT, False, False, NOW + 5),
        RefusedRole(other, False, False, NOW + 9),
        RefusedRole(FAULT, False, True, NOW + 1),
    ]

    assert given_up(refused) == GivenUp(other, NOW + 5)
    assert given_up(refused[2:]) is None
    assert not settlement(sent(kept_back=1), lines(), NOW).complete


def test_what_can_be_told_soon_is_looked_at_by_then() -> None:
    """What is refused is told beside it, and by nobody's wait."""
    end = settlement(sent(refused=("refused: no",), refusal=TRIED_AGAIN), lines(SOON), NOW)
    gone = settlement(sent(refused=("refused: no",), again=True), lines(OFF), NOW)

    assert (end.look_at, end.given_up, end.waits_for) == (NOW + 5, TRIED_AGAIN, (32, 33))
    assert end.why is None
    assert gone.look_at == NOW


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (CUT_OFF, True),
        (Unreachable("no connection"), True),
        (TheirFault("nonsense"), True),
        (KeyError("data"), True),
        (Rejected("bad"), False),
        (Conflict("moved"), False),
        (HeldBack("paused"), False),
        (EngineError("what"), True),
    ],
)
def test_what_may_have_been_executed_is_listed_again(error: Exception, expected: bool) -> None:
    """An edit that nobody answered may be in the target all the same."""
    assert must_be_listed(error) is expected


def test_a_tab_at_fault_itself_is_tried_again_seldom() -> None:
    """Others are not kept waiting for it."""
    assert retry_in_s(9.0, flagged=False) == 9.0
    assert retry_in_s(0.0, flagged=True) == REFUSED_RETRY_S


def test_every_outcome_of_a_tab_is_counted() -> None:
    """And nothing else is."""
    assert set(TAB_OUTCOMES) == set(TabOutcome)
