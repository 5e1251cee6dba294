"""The port to taking back: what is meant, and what becomes of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from engine.model.edit import Edit
from engine.model.fields import Fields
from engine.model.named import Named
from engine.model.report import HistoryLine
from engine.model.run import Run, RunKind
from engine.model.tab import KnownRole
from engine.model.undo import Scope, Standing
from engine.model.undone import Undone
from engine.model.work import Work
from engine.model.write import WriteKind


class Undos(Protocol):
    """Taking back what was written."""

    async def begin(self, kind: RunKind, now: float, detail: str) -> int:
        """A run of its own; whatever is written in it belongs to that."""
        ...

    async def run(self, number: int) -> Run | None:
        """The run of this number, without its counts; None where it is not known."""
        ...

    async def newest(self) -> int:
        """The latest line of history there is."""
        ...

    async def meant(self, scope: Scope, after: int, limit: int) -> list[Named]:
        """Records that something was written for within the scope, those written last first.

        Args:
            after: so many of them are skipped.
        """
        ...

    async def written(
        self, scope: Scope, named: Named
    ) -> tuple[list[HistoryLine], list[HistoryLine]]:
        """What was written for one of them within the scope, and after that, oldest first."""
        ...

    async def standing(self, record_id: int, target_id: int) -> Standing | None:
        """The record as it stands, and whose the target record is; None when it is not known."""
        ...

    async def announce_fields(
        self, known: Work, target_id: int, edits: Sequence[Edit], mark: Undone | None
    ) -> bool:
        """Edits are about to be sent; what is undone is left alone from now on, whatever dies.

        Returns False, and nothing may be sent, when the record was captured anew meanwhile, or the
        target record is another's.
        """
        ...

    async def settle_fields(
        self,
        known: Work,
        target_id: int,
        holds: Fields,
        *,
        answered: bool,
        mapped: Collection[str],
        now: float,
    ) -> None:
        """The target record holds this now.

        Args:
            answered: what was announced was carried out; otherwise what of it `holds` shows.
            mapped: fields that the mapping in force fills.
        """
        ...

    async def withdraw_fields(
        self, known: Work, mark: Undone | None, synced: Fields | None
    ) -> None:
        """What was announced surely was not carried out; `mark` is as before."""
        ...

    async def announce_role(
        self,
        known: Work,
        target_id: int,
        role: KnownRole,
        mark: Undone | None,
        *,
        kind: WriteKind,
        now: float,
    ) -> bool:
        """The same of one role that is added, removed, or given the text that `role` has."""
        ...

    async def settle_role(
        self,
        known: Work,
        target_id: int,
        role: KnownRole,
        *,
        kind: WriteKind,
        before: str | None,
        now: float,
    ) -> None:
        """It was; `before` is the text it had, None where there was no role."""
        ...

    async def doubt_role(self, known: Work, target_id: int, now: float, *, lost: bool) -> None:
        """A role was not added, as far as is known; with `lost` it may have been."""
        ...
