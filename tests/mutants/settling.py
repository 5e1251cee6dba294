"""Mutants of what an outcome makes of a record or a tab that may have changed meanwhile."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

SETTLING = "engine/decide/settling.py"
PERSON = "engine/decide/person.py"
OUTCOMES = "engine/store/sqlite/tab_outcomes.py"
PEOPLE = "engine/store/sqlite/people.py"
DECIDED = "tests/unit/engine/decide/test_settling.py"
TABS = "tests/unit/engine/store/test_tabs.py"
STANDING = "engine/store/sqlite/standing.py"
STOOD = "tests/unit/engine/store/test_standing.py"
PERSONS = "tests/unit/engine/store/test_people.py"

MUTANTS = (
    Mutant(
        "settles what was left out meanwhile",
        SETTLING,
        "return later if state is State.PENDING else state",
        "return later",
        (f"{DECIDED}::test_only_the_revision_that_was_reconciled_is_settled",),
    ),
    Mutant(
        "puts off an edit by the failure that it cures",
        SETTLING,
        "return due_at if now.revision == revision else now.due_at",
        "return due_at",
        (f"{DECIDED}::test_an_outcome_puts_off_nothing_newer",),
    ),
    Mutant(
        "counts failures of a series that is over",
        SETTLING,
        "return (0 if since is None else now.failures) + int(fails)",
        "return now.failures + int(fails)",
        (f"{DECIDED}::test_failures_are_counted_in_a_row",),
    ),
    Mutant(
        "makes what waits due by a doubt about the target",
        SETTLING,
        "    if now.state is State.SETTLED:\n        return Again(State.PENDING",
        "    if now.state is not State.INELIGIBLE:\n        return Again(State.PENDING",
        (f"{DECIDED}::test_only_what_rests_is_made_due_by_a_doubt_about_the_target",),
    ),
    Mutant(
        "looks for roles in doubt with each edit of their tab",
        SETTLING,
        "due_at = now.due_at if now.in_doubt else at",
        "due_at = at",
        (f"{TABS}::test_a_doubt_keeps_its_beginning_and_its_own_time",),
    ),
    Mutant(
        "lets go of a held tab in passing",
        SETTLING,
        "if parked or (now.mass is Mass.HELD and in_passing):",
        "if parked:",
        (f"{DECIDED}::test_a_tab_with_a_reason_to_look_again",),
    ),
    Mutant(
        "forgets that a line of a settled tab waits",
        OUTCOMES,
        "    if later is not None:\n",
        "    if later is not None and not settled:\n",
        (f"{TABS}::test_what_can_be_told_only_later_is_kept_with_the_outcome",),
    ),
    Mutant(
        "links a person over an id that somebody has entered meanwhile",
        PERSON,
        "return now.version > max(version, known_version)",
        "return now.version > max(version, known_version) + 1_000",
        (f"{PERSONS}::test_an_id_that_was_entered_meanwhile_is_not_overwritten",),
    ),
    Mutant(
        "never links people of a source that was put back",
        PERSON,
        "return now.version > max(version, known_version)",
        "return now.version > version",
        (f"{PERSONS}::test_whoever_was_not_changed_by_others_is_linked",),
    ),
    Mutant(
        "forgets what it created for somebody who changed meanwhile",
        PEOPLE,
        "    intents.doubt(connection, IntentKind.PROSPECT, record.id, now, look_at=now)\n"
        "    if note",
        "    intents.end(connection, IntentKind.PROSPECT, record.id)\n    if note",
        (
            f"{PERSONS}::test_what_was_created_for_somebody_who_changed_meanwhile_is_found_by_its_address",
        ),
    ),
    Mutant(
        "decides in a statement",
        "engine/store/sqlite/work.py",
        '"SELECT reread, proved_at FROM record',
        '"SELECT reread, CASE WHEN reread THEN 0 ELSE proved_at END FROM record',
        ("tests/unit/engine/store/test_query_plans.py::test_no_statement_decides",),
    ),
    Mutant(
        "lets a command that only looks change the state",
        STANDING,
        "statefile.connect(path, query_only=True)",
        "statefile.connect(path)",
        (f"{STOOD}::test_whoever_looks_changes_nothing",),
    ),
    Mutant(
        "keeps half of what a command failed to do",
        STANDING,
        'connection.execute("ROLLBACK")',
        'connection.execute("COMMIT")',
        (
            f"{STOOD}::test_what_fails_half_way_leaves_nothing",
            "tests/unit/engine/store/test_port.py::test_a_function_that_fails_leaves_nothing_behind",
        ),
    ),
    Mutant(
        "does not count in the mark what a command changes",
        STANDING,
        "counted = provenance.count(connection, 1)",
        "counted = None",
        (f"{STOOD}::test_what_a_command_changes_is_counted_in_the_mark",),
    ),
    Mutant(
        "lets a command fail without a word on a full disk",
        STANDING,
        "raise refused(error) from error",
        "raise",
        (f"{STOOD}::test_a_full_disk_is_told_and_changes_nothing",),
    ),
    Mutant(
        "does not say which file a command cannot read",
        STANDING,
        "        raise statefile.unreadable(path, error) from error",
        "        raise",
        (f"{STOOD}::test_what_cannot_be_read_is_said_with_the_file",),
    ),
    Mutant(
        "reads the state past the port",
        "engine/cli/report.py",
        "told = done(store.report.day(",
        "store.connect() or done(store.report.day(",
        (f"{STOOD}::test_no_command_goes_past_the_port",),
    ),
    Mutant(
        "changes the state while a service can start on it",
        STANDING,
        "    with _naming(path), statedir.lease(path.parent), opened(path)",
        "    with opened(path)",
        (f"{STOOD}::test_nothing_is_changed_while_a_service_holds_the_state",),
    ),
)
