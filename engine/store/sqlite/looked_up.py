"""The port, performed: what is known of one record, and what was decided about it.

By themselves, for commands that look a record up.
"""

from __future__ import annotations

from engine.store.sqlite import blanks, dossiers, history, journal, listing, report, runs
from engine.store.sqlite.told import Subject
from engine.store.subjects import reading, writing


class SqliteDossiers(Subject):
    """All that is known of one record, and which records wait for something."""

    find = reading(dossiers.find)
    alike = reading(dossiers.alike)
    of_opportunity = reading(dossiers.of_opportunity)
    of_person = reading(dossiers.of_person)
    chosen = reading(listing.chosen)
    counted = reading(listing.counted)
    blank_fields = reading(blanks.fields)
    part = reading(listing.part)


class SqliteJournal(Subject):
    """What was decided and written, run by run."""

    lines = reading(journal.lines)
    counted = reading(journal.counted)
    present = reading(report.present)
    runs = reading(runs.listed)
    tend = writing(history.tend)
