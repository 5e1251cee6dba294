"""Taking back: which writes are meant, and what they come to for one record."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.edit import Edit
from engine.model.named import Named
from engine.model.records import RecordType
from engine.model.tab import Edge
from engine.model.work import Work


@dataclass(frozen=True, slots=True)
class Scope:
    """Which writes are meant: all of these together.

    Args:
        run, since, record: of this run, since this moment (unix seconds), of this record.
        upto: none that was told after this line of history.
    """

    run: int | None = None
    since: float | None = None
    record: Named | None = None
    upto: int | None = None


@dataclass(frozen=True, slots=True)
class RoleChange:
    """What became of one role: its text before and after; None while there was none."""

    role_id: int
    prospect_id: int
    before: str | None
    after: str | None

    @property
    def edge(self) -> Edge:
        """The role that there was, or is."""
        text = self.before if self.after is None else self.after
        return self.prospect_id, text or ""


@dataclass(frozen=True, slots=True)
class Sum:
    """What the writes in the scope come to for one target record of a record.

    Args:
        edits: each field with what it held before all of them, and after.
        created: it was made by them, so that there is nothing to give back to its fields.
        removed: second target records of the record that they removed.
        runs: of these writes.
    """

    record_type: RecordType
    record_id: int
    ref: str
    target_id: int
    edits: tuple[Edit, ...] = ()
    roles: tuple[RoleChange, ...] = ()
    created: bool = False
    removed: tuple[int, ...] = ()
    runs: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Standing:
    """A record as it stands, for whoever wants to take something of it back.

    Args:
        pending: it waits to be synced itself.
        owner: the reference of the record that the target record belongs to; None for nobody's.
        related: its roles can be followed on this target record.
        in_doubt: it is open what became of a role, or of the record itself.
        tab: as last captured.
    """

    work: Work
    pending: bool
    owner: str | None
    related: bool
    in_doubt: bool
    tab: str | None
