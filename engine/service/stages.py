"""The stages: mailboxes with those who fill them and those who work from them.

An end goes downstream, box by box, so that what one stage owes still reaches the next.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import anyio

from engine.actors.dispatcher import Dispatcher
from engine.assembly.assembly import Assembly
from engine.flow.mailbox import K, Mailbox
from engine.flow.pool import Pool, W
from engine.model.lane import Lane

LAST_STAGE = "write_backs"


@asynccontextmanager
async def downstream(assembly: Assembly) -> AsyncGenerator[None]:
    """Syncers, write-backs and their dispatchers at work for the block."""
    async with (
        _stage(assembly.write_back_workers, [assembly.write_back_dispatcher]),
        _stage(assembly.relationship_syncers, assembly.tab_dispatchers),
        _stage(assembly.opportunity_syncers, assembly.change_dispatchers),
    ):
        yield


def take_turns(assembly: Assembly) -> None:
    """Let no stage begin anything while one before it has something to do."""
    records, tabs, clock = assembly.store.records, assembly.store.tabs, assembly.environment.clock

    async def idle(
        mailbox: Mailbox[int], due_keys: Callable[[Lane, float, int], Awaitable[list[int]]]
    ) -> bool:
        if not mailbox.idle:
            return False
        governor = assembly.systems.target_governor
        # What nothing may be sent for now is left lying.
        lanes = [lane for lane in Lane if not governor.closed(lane)]
        return not any([await due_keys(lane, clock.now(), 1) for lane in lanes]) and mailbox.idle

    async def records_rest() -> bool:
        return await idle(assembly.changes, records.due_keys)

    async def tabs_rest() -> bool:
        return await records_rest() and await idle(assembly.tabs, tabs.due_keys)

    for dispatcher in assembly.tab_dispatchers:
        dispatcher.ready = records_rest
    assembly.write_back_dispatcher.ready = tabs_rest


@asynccontextmanager
async def upstream(assembly: Assembly) -> AsyncGenerator[None]:
    """Everybody who finds work, at it for the block."""
    actors = {
        "poller": assembly.poller,
        "mapping_reader": assembly.mapping_reader,
        "fuse_keeper": assembly.fuse_keeper,
        "owner_resolver": assembly.owner_resolver,
        "account_resolver": assembly.account_resolver,
        "prospect_resolver": assembly.prospect_resolver,
        "create_search": assembly.create_search,
    }
    async with anyio.create_task_group() as tasks:
        for name, actor in actors.items():
            tasks.start_soon(assembly.worktime.timed, name, actor.run)
        yield
        tasks.cancel_scope.cancel()


@asynccontextmanager
async def _stage(pool: Pool[W], dispatchers: Sequence[Dispatcher[K]]) -> AsyncGenerator[None]:
    """One mailbox with those who fill it and those who work from it, for the block.

    At the end what is queued is left to the next start, but for the last stage: what the stages
    before it owed goes out with the last batches.
    """
    mailbox = pool.mailbox
    async with anyio.create_task_group() as working:
        working.start_soon(pool.run)
        async with anyio.create_task_group() as dispatching:
            for dispatcher in dispatchers:
                dispatching.start_soon(pool.worktime.timed, "dispatcher", dispatcher.run)
            yield
            dispatching.cancel_scope.cancel()
        last = mailbox.name == LAST_STAGE
        if last:
            for dispatcher in dispatchers:
                await dispatcher.step()
        mailbox.close(discard=not last)
