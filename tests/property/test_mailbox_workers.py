"""The mailbox with real senders and workers, in every schedule Hypothesis thinks of."""

from __future__ import annotations

from collections import Counter

import anyio
from anyio.lowlevel import checkpoint
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.flow.mailbox import Closed, Mailbox
from engine.model.lane import Lane
from tests.searching import examples
from tests.waiting import DEADLINE_S

MESSAGES = st.lists(
    st.tuples(st.integers(1, 8), st.sampled_from(list(Lane)), st.integers(0, 2)), max_size=40
)


@settings(max_examples=examples(30))
@given(
    messages=MESSAGES,
    workers=st.integers(1, 4),
    capacity=st.integers(1, 5),
    pauses=st.lists(st.integers(0, 3), min_size=1, max_size=5),
)
def test_every_key_is_served_after_its_last_message_and_by_one_worker_at_a_time(
    messages: list[tuple[int, Lane, int]], workers: int, capacity: int, pauses: list[int]
) -> None:
    """Two holders of one key could create one record twice; a lost key is a lost change."""
    holding: Counter[int] = Counter()
    sent_at: dict[int, int] = {}
    served_at: dict[int, int] = {}
    turn = 0

    async def work(mailbox: Mailbox[int], number: int) -> None:
        nonlocal turn
        while True:
            try:
                async with mailbox.holding() as key:
                    turn += 1
                    served_at[key] = turn
                    holding[key] += 1
                    assert holding[key] == 1
                    for _ in range(pauses[(turn + number) % len(pauses)]):
                        await checkpoint()
                    holding[key] -= 1
            except Closed:
                return

    async def everything() -> None:
        nonlocal turn
        mailbox: Mailbox[int] = Mailbox("changes", capacity)
        with anyio.fail_after(DEADLINE_S):
            async with anyio.create_task_group() as tasks:
                for number in range(workers):
                    tasks.start_soon(work, mailbox, number)
                for key, lane, pause in messages:
                    await mailbox.send(key, lane)
                    turn += 1
                    sent_at[key] = turn
                    for _ in range(pause):
                        await checkpoint()
                while not mailbox.idle:
                    await checkpoint()
                mailbox.close()
        # A key sent again while it is held comes back whether there is room or not.
        assert mailbox.depth_peak <= 2 * capacity + workers

    anyio.run(everything)

    assert served_at.keys() == sent_at.keys()
    assert all(served_at[key] > sent_at[key] for key in sent_at)
    assert holding.total() == 0
