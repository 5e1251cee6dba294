"""The port, performed: what an operator is told, and the facts that are kept between runs."""

from __future__ import annotations

from engine.store import subjects
from engine.store.postgres import day as days
from engine.store.postgres import kept, listed, measure, report
from engine.store.postgres import populations as counted
from engine.store.postgres import samples as sampled
from engine.store.postgres import summary as summaries
from engine.store.postgres.session import Session
from engine.store.subjects import glancing, reading, watching, writing

# What performs an operation is a function of a session.
Subject = subjects.Subject[Session]


class PostgresKept(Subject):
    """Facts, secrets and counts kept between runs."""

    setting = glancing(kept.setting)
    set_setting = writing(kept.set_setting)
    forget_setting = writing(kept.forget_setting)
    keep_ahead = writing(kept.keep_ahead)
    claim_pair = writing(kept.claim_pair)
    note_that_it_works = writing(kept.note_that_it_works)
    has_worked = reading(kept.has_worked)
    secret = reading(kept.secret)
    set_secret = writing(kept.set_secret)
    save_usage = writing(sampled.save_usage)
    note_settings = writing(days.note_settings)
    load_usage = reading(kept.load_usage)
    roster = reading(listed.load)
    keep_roster = writing(listed.keep)


class PostgresReport(Subject):
    """What an operator is told."""

    counts = reading(report.counts)
    progress = watching(report.progress)
    due = reading(report.due)
    waiting_reasons = reading(report.waiting_reasons)
    cut_off = reading(summaries.cut_off)
    day = reading(days.day)
    summary = reading(summaries.summary)
    measured = reading(measure.measured)
    refused_tabs = reading(counted.refused_tabs)
    samples = reading(sampled.samples)
    behind = watching(sampled.behind)
