"""The port, performed: which statements each named operation runs."""

from __future__ import annotations

from engine.store.sqlite import (
    acting,
    adopting,
    audit,
    awaited,
    capture,
    claims,
    fuse,
    grants,
    intents,
    mapping_mark,
    outbox,
    people,
    provenance,
    refusals,
    runs,
    settle,
    tab_outcomes,
    tabs,
    undo,
    waits,
    withdrawals,
    work,
)
from engine.store.sqlite.connections import Connections
from engine.store.sqlite.looked_up import SqliteDossiers, SqliteJournal
from engine.store.sqlite.told import SqliteKept, SqliteReport, Subject
from engine.store.subjects import glancing, reading, watching, writing


class SqliteRecords(Subject):
    """Opportunities as work: what is due, what is announced, and how it ended."""

    due_keys = glancing(work.due_keys)
    next_due = glancing(work.next_due)
    load = glancing(work.load)
    shown_at = reading(work.shown_at)
    shown_before = reading(work.shown_before)
    carried_next = reading(work.carried_next)
    open_intent = writing(work.open_intent)
    begin_update = writing(work.begin_update)
    open_doubt = writing(work.open_doubt)
    note_synced = writing(work.note_synced)
    close_intent = writing(work.close_intent)
    failing_alike = reading(work.failing_alike)
    settle_linked = writing(settle.settle_linked)
    adopt = writing(settle.adopt)
    give_up_target = writing(settle.give_up_target)
    forget_target = writing(settle.forget_target)
    settle_refused = writing(settle.settle_refused)
    settle_ineligible = writing(settle.settle_ineligible)
    defer = writing(settle.defer)
    postpone = writing(settle.postpone)
    doubt = writing(settle.doubt)
    due_looks = watching(intents.due_looks)
    next_look = watching(intents.next_look)
    look_again = writing(intents.look_again)


class SqliteTabs(Subject):
    """People tabs as work, and the roles known."""

    due_keys = glancing(tabs.due_keys)
    next_due = glancing(tabs.next_due)
    load = glancing(tabs.load)
    wake_awaiting = writing(tabs.wake_awaiting)
    people_ahead = reading(tabs.people_ahead)
    begin = writing(tab_outcomes.begin)
    keep = writing(tab_outcomes.keep)
    settle = writing(tab_outcomes.settle)
    hold = writing(tab_outcomes.hold)
    leave = writing(tab_outcomes.leave)
    abandon = writing(tab_outcomes.abandon)
    goes_on = glancing(tab_outcomes.goes_on)
    defer = writing(tab_outcomes.defer)
    doubt = writing(tab_outcomes.doubt)


class SqlitePeople(Subject):
    """What is known of people."""

    load = reading(people.load)
    by_email = reading(people.by_email)
    link = writing(people.link)
    hold_back = writing(people.hold_back)
    announce = writing(people.announce)
    withdraw_announcement = writing(people.withdraw_announcement)
    doubt = writing(people.doubt)
    failed = writing(people.failed)
    looked = writing(people.looked)
    refuse = writing(people.refuse)
    forget_reading = writing(people.forget_reading)
    unlink = writing(people.unlink)
    relate_again = writing(people.relate_again)
    awaited = reading(people.awaited)


class SqliteClaims(Subject):
    """Whose a target record is."""

    others = reading(claims.others)
    since = reading(claims.since)
    owned_by_others = reading(claims.owned_by_others)
    take = writing(claims.take)
    tell = writing(claims.tell)


class SqliteOutbox(Subject):
    """What records of the source are owed."""

    due_keys = glancing(outbox.due_keys)
    next_due = glancing(outbox.next_due)
    load = reading(outbox.load)
    delivered = writing(outbox.delivered)
    postpone = writing(outbox.postpone)
    leave_out_owed = writing(withdrawals.leave_out_owed)
    withdraw_and_capture = writing(withdrawals.withdraw_and_capture)
    withdraw_link = writing(withdrawals.withdraw_link)
    capture_shown = writing(withdrawals.capture_shown)


class SqliteFeeds(Subject):
    """What the source shows, taken in."""

    watermark = reading(capture.watermark)
    set_watermark = writing(capture.set_watermark)
    capture_page = writing(capture.capture_page)
    known_ids = reading(capture.known_ids)
    reconciled_ids = reading(capture.reconciled_ids)
    next_sweep = reading(capture.next_sweep)
    take_asked_for = writing(capture.take_asked_for)
    read_anew = writing(capture.read_anew)
    end_sweep = writing(capture.end_sweep)
    note_fingerprint = writing(mapping_mark.note_fingerprint)
    take_anew = writing(mapping_mark.take_anew)


class SqliteFuse(Subject):
    """What is part of a mass change, and waits."""

    hold_record = writing(fuse.hold_record)
    held = reading(fuse.held)
    held_since = reading(fuse.held_since)
    waiting = watching(fuse.waiting)
    decide = writing(fuse.decide)
    judge_parked = writing(fuse.judge_parked)
    forget_unfinished = writing(fuse.forget_unfinished)
    release = writing(fuse.release)
    approve = writing(fuse.approve)
    take_out = writing(fuse.take_out)
    hold_again = writing(fuse.hold_again)


class SqliteAudit(Subject):
    """What is compared with the source by and by."""

    population = reading(audit.population)
    compare = writing(audit.compare)
    leave_out_vanished = writing(audit.leave_out_vanished)
    refused = reading(audit.refused)
    compare_refused = writing(audit.compare_refused)


class SqliteAwaited(Subject):
    """Whom records wait for."""

    wake_awaiting = writing(awaited.wake_awaiting)
    referring = reading(awaited.referring)
    wake_moved = writing(awaited.wake_moved)
    awaited_names = reading(awaited.awaited_names)
    pending_column = reading(awaited.pending_column)


class SqliteProvenance(Subject):
    """How old the state is, and whose."""

    begin = writing(provenance.begin)
    pause_creates = writing(provenance.pause_creates)
    take_over = writing(provenance.take_over)
    knows = reading(provenance.knows)
    adopt = writing(provenance.adopt)
    aged = reading(provenance.aged)
    note_life = writing(provenance.note_life)
    resume = writing(provenance.resume)
    doubt_unfinished = writing(intents.doubt_unfinished)
    bound_waits = writing(waits.bound)
    times_ahead = reading(waits.following)
    take_times_back = writing(waits.take_back)


class SqliteRefusals(Subject):
    """What refusals depended on, and which are to be weighed again."""

    any_refused = reading(refusals.any_refused)
    any_person_refused = reading(refusals.any_person_refused)
    flagged_by_us = reading(refusals.flagged_by_us)
    unweighed = reading(refusals.unweighed)
    weigh = writing(refusals.weigh)
    note_granted = writing(grants.note_granted)
    people_unweighed = reading(refusals.people_unweighed)
    note_people = writing(refusals.note_people)
    lift_person = writing(refusals.lift_person)


class SqliteActing(Subject):
    """What an operator does to records."""

    refused = reading(acting.refused)
    retry = writing(acting.retry)
    skip = writing(acting.skip)
    unskip = writing(acting.unskip)
    resync = writing(acting.resync)
    adopt = writing(adopting.adopt)


class SqliteUndos(Subject):
    """Taking back what was written."""

    begin = writing(runs.begin)
    run = reading(runs.known)
    newest = reading(undo.newest)
    meant = reading(undo.meant)
    written = reading(undo.written)
    standing = reading(undo.standing)
    announce_fields = writing(undo.announce_fields)
    settle_fields = writing(undo.settle_fields)
    withdraw_fields = writing(undo.withdraw_fields)
    announce_role = writing(undo.announce_role)
    settle_role = writing(undo.settle_role)
    doubt_role = writing(undo.doubt_role)


class Subjects:
    """The subjects of one state file, for a store to have."""

    def __init__(self, connections: Connections) -> None:
        self.acting = SqliteActing(connections)
        self.refusals = SqliteRefusals(connections)
        self.records = SqliteRecords(connections)
        self.tabs = SqliteTabs(connections)
        self.people = SqlitePeople(connections)
        self.claims = SqliteClaims(connections)
        self.outbox = SqliteOutbox(connections)
        self.feeds = SqliteFeeds(connections)
        self.fuse = SqliteFuse(connections)
        self.audit = SqliteAudit(connections)
        self.awaited = SqliteAwaited(connections)
        self.kept = SqliteKept(connections)
        self.provenance = SqliteProvenance(connections)
        self.dossiers = SqliteDossiers(connections)
        self.report = SqliteReport(connections)
        self.journal = SqliteJournal(connections)
        self.undos = SqliteUndos(connections)
