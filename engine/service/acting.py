"""Acting: what an operator asks of the running service for records by name.

The records are found as `why` finds them, the store does it whole, and whoever has to do with it
next is woken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from engine.assembly.assembly import Assembly
from engine.errors import EngineError
from engine.flow.purpose import spent_on
from engine.model.acting import Act, Done, Request, document, unknown
from engine.model.named import Named
from engine.model.pointer import Pointer
from engine.model.purpose import Purpose
from engine.model.records import RecordType
from engine.service.why.pointing import NEAREST_MAX, pointers_of, spelled
from engine.service.why.shown import shown_as

# More changes than this among records that are asked for are a mass edit.
FRESH_MAX = 25
# So many are named in the log.
LOGGED_MAX = 20

log = structlog.get_logger(component="acting")


@dataclass(slots=True)
class Acting:
    """One request."""

    assembly: Assembly
    request: Request
    unknown: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    unseen: list[str] = field(default_factory=list[str])

    async def answer(self) -> dict[str, Any]:
        """What was done, and what is unknown."""
        named = await self._named()
        done = await self._do(named)
        await self._capture([one.named for one in done])
        self._wake(named)
        refs = [one.named.ref for one in done[:LOGGED_MAX]]
        log.info("acted", act=self.request.act.value, number=len(done), records=refs)
        shadow = self.assembly.config.shadow
        return document(self.request.act, done, self.unknown, shadow=shadow)

    async def _named(self) -> list[Named]:
        store = self.assembly.store
        if self.request.everything or self.request.code is not None:
            return await store.acting.refused(self.request.code)
        found: list[Named] = []
        for text in self.request.names:
            found += await self._one(text)
        return list(dict.fromkeys(found))

    async def _one(self, text: str) -> list[Named]:
        """The one record of this name; one that is unknown, or several, is told."""
        pointers = pointers_of(self.assembly.config, text)
        dossiers = self.assembly.store.dossiers
        found = await dossiers.find(pointers)
        if not found:
            with spent_on(Purpose.FRESH):
                found = await shown_as(self.assembly, pointers, self._miss)
        if len(found) == 1:
            return found
        near = found or await dossiers.alike(pointers, NEAREST_MAX)
        self.unknown.append(unknown(text, self._tried(pointers), near, several=bool(found)))
        return []

    def _tried(self, pointers: Sequence[Pointer]) -> list[str]:
        return [spelled(one, self.assembly.config) for one in pointers]

    async def _do(self, named: Sequence[Named]) -> list[Done]:
        acting, now = self.assembly.store.acting, self.assembly.environment.clock.now()
        match self.request.act:
            case Act.RETRY:
                return await acting.retry(named, now)
            case Act.SKIP:
                return await acting.skip(named, self.request.reason, now)
            case Act.UNSKIP:
                return await acting.unskip(named, now)
            case Act.RESYNC:
                return await acting.resync(named, now)

    async def _capture(self, named: Sequence[Named]) -> None:
        """What is skipped before it was ever captured is known from now on."""
        if self.request.act is not Act.SKIP:
            return
        ids = [one.id for one in named if one.record_type is RecordType.OPPORTUNITY]
        unknown = sorted(set(ids) - await self.assembly.store.feeds.known_ids(ids))
        if not unknown:
            return
        asked_at = self.assembly.environment.clock.now()
        try:
            found = await self.assembly.systems.source.fetch(RecordType.OPPORTUNITY, unknown)
        except EngineError:
            # The next poll that shows them captures them as skipped.
            return
        shown = [one for one in unknown if one not in found.unreadable]
        now = self.assembly.environment.clock.now()
        await self.assembly.store.feeds.take_asked_for(
            shown, found.rows, asked_at, now, fresh_max=FRESH_MAX
        )

    def _wake(self, named: Sequence[Named]) -> None:
        people = [one.id for one in named if one.record_type is RecordType.PERSON]
        self.assembly.prospect_resolver.forget(people)
        self.assembly.worker_factory.signals.wake_all()

    def _miss(self, what: str, error: EngineError) -> None:
        self.unseen.append(f"{what}: {error.message}")
