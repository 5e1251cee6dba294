"""What a created record costs, in numbers that are the same on every machine.

Times are measured by `make bench`; what is asserted here are requests, round trips to the store,
commits, tasks, events, and calls of functions made on behalf of a record.
"""

from __future__ import annotations

import sqlite3
import sys
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

from engine.flow.ledger import current_record
from engine.store.sqlite import statefile
from engine.store.sqlite.threaded import ThreadedStore
from tests.scenario.bench import CREATE, Bench

# What a connection costs counts too.
pytestmark = [pytest.mark.anyio, pytest.mark.sockets]

ROOT = Path(__file__).resolve().parents[2]
OURS = tuple(
    f"{ROOT / room}/" for room in ("engine", "connectors/workbooks", "connectors/outreach")
)
RECORDS = 40
# Token, users, stages, and what a look at the accounts takes.
CONSTANT_MAX = 6
# A record is read, announced and settled. A dispatcher that looked just before it was settled may
# hand it out once more.
ROUND_TRIPS_MAX = 3.25
LOADS_MAX = 1.25
BY_TIME = frozenset({"due_keys", "next_due", "due"})
# What is looked at for each record, or again and again, takes less than another thread would.
GLANCES = {
    "work.load",
    "work.due_keys",
    "tabs.load",
    "tabs.due_keys",
    "tab_outcomes.goes_on",
    "kept.setting",
    "outbox.due_keys",
}
# 52 as last counted, 66 before; a look that nobody needs is one more for each record.
STATEMENTS_MAX = 53
# To begin a transaction, to count it, and to end it.
STATEMENTS_OF_COMMIT = 4
# What a start and an end ask for and keep.
AT_START_MAX = 60
# 1,130 as last counted.
CALLS_MAX = 1190
# Of a write to the store each: that it is done.
EVENTS_MAX = 3


@dataclass
class Spent:
    """What was spent on records: calls of functions, of ours and of libraries, among them."""

    round_trips: Counter[str] = field(default_factory=Counter[str])
    handed_over: Counter[str] = field(default_factory=Counter[str])
    """Those of them that are looks by another thread."""
    statements: int = 0
    """Run to write, those of triggers among them."""
    committing: bool = False
    commits: int = 0
    calls: int = 0
    events: int = 0
    tasks: int = 0
    _ours: dict[CodeType, bool] = field(default_factory=dict[CodeType, bool])

    def profile(self, frame: FrameType, event: str, _: object) -> None:
        """Count one call, where it is made on behalf of a record."""
        if event != "call" or current_record.get() is None:
            return
        self.calls += 1
        caller = frame.f_back
        while caller is not None and caller.f_code.co_filename == "<string>":
            # What a dataclass does for itself.
            caller = caller.f_back
        if caller is None or not self._is_ours(caller.f_code):
            return
        name = frame.f_code.co_qualname
        self.events += name == "Event.__new__"
        self.tasks += frame.f_code.co_name in ("start_soon", "create_task")

    def _is_ours(self, code: CodeType) -> bool:
        found = self._ours.get(code)
        if found is None:
            found = self._ours[code] = code.co_filename.startswith(OURS)
        return found


@contextmanager
def spending(monkeypatch: pytest.MonkeyPatch) -> Generator[Spent]:
    """Count what is spent in the block."""
    spent = Spent()
    read, glance, write = ThreadedStore.read, ThreadedStore.glance, ThreadedStore.write
    connect = statefile.connect
    commit = ThreadedStore._commit  # pyright: ignore[reportPrivateUsage] # a commit has no other name

    def counted(_: str) -> None:
        # What prepares the file is none of a record's.
        spent.statements += spent.committing

    def connecting(path: Path, **options: bool) -> sqlite3.Connection:
        connection = connect(path, **options)
        if not options.get("query_only"):
            connection.set_trace_callback(counted)
        return connection

    async def reading(store: ThreadedStore, function: Any, *args: Any, **kwargs: Any) -> Any:
        spent.round_trips[function.__name__] += 1
        subject = function.__module__.rpartition(".")[2]
        spent.handed_over[f"{subject}.{function.__name__}"] += 1
        return await read(store, function, *args, **kwargs)

    async def glancing(store: ThreadedStore, function: Any, *args: Any, **kwargs: Any) -> Any:
        spent.round_trips[function.__name__] += 1
        return await glance(store, function, *args, **kwargs)

    async def writing(store: ThreadedStore, function: Any, *args: Any, **kwargs: Any) -> Any:
        spent.round_trips[function.__name__] += 1
        return await write(store, function, *args, **kwargs)

    async def committing(store: ThreadedStore, group: Any) -> None:
        spent.commits += 1
        spent.committing = True
        await commit(store, group)
        spent.committing = False

    with monkeypatch.context() as patched:
        patched.setattr(statefile, "connect", connecting)
        patched.setattr(ThreadedStore, "read", reading)
        patched.setattr(ThreadedStore, "glance", glancing)
        patched.setattr(ThreadedStore, "write", writing)
        patched.setattr(ThreadedStore, "_commit", committing)
        former = sys.getprofile()
        sys.setprofile(spent.profile)
        try:
            yield spent
        finally:
            sys.setprofile(former)


async def test_what_a_created_record_costs(world: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look more per record, or an event for each of its steps, shows here before it is felt."""
    for number in range(RECORDS):
        world.has(f"Harbour crane {number}")

    with spending(monkeypatch) as spent:
        await world.once()

    assert world.outreach_traffic.counts[CREATE] == RECORDS
    assert world.outreach_traffic.counts.total() <= RECORDS + CONSTANT_MAX
    assert spent.round_trips["load"] <= RECORDS * LOADS_MAX
    assert spent.round_trips["open_intent"] == spent.round_trips["settle_linked"] == RECORDS
    assert spent.round_trips.total() <= RECORDS * ROUND_TRIPS_MAX + AT_START_MAX + by_time(spent)
    assert not spent.handed_over.keys() & GLANCES
    # Each announcement and each outcome has one at most; many of a moment share theirs.
    assert spent.commits <= 2 * RECORDS + AT_START_MAX
    of_commits = STATEMENTS_OF_COMMIT * spent.commits
    assert spent.statements - of_commits <= RECORDS * STATEMENTS_MAX + AT_START_MAX
    assert spent.calls <= RECORDS * CALLS_MAX
    assert spent.events <= RECORDS * EVENTS_MAX
    assert spent.tasks == 0


def by_time(spent: Spent) -> int:
    """Round trips of what looks for due work: as many as there is time for."""
    return sum(spent.round_trips[name] for name in BY_TIME)
