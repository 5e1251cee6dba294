"""Edit scripts against a model target: exactly the tab, by the fewest requests, and no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from engine.decide.roles import Script, observed, script
from engine.model.intent import Intent
from engine.model.lane import Lane
from engine.model.mass_change import Mass
from engine.model.records import Role
from engine.model.tab import Edge, KnownRole, TabWork
from tests.unit.engine.stand_ins import seeded

# Few of each, so that equal edges, several of one prospect, and reuse all come up often.
PROSPECTS = st.integers(1, 4)
EDGES = st.tuples(PROSPECTS, st.sampled_from(["", "User", "Sponsor"]))
WANTED = st.lists(EDGES, max_size=8)
PROTECTED = st.sets(PROSPECTS, max_size=2)
VISIBILITY_S = 300.0
NOW = 1_000_000.0


def roles_of(parts: Iterable[tuple[Edge, bool, float]]) -> list[KnownRole]:
    """Roles with ids of their own, from (edge, made, seen at)."""
    return [
        KnownRole(number, *edge, made=made, seen_at=seen_at)
        for number, (edge, made, seen_at) in enumerate(parts, start=101)
    ]


PRESENT = st.lists(st.tuples(EDGES, st.booleans(), st.just(NOW)), max_size=8).map(roles_of)


def edge_of(role: KnownRole | Role) -> Edge:
    """Whose role it is, and which."""
    return (role.prospect_id, role.role)


@dataclass(frozen=True)
class Case:
    """One opportunity: its tab, its roles, and what may be done with them."""

    wanted: Sequence[Edge]
    present: Sequence[KnownRole]
    removes: bool
    protected: set[int]

    def script(self) -> Script:
        """The edits for it."""
        return script(
            self.wanted, self.present, removes=self.removes, protected=self.protected, refused={}
        )

    def after(self, edits: Script) -> list[KnownRole]:
        """The target once every edit is carried out."""
        roles = {role.id: role for role in self.present}
        for role in edits.remove:
            del roles[role.id]
        for role, text in edits.change:
            roles[role.id] = KnownRole(role.id, role.prospect_id, text, role.made, NOW)
        for number, edge in enumerate(edits.create, start=901):
            roles[number] = KnownRole(number, *edge, made=True, seen_at=NOW)
        return list(roles.values())

    def missing(self) -> Counter[Edge]:
        """Lines without a role."""
        return Counter(self.wanted) - Counter(map(edge_of, self.present))

    def surplus(self) -> Counter[Edge]:
        """Roles of ours that no line needs, somebody else's serving first."""
        theirs = Counter(edge_of(role) for role in self.present if not role.made)
        ours = Counter(edge_of(role) for role in self.present if role.made)
        return ours - (Counter(self.wanted) - theirs)

    def free(self, edges: Counter[Edge]) -> Counter[int]:
        """How many of these belong to each prospect that is not protected."""
        counted: Counter[int] = Counter()
        for (prospect_id, _), times in edges.items():
            if prospect_id not in self.protected:
                counted[prospect_id] += times
        return counted


CASES = st.builds(Case, WANTED, PRESENT, st.booleans(), PROTECTED)


@given(case=CASES)
def test_the_target_then_has_every_line_and_otherwise_only_what_is_not_ours_to_take(
    case: Case,
) -> None:
    """Mission rules 8 and 9, as multisets."""
    after = Counter(map(edge_of, case.after(case.script())))
    theirs = Counter(edge_of(role) for role in case.present if not role.made)
    # Counter's union is the smallest multiset that has both.
    least = Counter(case.wanted) | theirs

    assert after >= least
    for prospect_id, role in after - least:
        assert prospect_id in case.protected or not case.removes
        assert (prospect_id, role) in case.surplus()
    if case.removes and not case.protected:
        assert after == least


@given(case=CASES)
def test_no_role_is_touched_that_is_not_ours_or_whose_person_cannot_be_told(case: Case) -> None:
    """It removes a role in the target only if it created it."""
    edits = case.script()
    touched = [*edits.remove, *(role for role, _ in edits.change)]

    assert all(role.made and role in case.present for role in touched)
    assert all(role.prospect_id not in case.protected for role in touched)
    assert len({role.id for role in touched}) == len(touched)
    assert case.removes or not edits.remove


@given(case=CASES)
def test_no_shorter_script_would_do(case: Case) -> None:
    """For each person every missing line costs one request, and so does each role too many.

    One request can serve both when it changes a text in place, so the larger number counts.
    """
    missing, surplus = case.free(case.missing()), case.free(case.surplus())
    if not case.removes:
        surplus.clear()
    for_protected = case.missing().total() - missing.total()

    assert len(case.script()) == for_protected + sum((missing | surplus).values())


@given(case=CASES)
def test_a_text_is_changed_only_where_it_differs_and_before_anything_is_made(case: Case) -> None:
    """A role that exists keeps what somebody added to it."""
    edits = case.script()
    missing, surplus = case.free(case.missing()), case.free(case.surplus())

    assert all(role.role != text for role, text in edits.change)
    assert Counter(role.prospect_id for role, _ in edits.change) == missing & surplus


@given(case=CASES)
def test_carried_out_once_nothing_is_left_to_do(case: Case) -> None:
    """A steady state costs no request."""
    settled = Case(case.wanted, case.after(case.script()), case.removes, case.protected)

    assert settled.script() == Script((), (), ())


@given(wanted=WANTED, made=st.booleans(), removes=st.booleans(), protected=PROTECTED)
def test_a_tab_that_equals_the_roles_needs_nothing(
    wanted: list[Edge], made: bool, removes: bool, protected: set[int]
) -> None:
    """Whoever made them."""
    present = roles_of((edge, made, NOW) for edge in reversed(wanted))

    assert not Case(wanted, present, removes, protected).script()


@given(case=CASES, seed=st.integers(0, 2**32))
def test_the_order_of_lines_and_roles_means_nothing(case: Case, seed: int) -> None:
    """Neither does the order in which the source or the target lists them."""
    rng = seeded(seed)
    mixed = Case(
        rng.sample(case.wanted, len(case.wanted)),
        rng.sample(case.present, len(case.present)),
        case.removes,
        case.protected,
    )

    assert mixed.script() == case.script()


@given(
    wanted=WANTED,
    parts=st.lists(
        st.tuples(EDGES, st.booleans(), st.sampled_from([NOW, NOW - VISIBILITY_S])), max_size=6
    ),
    hidden=st.sets(st.integers(101, 106)),
    others=st.lists(EDGES, max_size=4),
    announced=st.lists(EDGES, max_size=3),
)
def test_a_look_at_the_target_loses_no_role_and_doubles_none(
    wanted: list[Edge],
    parts: list[tuple[Edge, bool, float]],
    hidden: set[int],
    others: list[Edge],
    announced: list[Edge],
) -> None:
    """After a loss of the state, or of an answer: one list, and no duplicate role."""
    known = roles_of(parts)
    listing = [Role(role.id, *edge_of(role)) for role in known if role.id not in hidden]
    listing += [Role(number, *edge, NOW) for number, edge in enumerate(others, start=501)]
    work = TabWork(
        1, "OPP-1", 3, 0, "{}", None, 7, 1, Lane.FRESH, Mass.NONE, left_out=False, listed=False,
        roles=tuple(known), announced=tuple(announced),
        intent=Intent("", NOW, None, 0), attempts=0, failed_at=None,
    )  # fmt: skip

    look = observed(work, listing, wanted, now=NOW, lag_s=VISIBILITY_S, target_ahead_s=0.0)
    kept, gone = look.kept, look.gone

    old = {role.id for role in known if role.id in hidden and role.seen_at < NOW}
    adopted = [role for role in kept if role.id >= 501]
    assert set(gone) == old
    assert {role.id for role in kept} - {role.id for role in adopted} == {
        role.id for role in known
    } - old
    ours = Counter(edge_of(role) for role in adopted if role.made)
    assert ours == Counter(announced) & Counter(others)
    assert look.unseen == len(announced) - ours.total()
    stands = Counter(edge_of(role) for role in kept if role not in adopted) + ours
    needed = Counter(wanted) - stands
    rest = Counter(others) - ours
    assert Counter(edge_of(role) for role in adopted if not role.made) == needed & rest
