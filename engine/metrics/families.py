"""Families: how a metric gets on the registry, each label set at zero from the start."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol, Self, cast

import prometheus_client
from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    Metric,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.metrics import MetricWrapperBase

# Otherwise every counter and histogram would export a second `_created` series.
disable_created_metrics()

PREFIX = "wosync"


class _Found(MetricWrapperBase):
    """A family whose series, once there, are found without being asked for anew."""

    def labels(self, *labelvalues: Any, **labelkwargs: Any) -> Self:
        """The series with these values, made where there is none."""
        series = cast("dict[tuple[Any, ...], Self]", self._metrics)  # pyright: ignore[reportUnknownMemberType] # untyped upstream
        found = series.get(labelvalues)
        return super().labels(*labelvalues, **labelkwargs) if found is None else found


class Counter(_Found, prometheus_client.Counter):
    """What happened, counted."""

    def counted(self) -> Iterator[tuple[tuple[str, ...], float]]:
        """The values of the labels of each series that is there, and what it has counted.

        A collection copies every series with its name and the names of its labels, each time.
        """
        series = cast("dict[tuple[str, ...], Counter]", self._metrics)  # pyright: ignore[reportUnknownMemberType] # untyped upstream
        return ((values, cast("float", one._value.get())) for values, one in [*series.items()])


class Gauge(_Found, prometheus_client.Gauge):
    """What is so."""


class Histogram(_Found, prometheus_client.Histogram):
    """What was observed, by the size of it."""


class Labelled(Protocol):
    """A family of series that are told apart by labels."""

    def labels(self, *values: str) -> object:
        """The series with these values, made where there is none."""
        ...


class Registry(CollectorRegistry):
    """Shows what is promised from its first collection on, and makes it no sooner.

    There are well over a thousand series, most of them never touched before somebody looks.
    """

    def __init__(self) -> None:
        super().__init__()
        self._promised: list[tuple[Labelled, Iterable[str | tuple[str, ...]]]] = []

    def promise(self, family: Labelled, values: Iterable[str | tuple[str, ...]]) -> None:
        """Have these series of the family at zero."""
        self._promised.append((family, values))

    def collect(self) -> Iterator[Metric]:
        """Every family with all its series."""
        promised, self._promised = self._promised, []
        for family, values in promised:
            for value in values:
                family.labels(*_tuple(value))
        yield from super().collect()


class Families:
    """All metrics on a registry of their own, so that there can be many.

    Args:
        process: with those of the process itself.
    """

    def __init__(self, *, process: bool = True) -> None:
        self.registry = Registry()
        if process:
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
        self.registry.promise(counter, values)
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
        self.registry.promise(gauge, values)
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
        self.registry.promise(histogram, values)
        return histogram


def _tuple(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value
