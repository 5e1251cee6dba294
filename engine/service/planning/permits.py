"""Permits: what a plan allows while it is carried out, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.actors.gate import Attempt
from engine.decide.reasons import because
from engine.errors import NotPlanned
from engine.model.fields import Fields
from engine.model.plan import Change, Kind
from engine.model.reason import Code
from engine.service.planning.people import People

# What is done to the target, as opposed to what is told to the source.
WRITES = frozenset(Kind) - {Kind.WRITE_BACK, Kind.FLAG, Kind.UNFLAG, Kind.ADOPT}


@dataclass(slots=True)
class RecordPermits:
    """Those of one record.

    Args:
        prospects: by the id of a person, the prospect that it was before the work on it.
        done, left: each change is in one of them. Two that are equal are two: of those who share a
            prospect, each has a line of the tab.
        denied: why something was not permitted, the first of it.
        early: it was about somebody of whom another record's work is still to tell more: who may
            be the same as somebody else, or whose prospect is gone.
    """

    changes: list[Change]
    people: People
    prospects: Mapping[int, int] = field(default_factory=dict[int, int])
    done: list[Change] = field(default_factory=list[Change], init=False)
    left: list[Change] = field(init=False)
    denied: str | None = None
    early: bool = False

    def __post_init__(self) -> None:
        self.left = list(self.changes)

    def write(self, attempt: Attempt) -> None:
        """See `gate.Permits`."""
        if attempt.kind is Kind.PROSPECT:
            if self.people.creates(attempt.fields or {}):
                return
            self.early = True
            self._deny("it would create a prospect otherwise than planned")
        for change in self.left:
            if self._is(change, attempt):
                self._serve(change)
                return
        # Where another record finds out first, as planned, that the prospect is gone, none is sent.
        self.early = self.early or (
            attempt.kind is Kind.ROLE_ADD and self.people.is_gone(attempt.prospect_id)
        )
        self._deny(_otherwise(attempt, self.changes))

    def person(self, person_id: int, prospect_id: int | None, *, ours: bool) -> None:
        """See `gate.Permits`."""
        if not self.people.told(person_id, prospect_id, ours=ours):
            self.early = True
            self._deny("a person on its tab is not what it was any more")

    def flags(self, record_id: int) -> bool:
        """See `gate.Permits`: what is refused may be what was planned to be sent."""
        planned = any(one.kind is Kind.FLAG and one.record_id == record_id for one in self.changes)
        if not planned and not self.done:
            self.denied = self.denied or "it would be flagged now"
            return False
        return True

    def _is(self, change: Change, attempt: Attempt) -> bool:
        if change.kind is not attempt.kind:
            return False
        role = change.role
        match change.kind:
            case Kind.CREATE:
                return _same(change, attempt.fields or {})
            case Kind.UPDATE:
                wanted = {edit.field: edit.after for edit in change.edits}
                return change.target_id == attempt.target_id and wanted == attempt.fields
            case Kind.REMOVE:
                return change.target_id == attempt.target_id
            case Kind.ROLE_ADD if role is not None:
                if change.target_id not in (None, attempt.target_id):
                    # As of one that is gone, for which another was made.
                    return False
                known = role.prospect_id or self._prospect(role.person_id or 0)
                return (known, role.after) == (attempt.prospect_id, attempt.role)
            case Kind.ROLE_CHANGE if role is not None:
                return (role.role_id, role.after) == (attempt.role_id, attempt.role)
            case Kind.ROLE_REMOVE if role is not None:
                return role.role_id == attempt.role_id
            case _:
                return False

    def _serve(self, change: Change) -> None:
        self.left = [one for one in self.left if one is not change]
        self.done.append(change)

    def _prospect(self, person_id: int) -> int | None:
        return self.people.prospect(person_id) or self.prospects.get(person_id)

    def _deny(self, why: str) -> None:
        self.denied = self.denied or why
        raise NotPlanned(because(Code.NOT_PLANNED, why=why))


def _same(change: Change, fields: Fields) -> bool:
    planned = {edit.field: edit.after for edit in change.edits}
    return planned == {name: value for name, value in fields.items() if value is not None}


def _otherwise(attempt: Attempt, changes: list[Change]) -> str:
    planned = next((one for one in changes if one.kind is attempt.kind), None)
    if attempt.role is not None or attempt.role_id is not None:
        whose = f" of prospect {attempt.prospect_id}" if attempt.prospect_id is not None else ""
        text = "" if attempt.role is None else f" {json.dumps(attempt.role)[:60]}"
        return f"it would {attempt.kind.value}{text}{whose}, and that is not planned"
    if planned is None or attempt.fields is None:
        return f"it would {attempt.kind.value} now, and that is not planned so"
    wanted = {edit.field: edit.after for edit in planned.edits}
    fields = {name: value for name, value in attempt.fields.items() if value is not None}
    names = sorted(
        name for name in wanted.keys() | fields.keys() if wanted.get(name) != fields.get(name)
    )
    shown = ", ".join(f"{name} {json.dumps(fields.get(name))[:60]}" for name in names)
    return f"it would {attempt.kind.value} otherwise than planned: {shown}"
