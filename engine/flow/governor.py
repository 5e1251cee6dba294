"""The governor: every request to one system passes here.

It bounds the requests in flight, holds them to the hourly and yearly budget, keeps a share for
fresh edits, holds back as long as the system told us to, and pauses the system while it is down;
what writes alone while it carries out no writes, so that reads go on.
A short hold is waited out; for a long one the caller is turned away, so that nobody who has
something else to do stands in line.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from random import Random

import anyio
import anyio.lowlevel

from engine.clock import Clock
from engine.decide.reasons import because
from engine.errors import HeldBack, Misconfigured, NotGranted, Rationed, Throttled, Unauthorized
from engine.flow.allowance import BudgetLimits
from engine.flow.bell import Bell
from engine.flow.breaker import Breaker
from engine.flow.budget import Budget
from engine.flow.lane import current_lane, retrying, writing
from engine.flow.ledger import Ledger, current_record
from engine.flow.purpose import current_purpose
from engine.flow.retry_budget import RetryBudget
from engine.flow.worktime import BLOCKED_MAX_S, STALL_S, State, spending
from engine.loop import loop_time
from engine.model.condition import Condition
from engine.model.lane import Lane
from engine.model.purpose import Purpose
from engine.model.reason import Code
from engine.model.wait import BackoffLimits
from engine.runs import note_request

# So many writes in a row may fail before writes are paused, where all are carried out in the end.
WRITE_FAILURES_MAX = 96
# Another pair of the same user asks how the system's limit stands; it is looked again so soon.
ASKED_S = 1.0
# No wait is shorter: rounding may leave a rest too small to move the clock.
TICK_S = 0.001
# A hold of up to so many seconds is waited out.
HOLD_MAX_S = 5.0
# After a refusal that only an operator can end the system counts as refusing us until it is seen to
# work, or for so long without another one: nothing may have been asked of it since.
REFUSAL_S = 900.0


@dataclass(slots=True)
class Admission:
    """A place at a governor for the block."""

    _governor: Governor
    _metered: bool
    _writes: bool = field(default=False, init=False)

    async def __aenter__(self) -> None:
        self._writes = writing.get()
        await self._governor.enter(self._metered, writes=self._writes)

    async def __aexit__(self, *_: object) -> None:
        self._governor.leave(writes=self._writes)


@dataclass(slots=True)
class Governor:
    """Admission to one system.

    Args:
        in_flight_max: requests under way at once.
        limits: the budget.
        backoff: how long to pause while the system is down.
        observe_wait: told the seconds each admitted request waited.
    """

    clock: Clock
    rng: Random
    in_flight_max: int
    limits: BudgetLimits = field(default_factory=BudgetLimits)
    backoff: BackoffLimits = field(default_factory=lambda: BackoffLimits(1.0, 60.0))
    observe_wait: Callable[[float], None] | None = None
    budget: Budget = field(init=False)
    retries: RetryBudget = field(default_factory=RetryBudget, init=False)
    in_flight: int = field(default=0, init=False)
    waiting: int = field(default=0, init=False)
    ledger: Ledger = field(default_factory=Ledger, init=False)
    # Requests with an answer that shows the system works, by what they were for.
    answered: Counter[Purpose] = field(default_factory=Counter[Purpose], init=False)
    _writing: int = field(default=0, init=False)
    pause_reason: str | None = field(default=None, init=False)
    pause_cause: Exception | None = field(default=None, init=False)
    _throttle_reason: str | None = field(default=None, init=False)
    _refusal: str | None = field(default=None, init=False)
    _refused_at: float = field(default=-math.inf, init=False)
    _refused_since: float = field(default=-math.inf, init=False)
    _remedy: str | None = field(default=None, init=False)
    _credentials: bool = field(default=False, init=False)
    # Pauses in a row that 429s asked for, with nothing carried out between them.
    throttles: int = field(default=0, init=False)
    _system: Breaker = field(init=False)
    _writes: Breaker = field(init=False)
    _throttled_since: float = field(default=-math.inf, init=False)
    _paused_until: float = field(default=-math.inf, init=False)
    _paused_since: float = field(default=-math.inf, init=False)
    _spent_since: float | None = field(default=None, init=False)
    _withheld: dict[str, tuple[float, NotGranted]] = field(
        default_factory=dict[str, tuple[float, NotGranted]], init=False
    )
    _changed: Bell = field(default_factory=Bell, init=False)
    _drained: Bell = field(default_factory=Bell, init=False)
    _draining: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self.budget = Budget(self.limits)
        self._system = Breaker(self.rng)
        self._writes = Breaker(self.rng, WRITE_FAILURES_MAX)

    def admitted(self, *, metered: bool = True) -> Admission:
        """Hold one place for one request; waits until there is one.

        Args:
            metered: False for requests that do not count against the budget.

        Raises:
            HeldBack: a pause or the budget allows none for more than HOLD_MAX_S.
            Rationed: it repeats what failed, and too many requests do.
        """
        return Admission(self, metered)

    async def enter(self, metered: bool, *, writes: bool) -> None:
        """Take a place; see `admitted`."""
        await self._admit(metered)
        self._writing += writes

    def leave(self, *, writes: bool) -> None:
        """Give a place back."""
        self._writing -= writes
        self.in_flight -= 1
        self._changed.ring()

    def learn(self, limit: int | None, remaining: int | None, reset_at: float | None) -> None:
        """Take over the rate-limit headers of an answer; `reset_at` in unix seconds.

        Its own request has given back its place.
        """
        self.budget.learn(limit, remaining, reset_at, self.clock.now(), under_way=self.in_flight)

    def pause(self, seconds: float, reason: str, *, cause: Exception | None = None) -> None:
        """Admit nothing for `seconds`; a longer pause under way stays.

        Args:
            cause: the error behind it, for whoever has to end with one.
        """
        if isinstance(cause, Misconfigured):
            self.refused(cause, reason)
        # Requests that were under way together are told together: that is one pause.
        now = loop_time()
        if isinstance(cause, Throttled) and (not self.throttles or not self.paused_s):
            if not self.throttles:
                self._throttled_since = now
            self.throttles += 1
            self._throttle_reason = reason
        if not self._told_s:
            self._paused_since = now
        until = now + seconds
        if until > self._paused_until:
            self._paused_until = until
            self.pause_reason = reason
            self.pause_cause = cause

    def refused(self, error: Misconfigured, reason: str | None = None) -> None:
        """The system refuses us for what only an operator can end; whether to pause is not said."""
        now = loop_time()
        if self.refusal is None:
            self._refused_since = now
        self._refusal, self._refused_at = reason or str(error), now
        self._credentials, self._remedy = isinstance(error, Unauthorized), error.remedy

    def withhold(self, error: NotGranted, seconds: float) -> None:
        """Send nothing for what this error refuses meanwhile: it would be refused again."""
        if error.operation is not None:
            self._withheld[error.operation] = (loop_time() + seconds, error)

    def ensure_granted(self, operation: str) -> None:
        """Go on, unless the operation was refused a short while ago.

        Raises:
            NotGranted: it was, and nothing has been sent.
        """
        until, error = self._withheld.get(operation, (-math.inf, None))
        seconds = until - loop_time()
        if error is None or seconds <= 0:
            return
        raise NotGranted(
            error.message,
            system=error.system,
            operation=operation,
            status=error.status,
            retry_after_s=seconds,
            remedy=error.remedy,
        )

    @property
    def withheld(self) -> tuple[tuple[NotGranted, float], ...]:
        """What is not asked for meanwhile, with the seconds until it is tried again."""
        now = loop_time()
        return tuple(
            (error, until - now) for until, error in self._withheld.values() if until > now
        )

    def operator_acted(self) -> None:
        """Somebody has done something about a refusal: what waits for that goes on."""
        self._withheld.clear()
        if isinstance(self.pause_cause, Misconfigured):
            self._paused_until = -math.inf
            self.pause_reason = self.pause_cause = None
            self._changed.ring()

    def retune(self, in_flight_max: int, limits: BudgetLimits, backoff: BackoffLimits) -> None:
        """Admit by these from now on; requests under way go on.

        The system's own limit may have been raised as well: one request asks how it stands.
        """
        self.in_flight_max, self.limits, self.backoff = in_flight_max, limits, backoff
        self.budget.limits = limits
        if isinstance(self.pause_cause, Throttled):
            self._paused_until = -math.inf
            self.pause_reason = self.pause_cause = None
            self.budget.window.ask_anew()
        elif self.budget.wait_s(self.clock.now(), backlog=True) > 0:
            self.budget.window.ask_anew()
        self._changed.ring()

    def succeeded(self, kind: str | None = None) -> None:
        """An answer came that shows the system works.

        Args:
            kind: of the request that was carried out; None when it was refused.
        """
        self._refusal, self.throttles = None, 0
        self.answered[current_purpose()] += 1
        if kind is not None:
            self.ledger.note(kind, current_record.get(), self.clock.now())
        now = loop_time()
        self.retries.answered(now, well=True)
        ended = self._system.succeeded(now)
        if writing.get():
            ended = self._writes.succeeded(now) or ended
        if ended:
            self._changed.ring()

    def write_found(self) -> None:
        """A write that seemed to have failed is known to have been carried out."""
        if self._writes.succeeded(loop_time()):
            self._changed.ring()

    def failed(self, reason: str) -> None:
        """No usable answer came; enough of these in a row pause the system, or writes to it."""
        now = loop_time()
        self.retries.answered(now, well=False)
        breaker = self._writes if writing.get() else self._system
        breaker.failed(reason, now, self.backoff)
        if self._system.paused_s(now) > self._told_s:
            self.pause_reason, self.pause_cause = self._system.reason, None

    @property
    def failures(self) -> int:
        """Failures in a row, of any kind of request."""
        return max(self._system.failures, self._writes.failures)

    @property
    def paused_s(self) -> float:
        """Seconds until the present pause of the whole system ends; 0 when there is none."""
        return max(self._told_s, self._system.paused_s(loop_time()))

    @property
    def no_writes(self) -> str | None:
        """Why the system counts as carrying out no writes; None while it does not."""
        return self._writes.reason if self._writes.down(loop_time()) else None

    @property
    def refusal(self) -> str | None:
        """Why the system refuses us, between the pauses too; None when it is not known to."""
        late = loop_time() - self._refused_at > REFUSAL_S
        return None if late else self._refusal

    @property
    def condition(self) -> Condition:
        """What keeps requests from the system, the most serious of it."""
        now = loop_time()
        found = {
            Condition.CREDENTIALS_REFUSED: self.refusal is not None and self._credentials,
            Condition.MISCONFIGURED: self.refusal is not None,
            Condition.DOWN: self._system.down(now),
            Condition.NO_WRITES: self._writes.down(now),
            Condition.THROTTLED: self.throttles > 0,
            Condition.PAUSED: self.paused_s > 0,
            Condition.BUDGET_SPENT: self.held_s(Lane.FRESH) > 0,
        }
        return next((condition for condition, holds in found.items() if holds), Condition.UP)

    @property
    def condition_s(self) -> float | None:
        """Seconds the present condition has lasted, as far as that was seen."""
        now = loop_time()
        since = {
            Condition.CREDENTIALS_REFUSED: self._refused_since,
            Condition.MISCONFIGURED: self._refused_since,
            Condition.DOWN: now - self._system.down_s(now),
            Condition.NO_WRITES: now - self._writes.down_s(now),
            Condition.THROTTLED: self._throttled_since,
            Condition.PAUSED: self._paused_since,
            Condition.BUDGET_SPENT: self._spent_since,
        }.get(self.condition)
        return None if since is None or math.isinf(since) else now - since

    @property
    def remedy(self) -> str | None:
        """What helps against the present refusal, as the system's own answer says."""
        return None if self.refusal is None else self._remedy

    @property
    def down(self) -> bool:
        """True while the system counts as being in an outage, or as carrying out no writes."""
        now = loop_time()
        return self._system.down(now) or self._writes.down(now)

    @property
    def down_s(self) -> float:
        """Seconds the present outage has lasted; 0 without one."""
        now = loop_time()
        return max(self._system.down_s(now), self._writes.down_s(now))

    @property
    def _told_s(self) -> float:
        return max(0.0, self._paused_until - loop_time())

    def held_s(self, lane: Lane) -> float:
        """Seconds until the pause and the budget allow a request of this lane; 0 when they do."""
        backlog = lane is Lane.BACKLOG
        return max(self.paused_s, self.budget.wait_s(self.clock.now(), backlog=backlog))

    def cause(self, lane: Lane) -> str:
        """What keeps requests of this lane from the system, in words.

        Between two pauses, while somebody tries whether it is over, it is what they were for.
        """
        known = {
            Condition.CREDENTIALS_REFUSED: self.refusal,
            Condition.MISCONFIGURED: self.refusal,
            Condition.DOWN: self._system.reason,
            Condition.NO_WRITES: self._writes.reason,
            Condition.THROTTLED: self._throttle_reason,
            Condition.PAUSED: self.pause_reason,
        }.get(self.condition)
        return known or self.budget.cause(self.clock.now(), backlog=lane is Lane.BACKLOG)

    def closed(self, lane: Lane) -> bool:
        """Whether a request of this lane would be turned away now."""
        return self.held_s(lane) > HOLD_MAX_S

    async def hold(self) -> None:
        """Wait out a short pause.

        Raises:
            HeldBack: the pause is a long one.
        """
        while (paused := self._held_by_pause()) is not None:
            seconds, reason = paused
            if seconds > HOLD_MAX_S:
                held = because(Code.SYSTEM_PAUSED, cause=reason)
                raise HeldBack(held, retry_after_s=seconds)
            with spending(State.THROTTLED):
                await anyio.sleep(max(seconds, TICK_S))

    async def wait_out(self, seconds: float, reason: str) -> None:
        """Pause for `seconds`, and wait until they are over, however long that is.

        Raises:
            HeldBack: the work ends meanwhile.
        """
        self.pause(seconds, reason)
        with spending(State.THROTTLED, seconds + STALL_S), anyio.move_on_after(seconds):
            if not self._draining:
                await self._drained.wait()
            held = because(Code.SYSTEM_PAUSED, cause=reason)
            raise HeldBack(held, retry_after_s=self.paused_s)

    def drain(self) -> None:
        """The work ends: who waits for what may be long in coming is turned away from now on."""
        self._draining = True
        self._drained.ring()

    def _held_by_pause(self) -> tuple[float, str | None] | None:
        """Seconds and reason of the pause that concerns the request in hand, if there is one."""
        if self.paused_s > 0:
            return self.paused_s, self.pause_reason
        seconds = self._writes.paused_s(loop_time()) if writing.get() else 0.0
        return (seconds, self._writes.reason) if seconds > 0 else None

    async def _admit(self, metered: bool) -> None:
        began = loop_time()
        self.waiting += 1
        try:
            if self.waiting > 1:
                # Who has just let go of a place must not take it again before those woken by that.
                await anyio.lowlevel.checkpoint()
            while True:
                await self.hold()
                wait = self._wait_s(metered)
                if wait <= 0:
                    break
                if HOLD_MAX_S < wait < math.inf:
                    backlog = current_lane.get() is Lane.BACKLOG
                    if not backlog and self._spent_since is None:
                        self._spent_since = loop_time()
                    now = self.clock.now()
                    cause = self.budget.cause(now, backlog=backlog)
                    held = because(self.budget.code(now, backlog=backlog), cause=cause)
                    raise HeldBack(held, retry_after_s=wait)
                # Every finished request may open the way, so the event is watched beside the time.
                with self._spending(wait), self._at_most(wait):
                    await self._changed.wait()
            if metered:
                self._spend_retry()
            self.in_flight += 1
            note_request()
            if metered:
                self.budget.count(self.clock.now())
                if current_lane.get() is not Lane.BACKLOG:
                    self._spent_since = None
            if self.observe_wait is not None:
                self.observe_wait(loop_time() - began)
        finally:
            self.waiting -= 1

    def _spending(self, wait: float) -> AbstractContextManager[None]:
        # For a place, others must finish first; a pause or the budget lets nobody through.
        throttled = self.down or not math.isinf(wait)
        return spending(State.THROTTLED if throttled else State.BLOCKED, BLOCKED_MAX_S)

    def _at_most(self, wait: float) -> AbstractContextManager[object]:
        return anyio.move_on_after(None if math.isinf(wait) else max(wait, TICK_S))

    def _spend_retry(self) -> None:
        """Keep retries a small part of the traffic."""
        now = loop_time()
        if not retrying.get():
            self.retries.first_attempt()
        elif not self.retries.take(now):
            raise Rationed(
                because(Code.RETRIES_RATIONED),
                retry_after_s=self.retries.next_turn_s(now),
            )

    def _wait_s(self, metered: bool) -> float:
        if self.in_flight >= self.in_flight_max:
            return math.inf
        now = loop_time()
        # One request at a time probes whether the system is back.
        if self._system.down(now) and self.in_flight:
            return math.inf
        if writing.get() and self._writes.down(now) and self._writing:
            return math.inf
        self.pause_reason = self.pause_cause = None
        if not metered:
            return 0.0
        if self.budget.window.asked_anew and self.budget.under_way(self.in_flight):
            # Whoever waits here does not hear of an answer to another pair.
            return math.inf if self.in_flight else ASKED_S
        return self.budget.wait_s(self.clock.now(), backlog=current_lane.get() is Lane.BACKLOG)
