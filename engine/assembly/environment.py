"""The outside: time, chance, storage and network, and the way to both systems."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from random import Random

from engine.about import PROGRAM, about
from engine.actors.gate import gated
from engine.assembly import limits
from engine.clock import Clock, SystemClock
from engine.config.loading import Config
from engine.connector import SourceConnector, SourceTerms, TargetConnector
from engine.dates import Dates
from engine.decide.patience import USUAL, Patience
from engine.flow.governor import Governor
from engine.flow.purpose import current_purpose
from engine.flow.tally import Counted, current_tally
from engine.loop import loop_clock
from engine.metrics import Metrics, labels
from engine.model.purpose import Purpose
from engine.ports import ConnectorEnvironment, RequestObserver, Source, Target, Vault
from engine.runs import exemplar
from engine.store.places import place_of
from engine.store.port.place import Place
from engine.store.port.store import Store
from engine.store.vault import StoreVault
from engine.wire.dated import Dated
from engine.wire.guarded import Guarded
from engine.wire.read_only import ReadOnly
from engine.wire.transport import Transport
from engine.wire.way import Guard, Way


@dataclass(frozen=True, slots=True)
class Environment:
    """Where time, chance, storage and the network come from; tests replace them.

    `ways` out by system; one that is missing is a real one. `metrics` makes what is counted on;
    `patience` is how sure a start must be before it gives a new pair up.
    """

    clock: Clock
    seed: str
    ways: Mapping[str, Way]
    place: Callable[[Config], Place] = place_of
    metrics: Callable[[], Metrics] = Metrics
    patience: Patience = USUAL

    @classmethod
    def real(cls) -> Environment:
        """The machine's clock, fresh randomness, real sockets."""
        return cls(SystemClock(), str(Random().random()), {})  # noqa: S311 # jitter, not secrets

    def rng(self, actor: str) -> Random:
        """Randomness of one actor, so that one's draws never shift another's."""
        return Random(f"{self.seed}:{actor}")  # noqa: S311 # jitter, not secrets

    def way(self, system: str, guard: Guard | None = None) -> Way:
        """The way out to the system, for as long as the guard raises nothing."""
        way = self.ways.get(system)
        if way is None:
            return Transport(guard)
        return way if guard is None else Guarded(way, guard)


@dataclass(slots=True)
class Systems:
    """The two systems, each behind its governor.

    Args:
        guard: asked before anything is sent; see `Place.guard`.
    """

    source: Source
    target: Target
    source_governor: Governor
    target_governor: Governor
    dates: Dates
    guard: Guard | None

    def governors(self, config: Config) -> dict[str, Governor]:
        """Governor by system name."""
        return {
            config.connectors.source.name: self.source_governor,
            config.connectors.target.name: self.target_governor,
        }


def _governors(
    config: Config, environment: Environment, metrics: Metrics
) -> tuple[Governor, Governor]:
    """That of the source, and that of the target, which has a budget."""
    source, target = config.connectors.source.name, config.connectors.target.name
    clock, backoff = environment.clock, config.engine.retry.backoff
    return (
        Governor(
            clock,
            environment.rng(f"{source}.governor"),
            config.source.requests_in_flight_max,
            backoff=backoff,
            observe_wait=metrics.admission_wait.labels(source).observe,
        ),
        Governor(
            clock,
            environment.rng(f"{target}.governor"),
            config.target.requests_in_flight_max,
            limits.budget_limits(config),
            backoff,
            metrics.admission_wait.labels(target).observe,
        ),
    )


@asynccontextmanager
async def open_systems(
    config: Config,
    environment: Environment,
    store: Store,
    metrics: Metrics,
    vaults: Callable[[str], Vault] | None = None,
    *,
    guard: Guard | None = None,
) -> AsyncGenerator[Systems]:
    """Open both connectors; nothing is sent before their start-up steps run.

    By a configuration in shadow nothing that changes anything is sent ever.

    Args:
        vaults: makes the vault of a system, where its secrets are not kept in the store.
        guard: asked before anything is sent; see `Place.guard`.
    """
    source, target = config.connectors.source, config.connectors.target
    dates = Dates(loop_clock())
    metrics.know_connectors((source.name, target.name), budgeted=target.name)
    source_governor, target_governor = _governors(config, environment, metrics)
    await _load_usage(store, target.name, target_governor)

    def of_connector(
        connector: SourceConnector | TargetConnector, governor: Governor
    ) -> ConnectorEnvironment:
        name = connector.name
        way = environment.way(name, guard)
        return ConnectorEnvironment(
            clock=environment.clock,
            rng=environment.rng(name),
            governor=governor,
            vault=StoreVault(store, name) if vaults is None else vaults(name),
            observe=_observer(metrics, connector),
            way=Dated(ReadOnly(way, name, connector.reads) if config.shadow else way, name, dates),
            user_agent=user_agent(),
        )

    async with AsyncExitStack() as stack:
        yield Systems(
            await stack.enter_async_context(
                source.open(config.source, of_connector(source, source_governor))
            ),
            gated(
                await stack.enter_async_context(
                    target.open(config.target, of_connector(target, target_governor))
                )
            ),
            source_governor,
            target_governor,
            dates,
            guard,
        )


@asynccontextmanager
async def open_source_alone(
    connector: SourceConnector, settings: SourceTerms, environment: Environment, store: Store
) -> AsyncGenerator[Source]:
    """Open the source without anything beside it; nothing is counted."""
    clock = environment.clock
    name = connector.name
    inner = ConnectorEnvironment(
        clock=clock,
        rng=environment.rng(name),
        governor=Governor(clock, environment.rng(name), settings.requests_in_flight_max),
        vault=StoreVault(store, name),
        observe=_unobserved,
        way=environment.way(name),
        user_agent=user_agent(),
    )
    async with connector.open(settings, inner) as source:
        yield source


def _unobserved(method: str, route: str, status: str, duration_s: float) -> None:
    """Nobody counts a look that a person makes."""


def user_agent() -> str:
    """As what we introduce ourselves."""
    return f"{PROGRAM}/{about().version} (gzip)"


_TOO_MANY = "429"


def _observer(metrics: Metrics, asked: SourceConnector | TargetConnector) -> RequestObserver:
    connector = asked.name
    metrics.know_routes(connector, asked.routes)
    known = frozenset(asked.routes)

    def observe(method: str, route: str, status: str, duration_s: float) -> None:
        # Whatever a connector or a system makes up, the labels stay a closed set.
        method, route = (method, route) if (method, route) in known else (labels.OTHER,) * 2
        shown = labels.status(method, status)
        metrics.api_requests.labels(connector, method, route, shown).inc()
        metrics.api_request_duration.labels(connector, route).observe(duration_s, exemplar())
        purpose = Purpose.AUTH if route in asked.sign_in else current_purpose()
        metrics.requests_spent.labels(connector, purpose).inc()
        tally = current_tally.get()
        if tally is not None and route not in asked.sign_in:
            tally.note_sent(Counted(connector, method, route), duration_s)
        if status == _TOO_MANY:
            metrics.rate_limited.labels(connector).inc()

    return observe


async def _load_usage(store: Store, system: str, governor: Governor) -> None:
    minutes, days = await store.kept.load_usage(system)
    governor.budget.restore(minutes, days, governor.clock.now())
