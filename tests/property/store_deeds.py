"""What can be done with a store, each deed made of a few small numbers.

A deed is computed from what was read before, like the work of an actor is: what was read may be out
of date by the time the deed is done.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.decide.reasons import foreign
from engine.model.capture import Watermark
from engine.model.history import Note
from engine.model.intent import IntentKind
from engine.model.lane import Lane
from engine.model.mass_change import Limits
from engine.model.outbox import Entry, Key, Owed
from engine.model.reason import Code
from engine.model.records import Position, RecordType, TabLine
from engine.model.tab import KnownRole, Roles, TabWork
from engine.model.work import Failure, Work
from tests.property.store_deeds_beside import Circumstances, beside, beside_looks
from tests.property.stores import Asked, Deed
from tests.unit.engine.stand_ins import NOW, person, row
from tests.unit.engine.store.adapters import (
    audit,
    awaited,
    capture,
    fuse,
    intents,
    kept,
    measure,
    outbox,
    people,
    report,
    settle,
    tab_outcomes,
    tabs,
    work,
)

RECORDS = (1, 2, 3)
PEOPLE = (31, 32, 33)
FAILURE = Failure("validation", "name", foreign(Code.REFUSED, "too long"))
NOTE = Note("noted", "by the model")
TABS: tuple[tuple[TabLine, ...] | None, ...] = (
    None,
    (),
    (TabLine(31, "User"),),
    (TabLine(31, "User"), TabLine(32, "Buyer"), TabLine(31, "Buyer")),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """The numbers a deed is made of: a record, and what the deed makes of the rest."""

    kind: int
    record: int
    number: int
    flag: bool


@dataclass(slots=True)
class Desk:
    """The time, and what was read and not used yet, by record."""

    now: float = NOW
    works: dict[int, Work] = field(default_factory=dict[int, Work])
    tabs: dict[int, TabWork] = field(default_factory=dict[int, TabWork])
    entries: dict[Key, Entry] = field(default_factory=dict[Key, Entry])


def all_edited(desk: Desk, choice: Choice) -> Deed:
    """Every record is edited, and waits."""
    rows = [
        row(each, int(desk.now - NOW) * 10 + choice.number, tab=TABS[(choice.number + each) % 4])
        for each in RECORDS
    ]
    now, mass = desk.now, choice.kind % 5 == 0
    return lambda c: capture.capture_page(c, rows, now=now, fresh_max=9, mass=mass)


def outcomes(desk: Desk, choices: Sequence[Choice]) -> list[Deed]:
    """Records that were read are reconciled, some with a target record that others want."""
    return [
        Asked(settle, "settle_linked", [of], _outcome(desk.now, choice, of))
        for choice in choices
        if (of := desk.works.get(choice.record)) is not None
    ]


def _outcome(now: float, choice: Choice, of: Work) -> Mapping[str, Any]:
    number, flag = choice.number, choice.flag
    return {
        "target_id": 10 * (of.id if number > 2 else 1) + number % 2,
        "synced": {"name": f"ä\\ {number}"},
        "owed": Owed(target_id=str(10 * of.id), target_url="u") if flag else None,
        "awaited": [("user", "Ada")] if number % 3 == 1 else [],
        "note": Note("noop" if number == 2 else "created", f"\\u0000 {number}"),
        "now": now,
        "created": choice.kind % 2 > 0,
        "answered": flag,
        "blanks": {"owner": FAILURE.reason} if number == 4 else {},
        "people_read_since": now - number,
    }


def announcements(desk: Desk, choices: Sequence[Choice]) -> list[Deed]:
    """Creates of records that were read are announced."""
    return [
        Asked(
            work,
            "open_intent",
            [of, f"OPP-{of.id}", desk.now],
            {"shown_since": desk.now - choice.number},
        )
        for choice in choices
        if (of := desk.works.get(choice.record)) is not None
    ]


def half_done(connection: sqlite3.Connection, value: str) -> None:
    """Write, then fail: nothing of it may stay.

    Raises:
        ValueError: always.
    """
    kept.set_setting(connection, "half", value)
    raise ValueError("a fault of this caller")


def deed(desk: Desk, choice: Choice) -> Deed:
    """What this choice comes to at this desk."""
    every = (
        *_captures(desk, choice),
        *_others(desk, choice),
        *_peoples(desk, choice),
        *(_settles(desk, choice, desk.works[choice.record]) if choice.record in desk.works else ()),
        *(_relates(desk, choice, desk.tabs[choice.record]) if choice.record in desk.tabs else ()),
        *_deliveries(desk, choice),
        *_creates(desk, choice),
        *beside(_circumstances(desk, choice)),
    )
    return every[choice.kind % len(every)]


def _circumstances(desk: Desk, choice: Choice) -> Circumstances:
    return Circumstances(
        desk.now,
        choice.record,
        PEOPLE[choice.record - 1],
        choice.number,
        choice.flag,
        FAILURE,
        desk.works.get(choice.record),
        desk.tabs.get(choice.record),
        list(desk.entries.values()),
    )


def looks(desk: Desk, choice: Choice) -> tuple[Deed, ...]:
    """Everything that can be read, about this record where it is about one."""
    now, one, lane = desk.now, choice.record, Lane(choice.flag)
    someone = PEOPLE[one - 1]
    return (
        lambda c: work.load(c, one),
        lambda c: tabs.load(c, one),
        lambda c: outbox.load(c, RecordType.OPPORTUNITY, RECORDS),
        lambda c: outbox.load(c, RecordType.PERSON, PEOPLE),
        lambda c: (work.due_keys(c, lane, now, 2), work.next_due(c, lane, now)),
        lambda c: (tabs.due_keys(c, lane, now, 2), tabs.next_due(c, lane, now)),
        lambda c: (outbox.due_keys(c, now, 2), outbox.next_due(c, now)),
        lambda c: (
            report.counts(c),
            report.progress(c),
            report.due(c, now, lane),
            report.refused(c, 5),
        ),
        lambda c: (report.history(c, f"OPP-{one}"), report.history(c, f"PERS-{someone}")),
        lambda c: (report.waiting_reasons(c, 5), work.failing_alike(c, "validation", one)),
        lambda c: (awaited.awaited_names(c, "user"), awaited.pending_column(c, "customer", 3)),
        lambda c: (tabs.people_ahead(c, 3), people.awaited(c), people.load(c, PEOPLE)),
        lambda c: [intents.of(c, kind, each) for kind in IntentKind for each in (one, someone)],
        lambda c: (intents.due_looks(c, now, since={}, limit=2), intents.next_look(c, now)),
        lambda c: people.by_email(c, ["a@example.com", "b@example.com"]),
        lambda c: (capture.watermark(c, "feed"), capture.next_sweep(c), kept.setting(c, "half")),
        lambda c: (fuse.held(c), audit.population(c), measure.unproven(c, now)),
        lambda c: (capture.known_ids(c, RECORDS), capture.reconciled_ids(c, 1, 2)),
        *beside_looks(_circumstances(desk, choice)),
    )


def _captures(desk: Desk, choice: Choice) -> tuple[Deed, ...]:
    now, one, number, flag = desk.now, choice.record, choice.number, choice.flag
    rows = [
        row(each, 1 + number + place, eligible=flag or number % 3 > 0, tab=TABS[number % 4])
        for place, each in enumerate(RECORDS[: 1 + number % 3])
    ]
    alone = [row(one, 1 + number, eligible=flag, linked=number % 2 > 0, tab=TABS[number % 4])]
    mark = Watermark(Position(1_700_000_000 + number, one), 1_700_000_000, now)
    return (
        lambda c: capture.capture_page(c, alone, now=now, fresh_max=2),
        lambda c: capture.capture_page(c, rows, now=now, fresh_max=1, feed="feed", mark=mark),
        lambda c: capture.capture_page(c, alone, now=now, fresh_max=2, sweep=1 + number % 2),
        lambda c: capture.capture_page(c, rows, now=now, fresh_max=9, anew=True),
        lambda c: capture.finish_sweep(c, 1 + number % 3, now - number, now),
        lambda c: capture.leave_out_hidden(c, [one], now - number, now),
        lambda c: capture.hold_pending(c, now + number),
        lambda c: capture.capture_page(c, rows, now=now, fresh_max=0, anew=flag, mass=True),
        lambda c: audit.compare(c, alone, after=one - 1, upto=one, started_at=now, now=now),
        lambda c: audit.compare(c, alone, after=0, upto=None, started_at=now + 1, now=now),
    )


def _others(desk: Desk, choice: Choice) -> tuple[Deed, ...]:
    now, one, number = desk.now, choice.record, choice.number
    return (
        lambda c: half_done(c, str(number)),
        lambda c: kept.set_setting(c, "half", str(number)),
        lambda c: work.close_intent(c, one),
        lambda c: work.note_synced(c, one, {"name": "x"} if choice.flag else None),
        lambda c: fuse.decide(c, Limits(0.0, number, 0), now),
        lambda c: fuse.release(c, now),
        lambda c: intents.doubt_unfinished(c, now),
        lambda c: awaited.wake_awaiting(c, "user", ["Ada", "Bea"], now),
        lambda c: tabs.wake_awaiting(c, PEOPLE, now),
        lambda c: tabs.look_again(c, [one], Lane(choice.flag), now),
        lambda c: tabs.look_later(c, one, now + number),
    )


def _settles(desk: Desk, choice: Choice, of: Work) -> tuple[Deed, ...]:
    now, number, flag = desk.now, choice.number, choice.flag
    owed = Owed(target_id=str(10 * of.id), target_url="u") if flag else None
    waits = [("user", "Ada")] if number % 2 else []
    due_at = now + number
    return (
        lambda c: settle.settle_linked(
            c,
            of,
            target_id=10 * of.id + number % 2,
            synced={"name": str(number)},
            owed=owed,
            awaited=waits,
            note=NOTE,
            now=now,
            created=flag,
        ),
        lambda c: work.open_intent(c, of, f"OPP-{of.id}", now, shown_since=now - number),
        lambda c: fuse.hold_record(c, of.id, of.revision, {"name": "x"}, "would send name"),
        lambda c: settle.settle_refused(c, of, FAILURE, now),
        lambda c: settle.settle_ineligible(c, of, NOTE, flagged=flag, now=now),
        lambda c: settle.adopt(c, of, 10 * of.id, NOTE, now),
        lambda c: settle.forget_target(c, of, 10 * of.id, NOTE, now),
        lambda c: settle.defer(c, of, FAILURE, due_at=due_at, counts=flag, now=now),
        lambda c: settle.doubt(c, of, FAILURE, due_at=due_at, counts=flag, now=now),
    )


def _relates(desk: Desk, choice: Choice, of: TabWork) -> tuple[Deed, ...]:
    now, number, flag = desk.now, choice.number, choice.flag
    role = KnownRole(100 * of.record_id + number, 310, "User", flag, now)
    roles = Roles([role], [100 * of.record_id + number - 1])
    return (
        lambda c: tab_outcomes.begin(c, of, [(310, "User")] if flag else [], now),
        lambda c: tab_outcomes.settle(
            c,
            of,
            roles,
            waits_for=[32] if number % 2 else [],
            complete=flag,
            note=NOTE if flag else None,
            now=now,
        ),
        lambda c: fuse.hold_tab(c, of.record_id, of.revision, "would remove 1 role"),
        lambda c: tab_outcomes.leave(c, of),
        lambda c: tab_outcomes.defer(
            c,
            of,
            roles,
            FAILURE if flag else None,
            due_at=now + number,
            counts=flag,
            now=now,
        ),
        lambda c: tab_outcomes.doubt(
            c, of, roles, FAILURE, announced=[(310, "User")], due_at=now + number, now=now
        ),
    )


def _peoples(desk: Desk, choice: Choice) -> tuple[Deed, ...]:
    now, number, flag = desk.now, choice.number, choice.flag
    record = person(PEOPLE[choice.record - 1], 1 + number, error=flag)
    email = "a@example.com" if flag else "b@example.com"
    owed = Owed(target_id="310") if number % 2 else None
    return (
        lambda c: people.link(
            c, record, 310 + number, email=email, owed=owed, note=NOTE if flag else None, now=now
        ),
        lambda c: people.hold_back(c, record, foreign(Code.UNSPECIFIED, "no address"), now),
        lambda c: people.announce(c, record, email, now),
        lambda c: people.withdraw_announcement(c, record.id),
        lambda c: people.doubt(c, record, foreign(Code.UNSPECIFIED, "no answer"), now),
        lambda c: people.refuse(c, record, FAILURE, now),
        lambda c: people.forget_reading(c, PEOPLE),
        lambda c: people.relink(c, record, now),
    )


def _creates(desk: Desk, choice: Choice) -> tuple[Deed, ...]:
    """Those of one kind, whoever they belong to."""
    now, number, kind = desk.now, choice.number, tuple(IntentKind)[choice.number % 3]
    one = PEOPLE[choice.record - 1] if kind is IntentKind.PROSPECT else choice.record
    return (
        lambda c: intents.announce(c, kind, one, "[]", now),
        lambda c: intents.widen(c, kind, one, '[[310, "User"]]'),
        lambda c: intents.doubt(c, kind, one, now, look_at=now + number),
        lambda c: intents.open_doubt(c, kind, one, "[]", since=now, look_at=now + number),
        lambda c: intents.answer(c, kind, one),
        lambda c: intents.end(c, kind, one),
        lambda c: intents.look_again(c, choice.record, now + number),
    )


def _deliveries(desk: Desk, choice: Choice) -> tuple[Deed, ...]:
    now, number = desk.now, choice.number
    entries = list(desk.entries.values())
    if not entries:
        return ()
    entry = entries[number % len(entries)]
    confirmed = [(one, one.version + 1) for one in entries]
    return (
        lambda c: outbox.delivered(c, confirmed, now),
        lambda c: outbox.delivered(c, [(entry, entry.version + number)], now),
        lambda c: outbox.postpone(
            c,
            entry,
            foreign(Code.UNSPECIFIED, "busy"),
            due_at=now + number,
            counts=choice.flag,
            missed=number,
        ),
        lambda c: outbox.withdraw(c, entry, NOTE, now),
    )
