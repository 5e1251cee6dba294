"""Mistakes in what is said of a reason, and in what is kept of it."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

CATALOGUE = "tests/unit/engine/decide/test_reasons.py"
FAILURE = "tests/unit/engine/decide/test_failure.py"
HISTORY = "tests/unit/engine/store/test_history.py"
EXPLAIN = "tests/unit/engine/cli/test_explaining.py"

MUTANTS = (
    Mutant(
        "has a mapping reloaded that takes a restart",
        "engine/decide/catalogue/fields.py",
        '" the mapping and restart the service; then reset {error}."',
        '" the mapping and run wosync reload; then reset {error}."',
        (f"{CATALOGUE}::test_a_remedy_says_what_puts_a_changed_setting_in_force",),
    ),
    Mutant(
        "has somebody reset a flag that heals",
        "engine/cli/explaining.py",
        'said.add_row("What to do", in_general(entry))',
        'said.add_row("What to do", entry.remedy)',
        (f"{EXPLAIN}::test_nobody_is_told_to_reset_a_flag_that_the_service_takes_back",),
    ),
    Mutant(
        "forgets the flag in a remedy",
        "engine/decide/catalogue/systems.py",
        'remedy="Correct on the record what the message names; then reset {error}."',
        'remedy="Correct on the record what the message names."',
        (f"{CATALOGUE}::test_a_remedy_says_what_becomes_of_the_flag",),
    ),
    Mutant(
        "explains a reason in words of the program",
        "engine/cli/explaining.py",
        "    entry = entry.worded(words)\n",
        "",
        (f"{EXPLAIN}::test_a_reason_is_explained_in_the_words_of_the_two_systems",),
    ),
    Mutant(
        "calls an unknown reason a failure of the program",
        "engine/cli/explaining.py",
        "        raise _unknown(code)\n",
        "        return Exit.FAILED\n",
        (f"{EXPLAIN}::test_an_unknown_code_is_a_mistake_with_a_way_out",),
    ),
    Mutant(
        "guesses a code from its words before its spelling",
        "engine/decide/reasons.py",
        "[*alike, *sharing]",
        "[*sharing, *alike]",
        (f"{CATALOGUE}::test_what_is_no_code_leads_to_the_nearest_ones",),
    ),
    Mutant(
        "keeps no code in the history",
        "engine/store/sqlite/history.py",
        "            code_of(note.detail),\n",
        "            None,\n",
        (f"{HISTORY}::test_a_line_keeps_the_code_of_its_reason",),
    ),
    Mutant(
        "keeps no code for many records at once",
        "engine/store/sqlite/history.py",
        "code, run = code_of(note.detail), kept_run.get()",
        "code, run = None, kept_run.get()",
        (f"{HISTORY}::test_a_line_keeps_the_code_of_its_reason",),
    ),
    Mutant(
        "says no kind of a reason in the log",
        "engine/logs/shaping.py",
        "        if code is not None:\n",
        "        if code is None:\n",
        ("tests/unit/engine/logs/test_logs.py::test_a_reason_says_its_kind_beside_its_words",),
    ),
    Mutant(
        "believes the class of an error before whoever raised it",
        "engine/decide/failure.py",
        "    if said is not None:\n        return said\n",
        "",
        (f"{FAILURE}::test_what_was_said_where_an_error_arose_is_what_is_kept",),
    ),
    Mutant(
        "takes a permission that is missing for a refusal",
        "engine/decide/failure.py",
        "return _pause(error, foreign(Code.PERMISSION_MISSING,",
        "return _pause(error, foreign(Code.FORBIDDEN,",
        (f"{FAILURE}::test_a_permission_that_is_missing_has_a_code_of_its_own",),
    ),
)
