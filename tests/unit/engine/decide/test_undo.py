"""What writes come to, and what of it is given back."""

from __future__ import annotations

from engine.decide.undo import fields_back, given_back, roles_back, sums
from engine.model.edit import Edit
from engine.model.history import UNDONE
from engine.model.records import RecordType, Role
from engine.model.report import HistoryLine
from engine.model.undo import RoleChange, Sum
from engine.model.write import Write, WriteKind
from tests.unit.engine.stand_ins import NOW


def line(*writes: Write, decision: str = "updated", run: int = 1) -> HistoryLine:
    """A line with these writes."""
    return HistoryLine(NOW, 1, decision, "", None, run, writes, RecordType.OPPORTUNITY, 1, "OPP-1")


def updated(before: str | None, after: str | None, target_id: int = 7) -> Write:
    """A change of the name."""
    return Write(WriteKind.UPDATED, target_id, (Edit("name", before, after),))


def role(kind: WriteKind, role_id: int, before: str | None, after: str | None) -> Write:
    """What was done to a role of prospect 31."""
    return Write(kind, 7, (Edit("role", before, after),), role_id, 31)


def summed(*edits: Edit, created: bool = False, roles: tuple[RoleChange, ...] = ()) -> Sum:
    """What there is to give back."""
    return Sum(RecordType.OPPORTUNITY, 1, "OPP-1", 7, edits, roles, created)


def test_several_writes_come_to_the_first_value_and_the_last() -> None:
    """What lies between is nobody's business; a field that is as it was is none of it."""
    back_again = [line(updated("A", "B")), line(updated("B", "A"))]

    [found] = sums([line(updated("A", "B")), line(updated("B", "C"))])
    assert found.edits == (Edit("name", "A", "C"),)
    assert [one.edits for one in sums(back_again)] == [()]


def test_each_target_record_is_one_of_its_own() -> None:
    """A record may have been linked to another one meanwhile."""
    found = sums([line(updated("A", "B")), line(updated("A", "B", target_id=8))])

    assert [one.target_id for one in found] == [7, 8]


def test_a_role_that_went_and_came_again_is_as_it_was() -> None:
    """It has another id since an undo has added it again."""
    gone = line(role(WriteKind.ROLE_REMOVED, 5, "Buyer", None))
    again = line(role(WriteKind.ROLE_ADDED, 9, None, "Buyer"))
    other = line(role(WriteKind.ROLE_ADDED, 10, None, "User"))

    assert sums([gone, again])[0].roles == ()
    assert sums([gone, again, other])[0].roles == (RoleChange(10, 31, None, "User"),)
    assert sums([gone])[0].roles == (RoleChange(5, 31, "Buyer", None),)


def test_only_what_is_as_we_left_it_is_given_back() -> None:
    """And what the mapping makes otherwise is left alone from then on."""
    edits = (Edit("name", "A", "B"), Edit("amount", 1, 2), Edit("stage", 3, 4), Edit("gone", 5, 6))
    live = {"name": "B", "amount": 7, "stage": 3, "gone": 6}

    back = fields_back(summed(*edits), live, {"name", "amount", "stage"}, {"name": "B"})

    assert back.edits == (Edit("name", "B", "A"),)
    assert [one.what for one in back.kept] == ["amount", "stage", "gone"]
    assert (back.again, back.alone) == (frozenset({"name"}), frozenset({"name"}))
    fixed = fields_back(summed(edits[0]), live, {"name"}, {"name": "A"})
    assert (fixed.again, fixed.alone) == (frozenset(), frozenset())


def test_what_was_created_is_given_nothing_back() -> None:
    """There was nothing before it."""
    found = summed(Edit("name", "A", "B"), created=True)

    assert fields_back(found, {"name": "B"}, {"name"}, None).edits == ()


def test_what_an_undo_gave_back_is_known_without_asking() -> None:
    """Unless somebody, or another undo, has written it since."""
    found = summed(Edit("name", "A", "B"))
    undone = line(updated("B", "A"), decision=UNDONE, run=2)

    left, kept = given_back(found, [undone])
    assert (left.edits, kept[0].reason) == ((), "it was given back in run 2")
    again = line(updated("A", "B"), decision=UNDONE, run=3)
    assert given_back(found, [undone, again])[0] == found
    assert given_back(found, [line(updated("B", "A"))])[0] == found


def test_roles_go_back_one_by_one() -> None:
    """Each as far as it is as we left it."""
    roles = (
        RoleChange(1, 31, None, "Buyer"),
        RoleChange(2, 31, "User", "Judge"),
        RoleChange(3, 31, "Sponsor", None),
        RoleChange(4, 31, None, "Gone"),
        RoleChange(5, 31, "Old", "New"),
        RoleChange(6, 31, "There", None),
    )
    there = {
        1: Role(1, 31, "Buyer"),
        2: Role(2, 31, "Judge"),
        4: None,
        5: Role(5, 31, "By hand"),
    }
    listing = [Role(8, 31, "There")]

    back = roles_back(summed(roles=roles), there, listing, related=True)

    assert [one.role_id for one in back.remove] == [1]
    assert [one.role_id for one in back.change] == [2]
    assert [one.role_id for one in back.add] == [3]
    assert [one.reason for one in back.kept] == [
        "it is gone already",
        "somebody has changed it since",
        "it is there again",
    ]
    unrelated = roles_back(summed(roles=roles), there, listing, related=False)
    assert (unrelated.remove, unrelated.change, unrelated.add) == ((), (), ())
