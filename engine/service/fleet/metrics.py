"""The metrics of a process of a fleet: its own, and those of its worst pairs, each by its name.

Well over a thousand series a pair would be too much of a thousand pairs: only so many have series
of their own as the configuration says, and who has them keeps them for a while.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import anyio
from prometheus_client import CollectorRegistry, Gauge, GCCollector, Metric, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from engine.metrics.families import PREFIX
from engine.service.fleet.runner import Condition, Runner
from engine.service.fleet.standing import Standing

CONDITIONS = ("ready", *(condition.value for condition in Condition))


async def exposed(process: Standing, accept: str) -> tuple[bytes, str]:
    """The text for whoever scrapes, and of what kind it is."""
    encode, content_type = choose_encoder(accept)
    runners = {name: one for name, one in process.runners.items() if one.working is not None}
    shown = process.shown.of(_worst_first(runners.values()), anyio.current_time())
    for name in shown:
        working = runners[name].working
        if working is not None:
            await working.status.refresh()
    pairs = {
        name: working.assembly.metrics.registry
        for name in shown
        if (working := runners[name].working) is not None
    }
    # To read so many series and write them down would keep the loop, and so every pair, for long.
    whole = _Whole(_own(process), pairs)
    body = await anyio.to_thread.run_sync(encode, whole, limiter=process.scrapes)
    return body, content_type


def _worst_first(runners: Iterable[Runner]) -> list[str]:
    def goodness(runner: Runner) -> tuple[bool, float, str]:
        working = runner.working
        behind = 0.0 if working is None else float(len(working.assembly.changes))
        return runner.ready, -behind, runner.name

    return [one.name for one in sorted(runners, key=goodness)]


class Gauges:
    """What a process says of its fleet and of its own part; each series is there from the start."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.pairs = Gauge(
            f"{PREFIX}_fleet_pairs",
            "Pairs that this process is to work on, by how it is with them.",
            ["condition"],
            registry=registry,
        )
        for condition in CONDITIONS:
            self.pairs.labels(condition).set(0)
        self.members = Gauge(
            f"{PREFIX}_fleet_members", "Processes of the fleet that are alive.", registry=registry
        )
        self.register_reached = Gauge(
            f"{PREFIX}_fleet_register_reached",
            "1 while the register of the fleet answers.",
            registry=registry,
        )
        self.broken_pairs = Gauge(
            f"{PREFIX}_fleet_broken_pairs",
            "Pairs whose configuration cannot be worked with on this machine.",
            registry=registry,
        )


def _own(process: Standing) -> CollectorRegistry:
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    gauges = Gauges(registry)
    for runner in process.runners.values():
        gauges.pairs.labels("ready" if runner.ready else runner.condition.value).inc()
    roster = process.roster
    gauges.members.set(0 if roster is None else len(roster.members))
    gauges.register_reached.set(process.trouble is None and roster is not None)
    broken = sum(1 for one in process.known.values() if one.trouble is not None)
    gauges.broken_pairs.set(broken)
    return registry


@dataclass(frozen=True, slots=True)
class _Whole(Collector):
    """What a process says of itself, and of pairs by their names."""

    own: CollectorRegistry
    pairs: Mapping[str, CollectorRegistry]

    def collect(self) -> Iterator[Metric]:
        """All families, read as they are asked for."""
        yield from self.own.collect()
        yield from _joined(self.pairs)


def _joined(pairs: Mapping[str, CollectorRegistry]) -> list[Metric]:
    """The families of several pairs, each series with the name of its pair."""
    joined: dict[str, Metric] = {}
    for name, registry in pairs.items():
        for family in registry.collect():
            whole = joined.get(family.name)
            if whole is None:
                whole = joined[family.name] = Metric(
                    family.name, family.documentation, family.type, family.unit
                )
            whole.samples += _named(family, name)
    return list(joined.values())


def _named(family: Metric, pair: str) -> Iterator[Sample]:
    for sample in family.samples:
        yield sample._replace(labels={"pair": pair, **sample.labels})
