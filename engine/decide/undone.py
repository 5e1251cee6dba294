"""What was undone is left alone until its record or the mapping changes. Pure.

Only here it is said for how long, and of what; whoever sends anything asks here first.
"""

from __future__ import annotations

from engine.model.fields import Fields
from engine.model.undone import Undone


def fields_stand(undone: Undone, *, target_id: int, version: int, mapping: str) -> bool:
    """Whether the undone fields are left alone still.

    Args:
        target_id: the target record that is about to be written.
        version: of the source record, as it is known now.
        mapping: fingerprint of the one in force.
    """
    return (undone.target_id, undone.version, undone.mapping) == (target_id, version, mapping)


def left_alone(
    fields: Fields, undone: Undone, *, target_id: int, version: int, mapping: str
) -> Fields:
    """The fields that the target record shall hold, without those that are left alone."""
    if not fields_stand(undone, target_id=target_id, version=version, mapping=mapping):
        return fields
    return {name: value for name, value in fields.items() if name not in undone.fields}


def roles_stand(undone: Undone, *, target_id: int, version: int, tab: str | None) -> bool:
    """Whether the roles are left alone, whatever the tab says: it said so when they were undone."""
    if undone.tab is None:
        return False
    return (undone.target_id, undone.version, undone.tab) == (target_id, version, tab)
