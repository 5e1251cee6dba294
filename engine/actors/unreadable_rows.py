"""Rows that cannot be read: passed by, so that they keep no others waiting, and told of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from engine.clock import Clock
from engine.metrics import Metrics
from engine.model.records import Page
from engine.store.port.store import Store


def tell(metrics: Metrics, component: str, why: Sequence[str], **of: str) -> None:
    """Count the rows, and say of the first which it is and what is wrong with it.

    Args:
        component: who has met them.
        why: what is wrong with each; none, and nothing is said.
        of: what they are rows of.
    """
    if not why:
        return
    metrics.errors.labels(component, "protocol").inc(len(why))
    log = structlog.get_logger(component=component)
    log.warning("rows_unreadable", **of, rows=len(why), first=why[0])


@dataclass(slots=True)
class UnreadableRows:
    """Opportunities that could not be read lately, each told of once.

    Those that are known wait with the reason, and are read again by themselves; of the others
    nobody would know without this.
    """

    store: Store
    clock: Clock
    metrics: Metrics
    _seen: dict[str, float] = field(default_factory=dict[str, float], init=False)

    @property
    def told(self) -> tuple[str, ...]:
        """What is wrong with each."""
        return tuple(self._seen)

    async def pass_by(self, component: str, page: Page, **of: str) -> None:
        """Go on without them; `of` as in `tell`."""
        now = self.clock.now()
        fresh = [one for one in page.unreadable if one not in self._seen]
        tell(self.metrics, component, fresh, **of)
        self._seen.update(dict.fromkeys(page.unreadable, now))
        if page.odd:
            await self.store.feeds.read_anew(page.odd, now)

    def forget_before(self, at: float) -> None:
        """What was not met since then, unix seconds, is mended, or waits with the reason."""
        self._seen = {why: seen for why, seen in self._seen.items() if seen >= at}


@dataclass(slots=True)
class Repeated:
    """What is wrong with rows of a feed: each poll lists those again that stand last in it."""

    _before: set[str] = field(default_factory=set[str], init=False)
    _now: set[str] = field(default_factory=set[str], init=False)

    def fresh(self, why: Sequence[str]) -> list[str]:
        """Those of a page that neither this poll nor the one before has met."""
        found = [one for one in why if one not in self._before | self._now]
        self._now.update(why)
        return found

    def poll_ends(self) -> None:
        """What this poll has not met is mended, or was passed."""
        self._before, self._now = self._now, set()
