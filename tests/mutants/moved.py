"""Mistakes in how a state gets into a database and back, and in what commands do with it there."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

COPYING = "engine/store/copying.py"
MOVING = "engine/store/moving.py"
COPIED = "tests/unit/engine/store/test_copying.py"
MOVED = "tests/unit/engine/store/test_moving.py"
COMMANDS = "tests/end_to_end/test_state_in_database.py"
CUT_OFF = f"{MOVED}::test_whoever_is_cut_off_leaves_one_in_use_or_none_and_begins_anew"

MUTANTS = (
    Mutant(
        "keeps a copy that is not the same",
        COPYING,
        "    rows = _ensure_equal(connection, file, copied)\n    _run(",
        "    rows = 1\n    _run(",
        (f"{COPIED}::test_a_copy_that_is_not_the_same_is_not_kept",),
    ),
    Mutant(
        "gives the number of a run a second time after a move",
        COPYING,
        "last = max(highest or 0, given[0] if given else 0)",
        "last = highest or 0",
        (f"{COPIED}::test_numbers_go_on_after_the_highest_that_was_given",),
    ),
    Mutant(
        "orders what no database can hold as a file does",
        COPYING,
        """return f'plain("{column}")' if kind == "TEXT" else f'"{column}"'""",
        """return f'"{column}"'""",
        (f"{COPIED}::test_what_no_database_can_hold_is_copied_as_a_sign_for_it",),
    ),
    Mutant(
        "begins the number of the lease anew in what was put back",
        COPYING,
        'connection.execute("UPDATE leader SET number = %s, holder = %s, until = %s", leader)',
        "pass",
        (f"{COPIED}::test_the_number_of_the_lease_goes_on_in_what_was_put_back",),
    ),
    Mutant(
        "takes a schema away that was given to the role",
        "engine/store/postgres/database.py",
        "if made is Made.SCHEMA:",
        "if made:",
        (f"{COPIED}::test_a_schema_that_was_given_to_the_role_stays",),
    ),
    Mutant(
        "lets the tables be in use before the file says that it was moved",
        MOVING,
        "_settle(connection, {INSTALLATION: self.here.text, MOVED: self.here.text})",
        "_settle(connection, {INSTALLATION: self.there.text, MOVED: None})",
        (CUT_OFF,),
    ),
    Mutant(
        "lets the file be in use before the tables say that they were moved",
        MOVING,
        "_settle_file(file, {INSTALLATION: self.there.text, MOVED: self.there.text})",
        "_settle_file(file, {INSTALLATION: self.here.text, MOVED: None})",
        (CUT_OFF,),
    ),
    Mutant(
        "does not say that a state was moved",
        MOVING,
        "_settle_file(file, {INSTALLATION: self.here.text, MOVED: self.there.text})",
        "pass",
        (f"{MOVED}::test_only_the_one_it_was_moved_to_is_taken_up",),
    ),
    Mutant(
        "does not begin a move anew that was cut off when neither was in use",
        MOVING,
        "return both and (known.arriving or target.arriving)",
        "return False",
        (CUT_OFF, f"{MOVED}::test_the_way_back_is_open_too_where_neither_is_in_use"),
    ),
    Mutant(
        "moves a state where another one is in use",
        MOVING,
        "    if target.moved is None:\n        raise StateUnusable(",
        "    if False:\n        raise StateUnusable(",
        (f"{MOVED}::test_where_a_state_is_already_none_is_moved_to",),
    ),
    Mutant(
        "moves the state of another pair",
        MOVING,
        "if pair != self.pair:",
        "if False:",
        (f"{MOVED}::test_one_of_another_pair_is_not_moved",),
    ),
    Mutant(
        "writes to a state that was moved before it looks whether it was",
        "engine/assembly/opening.py",
        "    await ensure_in_use(store)\n",
        "",
        (f"{COMMANDS}::test_a_state_is_moved_into_a_database_and_back",),
    ),
    Mutant(
        "takes a machine without a mark for proof that a database was put back",
        "engine/store/rows/provenance.py",
        "if mark is None or mark.name < name:",
        "if mark is None:\n        return None\n    if mark.name < name:",
        (
            "tests/unit/engine/store/test_provenance.py"
            "::test_of_several_machines_each_may_go_on_with_a_state_in_a_database",
        ),
    ),
    Mutant(
        "repeats the password in an address",
        "engine/config/loading.py",
        "raise ValueError(_NO_DATABASE) from None",
        "raise",
        (f"{COMMANDS}::test_an_address_that_is_none_is_a_wrong_configuration",),
    ),
    Mutant(
        "changes a state that was moved for a start that never comes",
        "engine/cli/state.py",
        "        done(ensure_in_use(store))\n",
        "",
        (f"{COMMANDS}::test_a_state_is_moved_into_a_database_and_back",),
    ),
    Mutant(
        "takes one that stands by for another version",
        "engine/cli/asking.py",
        "        ensure_works(config)\n        raise Misconfigured(",
        "        raise Misconfigured(",
        (f"{COMMANDS}::test_commands_beside_a_service_that_stands_by",),
    ),
    Mutant(
        "stands by where it was told to stop",
        "engine/service/process.py",
        "if working is None or not working.stop.is_set():",
        "if working:",
        (
            "tests/end_to_end/test_failover.py"
            "::test_one_that_is_told_to_stop_does_while_the_database_is_away",
        ),
    ),
)
