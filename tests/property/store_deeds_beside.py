"""What is done with a store beside syncing: at a start, by operators, and to take something back.

As in `tests.property.store_deeds`, which has the rest.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace

from engine.decide.reasons import foreign
from engine.decide.roster import Listed
from engine.installation import Installation
from engine.model.age import Seen
from engine.model.approval import Chosen
from engine.model.capture import Watermark
from engine.model.edit import Edit
from engine.model.history import Note
from engine.model.lane import Lane
from engine.model.listing import KINDS, SORTS, Wanted
from engine.model.mass_change import Limits, Mass
from engine.model.named import Named
from engine.model.outbox import Entry
from engine.model.pointer import Pointer, Side
from engine.model.reason import Code
from engine.model.records import Captured, RecordType
from engine.model.refusal import Weighed
from engine.model.run import RunKind
from engine.model.sample import Sample
from engine.model.tab import Edge, GivenUp, KnownRole, Later, RefusedRole, Roles, TabWork
from engine.model.undo import Scope
from engine.model.undone import Undone
from engine.model.work import Failure, Work
from engine.model.write import Write, WriteKind
from tests.property.stores import Deed
from tests.unit.engine.stand_ins import person, row
from tests.unit.engine.store.adapters import (
    acting,
    adopting,
    audit,
    awaited,
    blanks,
    capture,
    claims,
    day,
    dossiers,
    fuse,
    grants,
    history,
    journal,
    kept,
    listed,
    listing,
    mapping_mark,
    measure,
    people,
    populations,
    provenance,
    refusals,
    report,
    runs,
    samples,
    settle,
    summary,
    tab_outcomes,
    undo,
    waits,
    withdrawals,
    work,
)

MARKS = ("one", "other")
NAMES = ("A deal", "Ümlaut, 100 % and ?", 'quo"ted \\ 🙂', "half \ud800 a \x00 character")
ROSTER = {1: Listed('{"name":"Ada"}'), 2: Listed('{"name":"Bea"}', 7.0)}
NOW_AND_THEN = {"workbooks": 1_790_000_000.0, "outreach": 1_790_000_001.0}


@dataclass(frozen=True, slots=True)
class Alone:
    """A deed that numbers what it begins.

    Where another one undoes it that shares its transaction, the number has been given all the same.
    """

    deed: Deed

    def __call__(self, connection: sqlite3.Connection) -> object:
        """Do it."""
        return self.deed(connection)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a deed is made of.

    Args:
        person: of whom it is, where it is about a person.
        works: what was read of the record, if it was; and so on.
    """

    now: float
    record: int
    person: int
    number: int
    flag: bool
    failure: Failure
    works: Work | None
    tabs: TabWork | None
    entries: list[Entry]

    @property
    def target(self) -> int:
        """The record's own, or another's."""
        return 10 * (1 + (self.record - 1 + self.number % 2) % 3)

    @property
    def named(self) -> Named:
        """The opportunity."""
        return Named(RecordType.OPPORTUNITY, self.record, f"OPP-{self.record}")

    @property
    def both(self) -> list[Named]:
        """The opportunity and the person, in either order."""
        someone = Named(RecordType.PERSON, self.person, f"PERS-{self.person}")
        return [self.named, someone] if self.flag else [someone, self.named]

    def shown(self, record_id: int) -> Captured:
        """The record, with the id that it carries."""
        number = self.number
        carried = (None, str(10 * record_id), str(self.target), "none of ours")[number % 4]
        return replace(
            row(record_id, 1 + number, eligible=self.flag, name=NAMES[number % 4]),
            target_id=carried,
            linked=carried is not None,
            flagged=not self.flag and number % 2 > 0,
        )


def beside(of: Circumstances) -> tuple[Deed, ...]:
    """Everything else that can be done."""
    return (
        *_shown(of),
        *_owned(of),
        *_by_operators(of),
        *_at_starts(of),
        *_noted(of),
        *_weighed(of),
        *_of_people(of),
        *(() if of.works is None else _decided(of, of.works)),
        *(() if of.works is None else _taken_back(of, of.works)),
        *(() if of.tabs is None else _related(of, of.tabs)),
        *(_withdrawn(of, of.entries[of.number % len(of.entries)]) if of.entries else ()),
    )


def _shown(of: Circumstances) -> tuple[Deed, ...]:
    now, one, number, flag = of.now, of.record, of.number, of.flag
    each = [of.shown(one)]
    every = [of.shown(record) for record in (1, 2, 3)]
    ids = [1, 2, 3]
    return (
        lambda c: capture.capture_page(c, each, now=now, fresh_max=2, news=flag, mass=number > 2),
        lambda c: capture.capture_page(
            c, every, now=now, fresh_max=2, asked_at=now - number, may_lag=flag, first_look=True
        ),
        lambda c: capture.capture_page(
            c, each, now=now, fresh_max=2, tab_changed_at={one: now - number}, asked_at=now
        ),
        lambda c: capture.set_watermark(c, "feed", Watermark(None, number, now, float(number))),
        lambda c: capture.take_asked_for(c, ids, each, now - number, now, fresh_max=1),
        lambda c: capture.read_anew(c, ids, now),
        lambda c: capture.end_sweep(c, 1 + number % 3, now - number, now, whole=flag),
        lambda c: audit.leave_out_vanished(
            c, ids, each, {2} if flag else (), asked_at=now - number, now=now
        ),
        lambda c: audit.compare_refused(c, ids, each, now, asked_at=now - number),
        lambda c: audit.compare(
            c, every, after=0, upto=3, started_at=now - number, now=now, whole=flag
        ),
        lambda c: awaited.wake_moved(c, ids[: 1 + number % 3], now),
        lambda c: mapping_mark.take_anew(
            c, every, one if flag else None, now - number, now, fresh_max=2
        ),
        lambda c: withdrawals.capture_shown(c, of.shown(one), now - number, now),
        Alone(lambda c: mapping_mark.note_fingerprint(c, MARKS[number % 2], now + number, now)),
    )


def _owned(of: Circumstances) -> tuple[Deed, ...]:
    now, one, number = of.now, of.record, of.number
    shown = [of.shown(1 + one % 3)] if of.flag else None
    note = Note("noted", foreign(Code.REFUSED, "beside"))
    # Whoever takes anything was captured.
    takes: tuple[Deed, ...] = (
        lambda c: claims.take(
            c, one, of.target, expected=claims.owner_of(c, of.target), now=now, shown=shown
        ),
        lambda c: claims.take(c, one, of.target, expected=None, now=now),
    )
    return (
        *(() if of.works is None else takes),
        lambda c: claims.give_up(c, one, of.target, now),
        lambda c: claims.tell(c, one, note, now),
        lambda c: sorted(claims.look_at_carriers(c, 0, number, now)),
    )


def _by_operators(of: Circumstances) -> tuple[Deed, ...]:
    now, one, number, flag = of.now, of.record, of.number, of.flag
    chosen = Chosen(
        only=(of.both[0],) if number % 2 else None,
        beside=(of.both[1],) if number % 3 else (),
        seen_at=now - number if flag else None,
    )
    note = Note("adopted", f"id {of.target}")
    return (
        lambda c: acting.retry(c, of.both, now),
        lambda c: acting.retry(c, of.both, now),
        lambda c: acting.skip(c, of.both[:1], NAMES[number % 3], now),
        lambda c: acting.unskip(c, of.both, now),
        lambda c: acting.resync(c, of.both, now),
        lambda c: adopting.adopt(c, of.named, of.target, note, now, lift=flag),
        Alone(lambda c: fuse.approve(c, now, chosen)),
        lambda c: fuse.release(c, now, chosen),
        lambda c: fuse.judge_parked(c, Limits(0.0, number, number), now, first_look=flag),
        lambda c: fuse.decide(c, Limits(0.5, 1, number), now),
        lambda c: fuse.forget_unfinished(c, now),
        Alone(lambda c: fuse.take_out(c, one, runs.begin(c, RunKind.APPLIED, now), now)),
        lambda c: fuse.hold_again(c, one, number, now),
        lambda c: fuse.hold_record(c, one, number, None, "would", target_id=of.target),
    )


def _at_starts(of: Circumstances) -> tuple[Deed, ...]:
    now, number, flag = of.now, of.number, of.flag
    here = Installation("", "here" if number % 3 else "elsewhere", "")
    seen = (None, Seen("name", number, flag), Seen("", 10_000, flag))[number % 3]

    def take_back(connection: sqlite3.Connection) -> list[object]:
        found: list[object] = []
        stretch = None
        while (following := waits.following(connection, stretch, 2, now - number)) is not None:
            stretch, ahead = following
            found.append(following)
            if ahead:
                waits.take_back(connection, stretch, now - number)
        return found

    return (
        Alone(lambda c: provenance.begin(c, here, seen, now)),
        lambda c: provenance.adopt(c, here),
        lambda c: provenance.note_life(c, now, NOW_AND_THEN, ended=flag),
        lambda c: provenance.resume(c, now + number - 2, NOW_AND_THEN, "workbooks"),
        lambda c: waits.bound(c, now - number, float(number), 2.0 if flag else 0.0),
        take_back,
        lambda c: kept.claim_pair(c, MARKS[number % 2]),
        lambda c: kept.note_that_it_works(c, now),
        Alone(
            lambda c: history.tend(
                c, now, before=now - number, bytes_max=300 * number, limit=1 + number
            )
        ),
        Alone(
            lambda c: history.tend(
                c, now + 86_400, before=now + 200_000 * number, bytes_max=300, limit=5
            )
        ),
    )


def _noted(of: Circumstances) -> tuple[Deed, ...]:
    now, number = of.now, of.number
    at = int(now) + 50 * number
    values = {f"key {place}": f"{number * place % 3}" for place in range(number)}
    ahead = [(f"OPP-{number}", 1.5)] if of.flag else []
    return (
        lambda c: samples.save_usage(
            c, "outreach", {at // 60: number}, {at // 86_400: number}, Sample(at, number, 7)
        ),
        lambda c: day.note_settings(c, values, now),
        lambda c: listed.keep(c, "user", dict([*ROSTER.items()][: number % 3])),
        lambda c: kept.set_secret(c, "a secret", NAMES[number % 3]),
        lambda c: kept.forget_setting(c, "half"),
        lambda c: kept.keep_ahead(c, "feed", ahead),
        lambda c: grants.note_granted(c, MARKS[number % 2]),
    )


def _weighed(of: Circumstances) -> tuple[Deed, ...]:
    mark = MARKS[of.number % 2]

    def weigh(connection: sqlite3.Connection) -> list[object]:
        found = refusals.unweighed(connection, mark, 2)
        weighed = [
            Weighed(each, of.flag, by_edit=of.number > 2, basis={"mapping": "1"}) for each in found
        ]
        refusals.weigh(connection, weighed, mark, of.now)
        return [*found]

    return (
        weigh,
        weigh,
        lambda c: refusals.note_people(c, refusals.people_unweighed(c, mark), mark),
        lambda c: refusals.lift_person(c, of.person, of.now),
        lambda c: refusals.lift(
            c, of.record, of.now, lane=Lane(of.flag), mass=Mass(of.number % 2), revision=None
        ),
    )


def _of_people(of: Circumstances) -> tuple[Deed, ...]:
    now, number = of.now, of.number
    record = person(of.person, 1 + number)
    granted = Failure("forbidden", None, foreign(Code.NOT_GRANTED, "not granted"))
    return (
        lambda c: people.failed(c, of.person, granted, now, retry_at=now + number),
        lambda c: people.looked(c, of.person, now),
        lambda c: people.unlink(c, record, Note("unlinked", "gone"), now),
        lambda c: people.relate_again(c, of.person, now),
        lambda c: people.doubt(c, record, of.failure.reason, now, taken=of.flag),
        lambda c: people.refuse(c, record, of.failure, now, taken=of.flag),
        lambda c: people.link(
            c, record, 310, email=None, owed=None, note=None, now=now, known_version=number
        ),
    )


def _decided(of: Circumstances, works: Work) -> tuple[Deed, ...]:
    now, number, flag = of.now, of.number, of.flag
    edits = [Edit("name", None if flag else "old", NAMES[number % 3]), Edit("amount", 1, number)]
    refused = Failure(
        "validation", "name", of.failure.reason, {"mapping": str(number), "columns": "x"}
    )
    blank = {"owner": of.failure.reason} if number % 2 else {}
    written = (Write(WriteKind.UPDATED, of.target, tuple(edits)),)
    return (
        lambda c: work.begin_update(
            c, works.id, of.target, edits, known={"name": "old", "amount": number}, now=now
        ),
        lambda c: work.open_doubt(c, works.id, works.ref, now - number, now),
        lambda c: work.note_synced(c, works.id, {"name": NAMES[number % 3]}, withdrawn=flag),
        lambda c: settle.settle_linked(
            c,
            works,
            target_id=10 * works.id,
            synced={"name": NAMES[number % 3], "amount": number},
            owed=None,
            awaited=[("stage", "Open")],
            note=Note("updated", NAMES[number % 3], written if flag else ()),
            now=now,
            answered=flag,
            blanks=blank,
            people_read_since=now - number,
        ),
        lambda c: settle.settle_refused(c, works, refused, now),
        lambda c: settle.give_up_target(
            c, works, of.target, Note("given up", "x"), now, successor=1 + works.id % 3
        ),
        lambda c: settle.postpone(c, works, of.failure, now + number, now),
        lambda c: settle.defer(
            c, works, of.failure, due_at=now + number, counts=flag, now=now, fails=number > 2
        ),
        lambda c: provenance.pause_creates(c, works, Note("paused", "x"), "why", now=now),
        lambda c: provenance.take_over(c, works, of.target, now),
    )


def _taken_back(of: Circumstances, works: Work) -> tuple[Deed, ...]:
    now, number, flag, target = of.now, of.number, of.flag, 10 * of.record
    edits = [Edit("name", "new", "old")]
    mark = Undone(target, works.version, MARKS[0], frozenset({"name", "amount"}), "[]", number)
    role = KnownRole(100 * works.id + number, 310, "User" if flag else "", True, now)
    kind = (WriteKind.ROLE_ADDED, WriteKind.ROLE_CHANGED, WriteKind.ROLE_REMOVED)[number % 3]

    def known(connection: sqlite3.Connection) -> Work:
        """As it is now, as often as not."""
        return (work.known(connection, works.id) if number % 2 else None) or works

    return (
        lambda c: undo.announce_fields(c, known(c), target, edits, mark if flag else None),
        lambda c: undo.settle_fields(
            c, known(c), target, {"name": "old"}, answered=flag, mapped=["name"], now=now
        ),
        lambda c: undo.withdraw_fields(c, known(c), mark if flag else None, {"name": "new"}),
        lambda c: undo.announce_role(c, known(c), target, role, mark, kind=kind, now=now),
        lambda c: undo.settle_role(
            c, known(c), target, role, kind=kind, before=None if flag else "Was", now=now
        ),
        lambda c: undo.doubt_role(c, known(c), target, now, lost=flag),
        Alone(lambda c: runs.begin(c, RunKind.UNDO if flag else RunKind.STARTED, now, "by hand")),
    )


def _related(of: Circumstances, tab: TabWork) -> tuple[Deed, ...]:
    now, number, flag = of.now, of.number, of.flag
    edge: Edge = (310, "User" if flag else "")
    role = KnownRole(100 * tab.record_id + number, *edge, True, now)
    refused: dict[Edge, RefusedRole] = {
        edge: RefusedRole(of.failure, flag, number % 2 > 0, now + number)
    }
    written = Write(WriteKind.ROLE_ADDED, tab.target_id, (), role.id, 310, found=flag)
    roles = Roles([role], [role.id - 1], [written], refused if number % 2 else {})
    given_up = GivenUp(of.failure, now + number) if flag else None
    later = Later(now + number, of.failure.reason) if number > 2 else None
    return (
        lambda c: tab_outcomes.begin(
            c, tab, [edge], now, edits={role.id: None if flag else "Buyer"}, widens=number > 2
        ),
        lambda c: tab_outcomes.keep(c, tab, roles, now),
        lambda c: tab_outcomes.hold(c, tab, roles, "would add 1 role", [31, 32], now=now),
        lambda c: tab_outcomes.abandon(c, tab, now, look_in_s=float(number)),
        lambda c: tab_outcomes.settle(
            c,
            tab,
            roles,
            waits_for=[],
            complete=flag,
            listed=number % 2 > 0,
            note=None,
            now=now,
            given_up=given_up,
            later=later,
        ),
        lambda c: tab_outcomes.defer(
            c, tab, roles, of.failure, due_at=now, counts=True, now=now, given_up=flag
        ),
        lambda c: tab_outcomes.doubt(
            c, tab, roles, of.failure, announced=[edge, edge], due_at=now, now=now, taken=flag
        ),
    )


def _withdrawn(of: Circumstances, entry: Entry) -> tuple[Deed, ...]:
    now, note = of.now, Note("withdrawn", "x")
    reason = foreign(Code.RECORD_HIDDEN, "hidden")
    shown = of.shown(entry.record_id)
    record = person(entry.record_id, 1 + of.number, target_id="310" if of.flag else None)
    return (
        lambda c: withdrawals.leave_out_owed(c, entry, reason, now),
        lambda c: withdrawals.withdraw_and_capture(
            c, entry, note, shown, record, asked_at=now - of.number, now=now
        ),
        lambda c: withdrawals.withdraw_link(c, entry, note, now),
    )


def beside_looks(of: Circumstances) -> Iterator[Deed]:
    """Everything else that can be read."""
    now, one, number, flag = of.now, of.record, of.number, of.flag
    lane, ids = Lane(flag), [10, 20, 30]
    pointers = [
        Pointer(Side.SOURCE, RecordType.OPPORTUNITY, one),
        Pointer(Side.SOURCE, RecordType.OPPORTUNITY, ref=f"OPP-{one}"),
        Pointer(Side.TARGET, RecordType.OPPORTUNITY, of.target),
        Pointer(Side.SOURCE, RecordType.PERSON, of.person),
        Pointer(Side.TARGET, RecordType.PERSON, 310 + number),
        Pointer(Side.SOURCE, RecordType.OPPORTUNITY, ref="opp-"),
        Pointer(Side.SOURCE, RecordType.PERSON, ref=f"PERS_{number}"),
    ]
    wanted = Wanted(KINDS, "owner" if flag else None, SORTS[number % 3], number % 2 > 0)

    def scope(connection: sqlite3.Connection) -> Scope:
        return Scope(
            run=number if number % 2 else None,
            since=now - 5 if flag else None,
            record=of.named if number % 3 else None,
            upto=undo.newest(connection) if number > 3 else None,
        )

    yield lambda c: (dossiers.of_opportunity(c, one), dossiers.of_person(c, of.person))
    yield lambda c: (dossiers.find(c, pointers), dossiers.alike(c, pointers, 3))
    yield lambda c: (listing.chosen(c, wanted), listing.counted(c, wanted))
    yield lambda c: (listing.chosen(c, wanted, limit=2, skip=number), blanks.fields(c))
    # In an order of its own each.
    yield lambda c: [frozenset(listing.part(c, kind, 0, 9)) for kind in KINDS]
    yield lambda c: (journal.lines(c, run=number), journal.counted(c, run=number))
    yield lambda c: (journal.lines(c, records=of.both, limit=3, skip=number % 2),)
    yield lambda c: (journal.lines(c, since=now - 3), journal.counted(c, since=now - 3))
    yield lambda c: [[*report.present(c, each)] for each in of.both]
    yield lambda c: (runs.listed(c, limit=2, skip=number % 2), runs.listed(c, limit=-1))
    yield lambda c: (runs.known(c, number), runs.is_of_a_plan(c, number))
    yield lambda c: (summary.summary(c, everything=flag), summary.cut_off(c))
    yield lambda c: measure.measured(c, now - number, now + number)
    yield lambda c: day.day(c, "outreach", now - now % 86_400, now - now % 86_400 + 86_400)
    yield lambda c: (samples.samples(c, 60, 0), samples.samples(c, 3600, 0), samples.behind(c, now))
    yield lambda c: populations.refused_tabs(c, 5)
    yield lambda c: (refusals.any_refused(c), refusals.any_person_refused(c))
    yield lambda c: (refusals.flagged_by_us(c, [1, 2, 3]), refusals.unweighed(c, MARKS[0], 3))
    yield lambda c: (refusals.people_unweighed(c, MARKS[0]), refusals.basis_of(c, one))
    yield lambda c: (acting.refused(c, None), acting.refused(c, Code.REFUSED))
    yield lambda c: (undo.meant(c, scope(c), 0, 5), undo.standing(c, one, of.target))
    yield lambda c: [undo.written(c, scope(c), each) for each in of.both]
    yield lambda c: (kept.load_usage(c, "outreach"), kept.secret(c, "a secret"), kept.has_worked(c))
    yield lambda c: (kept.clock_notes(c), listed.load(c, "user"))
    yield lambda c: (provenance.aged(c), provenance.knows(c, one, of.target))
    yield lambda c: (audit.refused(c, 0, None), audit.refused(c, 1, 2))
    yield lambda c: awaited.referring(c, ["name", "customer"], [*NAMES[:3], "20"])
    yield lambda c: (fuse.held_since(c), fuse.waiting(c), fuse.held_ids(c))
    yield lambda c: (work.shown_at(c, one), work.shown_before(c, lane, now, now - number, 2))
    yield lambda c: (work.carried_next(c, lane, now, 2), work.known(c, one))
    yield lambda c: (claims.others(c, of.target, one), claims.since(c, of.target, one))
    yield lambda c: (claims.owned_by_others(c, ids, one), adopting.standings(c, [1, 2, 3]))
    yield lambda c: sorted(adopting.claimed(c))
    if of.tabs is not None:
        tab = of.tabs
        yield lambda c: (tab_outcomes.goes_on(c, tab), tab_outcomes.stands(c, tab))
