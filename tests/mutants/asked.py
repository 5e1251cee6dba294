"""Mutants of what is asked on call: a list without its reasons, or out of its order."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

LIST = "tests/scenario/test_list.py"
BLANK = "tests/unit/engine/store/test_blanks.py"
APART = "tests/scenario/test_runs_apart.py"
DOSSIERS = "tests/unit/engine/store/test_dossiers.py"
SCOPES = "tests/scenario/test_missing_scopes.py"
LISTING = "engine/store/sqlite/listing.py"
BLANKS = "engine/store/sqlite/blanks.py"

MUTANTS = (
    Mutant(
        "takes an owner whom nobody bears for one that nobody names",
        "engine/actors/opportunity_syncer.py",
        "            blanks=resolution.blanks,\n",
        "",
        (f"{LIST}::test_a_blank_field_is_listed_with_why_it_is_blank",),
    ),
    Mutant(
        "takes a customer without an id for one with a wrong one",
        "engine/resolvers/references.py",
        "note or unlinked",
        "unlinked",
        (f"{LIST}::test_a_blank_account_tells_an_unknown_one_from_none",),
    ),
    Mutant(
        "keeps why a field was blank that is not named any more",
        BLANKS,
        '        "DELETE FROM left_blank WHERE record_id = ?"',
        '        "DELETE FROM left_blank WHERE record_id = -?"',
        (f"{BLANK}::test_a_field_that_is_filled_again_is_forgotten",),
    ),
    Mutant(
        "keeps why a field was blank where none is any more",
        BLANKS,
        'connection.execute("DELETE FROM left_blank WHERE record_id = ?", (record_id,))',
        'connection.execute("DELETE FROM left_blank WHERE record_id = -?", (record_id,))',
        (f"{BLANK}::test_a_field_that_is_filled_again_is_forgotten",),
    ),
    Mutant(
        "sorts references letter by letter",
        LISTING,
        '"ref": "length(ref) {way}, ref {way}"',
        '"ref": "ref {way}"',
        (f"{LIST}::test_a_list_is_read_page_by_page_in_the_order_asked_for",),
    ),
    Mutant(
        "shows the first page of a list for every one",
        "engine/cli/listing.py",
        "(asked.page - 1) * limit",
        "0",
        (f"{LIST}::test_a_list_is_read_page_by_page_in_the_order_asked_for",),
    ),
    Mutant(
        "lets what a plan was to do go on when its process is gone",
        "engine/store/sqlite/fuse.py",
        "    given = (RunKind.APPLIED,)\n",
        "    given = (RunKind.UNDO,)\n",
        (f"{APART}::test_what_a_plan_let_go_is_held_again_once_its_process_is_gone",),
    ),
    Mutant(
        "lets what a plan was to do go on when it is cancelled",
        "engine/service/planning/record.py",
        'undone: str | None = "it was cut off"',
        "undone: str | None = None",
        (f"{APART}::test_what_a_plan_let_go_is_held_again_when_it_is_cancelled",),
    ),
    Mutant(
        "tells what was approved as done in the present run",
        "engine/actors/opportunity_syncer.py",
        "with within(work.let_go):",
        "with within(None):",
        (f"{APART}::test_what_was_approved_is_taken_back_and_nothing_else",),
    ),
    Mutant(
        "tells people of what was approved as related in the present run",
        "engine/store/sqlite/tabs.py",
        "if let_go is not None and mass is Mass.APPROVED:",
        "if let_go is not None and mass is Mass.HELD:",
        (f"{APART}::test_people_of_what_was_approved_belong_to_it",),
    ),
    Mutant(
        "leaves roles refused for a permission that is granted by now to their day",
        "engine/store/sqlite/grants.py",
        "UPDATE refused_role SET retry_at = 0",
        "UPDATE refused_role SET retry_at = retry_at",
        (f"{SCOPES}::test_a_consent_wakes_roles_that_our_user_might_not_edit",),
    ),
    Mutant(
        "takes the rest of a tab for planned where its opportunity is",
        "engine/store/sqlite/tabs.py",
        "    if runs.is_of_a_plan(connection, let_go):\n        mass = Mass.EVALUATING\n",
        "",
        (f"{APART}::test_what_follows_from_a_plan_waits_for_nobody_once_it_is_done",),
    ),
    Mutant(
        "has somebody approve what was sent before the end",
        "engine/service/planning/record.py",
        "                await self._end_hold()\n",
        "                pass\n",
        (f"{APART}::test_what_was_sent_before_the_end_is_held_no_more_once_it_is_applied_again",),
    ),
    Mutant(
        "does what a command of another version asks",
        "engine/service/http.py",
        "if request.headers.get(VERSION, about().version) != about().version:",
        "if request.headers.get(VERSION) == about().version + 'x':",
        (
            "tests/scenario/test_versions_apart.py::"
            "test_nothing_is_done_by_a_service_of_another_version",
        ),
    ),
    Mutant(
        "fails beside whoever applies a plan already",
        "engine/cli/planning.py",
        "if looks == LOOKS_MAX:",
        "if looks < LOOKS_MAX:",
        (
            "tests/scenario/test_applying.py::"
            "test_who_applies_without_a_service_waits_for_whoever_does_already",
        ),
    ),
    Mutant(
        "counts no request for an opportunity",
        "engine/actors/opportunity_syncer.py",
        "        spent.set(Spent())\n",
        "",
        (
            "tests/scenario/test_requests_told.py::"
            "test_the_requests_that_were_spent_on_a_record_are_told",
        ),
    ),
    Mutant(
        "reads every name of the tabs somebody is on",
        "engine/store/sqlite/dossiers.py",
        "(person_id, TABS_TOLD)",
        "(person_id, -1)",
        (f"{DOSSIERS}::test_a_person_on_any_number_of_tabs_is_told_with_a_few",),
    ),
    Mutant(
        "forgets a refusal behind many writes",
        "engine/store/sqlite/journal.py",
        'AND writes IS NULL ORDER BY seq DESC"\n        " LIMIT :most)',
        'AND writes IS NULL ORDER BY seq DESC"\n        " LIMIT 0 * :most)',
        (f"{DOSSIERS}::test_a_refusal_is_found_behind_any_number_of_writes",),
    ),
    Mutant(
        "tells what a plan did as done in the present run",
        "engine/service/planning/applying.py",
        "with within(self._run):",
        "with within(None):",
        (f"{APART}::test_what_a_plan_did_is_taken_back_and_nothing_else",),
    ),
)
