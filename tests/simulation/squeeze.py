"""A squeeze: a backlog larger than the hour allows, edits meanwhile, and others who draw too.

One process between both emulators on virtual time, in fair weather.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio

from connectors.sandbox.outreach import OutreachKnobs
from tests.scratch import scratch
from tests.simulation import virtual_time
from tests.simulation.history import History, quiet
from tests.simulation.recovery import fair_plan
from tests.simulation.scene import START

WINDOW_S = 3600
WINDOWS = 3
EDITED, EDIT_EVERY_S = 10, 97.0
OTHERS_EVERY_S = 10.0


@dataclass(slots=True)
class Squeezed:
    """What the windows came to after the first, which is met in its middle and shows nobody's pace.

    Args:
        left_over: of each, what nobody had used at its end.
        ours: of each, what others left to us.
        edits_s: how long edits took in them, virtual seconds.
        refused: our requests that were answered 429.
        waiting: records that were not there yet at the end.
    """

    left_over: list[int] = field(default_factory=list[int])
    ours: list[int] = field(default_factory=list[int])
    edits_s: list[float] = field(default_factory=list[float])
    refused: int = 0
    waiting: int = 0


class Squeeze(History):
    """So many records imported under a limit of so many requests an hour."""

    def __init__(
        self, directory: Path, *, records: int, limit: int, others: float, poll_s: float
    ) -> None:
        settings: dict[str, dict[str, Any]] = {
            "poller": {"interval_s": poll_s},
            "outreach.budget": {"reserve": 0},
        }
        knobs = OutreachKnobs(rate_limit=limit, rate_window_s=WINDOW_S)
        super().__init__(fair_plan(settings, knobs), directory, echo=False)
        self._records = records
        self._limit = limit
        self._others = others
        self._edited: list[int] = []
        self._drawn = 0
        self._since_s = 0.0
        self.squeezed = Squeezed()

    def begin(self) -> None:
        """What is there before the engine first runs."""
        self.scene.add_seat("Ada King")
        self._edited = [self._create(f"Deal {number}") for number in range(EDITED)]
        # Of all seats the one that the engine signs in as.
        self._user = self.scene.outreach.users.rows()[0].id

    def _create(self, name: str) -> int:
        return self.scene.workbooks.opportunities.create(
            description=name, cf_opportunity_sync_to_outreach=True
        )

    async def busy(self) -> None:
        """Import, edit and draw for some windows."""
        # Others do not wait for an import: what is learnt of them before it counts for it.
        others = asyncio.create_task(self._draw())
        await asyncio.sleep(120.0)
        for number in range(self._records):
            self._create(f"Imported {number}")
        edits = asyncio.create_task(self._edit())
        for place in range(WINDOWS):
            if place == 1:
                self.squeezed, self._since_s = Squeezed(), anyio.current_time()
            await self._to_the_end_of_a_window()
        others.cancel()
        edits.cancel()
        await asyncio.wait({others, edits})
        there = len(self.scene.outreach.opportunities.rows())
        self.squeezed.waiting = self._records + EDITED - there

    async def _to_the_end_of_a_window(self) -> None:
        self._drawn, spent = 0, self._calls()
        ends_s = WINDOW_S - (START + anyio.current_time()) % WINDOW_S
        await asyncio.sleep(ends_s - 0.5)
        remaining = self._remaining()
        self.squeezed.left_over.append(remaining)
        self.squeezed.ours.append(self._limit - self._drawn)
        admitted = self._limit - remaining - self._drawn
        self.squeezed.refused += max(0, self._calls() - spent - admitted)
        await asyncio.sleep(0.6)

    async def _draw(self) -> None:
        owed = 0.0
        while True:
            owed += self._others * self._limit * OTHERS_EVERY_S / WINDOW_S
            calls = min(int(owed), self._remaining())
            owed -= int(owed)
            self.scene.outreach.limits.spend(self._user, calls)
            self._drawn += calls
            await asyncio.sleep(OTHERS_EVERY_S)

    async def _edit(self) -> None:
        number = 0
        while True:
            name = f"Edit {number}"
            record_id = self._edited[number % EDITED]
            self.scene.workbooks.opportunities.update(record_id, description=name)
            began = anyio.current_time()
            while name not in self._shown():  # noqa: ASYNC110 # another loop decides
                await asyncio.sleep(1.0)
            took_s = anyio.current_time() - began
            if began >= self._since_s:
                self.squeezed.edits_s.append(took_s)
            await asyncio.sleep(max(0.0, EDIT_EVERY_S - took_s))
            number += 1

    def _shown(self) -> set[str]:
        # Those that are edited were there first.
        rows = self.scene.outreach.opportunities.rows()[:EDITED]
        return {str(row.attributes["name"]) for row in rows}

    def _remaining(self) -> int:
        headers = dict(self.scene.outreach.limits.headers(self._user, 200))
        return int(headers["X-RateLimit-Remaining"])

    def _calls(self) -> int:
        return sum(self.scene.outreach.limits.calls_by_month.values())

    async def run_out(self) -> Squeezed:
        """Play it to its end."""
        await self.run()
        return self.squeezed

    async def _settle(self) -> list[str]:
        return []


def squeezed(*, records: int, limit: int, others: float, poll_s: float) -> Squeezed:
    """Play one story; `others` draw that part (0..1) of the limit."""
    directory = Path(tempfile.mkdtemp(prefix="wosync-squeeze-", dir=scratch()))
    try:
        with quiet([]):
            return virtual_time.run(
                lambda: Squeeze(
                    directory, records=records, limit=limit, others=others, poll_s=poll_s
                ).run_out()
            )
    finally:
        shutil.rmtree(directory)
