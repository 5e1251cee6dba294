"""The target of a service that only looks: as in a rehearsal, for as long as it runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

from engine.actors.gate import gated
from engine.connector import TargetConnector
from engine.model.records import Match
from engine.ports import Target
from engine.service.planning.target import RehearsedTarget
from engine.service.shadow.book import Book
from engine.service.shadow.known import Known


def shadowed(real: Target, connector: TargetConnector, book: Book, known: Known) -> ShadowTarget:
    """The target, its writings in the book."""
    return ShadowTarget(real, connector, book, known, book=book)


def behind_the_gate(target: ShadowTarget) -> Target:
    """As whoever works with it gets it."""
    return gated(cast("Target", target))


@dataclass(slots=True)
class ShadowTarget(RehearsedTarget):
    """Finds again what it would have created, as after a process that ended meanwhile."""

    book: Book = field(kw_only=True)

    def begin_anew(self) -> None:
        """Look again at what was looked at before: it may have changed since."""
        self.looks = 0
        self._prospects.clear()

    async def find(self, correlations: Collection[str]) -> Mapping[str, list[Match]]:
        """Opportunities by correlation value; those that are really there before ours."""
        found = dict(await self.target.find(correlations))
        missing = [one for one in correlations if not found.get(one)]
        now = datetime.fromtimestamp(self.book.clock.now(), UTC).isoformat()
        made = self.book.created(self.connector.correlation_field, missing)
        return found | {value: [Match(target_id, now)] for value, target_id in made.items()}
