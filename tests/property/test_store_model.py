"""Both stores, told to do the same in the same order, answer the same and hold the same.

The journal of creates is told the same as a model of it that knows no SQL.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import Coroutine, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from engine.errors import StateUnusable
from engine.model.intent import Intent, IntentKind
from engine.model.outbox import Key
from engine.model.records import RecordType
from engine.model.states import IllegalMove
from engine.store.sqlite import intents, outbox, tabs, work
from engine.store.sqlite.inline import open_inline
from engine.store.sqlite.threaded import open_store
from tests import fresh
from tests.adapter import OpenSqlite, SqliteStore
from tests.property.store_deeds import PEOPLE, RECORDS, Choice, Deed, Desk, deed, looks
from tests.scratch import scratch
from tests.searching import examples

CHOICES = st.builds(
    Choice,
    kind=st.integers(0, 200),
    record=st.sampled_from(RECORDS),
    number=st.integers(0, 5),
    flag=st.booleans(),
)


class Opened:
    """One store, kept open by a task of its own, because only that task may close it."""

    def __init__(self, runner: asyncio.Runner, opens: OpenSqlite, path: Path) -> None:
        self._runner = runner
        self._opens = opens
        self.path = path
        self.store: SqliteStore
        self.open()

    def open(self) -> None:
        """Open the file, new or not."""
        self._ready, self._over = asyncio.Event(), asyncio.Event()
        self._runner.run(self._begin())

    async def _begin(self) -> None:
        self._host = asyncio.get_running_loop().create_task(self._live())
        await self._ready.wait()

    async def _live(self) -> None:
        async with self._opens(self.path) as self.store:
            self._ready.set()
            await self._over.wait()

    def close(self) -> dict[str, list[tuple[Any, ...]]]:
        """Close it; returns everything the file holds."""
        self._runner.run(self._end())
        with closing(sqlite3.connect(self.path)) as connection:
            names = connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
            ).fetchall()
            return {
                name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr)  # noqa: S608 # names of our own
                for (name,) in names
            }

    async def _end(self) -> None:
        self._over.set()
        await self._host


async def answer(work: Coroutine[Any, Any, Any]) -> tuple[str, Any]:
    """What came of it, an error included."""
    try:
        return "answered", await work
    except (ValueError, StateUnusable, IllegalMove) as error:
        return type(error).__name__, str(error)


class StoreModel(RuleBasedStateMachine):
    """The threaded store is handed whole batches at once, the inline one deed after deed."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp(prefix="store-model-", dir=scratch()))
        self.runner = asyncio.Runner()
        self.threaded = Opened(self.runner, open_store, self.directory / "threaded.db")
        self.inline = Opened(self.runner, open_inline, self.directory / "inline.db")
        self.desk = Desk()

    def both_read(self, look: Deed) -> Any:
        """Look with both; the answer they agree on."""
        theirs = self.runner.run(answer(self.threaded.store.read(look)))
        ours = self.runner.run(answer(self.inline.store.read(look)))
        assert theirs == ours
        return theirs[1]

    @rule(choices=st.lists(CHOICES, min_size=1, max_size=4))
    def write(self, choices: list[Choice]) -> None:
        """Deeds that wait together share a commit, and each has its own answer all the same."""
        deeds = [deed(self.desk, choice) for choice in choices]

        assert self.runner.run(self._together(deeds)) == self.runner.run(self._in_turn(deeds))

    async def _together(self, deeds: list[Deed]) -> list[tuple[str, Any]]:
        return await asyncio.gather(*(answer(self.threaded.store.write(one)) for one in deeds))

    async def _in_turn(self, deeds: list[Deed]) -> list[tuple[str, Any]]:
        return [await answer(self.inline.store.write(one)) for one in deeds]

    @rule(choice=CHOICES)
    def look(self, choice: Choice) -> None:
        """Everything that was answered shows at once."""
        for one in looks(self.desk, choice):
            self.both_read(one)

    @rule(record=st.sampled_from(RECORDS))
    def take(self, record: int) -> None:
        """An actor reads what it is to decide on, and acts on it later."""
        found = self.both_read(lambda c: work.load(c, record))
        if found is not None:
            self.desk.works[record] = found
        tab = self.both_read(lambda c: tabs.load(c, record))
        if tab is not None:
            self.desk.tabs[record] = tab
        for record_type, ids in ((RecordType.OPPORTUNITY, RECORDS), (RecordType.PERSON, PEOPLE)):
            for entry in self.both_read(lambda c, t=record_type, i=ids: outbox.load(c, t, i)):
                self.desk.entries[Key(record_type, entry.record_id)] = entry

    @rule(seconds=st.integers(1, 10))
    def pass_time(self, seconds: int) -> None:
        """What was put off becomes due."""
        self.desk.now += seconds

    @rule()
    def open_again(self) -> None:
        """A restart finds what was acknowledged, in either file."""
        assert self.threaded.close() == self.inline.close()
        self.threaded.open()
        self.inline.open()

    def teardown(self) -> None:
        """In the end both files hold the same."""
        held = self.threaded.close(), self.inline.close()
        self.runner.close()
        shutil.rmtree(self.directory)
        assert held[0] == held[1]


TestStoreModel = StoreModel.TestCase
TestStoreModel.settings = settings(max_examples=examples(25), stateful_step_count=25)


EVERYTHING = st.sampled_from([(kind, one) for kind in IntentKind for one in (1, 2)])
ROLES = ("[]", '[[310, "User"]]')


class JournalModel(RuleBasedStateMachine):
    """What is known of each create; nothing is sent again that may have been executed."""

    def __init__(self) -> None:
        super().__init__()
        self.connection = fresh.in_memory()
        self.now = 1_000.0
        self.known: dict[tuple[IntentKind, int], Intent] = {}
        # Creates that were sent and of which nobody has said what became of them.
        self.unaccounted: dict[tuple[IntentKind, int], int] = {}

    @rule(of=EVERYTHING, correlation=st.sampled_from(ROLES))
    def announce(self, of: tuple[IntentKind, int], correlation: str) -> None:
        """And send it."""
        before = self.known.get(of)
        if before is not None and before.open and before.doubt_since is None:
            with pytest.raises(sqlite3.IntegrityError, match="no such move: a create"):
                intents.announce(self.connection, *of, correlation, self.now)
            return
        intents.announce(self.connection, *of, correlation, self.now)
        sent = 1 if before is None else before.sent + 1
        self.known[of] = Intent(correlation, self.now, None, 0, sent)
        self.unaccounted[of] = self.unaccounted.get(of, 0) + 1

    @rule(of=EVERYTHING, correlation=st.sampled_from(ROLES))
    def widen(self, of: tuple[IntentKind, int], correlation: str) -> None:
        """Only what is announced is widened, and counts once."""
        before = self.known.get(of)
        announced = before is not None and before.open and before.doubt_since is None
        assert intents.widen(self.connection, *of, correlation) is announced
        if announced and before is not None:
            self.known[of] = replace(before, correlation=correlation)

    @rule(of=EVERYTHING, wait_s=st.integers(0, 9))
    def lose(self, of: tuple[IntentKind, int], wait_s: int) -> None:
        """The answer, or a look comes too early."""
        before, look_at = self.known.get(of), self.now + wait_s
        assert intents.doubt(self.connection, *of, self.now, look_at=look_at) is (
            before is not None
        )
        if before is not None:
            since = self.now if before.doubt_since is None else before.doubt_since
            self.known[of] = replace(
                before, open=True, doubt_since=since, checks=before.checks + 1, look_at=look_at
            )

    @rule(of=EVERYTHING)
    def find_out(self, of: tuple[IntentKind, int]) -> None:
        """That it came to nothing."""
        intents.answer(self.connection, *of)
        if of in self.known:
            self.known[of] = self.known[of].answered()
        self.unaccounted.pop(of, None)

    @rule(of=EVERYTHING)
    def end(self, of: tuple[IntentKind, int]) -> None:
        """It came to what was wanted."""
        intents.end(self.connection, *of)
        self.known.pop(of, None)
        self.unaccounted.pop(of, None)

    @rule()
    def start_again(self) -> None:
        """Whatever was announced is in doubt then, and nothing else."""
        cut_off = {of: one for of, one in self.known.items() if one.open and not one.doubt_since}
        assert intents.doubt_unfinished(self.connection, self.now) == len(cut_off)
        for of, one in cut_off.items():
            self.known[of] = replace(one, doubt_since=self.now, look_at=self.now)

    @rule()
    def pass_time(self) -> None:
        """A second of it."""
        self.now += 1

    @invariant()
    def both_know_the_same(self) -> None:
        """Of every kind, and no create is forgotten that nobody accounted for."""
        held = {of: intents.of(self.connection, *of) for of in self._everything()}
        assert {of: one for of, one in held.items() if one is not None} == self.known
        assert self.unaccounted.keys() <= {of for of, one in self.known.items() if one.open}

    def _everything(self) -> Iterator[tuple[IntentKind, int]]:
        for kind in IntentKind:
            yield from ((kind, one) for one in (1, 2))

    def teardown(self) -> None:
        """Each example has a state of its own."""
        self.connection.close()


TestJournalModel = JournalModel.TestCase
TestJournalModel.settings = settings(max_examples=examples(25), stateful_step_count=25)
