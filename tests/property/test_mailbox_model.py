"""The keyed mailbox against a model: whatever is sent, taken and let go, in any order."""

from __future__ import annotations

import asyncio

import anyio
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from engine.flow.mailbox import FRESH_STREAK_MAX, Mailbox
from engine.model.lane import Lane
from tests.searching import examples

CAPACITY = 4
KEYS = st.integers(1, 12)
LANES = st.sampled_from(list(Lane))


class MailboxModel(RuleBasedStateMachine):
    """Two dictionaries and a set say what the mailbox must hold.

    The mailbox asks the running event loop for the time, so every step runs in one and the same.
    """

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.mailbox: Mailbox[int] = Mailbox("model", CAPACITY)
        self.queued: dict[int, Lane] = {}
        self.held: dict[int, Lane | None] = {}
        self.fresh_in_a_row = 0

    def in_lane(self, lane: Lane) -> list[int]:
        """Keys the model has in the lane."""
        return [key for key, its in self.queued.items() if its is lane]

    @rule(key=KEYS, lane=LANES)
    def send(self, key: int, lane: Lane) -> None:
        """A key queued or held is coalesced; a new one, or one to lift, fits or has to wait."""
        lifted = key in self.queued and lane < self.queued[key]
        known = key in self.held or (key in self.queued and not lifted)
        fits = known or len(self.in_lane(lane)) < CAPACITY

        assert self.runner.run(self._sent(key, lane)) is fits

        if key in self.held:
            again = self.held[key]
            self.held[key] = lane if again is None else min(again, lane)
        elif fits and not known:
            # In the order the mailbox has: a lifted key goes to the end of its new lane.
            self.queued.pop(key, None)
            self.queued[key] = lane

    async def _sent(self, key: int, lane: Lane) -> bool:
        # A sender that would wait is cancelled at its first await, before anything changed.
        with anyio.CancelScope() as scope:
            scope.cancel()
            await self.mailbox.send(key, lane)
            return True
        return False

    @rule()
    def receive(self) -> None:
        """What is handed out is the oldest of the right lane, and held by nobody else."""
        key = self.mailbox.receive_nowait()
        if key is None:
            assert not self.queued
            return
        assert key not in self.held
        lane = self.queued[key]
        assert key == self.in_lane(lane)[0]
        del self.queued[key]
        if lane is Lane.BACKLOG:
            assert not self.in_lane(Lane.FRESH) or self.fresh_in_a_row >= FRESH_STREAK_MAX
            self.fresh_in_a_row = 0
        else:
            assert not self.in_lane(Lane.BACKLOG) or self.fresh_in_a_row < FRESH_STREAK_MAX
            self.fresh_in_a_row += 1
        self.held[key] = None

    @precondition(lambda self: bool(self.held))
    @rule(place=st.integers(0, 100))
    def release(self, place: int) -> None:
        """A key let go is queued again when a message came meanwhile, and forgotten otherwise."""
        key = sorted(self.held)[place % len(self.held)]
        self.runner.run(self._released(key))
        again = self.held.pop(key)
        if again is not None:
            self.queued[key] = again

    async def _released(self, key: int) -> None:
        self.mailbox.release(key)

    @invariant()
    def nothing_is_lost_and_nothing_invented(self) -> None:
        """The mailbox knows exactly the model's keys."""
        present = {key for key in range(1, 13) if key in self.mailbox}

        assert present == self.queued.keys() | self.held.keys()
        assert len(self.mailbox) == len(self.queued)
        assert self.mailbox.held == len(self.held)
        assert self.mailbox.idle is (not present)
        for lane in Lane:
            assert self.mailbox.room(lane) == CAPACITY - len(self.in_lane(lane))

    def teardown(self) -> None:
        """In the end every key is served, and then nothing is left."""
        while self.held or self.queued:
            if self.held:
                self.release(0)
            else:
                self.receive()
        assert self.mailbox.idle
        self.runner.close()


TestMailboxModel = MailboxModel.TestCase
TestMailboxModel.settings = settings(max_examples=examples(25), stateful_step_count=25)
