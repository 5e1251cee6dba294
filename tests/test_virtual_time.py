"""The loop of virtual time skips what only waits, and nothing that works."""

from __future__ import annotations

import asyncio
import socket
import time
from pathlib import Path
from threading import Thread

import anyio
import anyio.to_thread
import pytest

from engine.store.sqlite import statefile
from engine.store.sqlite.threaded import open_store
from tests.simulation import virtual_time

HOUR_S = 3600.0
# What a thread or a sender takes, far longer than the loop needs to skip an hour.
WORK_S = 0.2


def test_a_wait_takes_nothing_and_passes_all_the_same() -> None:
    """Each timer fires when the loop's clock says so."""

    async def story() -> float:
        with anyio.move_on_after(HOUR_S):
            await anyio.sleep_forever()
        return anyio.current_time()

    began = time.monotonic()
    assert virtual_time.run(story) == pytest.approx(HOUR_S)
    assert time.monotonic() - began < HOUR_S


def test_what_would_wait_for_ever_ends() -> None:
    """There is nobody who could set it."""
    with pytest.raises(virtual_time.Deadlock):
        virtual_time.run(anyio.Event().wait)


def test_a_thread_that_works_is_waited_for() -> None:
    """A timer that it has long ended before does not fire while it works."""

    async def story() -> None:
        with anyio.fail_after(HOUR_S):
            await anyio.to_thread.run_sync(time.sleep, WORK_S)

    with virtual_time.threads_seen():
        virtual_time.run(story)


def test_a_thread_may_wait_for_a_timer_of_the_loop() -> None:
    """So do commands that ask the service."""

    async def story() -> None:
        fired: list[float] = []

        async def fires() -> None:
            await anyio.sleep(WORK_S / 4)
            fired.append(anyio.current_time())

        def works() -> None:
            while not fired:
                time.sleep(WORK_S / 40)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(fires)
            with anyio.fail_after(HOUR_S):
                await anyio.to_thread.run_sync(works)

    with virtual_time.threads_seen():
        virtual_time.run(story)


def test_the_store_is_waited_for(tmp_path: Path) -> None:
    """Its threads take their time for opening, for a transaction, and for closing."""

    async def story() -> None:
        with anyio.fail_after(HOUR_S):
            async with open_store(tmp_path / statefile.FILE_NAME) as store:
                await store.write(lambda _: time.sleep(WORK_S))

    with virtual_time.threads_seen():
        virtual_time.run(story)


def test_bytes_under_way_are_waited_for() -> None:
    """More of them than fit between two sockets, to a reader that comes late."""
    content = b"x" * (1 << 22)
    ours, theirs = socket.socketpair()
    read = bytearray()

    def reads() -> None:
        time.sleep(WORK_S)
        while piece := theirs.recv(1 << 16):
            read.extend(piece)

    async def story() -> None:
        with anyio.fail_after(HOUR_S):
            await asyncio.get_running_loop().sock_sendall(ours, content)

    reader = Thread(target=reads)
    with theirs:
        reader.start()
        try:
            with ours:
                ours.setblocking(False)
                virtual_time.run(story)
        finally:
            reader.join()
    assert read == content
