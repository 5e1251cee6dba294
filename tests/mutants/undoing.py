"""Mutants of what was done before: told with what it took the place of, and taken back."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

HISTORY = "engine/store/sqlite/history.py"
SETTLE = "engine/store/sqlite/settle.py"
JOURNAL = "engine/decide/journal.py"
KEPT = "tests/unit/engine/store/test_journal.py"
TOLD = "tests/scenario/test_history.py"
COMMAND = "tests/scenario/test_history_command.py"

MUTANTS = (
    Mutant(
        "keeps what was written without what it took the place of",
        "engine/store/sqlite/writes.py",
        '"e": [(one.field, one.before, one.after) for one in write.edits],',
        '"e": [(one.field, None, one.after) for one in write.edits],',
        (
            f"{KEPT}::test_a_write_is_kept_as_it_was",
            f"{TOLD}::test_an_update_is_told_with_what_each_field_held_before",
        ),
    ),
    Mutant(
        "keeps before-images for ever",
        HISTORY,
        "if row[1] >= before and size <= bytes_max:",
        "if size <= bytes_max:",
        (f"{KEPT}::test_what_is_too_old_loses_what_it_took_the_place_of",),
    ),
    Mutant(
        "keeps before-images of any size",
        HISTORY,
        "if row[1] >= before and size <= bytes_max:",
        "if row[1] >= before:",
        (f"{KEPT}::test_what_is_too_much_goes_the_oldest_first",),
    ),
    Mutant(
        "tells of a write elsewhere than where it is settled",
        SETTLE,
        "remember(connection, work.id, work.version, replace(note, writes=writes), now)",
        "remember(connection, work.id, work.version, note, now)",
        (f"{KEPT}::test_what_is_written_is_told_by_the_transaction_that_settles",),
    ),
    Mutant(
        "forgets what an update was to take the place of until it is answered",
        "engine/store/sqlite/work.py",
        '"UPDATE record SET synced = NULL, sending = ? WHERE id = ?",',
        '"UPDATE record SET synced = NULL, sending = substr(?, 1, 0) || NULL WHERE id = ?",',
        (f"{TOLD}::test_an_update_whose_answer_was_lost_is_told_when_it_is_found",),
    ),
    Mutant(
        "takes what was only to be sent for done",
        JOURNAL,
        "shown = tuple(one for one in announced if holds.get(one.field) == one.after)",
        "shown = tuple(announced)",
        (f"{TOLD}::test_an_update_that_never_arrived_is_told_once",),
    ),
    Mutant(
        "tells of a wait each time it is tried",
        JOURNAL,
        "return before is None or before.code is not reason.code",
        "return before is None or before is not reason",
        (f"{TOLD}::test_a_wait_is_told_once_and_not_each_time_it_is_tried",),
    ),
    Mutant(
        "calls a record hidden that was deleted",
        "engine/actors/auditor.py",
        "deleted = await self.source.deleted(RecordType.OPPORTUNITY, hidden)",
        "deleted = set[int]()",
        (f"{TOLD}::test_vanishing_is_told_with_its_reason",),
    ),
    Mutant(
        "shows no page but the first",
        "engine/cli/history.py",
        "skip=(page - 1) * asked.limit,",
        "skip=0,",
        (f"{COMMAND}::test_a_long_history_is_shown_page_by_page",),
    ),
)
