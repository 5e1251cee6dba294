"""Which of a plan's roles are still to be made, changed or removed."""

from __future__ import annotations

from engine.model.plan import Change, Kind, RoleEdit
from engine.model.records import RecordType, Role
from engine.service.planning.outstanding import outstanding

ADA, BOB, PROSPECT = 31, 32, 7


def _change(kind: Kind, role: RoleEdit) -> Change:
    return Change(kind, RecordType.OPPORTUNITY, 1, "OPP-1", target_id=9, role=role)


def _added(person: int, after: str = "Buyer") -> Change:
    return _change(Kind.ROLE_ADD, RoleEdit(None, None, person, None, None, after))


def _shown(*texts: str) -> list[Role]:
    return [Role(number, PROSPECT, text) for number, text in enumerate(texts, start=1)]


BOTH = {ADA: PROSPECT, BOB: PROSPECT}


def test_roles_that_are_equal_are_counted() -> None:
    """Of two people who are one prospect each has a role."""
    two = [_added(ADA), _added(BOB)]

    assert outstanding(two, [], _shown("Buyer"), BOTH) == [two[1]]
    assert outstanding(two, [], _shown("Buyer", "Buyer"), BOTH) == []


def test_a_role_that_was_sent_does_not_stand_for_another() -> None:
    """It is shown, and the other one is still to be made."""
    sent, left = _added(ADA), _added(BOB)

    assert outstanding([left], [sent], _shown("Buyer"), BOTH) == [left]


def test_a_role_of_nobody_is_to_be_made() -> None:
    """Nor does a role with another text do."""
    left = [_added(ADA)]

    assert outstanding(left, [], _shown("Buyer"), {}) == left
    assert outstanding(left, [], _shown("Advisor"), BOTH) == left


def test_changes_and_removals_go_by_the_role_itself() -> None:
    """One that is gone is removed, and cannot be changed."""
    changed = _change(Kind.ROLE_CHANGE, RoleEdit(1, PROSPECT, ADA, None, "Buyer", "Advisor"))
    removed = _change(Kind.ROLE_REMOVE, RoleEdit(1, PROSPECT, ADA, None, "Buyer", None))

    assert outstanding([changed, removed], [], _shown("Buyer"), BOTH) == [changed, removed]
    assert outstanding([changed, removed], [], _shown("Advisor"), BOTH) == [removed]
    assert outstanding([changed, removed], [], [], BOTH) == [changed]
