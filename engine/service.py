"""The service: start-up, the actors in one task group, and an orderly end.

`run` goes on until it is told to stop; `once` is one poll and everything that follows from it.
"""

from __future__ import annotations

import signal
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Protocol

import anyio
import structlog

from engine import http
from engine.actors.dispatcher import Dispatcher
from engine.assembly import Assembly, Outside, open_systems, save_usage
from engine.building import assemble
from engine.config import Config
from engine.errors import Misconfigured, Transient, Unreachable, first_engine_error
from engine.flow.backoff import delay_s
from engine.flow.governor import Governor
from engine.flow.lane import Lane
from engine.flow.mailbox import K, Mailbox
from engine.metrics import Metrics
from engine.ports import Step
from engine.status import Status
from engine.store import contacts, kept, people, report, statefile, work
from engine.store.report import Counts

USAGE_EVERY_S = 10.0
# How long `once` waits for a retry that is due soon, before it leaves it to the next run.
RETRY_PATIENCE_S = 15.0
# How long `once` goes on although nothing it does succeeds.
STALL_PATIENCE_S = 120.0
LOOK_S = 0.05
LAST_STAGE = "write_backs"

log = structlog.get_logger(component="service")


@dataclass(frozen=True, slots=True)
class Result:
    """How `once` ended."""

    changed: int
    counts: Counts


@asynccontextmanager
async def opened(config: Config, outside: Outside) -> AsyncGenerator[Assembly]:
    """Everything built, nothing sent yet; the state directory is ours for the block.

    When the block fails before anything worth keeping was stored in a state made just now, that
    state is taken away again.
    """
    state_dir = config.engine.service.state_dir
    path = state_dir / statefile.FILE_NAME
    with statefile.lease(state_dir) as made:
        fresh = not path.exists()
        try:
            metrics = Metrics()
            async with outside.open_store(path, metrics.commits.observe) as store:
                await store.write(kept.claim_pair, _pair(config))
                async with open_systems(config, outside, store, metrics) as systems:
                    yield assemble(config, outside, store, systems, metrics)
        except BaseException:
            if fresh:
                statefile.discard_if_empty(path, directory=made)
            raise


def _pair(config: Config) -> str:
    connectors = config.connectors
    return (
        f"{connectors.source.name} at {config.source.base_url}"
        f" and {connectors.target.name} at {config.target.base_url}"
    )


async def _steps(steps: Sequence[Step]) -> None:
    for step in steps:
        fact = await step.run()
        log.info("start_up_step", step=step.name, fact=fact)


async def run(config: Config, outside: Outside | None = None) -> None:
    """The service. Returns after SIGTERM or SIGINT, once what was in hand is settled.

    Raises:
        EngineError: it cannot start, or the state cannot be used any more.
    """
    with _plain_errors():
        async with opened(config, outside or Outside.real()) as assembly:
            # Behind the lease: a second process on the same state must hear that, not of the port.
            with http.listen(*config.engine.service.http_address) as listener:
                await _serve(assembly, listener)
            await save_usage(assembly)
    log.info("stopped")


@contextmanager
def _plain_errors() -> Generator[None]:
    """The engine's own error in place of the task groups' wrapping around it."""
    try:
        yield
    except BaseExceptionGroup as group:
        known = first_engine_error(group)
        if known is None:
            raise
        raise known from group


async def _serve(assembly: Assembly, listener: socket.socket) -> None:
    status = Status(assembly)
    async with http.serving(status, listener), anyio.create_task_group() as outermost:
        stop = anyio.Event()
        whole = anyio.CancelScope()
        outermost.start_soon(_watch_signals, assembly, status, stop, whole)
        with whole:
            await drive(assembly, status, stop)
        outermost.cancel_scope.cancel()


async def drive(assembly: Assembly, status: Status, stop: anyio.Event) -> None:
    """The service without its process: start-up, then work until told to stop."""
    await _until(stop, lambda: _prepare(assembly, status))
    if not stop.is_set():
        await _work(assembly, status, stop)


async def _watch_signals(
    assembly: Assembly, status: Status, stop: anyio.Event, whole: anyio.CancelScope
) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for number in signals:
            if stop.is_set():
                log.warning("stopping_at_once", signal=signal.Signals(number).name)
                whole.cancel()
                return
            shutdown_s = assembly.config.engine.service.shutdown_s
            log.info("stopping", signal=signal.Signals(number).name, within_s=shutdown_s)
            status.stopping = True
            whole.deadline = anyio.current_time() + shutdown_s
            stop.set()


async def _until(stop: anyio.Event, first: Callable[[], Awaitable[None]]) -> None:
    """Run the work; give it up when told to stop."""
    async with anyio.create_task_group() as tasks:

        async def give_up() -> None:
            await stop.wait()
            tasks.cancel_scope.cancel()

        tasks.start_soon(give_up)
        await first()
        tasks.cancel_scope.cancel()


async def _prepare(assembly: Assembly, status: Status) -> None:
    """Start-up steps of both systems; a system that is down is waited for, not given up."""
    attempt, rng = 0, assembly.outside.rng("start")
    while True:
        try:
            await _steps(assembly.systems.source.steps())
            await _steps(assembly.systems.target.steps())
            await assembly.mapping_reader.load()
            await assembly.people_poller.start()
        except Transient as error:
            attempt += 1
            wait = max(1.0, delay_s(attempt, rng, assembly.config.engine.retry.backoff))
            status.waiting_for = str(error)
            log.warning(
                "waiting_for_system", reason=str(error), remedy=error.remedy, wait_s=round(wait, 1)
            )
            await anyio.sleep(error.retry_after_s or wait)
        else:
            break
    await _doubt_all(assembly)
    status.started = True
    log.info("started", state=str(assembly.config.engine.service.state_dir))


async def _doubt_all(assembly: Assembly) -> None:
    """What a former process announced and did not finish must be looked for."""
    now = assembly.outside.clock.now()
    doubtful = 0
    for doubt_all in (work.doubt_all, contacts.doubt_all, people.doubt_all):
        doubtful += await assembly.store.write(doubt_all, now)
    if doubtful:
        log.warning("creates_in_doubt", records=doubtful)


async def _work(assembly: Assembly, status: Status, stop: anyio.Event) -> None:
    async with _running(assembly), anyio.create_task_group() as upstream:
        upstream.start_soon(assembly.poller.run)
        upstream.start_soon(assembly.mapping_reader.run)
        upstream.start_soon(assembly.fuse_keeper.run)
        upstream.start_soon(assembly.owner_resolver.run)
        upstream.start_soon(assembly.account_resolver.run)
        upstream.start_soon(assembly.prospect_resolver.run)
        upstream.start_soon(_keep_usage, assembly)
        await stop.wait()
        upstream.cancel_scope.cancel()
    status.stopping = True


@asynccontextmanager
async def _running(assembly: Assembly) -> AsyncGenerator[None]:
    """Syncers, write-backs and their dispatchers; the end goes downstream, box by box."""
    async with (
        _stage(assembly.write_backs, assembly.write_back_workers, [assembly.write_back_dispatcher]),
        _stage(assembly.contacts, assembly.relationship_syncers, assembly.contact_dispatchers),
        _stage(assembly.changes, assembly.opportunity_syncers, assembly.change_dispatchers),
    ):
        yield


class _Runs(Protocol):
    async def run(self) -> None: ...


@asynccontextmanager
async def _stage(
    mailbox: Mailbox[K], workers: Sequence[_Runs], dispatchers: Sequence[Dispatcher[K]]
) -> AsyncGenerator[None]:
    """One mailbox with those who fill it and those who work from it, for the block.

    At the end what is queued is left to the next start, but for the last stage: what the stages
    before it owed goes out with the last batches.
    """
    async with anyio.create_task_group() as working:
        for worker in workers:
            working.start_soon(worker.run)
        async with anyio.create_task_group() as dispatching:
            for dispatcher in dispatchers:
                dispatching.start_soon(dispatcher.run)
            yield
            dispatching.cancel_scope.cancel()
        last = mailbox.name == LAST_STAGE
        if last:
            for dispatcher in dispatchers:
                await dispatcher.step()
        mailbox.close(discard=not last)


async def _keep_usage(assembly: Assembly) -> None:
    while True:
        await anyio.sleep(USAGE_EVERY_S)
        await save_usage(assembly)


async def once(config: Config, outside: Outside | None = None) -> Result:
    """One poll, everything due drained, write-backs included.

    Raises:
        EngineError: a system cannot be reached, or refuses us; what was captured stays captured.
    """
    with _plain_errors():
        return await _once(config, outside or Outside.real())


async def _once(config: Config, outside: Outside) -> Result:
    async with opened(config, outside) as assembly:
        await _steps(assembly.systems.source.steps())
        await _steps(assembly.systems.target.steps()[:1])
        await _load_mapping(assembly)
        await assembly.people_poller.start()
        await _doubt_all(assembly)
        async with _running(assembly):
            await assembly.mapping_reader.evaluate_anew()
            await assembly.owner_resolver.step()
            await assembly.account_resolver.step()
            await assembly.prospect_resolver.step()
            changed = await assembly.poller.step()
            await assembly.poller.sweep_when_due()
            await assembly.people_poller.step()
            await _drained(assembly)
        await save_usage(assembly)
        counts = await assembly.store.read(report.counts)
        _raise_if_unreachable(assembly, counts)
        return Result(changed, counts)


async def _load_mapping(assembly: Assembly) -> None:
    """Put the mapping in force.

    The target is asked nothing before there is something to say to it, unless the mapping needs
    to know its custom fields; then no line is judged before they are known.
    """
    mappings, reader = assembly.mappings, assembly.mapping_reader
    if not mappings.customised:
        # The source may keep lines of its own.
        await mappings.load()
    if mappings.customised:
        await _steps(assembly.systems.target.steps()[1:])
        await mappings.load()
    await reader.note()


async def _drained(assembly: Assembly) -> None:
    """Wait until nothing is due any more, or a system is out of reach.

    A retry that is due soon is waited for, RETRY_PATIENCE_S at most; what waits longer, for a
    pause, an outage or the budget, is left to the next run.
    """
    clock, read = assembly.outside.clock, assembly.store.read
    worked_at = progress_at = anyio.current_time()
    rested = 0.0
    while True:
        await anyio.sleep(LOOK_S)
        if _out_of_reach(assembly, Lane.FRESH):
            return
        now = anyio.current_time()
        before, rested = rested, assembly.metrics.rested()
        progress_at = progress_at if rested == before else now
        if now - progress_at > STALL_PATIENCE_S:
            return
        lanes = Lane.FRESH if _out_of_reach(assembly, Lane.BACKLOG) else Lane.BACKLOG
        mailboxes = (assembly.changes, assembly.contacts, assembly.write_backs)
        busy = not all(mailbox.idle for mailbox in mailboxes)
        if busy or await read(report.due, clock.now(), lanes):
            worked_at = now
            continue
        if await assembly.fuse_keeper.step():
            continue
        soon = await read(report.due, clock.now() + RETRY_PATIENCE_S, lanes)
        if not soon or now - worked_at > RETRY_PATIENCE_S:
            return


def _governors(assembly: Assembly) -> list[Governor]:
    return list(assembly.systems.governors(assembly.config).values())


def _out_of_reach(assembly: Assembly, lane: Lane) -> bool:
    """Whether a system takes no request of this lane for longer than a run of `once` waits."""
    return any(
        max(governor.held_s(lane), governor.down_s) > RETRY_PATIENCE_S
        for governor in _governors(assembly)
    )


def _raise_if_unreachable(assembly: Assembly, counts: Counts) -> None:
    if not (counts.pending or counts.contacts or counts.outbox):
        return
    for name, governor in assembly.systems.governors(assembly.config).items():
        if governor.down or governor.paused_s > RETRY_PATIENCE_S:
            if isinstance(governor.pause_cause, Misconfigured):
                raise governor.pause_cause
            raise Unreachable(
                f"{counts.pending} records and {counts.outbox} write-backs wait:"
                f" {governor.pause_reason or 'the system does not answer'}",
                system=name,
                remedy="nothing is lost; run again when the system answers",
            )
