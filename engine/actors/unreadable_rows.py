"""Rows that cannot be read: passed by, so that they keep no others waiting, and told of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import structlog

from engine.metrics import Metrics
from engine.model.named import Named
from engine.model.records import RecordType
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


async def owe(store: Store, ids: Iterable[int], now: float) -> None:
    """Have these opportunities read anew, each by itself, for as long as it takes.

    Whoever was to look at them goes on, and they wait with the reason.
    """
    owed = [Named(RecordType.OPPORTUNITY, one, "") for one in ids]
    if owed:
        await store.acting.resync(owed, now)
