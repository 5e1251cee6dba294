"""People who undo an import, and those who put Workbooks back from a backup."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import anyio

from tests.simulation.copiers import COPIED, SYNC
from tests.simulation.people import CrmUsers
from tests.simulation.scene import Scene


@dataclass(frozen=True, slots=True)
class Kept:
    """One record as a backup has it."""

    values: dict[str, Any]
    updated_at: int
    lock_version: int


class Importers:
    """Those by whom much changes at once."""

    def __init__(self, scene: Scene, crm: CrmUsers) -> None:
        self._scene = scene
        self._crm = crm
        self._rng = scene.rng("weather3 importers")
        self._opportunities = scene.workbooks.opportunities
        self._imported: list[int] = []
        self._backup: dict[int, Kept] = {}

    def imports(self) -> None:
        """Several records within one second, beyond the plan's number."""
        self._imported = [self._crm.enters() for _ in range(self._rng.randint(3, 8))]

    def undoes(self) -> None:
        """Most of them are unticked or deleted again."""
        for record_id in self._imported:
            if not self._opportunities.is_live(record_id) or self._rng.random() < 0.2:
                continue
            if self._rng.random() < 0.7:
                self._opportunities.update(record_id, **{SYNC: False})
            else:
                self._opportunities.delete(record_id)
            self._scene.ledger.undone[record_id] = anyio.current_time()
            self._scene.ledger.yielded.add(record_id)
            self._note(f"takes OPP-{record_id} back")

    def backs_up(self) -> None:
        """A backup of all records."""
        for record_id in self._opportunities.ids():
            columns = self._opportunities.get(record_id)
            values = {name: columns[shown] for name, shown in {**COPIED, SYNC: SYNC}.items()}
            stamped = cast("datetime", columns["updated_at"]).timestamp()
            version = cast("int", columns["lock_version"])
            self._backup[record_id] = Kept(values, int(stamped), version)

    def puts_back(self) -> None:
        """The backup takes the place of what has been edited since."""
        for record_id, kept in self._backup.items():
            if not self._opportunities.is_live(record_id):
                continue
            if self._opportunities.get(record_id)["lock_version"] == kept.lock_version:
                continue
            self._opportunities.update(record_id, **kept.values)
            self._opportunities.restamp(
                record_id, updated_at=kept.updated_at, lock_version=kept.lock_version
            )
            self._crm.judges(record_id)
            self._note(f"puts OPP-{record_id} back to version {kept.lock_version}")

    def _note(self, text: str) -> None:
        self._scene.trace.note("action", text)
