"""Mutants of what was done before: told with what it took the place of, and taken back."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

HISTORY = "engine/store/sqlite/history.py"
SETTLE = "engine/store/sqlite/settle.py"
JOURNAL = "engine/decide/journal.py"
KEPT = "tests/unit/engine/store/test_journal.py"
TOLD = "tests/scenario/test_history.py"
COMMAND = "tests/scenario/test_history_command.py"
DECIDE = "engine/decide/undo.py"
UNDOER = "engine/actors/undoer.py"
UNDONE = "engine/decide/undone.py"
DECIDED = "tests/unit/engine/decide/test_undo.py"
TAKEN_BACK = "tests/scenario/test_undo.py"

MUTANTS = (
    Mutant(
        "keeps what was written without what it took the place of",
        "engine/store/writes.py",
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
    Mutant(
        "gives back what somebody has edited since",
        DECIDE,
        "elif live.get(one.field) != one.after:",
        "elif one.field not in live:",
        (
            f"{DECIDED}::test_only_what_is_as_we_left_it_is_given_back",
            f"{TAKEN_BACK}::test_a_wrong_mapping_is_taken_back_and_later_edits_are_left_alone",
        ),
    ),
    Mutant(
        "removes a role that somebody has changed since",
        DECIDE,
        "elif role.role != one.after:",
        "elif role.role is None:",
        (f"{DECIDED}::test_roles_go_back_one_by_one",),
    ),
    Mutant(
        "gives back what there was before the last of several writes",
        DECIDE,
        "first.setdefault(edit.field, edit.before)",
        "first[edit.field] = edit.before",
        (f"{DECIDED}::test_several_writes_come_to_the_first_value_and_the_last",),
    ),
    Mutant(
        "sends again by itself what was undone",
        UNDONE,
        "return {name: value for name, value in fields.items() if name not in undone.fields}",
        "return fields",
        (f"{TAKEN_BACK}::test_what_turns_up_completes_a_record_and_leaves_alone_what_was_undone",),
    ),
    Mutant(
        "leaves alone what was undone whatever the mapping",
        UNDONE,
        "(undone.target_id, undone.version, undone.mapping) == (target_id, version, mapping)",
        "(undone.target_id, undone.version, mapping) == (target_id, version, mapping)",
        (f"{TAKEN_BACK}::test_another_mapping_ends_what_was_undone",),
    ),
    Mutant(
        "relates people again whose roles were undone",
        "engine/decide/tab.py",
        "    if _undone(work):\n        return Leave()\n",
        "",
        (f"{TAKEN_BACK}::test_roles_are_taken_back_both_ways",),
    ),
    Mutant(
        "takes its own write-back for an edit that ends what was undone",
        "engine/store/sqlite/outbox.py",
        "undone.follow_write_back(connection, entry.record_id, before.version, after.version)",
        "pass",
        (f"{TAKEN_BACK}::test_our_own_write_back_is_no_edit_that_ends_it",),
    ),
    Mutant(
        "writes an undo into the run of the service",
        "engine/store/grouping.py",
        "context.run(function, connection, *args, **kwargs),\n",
        "function(connection, *args, **kwargs),\n",
        (f"{TAKEN_BACK}::test_an_undo_is_undone",),
    ),
    Mutant(
        "takes back what waits to be synced itself",
        DECIDE,
        "    if standing.pending:\n",
        "    if False:\n",
        (f"{TAKEN_BACK}::test_a_record_that_waits_to_be_synced_decides_by_itself",),
    ),
    Mutant(
        "takes back from another record's opportunity",
        DECIDE,
        "    if standing.owner != standing.work.ref:\n",
        "    if False:\n",
        (f"{TAKEN_BACK}::test_whose_target_record_it_is_no_more_is_left_alone",),
    ),
    Mutant(
        "reads again at every turn what was given back already",
        UNDOER,
        "return [given_back(found, later) for found in sums(lines)]",
        "return [given_back(found, later[:0]) for found in sums(lines)]",
        (f"{TAKEN_BACK}::test_what_the_budget_does_not_allow_is_done_later",),
    ),
    Mutant(
        "works on a record that a worker has in hand",
        "engine/flow/mailbox.py",
        "        while key in self._held:\n            await self._freed.wait()\n",
        "",
        (
            "tests/unit/engine/flow/test_mailbox.py"
            "::test_who_reserves_a_key_waits_until_its_worker_lets_go",
        ),
    ),
    Mutant(
        "does without being told what was only to be shown",
        "engine/cli/undoing.py",
        "if as_json or not sys.stdin.isatty():",
        "if False:",
        ("tests/scenario/test_undo_command.py::test_a_script_has_to_say_yes",),
    ),
)
