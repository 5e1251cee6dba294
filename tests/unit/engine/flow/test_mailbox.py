"""The keyed mailbox: bounded, coalescing, one holder per key, every key served."""

from __future__ import annotations

import anyio
import pytest

from engine.flow.mailbox import FRESH_STREAK_MAX, Closed, Mailbox
from engine.model.lane import Lane
from tests.waiting import DEADLINE_S

pytestmark = pytest.mark.anyio


async def filled(capacity: int = 100, *, fresh: int = 0, backlog: int = 0) -> Mailbox[int]:
    """A mailbox with fresh keys 1, 2 ... and backlog keys 1001, 1002 ..."""
    mailbox: Mailbox[int] = Mailbox("changes", capacity)
    for key in range(1, fresh + 1):
        await mailbox.send(key, Lane.FRESH)
    for key in range(1001, 1001 + backlog):
        await mailbox.send(key, Lane.BACKLOG)
    return mailbox


async def blocks(mailbox: Mailbox[int], key: int, lane: Lane) -> bool:
    """Whether sending has to wait."""
    waits = True

    async def send() -> None:
        nonlocal waits
        await mailbox.send(key, lane)
        waits = False

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(send)
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    return waits


async def drained(mailbox: Mailbox[int]) -> list[int]:
    """Every queued key in the order workers get them."""
    keys: list[int] = []
    while (key := mailbox.receive_nowait()) is not None:
        keys.append(key)
        mailbox.release(key)
    return keys


async def test_a_key_sent_twice_is_served_once() -> None:
    """A message says "this record may differ"; saying so twice adds nothing."""
    mailbox = await filled(fresh=2)
    await mailbox.send(1, Lane.FRESH)

    assert await drained(mailbox) == [1, 2]


async def test_a_key_sent_while_it_is_held_is_served_once_more() -> None:
    """The holder may have read the record before the newer change was captured."""
    mailbox = await filled(fresh=1)
    async with mailbox.holding() as key:
        for _ in range(3):
            await mailbox.send(key, Lane.BACKLOG)
        assert mailbox.receive_nowait() is None
        assert key in mailbox

    assert await drained(mailbox) == [1]
    assert mailbox.idle


async def test_a_fresh_edit_lifts_its_key_out_of_the_backlog() -> None:
    """An edit of a record that waits in a bulk import is an edit all the same."""
    mailbox = await filled(backlog=3)
    await mailbox.send(1003, Lane.FRESH)

    assert await drained(mailbox) == [1003, 1001, 1002]


async def test_a_key_is_lifted_only_where_there_is_room() -> None:
    """Lifting key after key out of a refilled backlog would make a bounded mailbox unbounded."""
    mailbox = await filled(2, fresh=2, backlog=2)

    assert await blocks(mailbox, 1001, Lane.FRESH)
    assert await drained(mailbox) == [1, 2, 1001, 1002]


async def test_fresh_keys_overtake_a_backlog_and_the_backlog_still_moves() -> None:
    """Nobody starves: one backlog key after so many fresh ones."""
    mailbox = await filled(fresh=FRESH_STREAK_MAX + 2, backlog=2)

    order = await drained(mailbox)

    assert order[: FRESH_STREAK_MAX + 1] == [*range(1, FRESH_STREAK_MAX + 1), 1001]
    assert sorted(order) == [*range(1, FRESH_STREAK_MAX + 3), 1001, 1002]


async def test_a_full_lane_makes_its_sender_wait_and_the_other_lane_does_not() -> None:
    """A backlog that fills memory is no backlog on disk."""
    mailbox = await filled(2, backlog=2)

    assert await blocks(mailbox, 1003, Lane.BACKLOG)
    assert not await blocks(mailbox, 1001, Lane.BACKLOG)
    assert not await blocks(mailbox, 1, Lane.FRESH)
    assert mailbox.blocked_senders == 0


async def test_a_waiting_sender_goes_on_when_a_key_is_taken() -> None:
    """Room appears as soon as a worker takes a key, not when it is done with it."""
    mailbox = await filled(1, fresh=1)

    with anyio.fail_after(DEADLINE_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(mailbox.send, 2, Lane.FRESH)
            await anyio.wait_all_tasks_blocked()
            assert mailbox.blocked_senders == 1
            assert await mailbox.receive() == 1

    assert 2 in mailbox
    assert mailbox.depth_peak == 1


async def test_an_idle_worker_wakes_for_a_key() -> None:
    """A change is to be worked on when it comes."""
    mailbox = await filled()
    served: list[int] = []

    async def worker() -> None:
        async with mailbox.holding() as key:
            served.append(key)

    with anyio.fail_after(DEADLINE_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(worker)
            await anyio.wait_all_tasks_blocked()
            await mailbox.send(7, Lane.FRESH)

    assert served == [7]
    assert mailbox.held == 0


async def test_a_failing_holder_lets_go() -> None:
    """A key held for ever is a record that never syncs again."""
    mailbox = await filled(fresh=1)
    with pytest.raises(ValueError, match="x"):
        async with mailbox.holding():
            raise ValueError("x")

    assert mailbox.idle


async def test_a_closed_mailbox_is_worked_empty_and_takes_nothing_more() -> None:
    """Shutdown is data flow: the workers leave when nothing is left."""
    mailbox = await filled(fresh=2)
    mailbox.close()

    with pytest.raises(Closed):
        await mailbox.send(3, Lane.FRESH)
    assert await drained(mailbox) == [1, 2]
    with pytest.raises(Closed):
        await mailbox.receive()


async def test_closing_wakes_an_idle_worker_and_a_waiting_sender() -> None:
    """Nobody may sleep through the end."""
    empty, full = await filled(), await filled(1, backlog=1)
    ended: list[str] = []

    async def worker() -> None:
        with pytest.raises(Closed):
            await empty.receive()
        ended.append("worker")

    async def sender() -> None:
        with pytest.raises(Closed):
            await full.send(1002, Lane.BACKLOG)
        ended.append("sender")

    with anyio.fail_after(DEADLINE_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(worker)
            tasks.start_soon(sender)
            await anyio.wait_all_tasks_blocked()
            empty.close()
            full.close()

    assert sorted(ended) == ["sender", "worker"]


async def test_closing_with_discard_forgets_what_is_queued_and_keeps_what_is_held() -> None:
    """The store knows what is queued; what is in hand is settled."""
    mailbox = await filled(fresh=3)
    key = await mailbox.receive()
    await mailbox.send(key, Lane.FRESH)
    mailbox.close(discard=True)

    assert (len(mailbox), mailbox.held) == (0, 1)
    mailbox.release(key)
    assert mailbox.idle


async def test_waiting_for_room_ends_when_the_lane_is_half_empty() -> None:
    """The dispatcher reads from disk in larger pieces, not a key at a time."""
    mailbox = await filled(4, fresh=4)

    with anyio.fail_after(DEADLINE_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(mailbox.wait_room, Lane.FRESH)
            for _ in range(2):
                await anyio.wait_all_tasks_blocked()
                assert tasks.cancel_scope.cancel_called is False
                mailbox.receive_nowait()

    assert mailbox.room(Lane.FRESH) == 2


async def test_the_age_of_the_longest_waiting_key_is_known() -> None:
    """An operator sees by it that work does not move."""
    mailbox = await filled()
    assert mailbox.oldest_age_s() == 0
    await mailbox.send(1, Lane.FRESH)
    await anyio.sleep(0.002)

    assert mailbox.oldest_age_s() > 0


async def test_a_key_that_is_reserved_is_no_worker_s_meanwhile() -> None:
    """Whoever works on one record beside the workers has it alone, and loses no message."""
    mailbox = await filled(fresh=2)
    async with mailbox.reserving(1):
        assert mailbox.receive_nowait() == 2
        assert mailbox.receive_nowait() is None
        mailbox.release(2)

    assert await drained(mailbox) == [1]


async def test_who_reserves_a_key_waits_until_its_worker_lets_go() -> None:
    """Two never have the same record in hand."""
    mailbox = await filled(fresh=1)
    order: list[str] = []

    async def reserve() -> None:
        async with mailbox.reserving(1):
            order.append("reserved")

    async with anyio.create_task_group() as tasks, mailbox.holding():
        tasks.start_soon(reserve)
        await anyio.sleep(0.005)
        order.append("worked")
    assert order == ["worked", "reserved"]
    assert mailbox.idle
