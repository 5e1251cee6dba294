"""Customers: whoever carries another account by now, for records that were synced with the former.

The version of a record says nothing of its customer, so no poll and no audit shows this. Once per
time to live those customers are listed that were changed since the last such look: one request,
while nobody changes any. Where it is not told which account they carry, all who were changed since
are listed once more when it is told again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from engine.clock import Clock
from engine.flow.pace import Pace
from engine.mapping.fields import FieldMapping
from engine.model.identity import id_of
from engine.model.kept import CUSTOMERS_READ_AT, CUSTOMERS_UNTOLD_SINCE
from engine.model.records import FieldKind, RecordType
from engine.model.work import Referring
from engine.ports import Source
from engine.store.port.store import Store

# A change may show late, by another clock than ours; whoever is listed twice costs nothing.
MARGIN_S = 600.0

log = structlog.get_logger(component="account_resolver")


@dataclass(frozen=True, slots=True)
class Customers:
    """Follows the accounts of customers.

    Args:
        columns: gives the source columns that hold a record's customer.
        mapping: gives the one in force.
        pace: customers are listed once per interval of it.
    """

    source: Source
    store: Store
    clock: Clock
    columns: Callable[[], Sequence[str]]
    mapping: Callable[[], FieldMapping]
    pace: Pace

    async def step(self, forget: Callable[[Iterable[str]], None]) -> int:
        """Look who was changed since the last look, if one is due; returns how many records go on.

        Args:
            forget: told who is to be asked for again.

        Raises:
            EngineError: the source could not be asked.
        """
        now, read_at = self.clock.now(), await self.store.kept.setting(CUSTOMERS_READ_AT)
        woken = 0
        if not self.columns():
            return 0
        if read_at is not None:
            since = min(now, float(read_at))
            if now - since < self.pace.interval_s:
                return 0
            # What is in hand at one look, and was decided before it, shows at the next.
            margin_s = max(MARGIN_S, self.pace.interval_s)
            carried = await self._changed(since - margin_s)
            forget(str(customer) for customer in carried)
            woken = await self._wake(carried)
        await self.store.kept.set_setting(CUSTOMERS_READ_AT, str(now))
        return woken

    async def _changed(self, since: float) -> Mapping[int, str | None]:
        """Who was changed since then, or since it was no longer told whose account that is."""
        carried = await self.source.accounts_changed(since)
        untold_since = await self.store.kept.setting(CUSTOMERS_UNTOLD_SINCE)
        if untold_since is not None and (_are_told(carried) or not carried):
            carried = await self.source.accounts_changed(float(untold_since))
            if _are_told(carried):
                await self.store.kept.forget_setting(CUSTOMERS_UNTOLD_SINCE)
        elif untold_since is None and None in carried.values():
            await self.store.kept.set_setting(CUSTOMERS_UNTOLD_SINCE, str(since))
        return carried

    async def _wake(self, carried: Mapping[int, str | None]) -> int:
        """Reconcile again whatever was synced with another account than its customer carries."""
        if not carried:
            return 0
        names = [str(customer) for customer in carried]
        found = await self.store.awaited.referring(self.columns(), names)
        moved = [one.id for one in found if self._moved(one, carried)]
        woken = await self.store.awaited.wake_moved(moved, self.clock.now()) if moved else 0
        if woken:
            log.info("accounts_corrected", records=woken)
        return woken

    def _moved(self, one: Referring, carried: Mapping[int, str | None]) -> bool:
        record = self.source.read(RecordType.OPPORTUNITY, one.payload)
        for wanted in self.mapping().readable_references(record):
            customer = id_of(wanted.name) if wanted.kind is FieldKind.ACCOUNT else None
            account = None if customer is None else carried.get(customer)
            if account is None:
                continue
            if id_of(account) != one.synced.get(wanted.field):
                return True
        return False


def _are_told(carried: Mapping[int, str | None]) -> bool:
    return any(account is not None for account in carried.values())
