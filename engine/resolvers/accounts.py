"""Account resolver: from a customer of the source to its account in the target, in batches.

Two questions stand behind each answer: which target id the customer carries (asked of the
source) and whether that account exists (asked of the target). Each batch also asks for the
customers of the records next in line, so that a backlog costs one request of each kind per
hundred customers and not one per record.

Mailbox   none: callers ask through `resolve` and share batches
Sends     a notification of the dispatchers when a record that waited for an account can go on
Store     reads the customers of pending records, and those records were synced without
Metrics   reference_lookups, errors
Stops     when it is cancelled
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import anyio
import structlog

from engine.actors.tolerating import tolerated
from engine.clock import Clock
from engine.decide.reasons import because
from engine.errors import EngineError
from engine.flow.pace import Pace
from engine.flow.worktime import holding
from engine.loop import loop_time
from engine.metrics import Metrics
from engine.model.identity import id_of
from engine.model.reason import Code, Reason
from engine.model.records import FieldKind
from engine.ports import Source, Target
from engine.resolvers.customers import Customers
from engine.resolvers.lookups import Lookup
from engine.resolvers.refreshing import refreshing
from engine.store.port.store import Store

BATCH_MAX = 100
# Answers kept in memory; the oldest go first.
CACHE_MAX = 10_000
KIND = FieldKind.ACCOUNT.value

log = structlog.get_logger(component="account_resolver")


@dataclass(frozen=True, slots=True)
class _Answer:
    account_id: int | None
    note: Reason | None
    known_at: float


@dataclass(slots=True)
class AccountResolver:
    """Answers which target account belongs to a customer.

    Args:
        columns: gives the source columns that hold a record's customer, for reading ahead.
        pace: an answer counts for one interval of it.
    """

    source: Source
    target: Target
    store: Store
    clock: Clock
    columns: Callable[[], Sequence[str]]
    pace: Pace
    metrics: Metrics
    wake: Callable[[], None]
    customers: Customers
    _answers: OrderedDict[int, _Answer] = field(
        default_factory=OrderedDict[int, _Answer], init=False
    )
    _loaded_at: float | None = field(default=None, init=False)
    _wanted: set[int] = field(default_factory=set[int], init=False)
    _lock: anyio.Lock = field(default_factory=anyio.Lock, init=False)
    _customers: Lookup = field(
        default_factory=lambda: Lookup("customers", at_source=True), init=False
    )
    _accounts: Lookup = field(default_factory=lambda: Lookup("accounts"), init=False)

    async def run(self) -> None:
        """Once per time to live, let records go on whose customer has an account by now."""
        await refreshing(self.step, self.pace, "account_resolver", self.metrics)

    async def step(self) -> int:
        """Ask again for every awaited customer, and follow those that carry another account by now.

        Returns how many records go on for it.
        """
        return await self._awaited() + await self._corrected()

    async def _corrected(self) -> int:
        woken = 0
        with tolerated("account_resolver", "customers_unread", self.metrics):
            woken = await self.customers.step(self.forget)
        if woken:
            self.wake()
        return woken

    async def _awaited(self) -> int:
        """Asks nobody anything when none is awaited."""
        names = await self.store.awaited.awaited_names(FieldKind.ACCOUNT.value)
        found: list[str] = []
        for start in range(0, len(names), BATCH_MAX):
            batch = [int(name) for name in names[start : start + BATCH_MAX]]
            async with holding(self._lock):
                await self._load(batch)
            found += [str(customer) for customer in batch if self._known_account(customer)]
        woken = await self.store.awaited.wake_awaiting(
            FieldKind.ACCOUNT.value, found, self.clock.now()
        )
        if woken:
            log.info("references_turned_up", records=woken)
            self.wake()
        return woken

    async def resolve(self, name: str) -> tuple[int | None, Reason | None]:
        """The account of the customer named by its source id, or None and why, if that is odd.

        A customer that carries no target id is usual and gives no note.

        Raises:
            Transient: one of the two systems could not be asked.
        """
        customer = id_of(name)
        if customer is None:
            return None, because(Code.CUSTOMER_ID_MALFORMED, name=name[:40])
        count = self.metrics.reference_lookups
        cached = self._fresh(customer) is not None
        try:
            await self._ask(customer)
        except EngineError:
            count.labels(KIND, "error").inc()
            raise
        answer = self._answers.get(customer)
        if answer is None:
            return None, None
        self._answers.move_to_end(customer)
        hit = "hit" if answer.account_id is not None else "negative_hit"
        count.labels(KIND, hit if cached else "miss").inc()
        return answer.account_id, answer.note

    async def _ask(self, customer: int) -> None:
        if self._fresh(customer) is None:
            self._wanted.add(customer)
            async with holding(self._lock):
                if self._fresh(customer) is None:
                    await self._load(await self._batch(customer))

    def cached(self) -> tuple[int, float | None]:
        """Customers known, and the seconds since the last of them was asked for."""
        if self._loaded_at is None:
            return 0, None
        return len(self._answers), loop_time() - self._loaded_at

    def forget(self, names: Iterable[str]) -> None:
        """Ask again for these customers: an account just given was refused."""
        for name in names:
            if (customer := id_of(name)) is not None:
                self._answers.pop(customer, None)

    async def _batch(self, customer: int) -> list[int]:
        """The customer, others who wait, and those whom the next records in line will need."""
        waiting = [one for one in self._wanted if one != customer and self._fresh(one) is None]
        wanted = [customer, *waiting][:BATCH_MAX]
        for column in self.columns():
            room = BATCH_MAX - len(wanted)
            if room > 0:
                ahead = await self.store.awaited.pending_column(column, 4 * BATCH_MAX)
                fresh = [one for one in ahead if one not in wanted and self._fresh(one) is None]
                wanted += fresh[:room]
        return wanted

    async def _load(self, customers: Sequence[int]) -> None:
        with self._customers.reading():
            carried = await self.source.account_ids(customers)
        self._wanted.difference_update(customers)
        valid = {
            customer: account
            for customer, written in carried.items()
            if written is not None and (account := id_of(written)) is not None
        }
        with self._accounts.reading():
            exist = await self.target.accounts(set(valid.values())) if valid else set[int]()
        now = self._loaded_at = loop_time()
        for customer in customers:
            account = valid.get(customer)
            found = account if account in exist else None
            note = None
            if customer in carried and found is None:
                note = _why_none(customer, carried[customer])
            self._answers[customer] = _Answer(found, note, now)
            self._answers.move_to_end(customer)
        while len(self._answers) > CACHE_MAX:
            self._answers.popitem(last=False)

    def _fresh(self, customer: int) -> _Answer | None:
        answer = self._answers.get(customer)
        if answer is None or loop_time() - answer.known_at >= self.pace.interval_s:
            return None
        return answer

    def _known_account(self, customer: int) -> bool:
        answer = self._answers.get(customer)
        return answer is not None and answer.account_id is not None


def _why_none(customer: int, written: str | None) -> Reason:
    if written is None:
        return because(Code.COLUMN_ABSENT, columns=f"the account id of customer {customer}")
    return because(Code.ACCOUNT_UNKNOWN, account=written[:40])
