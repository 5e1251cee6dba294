"""Families: how a metric gets on the registry, each label set at zero from the start."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

# Otherwise every counter and histogram would export a second `_created` series.
disable_created_metrics()

PREFIX = "wosync"


class Families:
    """All metrics on a registry of their own, so that tests can build many."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def counter(
        self,
        name: str,
        text: str,
        names: Sequence[str] = (),
        values: Iterable[str | tuple[str, ...]] = (),
    ) -> Counter:
        """What happened, counted."""
        counter = Counter(f"{PREFIX}_{name}", text, names, registry=self.registry)
        for value in values:
            counter.labels(*_tuple(value))
        return counter

    def gauge(
        self,
        name: str,
        text: str,
        names: Sequence[str] = (),
        values: Iterable[str | tuple[str, ...]] = (),
    ) -> Gauge:
        """What is so."""
        gauge = Gauge(f"{PREFIX}_{name}", text, names, registry=self.registry)
        for value in values:
            gauge.labels(*_tuple(value))
        return gauge

    def histogram(
        self,
        name: str,
        text: str,
        buckets: Sequence[float],
        names: Sequence[str] = (),
        values: Iterable[str | tuple[str, ...]] = (),
    ) -> Histogram:
        """What was observed, by the size of it."""
        histogram = Histogram(
            f"{PREFIX}_{name}", text, names, buckets=buckets, registry=self.registry
        )
        for value in values:
            histogram.labels(*_tuple(value))
        return histogram


def _tuple(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value
