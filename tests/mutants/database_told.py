"""Mutants that tell or keep what is not so, in a database."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

PLACE = "engine/store/postgres"
STORE = "tests/unit/engine/store"

MUTANTS = (
    Mutant(
        "keeps no code in the history, in a database",
        f"{PLACE}/history.py",
        '"reason_code": code_of(note.detail),\n        "writes"',
        '"reason_code": None,\n        "writes"',
        (f"{STORE}/test_history.py::test_a_line_keeps_the_code_of_its_reason",),
    ),
    Mutant(
        "keeps no code for many records at once, in a database",
        f"{PLACE}/history.py",
        '"reason_code": code_of(note.detail),\n            "run"',
        '"reason_code": None,\n            "run"',
        (f"{STORE}/test_history.py::test_a_line_keeps_the_code_of_its_reason",),
    ),
    Mutant(
        "keeps before-images for ever, in a database",
        f"{PLACE}/history.py",
        "(counted.at < %s OR counted.bytes > %s)",
        "(counted.at < %s * 0 OR counted.bytes > %s)",
        (f"{STORE}/test_journal.py::test_what_is_too_old_loses_what_it_took_the_place_of",),
    ),
    Mutant(
        "keeps before-images of any size, in a database",
        f"{PLACE}/history.py",
        "(counted.at < %s OR counted.bytes > %s)",
        "(counted.at < %s OR counted.bytes > %s * 1000)",
        (f"{STORE}/test_journal.py::test_what_is_too_much_goes_the_oldest_first",),
    ),
    Mutant(
        "forgets a refusal behind many writes, in a database",
        f"{PLACE}/journal.py",
        'AND writes IS NULL"\n        " ORDER BY seq DESC LIMIT %(each)s)"',
        'AND writes IS NULL"\n        " ORDER BY seq DESC LIMIT 0 * %(each)s)"',
        (f"{STORE}/test_dossiers.py::test_a_refusal_is_found_behind_any_number_of_writes",),
    ),
    Mutant(
        "says nothing in the history of what is held, in a database",
        f"{PLACE}/report.py",
        "return [*lines, *held(connection, ref)]",
        "return lines",
        (f"{STORE}/test_history.py::test_what_is_held_says_so_itself_and_no_line_is_written",),
    ),
    Mutant(
        "gives the age of the newest change for that of the oldest, in a database",
        f"{PLACE}/measure.py",
        'min(pending_since), count(*) FILTER (WHERE due_at <= %(soon)s),"\n'
        '        " max(due_at) FILTER (WHERE due_at <= %(soon)s) FROM record',
        'max(pending_since), count(*) FILTER (WHERE due_at <= %(soon)s),"\n'
        '        " max(due_at) FILTER (WHERE due_at <= %(soon)s) FROM record',
        (f"{STORE}/test_measure.py::test_an_edit_waits_since_it_was_made_in_the_source",),
    ),
    Mutant(
        "counts what the fuse holds among what is late, in a database",
        f"{PLACE}/measure.py",
        "FROM record\"\n        \" WHERE state = 'pending' AND mass <> 2",
        "FROM record\"\n        \" WHERE state = 'pending'",
        (f"{STORE}/test_measure.py::test_what_the_fuse_holds_is_neither_late_nor_in_error",),
    ),
    Mutant(
        "takes the age of a write-back from its next attempt, in a database",
        f"{PLACE}/measure.py",
        "min(o.changed_at), 0, NULL FROM outbox",
        "min(o.due_at), 0, NULL FROM outbox",
        (
            f"{STORE}/test_measure.py::test_what_the_source_is_owed_waits_since_the_change_it_answers",
        ),
    ),
    Mutant(
        "counts only write-backs that failed before, in a database",
        f"{PLACE}/measure.py",
        "o.reason_code IS DISTINCT FROM %s",
        "o.reason_code <> %s",
        (
            f"{STORE}/test_measure.py::test_what_the_source_is_owed_waits_since_the_change_it_answers",
        ),
    ),
    Mutant(
        "keeps only the last of a minute, in a database",
        f"{PLACE}/samples.py",
        "greatest(sample.lag_s, excluded.lag_s)",
        "excluded.lag_s",
        (f"{STORE}/test_samples.py::test_the_worst_of_a_minute_and_of_its_hour_is_kept",),
    ),
    Mutant(
        "keeps samples for ever, in a database",
        f"{PLACE}/samples.py",
        "(grain_s, at - kept_s, at),",
        "(grain_s, 0, at),",
        (f"{STORE}/test_samples.py::test_samples_are_bounded",),
    ),
    Mutant(
        "calls the settings of a first start changed, in a database",
        f"{PLACE}/day.py",
        "    if seen:\n        _note(",
        "    if values:\n        _note(",
        (f"{STORE}/test_day.py::test_settings_that_changed_are_told_with_both_values",),
    ),
    Mutant(
        "counts the calls of another day, in a database",
        f"{PLACE}/day.py",
        "FILTER (WHERE day = %(day)s)",
        "FILTER (WHERE day <> %(day)s)",
        (f"{STORE}/test_day.py::test_a_day_counts_what_is_so_and_what_happened",),
    ),
    Mutant(
        "reads every name of the tabs somebody is on, in a database",
        f"{PLACE}/dossiers.py",
        "        (person_id, TABS_TOLD),",
        "        (person_id, 10**9),",
        (f"{STORE}/test_dossiers.py::test_a_person_on_any_number_of_tabs_is_told_with_a_few",),
    ),
    Mutant(
        "sorts references letter by letter, in a database",
        f"{PLACE}/listing.py",
        '    "ref": "length(ref) {way}, ref {way}"',
        '    "ref": "ref {way}"',
        (f"{STORE}/test_listing.py::test_a_reference_is_sorted_by_its_number",),
    ),
    Mutant(
        "waits by a clock that was ahead, in a database",
        f"{PLACE}/waits.py",
        "    latest = now + longest_s\n",
        "    latest = NEVER\n",
        (f"{STORE}/test_waits.py::test_what_was_due_soon_is_due_soon",),
    ),
    Mutant(
        "doubts by a clock that was ahead, in a database",
        f"{PLACE}/waits.py",
        'return " OR ".join(f"{column} > %(now)s" for',
        'return " OR ".join(f"{column} > %(now)s + 9e9" for',
        (f"{STORE}/test_waits.py::test_nothing_has_happened_later_than_now",),
    ),
    Mutant(
        "leaves waits as long as a clock that was ahead has made them, in a database",
        f"{PLACE}/waits.py",
        "stretched = now if set_back_s > 0 else latest",
        "stretched = latest",
        (f"{STORE}/test_waits.py::test_what_was_due_already_is_due_now",),
    ),
    Mutant(
        "looks through the first table alone for times of a clock that was ahead, in a database",
        f"{PLACE}/waits.py",
        "        after = FIRST\n    return None",
        "        return None\n    return None",
        (f"{STORE}/test_waits.py::test_every_table_has_its_turn_and_the_last_row_too",),
    ),
    Mutant(
        "believes what a state knows that was put back, in a database",
        f"{PLACE}/provenance.py",
        "        _forget(connection, decision.aged, decision.doubt_since)\n",
        "        pass\n",
        (f"{STORE}/test_provenance.py::test_the_count_never_falls_behind_a_mark",),
    ),
    Mutant(
        "takes one list for proof that a role is gone in a state put back, in a database",
        f"{PLACE}/provenance.py",
        'connection.execute("UPDATE role SET seen_at = %s", (aged.since,))',
        'connection.execute("UPDATE role SET seen_at = 0")',
        (
            f"{STORE}/test_provenance.py::test_no_list_that_may_lag_proves_a_role_gone_in_an_aged_state",
        ),
    ),
    Mutant(
        "keeps what was counted on a clock that was ahead, in a database",
        f"{PLACE}/kept.py",
        "({unit} < %s OR {unit} > %s)",
        "({unit} < %s AND {unit} < %s)",
        (f"{STORE}/test_kept.py::test_counts_of_a_clock_that_was_ahead_are_dropped",),
    ),
)
