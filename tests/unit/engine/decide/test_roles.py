"""Roles: the edit script of one tab, and what a look at the target tells."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import pytest

from engine.decide.roles import (
    JOINED_CHARS_MAX,
    Look,
    Looked,
    Script,
    WhyTaken,
    fault,
    joined,
    looked_at,
    may_concern,
    not_refused,
    observed,
    script,
    taken,
    unseen,
    worth_a_look,
)
from engine.errors import Rejected, Taken
from engine.model.intent import Intent
from engine.model.lane import Lane
from engine.model.mass_change import Mass
from engine.model.records import Role
from engine.model.tab import Edge, Joining, KnownRole, RefusedRole, TabWork
from engine.model.work import Failure
from tests.unit.engine.stand_ins import NOW, said

VISIBILITY_S = 300.0
USER, SPONSOR = (1, "User"), (1, "Sponsor")


def ours(role_id: int, edge: Edge, seen_at: float = NOW) -> KnownRole:
    """A role that we made."""
    return KnownRole(role_id, *edge, made=True, seen_at=seen_at)


def theirs(role_id: int, edge: Edge, seen_at: float = NOW) -> KnownRole:
    """A role that somebody else made, and that stands for a line."""
    return KnownRole(role_id, *edge, made=False, seen_at=seen_at)


def edits(
    wanted: Sequence[Edge],
    present: Sequence[KnownRole],
    *,
    removes: bool = True,
    protected: Collection[int] = (),
    refused: Mapping[Edge, RefusedRole] | None = None,
) -> Script:
    """The script, removing unless told otherwise."""
    return script(wanted, present, removes=removes, protected=protected, refused=refused or {})


def look(
    known: Sequence[KnownRole],
    listing: Sequence[Role],
    wanted: Sequence[Edge] = (),
    *,
    announced: Sequence[Edge] = (),
    doubt_since: float | None = None,
    now: float = NOW + VISIBILITY_S,
    target_ahead_s: float = 0.0,
) -> Look:
    """What is known after the listing; `announced` a minute before NOW."""
    work = TabWork(
        1, "OPP-1", 3, 0, "{}", None, 7, 1, Lane.FRESH, Mass.NONE, left_out=False, listed=False,
        roles=tuple(known), announced=tuple(announced),
        intent=Intent("", NOW - 60.5, doubt_since, 0), attempts=0, failed_at=None,
    )  # fmt: skip
    return observed(
        work, listing, wanted, now=now, lag_s=VISIBILITY_S, target_ahead_s=target_ahead_s
    )


def test_a_tab_that_agrees_needs_nothing() -> None:
    """Nothing is sent when nothing differs."""
    nothing = edits([USER, SPONSOR], [ours(5, SPONSOR), theirs(6, USER)])

    assert nothing == Script((), (), ())
    assert not nothing


def test_one_relationship_that_changed_is_changed_in_place() -> None:
    """One request instead of two, and the role keeps what somebody added to it."""
    role = ours(5, USER)

    assert edits([SPONSOR], [role]) == Script((), ((role, "Sponsor"),), ())


def test_a_person_with_two_relationships_has_two_roles() -> None:
    """Mission rule 9, and the same relationship twice counts twice."""
    assert edits([SPONSOR, USER, USER], [ours(5, USER)]) == Script((SPONSOR, USER), (), ())


def test_a_role_of_another_person_is_never_reused() -> None:
    """The prospect of a role cannot be changed."""
    role = ours(5, (2, "User"))

    assert edits([USER], [role]) == Script((USER,), (), (role,))


def test_a_line_that_is_gone_takes_its_role_with_it_where_that_is_wanted() -> None:
    """Setting contacts.remove."""
    role = ours(5, USER)

    assert edits([], [role]) == Script((), (), (role,))
    assert not edits([], [role], removes=False)


def test_a_role_made_by_hand_is_never_touched() -> None:
    """Somebody put it there on purpose."""
    role = theirs(5, USER)

    assert not edits([], [role])
    assert edits([SPONSOR], [role]) == Script((SPONSOR,), (), ())


def test_of_two_equal_roles_the_one_made_by_hand_stands_for_the_line() -> None:
    """It stays whatever we do, so the one of ours is the one too many."""
    extra = ours(4, USER)

    assert edits([USER], [extra, theirs(9, USER)]) == Script((), (), (extra,))


def test_roles_of_a_prospect_that_cannot_be_told_stay() -> None:
    """The tab still has the line; the person is merely not readable now."""
    assert not edits([], [ours(5, USER)], protected={1})
    assert edits([SPONSOR], [ours(5, USER)], protected={1}) == Script((SPONSOR,), (), ())


def test_a_look_takes_over_what_somebody_changed_in_the_target() -> None:
    """The next script sets it right."""
    found = look([ours(5, USER)], [Role(5, *SPONSOR)], [USER])

    assert (found.kept, found.gone) == ([ours(5, SPONSOR, NOW + VISIBILITY_S)], [])


def test_a_role_that_is_not_shown_is_gone_once_it_is_old_enough() -> None:
    """A collection may lag behind a write; within that time its silence proves nothing."""
    role = ours(5, USER)

    assert look([role], [], now=NOW + VISIBILITY_S - 1) == Look([role], [], 0)
    assert look([role], [], now=NOW + VISIBILITY_S) == Look([], [5], 0)


def test_a_role_that_equals_a_line_is_adopted_instead_of_doubled() -> None:
    """It is somebody's, and never touched."""
    found = look([], [Role(9, *USER), Role(8, 2, "User")], [USER])

    assert found == Look([theirs(9, USER, NOW + VISIBILITY_S)], [], 0)


def test_no_more_roles_are_adopted_than_lines_need_them() -> None:
    """What is not adopted stays unknown, and so untouched; the oldest is taken."""
    shown = [Role(9, *USER), Role(8, *USER), Role(5, *USER)]

    found = look([ours(5, USER)], shown, [USER, USER])

    assert [(role.id, role.made) for role in found.kept] == [(5, True), (8, False)]


def test_the_result_of_an_announced_create_is_ours_whatever_the_tab_says_now() -> None:
    """The tab may have been edited while the answer was lost."""
    shown = [Role(8, *USER, created_at=NOW - 62), Role(9, *USER, created_at=NOW - 1)]

    found = look([], shown, [SPONSOR], announced=[USER])

    assert [(role.id, role.made) for role in found.kept] == [(9, True)]
    assert found.unseen == 0


def test_a_role_older_than_the_announcement_is_somebodys() -> None:
    """Only what it made is ever changed or removed."""
    found = look([], [Role(8, *USER, created_at=NOW - 600), Role(9, *USER)], [], announced=[USER])

    assert (found.kept, found.unseen) == ([], 1)


DAY_S = 86_400.0


@pytest.mark.parametrize("ahead_s", [DAY_S, -DAY_S, 0.0])
@pytest.mark.parametrize("stamped_s", [0.0, 1.0])
def test_a_role_of_ours_is_known_by_either_clock(ahead_s: float, stamped_s: float) -> None:
    """The target stamps it by its clock; ours may have been set right since the announcement."""
    role = Role(9, *USER, created_at=NOW - 1 + stamped_s * ahead_s)

    found = look([], [role], announced=[USER], doubt_since=NOW, target_ahead_s=ahead_s)

    assert [one.made for one in found.kept] == [True]


@pytest.mark.parametrize("ahead_s", [DAY_S, -DAY_S])
@pytest.mark.parametrize(
    "made_at",
    [
        NOW - 62,
        NOW - DAY_S / 2,
        NOW + DAY_S / 2,
        NOW + VISIBILITY_S + 1,
        NOW + DAY_S + VISIBILITY_S + 1,
        NOW - DAY_S + VISIBILITY_S + 1,
    ],
)
def test_between_what_two_clocks_say_every_role_is_somebodys(
    ahead_s: float, made_at: float
) -> None:
    """Clocks a day apart do not make a request last for a day."""
    role = Role(9, *USER, created_at=made_at)

    found = look([], [role], announced=[USER], doubt_since=NOW, target_ahead_s=ahead_s)

    assert (found.kept, found.unseen) == ([], 1)


def test_a_role_made_long_after_the_answer_was_lost_is_somebodys() -> None:
    """However much it equals what we announced: our request cannot have been under way so long."""
    late = Role(8, *USER, created_at=NOW + VISIBILITY_S + 1)

    seen = look([], [late], [USER], announced=[USER], doubt_since=NOW, now=NOW + 2 * VISIBILITY_S)

    assert seen.kept == [theirs(8, USER, seen_at=NOW + 2 * VISIBILITY_S)]
    assert seen.unseen == 1


def test_of_equal_roles_the_first_after_the_announcement_is_ours() -> None:
    """Whoever makes one by hand does so when ours is not to be seen, and does not know of it."""
    first, second = Role(8, *USER, created_at=NOW - 60), Role(9, *USER, created_at=NOW + 20)

    seen = look([], [second, first], announced=[USER], doubt_since=NOW - 55)

    assert seen.kept == [ours(8, USER, seen_at=NOW + VISIBILITY_S)]


def test_the_lines_of_one_person_are_joined_in_a_text_of_bounded_length() -> None:
    """Each text once, in order, whatever order the tab has; a blank one adds nothing."""
    long = [(3, "x" * 200), (3, "y" * 200)]

    assert joined([(2, ""), SPONSOR, USER, SPONSOR, (1, "")]) == [(1, "Sponsor, User"), (2, "")]
    [(_, text)] = joined(long)
    assert (len(text), text[-1]) == (JOINED_CHARS_MAX, "…")
    assert joined([(3, "z" * 300)]) == [(3, "z" * 300)]


JOINS, LEARNS = Joining(joins=True, learns=False), Joining(joins=False, learns=True)
APART = Joining(joins=False, learns=False)


@pytest.mark.parametrize(
    ("held", "looked_long", "shown", "how", "creates", "expected"),
    [
        (True, False, {1}, LEARNS, True, WhyTaken.HELD),
        (False, False, {1}, LEARNS, True, WhyTaken.LOOK_FIRST),
        (False, True, {1}, LEARNS, True, WhyTaken.ONE_ROLE),
        (False, True, {1}, LEARNS, False, WhyTaken.UNSEEN),
        (False, True, {2}, LEARNS, True, WhyTaken.UNSEEN),
        (False, True, {1}, JOINS, True, WhyTaken.THEIRS),
        (False, True, {1}, JOINS, False, WhyTaken.THEIRS),
        (False, True, {2}, JOINS, True, WhyTaken.UNSEEN),
        (False, True, {1}, APART, True, WhyTaken.UNSEEN),
    ],
)
def test_a_role_that_is_taken_is_there_or_is_never_shown(
    *,
    held: bool,
    looked_long: bool,
    shown: set[int],
    how: Joining,
    creates: bool,
    expected: WhyTaken,
) -> None:
    """Or the target takes one role for each person, which is learnt from a create alone."""
    found = taken(1, held=held, looked_long=looked_long, shown=shown, joining=how, creates=creates)

    assert found is expected


@pytest.mark.parametrize(
    ("error", "prospect", "look"),
    [
        (Rejected("no", field="prospect", status=422), True, True),
        (Rejected("no", status=422), True, True),
        (Rejected("no", field="role", status=422), False, True),
        (Rejected("no", field="prospect", status=403), False, False),
        (Rejected("no", field="prospect"), True, False),
    ],
)
def test_a_refusal_says_what_is_worth_a_look(error: Rejected, prospect: bool, look: bool) -> None:
    """A missing permission is about none of the members, and our own check asks nobody."""
    assert may_concern(error, "prospect") is prospect
    assert worth_a_look(error) is look


def test_a_refused_change_may_be_no_loss() -> None:
    """The role may be what it shall be, or be no more."""
    assert looked_at(None, "User") is Looked.GONE
    assert looked_at(Role(5, 1, "User"), "User") is Looked.WELL
    assert looked_at(Role(5, 1, "Sponsor"), "User") is Looked.REFUSED


def test_a_role_that_nothing_shows_is_told_of_by_its_people() -> None:
    """Somebody has to find it."""
    error = Taken("exists", field="role")
    text = "the target calls the role 'User' taken, and shows none like it: exists"

    assert unseen(["P-1", "P-2"], USER, error).reason == f"P-1, P-2: {text}"
    assert unseen([], USER, error) == Failure("validation", "role", said(f"prospect 1: {text}"))
    assert fault(error) == Failure("validation", "role", said("exists"))


NO = Failure("validation", "role", said("no such role"))


@pytest.mark.parametrize(
    ("refused", "held", "joins", "left"),
    [
        ({}, (), False, (SPONSOR, USER)),
        ({USER: RefusedRole(NO, False, False, NOW)}, (), False, (SPONSOR,)),
        ({(2, "User"): RefusedRole(NO, False, False, NOW)}, (), False, (SPONSOR, USER)),
        # Where each person has one role only, another was refused.
        ({USER: RefusedRole(NO, False, False, NOW)}, (), True, (SPONSOR, USER)),
        ({USER: RefusedRole(NO, True, False, NOW)}, (), True, (SPONSOR,)),
        # What was one too many is not, once the other one is gone.
        ({USER: RefusedRole(NO, False, True, NOW)}, (USER,), False, (SPONSOR,)),
        ({USER: RefusedRole(NO, False, True, NOW)}, (), False, (SPONSOR, USER)),
    ],
)
def test_what_was_refused_is_asked_for_again_when_what_it_depended_on_has_changed(
    refused: dict[Edge, RefusedRole], held: Collection[Edge], joins: bool, left: tuple[Edge, ...]
) -> None:
    """Prospect, text, and how the target takes roles; a removal goes on in any case."""
    gone = ours(9, (3, "Buyer"))
    wanted = Script((SPONSOR, USER), (), (gone,))

    edits_left, kept_back = not_refused(wanted, refused, held=held, joins=joins)

    assert edits_left == Script(left, (), (gone,))
    assert kept_back.keys() == {SPONSOR, USER} - set(left)


def test_no_role_is_kept_to_become_one_whose_create_was_refused() -> None:
    """The tab has no line for it any more; a refused change leaves the role as it was."""
    mine = ours(7, SPONSOR)

    def after(*, created: bool, removes: bool = True) -> Script:
        refused = {USER: RefusedRole(NO, False, False, NOW, created)}
        return edits([USER], [mine], removes=removes, refused=refused)

    assert after(created=True) == Script((USER,), (), (mine,))
    assert after(created=True, removes=False) == Script((USER,), (), ())
    assert after(created=False) == Script((), ((mine, "User"),), ())


def test_a_change_that_was_refused_is_not_sent_again_either() -> None:
    """The role keeps the text it has."""
    script_of_one = Script((), ((ours(7, SPONSOR), "User"),), ())

    left, kept_back = not_refused(
        script_of_one, {USER: RefusedRole(NO, False, False, NOW, False)}, held=(), joins=False
    )

    assert (left, list(kept_back)) == (Script((), (), ()), [USER])
