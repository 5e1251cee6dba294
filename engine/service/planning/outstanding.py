"""What of a plan's roles is still to be made, changed or removed. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from engine.model.plan import Change, RoleEdit
from engine.model.records import Role


def outstanding(
    left: Sequence[Change],
    served: Sequence[Change],
    shown: Sequence[Role],
    prospects: Mapping[int, int],
) -> list[Change]:
    """Those of `left` that are not so already.

    Roles that are equal are counted: of two that are planned one does not stand for both.

    Args:
        served: the changes of roles that were sent.
        shown: the roles as they are.
        prospects: by the id of a person.
    """

    def made(role: RoleEdit) -> tuple[int | None, str | None]:
        return role.prospect_id or prospects.get(role.person_id or 0), role.after

    there = Counter[tuple[int | None, str | None]]((one.prospect_id, one.role) for one in shown)
    there.subtract(made(one.role) for one in served if one.role is not None and _adds(one.role))
    texts = {one.id: one.role for one in shown}
    found: list[Change] = []
    for change in left:
        role = change.role
        if role is not None and _adds(role):
            is_so = there[made(role)] > 0
            there[made(role)] -= is_so
        else:
            # Of one that is not there any more the text is what a removal leaves: none.
            is_so = role is not None and texts.get(role.role_id or 0) == role.after
        if not is_so:
            found.append(change)
    return found


def _adds(role: RoleEdit) -> bool:
    return role.role_id is None
