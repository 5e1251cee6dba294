"""All stores, told to do the same in the same order, answer the same and hold the same.

The journal of creates is told the same as a model of it that knows no SQL.
"""

from __future__ import annotations

import asyncio
import inspect
import shutil
import sqlite3
import tempfile
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from engine.errors import StateUnusable
from engine.model.intent import Intent, IntentKind
from engine.model.outbox import Key
from engine.model.records import RecordType
from engine.model.report import HistoryLine
from engine.model.states import IllegalMove
from engine.store.sqlite import subjects
from tests import fresh
from tests.property import store_deeds, store_deeds_beside
from tests.property.store_deeds import PEOPLE, RECORDS, Choice, Desk, deed, looks
from tests.property.store_deeds_beside import Alone
from tests.property.stores import Deed, Opened, in_files, in_tables
from tests.scratch import scratch
from tests.searching import examples
from tests.unit.engine.store.adapters import intents, outbox, tabs, work

CHOICES = st.builds(
    Choice,
    kind=st.integers(0, 200),
    record=st.sampled_from(RECORDS),
    number=st.integers(0, 5),
    flag=st.booleans(),
)


async def answer(work: Coroutine[Any, Any, Any]) -> tuple[str, Any]:
    """What came of it, an error included."""
    try:
        return "answered", await work
    except StateUnusable as error:
        # Each says itself what was wrong.
        return type(error).__name__, None
    except (ValueError, IllegalMove) as error:
        return type(error).__name__, str(error)


def shown(found: Any) -> Any:
    """The same, so that what differs in type differs; lines are told without their numbers."""
    if isinstance(found, HistoryLine):
        found = replace(found, seq=0)
    if is_dataclass(found) and not isinstance(found, type):
        values = [shown(getattr(found, each.name)) for each in fields(found)]
        return [type(found).__name__, *values]
    if isinstance(found, Mapping):
        items = cast("Mapping[Any, Any]", found).items()
        return sorted(([shown(key), shown(value)] for key, value in items), key=repr)
    if isinstance(found, set | frozenset):
        return sorted((shown(each) for each in cast("set[Any]", found)), key=repr)
    if isinstance(found, list | tuple | sqlite3.Row):
        return [shown(each) for each in cast("Sequence[Any]", found)]
    return found if found is None or isinstance(found, str) else [type(found).__name__, found]


# Of everything there is to look at, one in so many is looked at each time.
LOOKS = 6


class StoreModel(RuleBasedStateMachine):
    """A store is handed whole batches at once, and others deed after deed."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp(prefix="store-model-", dir=scratch()))
        self.runner = asyncio.Runner()
        self.threaded, *self.others = self.opened()
        self.desk = Desk()

    def opened(self) -> Sequence[Opened]:
        """New stores, that of the batches first; here those of files."""
        return in_files(self.runner, self.directory)

    def all_read(self, look: Deed) -> Any:
        """Look with all of them; the answer they agree on."""
        found = [self.runner.run(answer(each.read(look))) for each in (self.threaded, *self.others)]
        for other in found[1:]:
            assert shown(other) == shown(found[0])
        return found[0][1]

    @rule(choices=st.lists(CHOICES, min_size=1, max_size=4))
    def write(self, choices: list[Choice]) -> None:
        """Deeds that wait together share a commit, and each has its own answer all the same."""
        deeds = [deed(self.desk, choice) for choice in choices]

        together = self.runner.run(self._together(deeds))
        for other in self.others:
            assert shown(self.runner.run(_in_turn(other, deeds))) == shown(together)

    async def _together(self, deeds: list[Deed]) -> list[tuple[str, Any]]:
        if any(isinstance(one, Alone) for one in deeds):
            return await _in_turn(self.threaded, deeds)
        return await asyncio.gather(*(answer(self.threaded.write(one)) for one in deeds))

    @rule(choice=CHOICES)
    def look(self, choice: Choice) -> None:
        """What was answered shows at once, wherever one looks."""
        for one in looks(self.desk, choice)[choice.kind % LOOKS :: LOOKS]:
            self.all_read(one)

    @rule(record=st.sampled_from(RECORDS))
    def take(self, record: int) -> None:
        """An actor reads what it is to decide on, and acts on it later."""
        found = self.all_read(lambda c: work.load(c, record))
        if found is not None:
            self.desk.works[record] = found
        tab = self.all_read(lambda c: tabs.load(c, record))
        if tab is not None:
            self.desk.tabs[record] = tab
        for record_type, ids in ((RecordType.OPPORTUNITY, RECORDS), (RecordType.PERSON, PEOPLE)):
            for entry in self.all_read(lambda c, t=record_type, i=ids: outbox.load(c, t, i)):
                self.desk.entries[Key(record_type, entry.record_id)] = entry

    @rule(seconds=st.integers(1, 10))
    def pass_time(self, seconds: int) -> None:
        """What was put off becomes due."""
        self.desk.now += seconds

    @rule()
    def open_again(self) -> None:
        """A restart finds what was acknowledged, in all of them."""
        self._all_hold_the_same()
        for each in (self.threaded, *self.others):
            each.open()

    def _all_hold_the_same(self) -> None:
        held = [each.close() for each in (self.threaded, *self.others)]
        for other in held[1:]:
            for table, rows in other.items():
                assert held[0][table] == rows, table

    def teardown(self) -> None:
        """In the end all of them hold the same."""
        try:
            self._all_hold_the_same()
        finally:
            self.runner.close()
            shutil.rmtree(self.directory)


async def _in_turn(store: Opened, deeds: list[Deed]) -> list[tuple[str, Any]]:
    return [await answer(store.write(one)) for one in deeds]


USUAL = settings(max_examples=examples(25), stateful_step_count=25)
TestStoreModel = StoreModel.TestCase
TestStoreModel.settings = USUAL


def test_every_operation_is_among_the_deeds() -> None:
    """One that is not would be compared by nothing."""
    told = inspect.getsource(store_deeds) + inspect.getsource(store_deeds_beside)
    operations = {
        f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
        for _, subject in inspect.getmembers(subjects, inspect.isclass)
        for _, operation in inspect.getmembers(subject, inspect.iscoroutinefunction)
        for function in [inspect.getclosurevars(operation).nonlocals.get("function")]
        if function is not None
    }

    assert len(operations) > 150
    assert [one for one in sorted(operations) if f"{one}(" not in told] == []


@pytest.mark.slow
def test_stores_in_postgres_do_the_same(postgres: str) -> None:
    """That of the service, which sends ahead, that of a command, and one of files beside them."""
    # Whoever runs other tests needs no driver.
    from tests.unit.engine.store.direct import Tables

    with closing(Tables(postgres)) as one, closing(Tables(postgres)) as other:

        class InTables(StoreModel):
            """In the tables of the test."""

            def opened(self) -> Sequence[Opened]:
                """See `StoreModel.opened`."""
                return in_tables(self.runner, self.directory, (one, other))

        run_state_machine_as_test(InTables, settings=USUAL)


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
