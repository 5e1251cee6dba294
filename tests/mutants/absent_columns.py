"""Mutants of what is made of a row that does not have all columns it was asked for."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

ABSENT = "tests/scenario/test_columns_absent.py"
LINES = "tests/unit/engine/mapping/test_fields.py"
ROWS = "tests/scenario/test_rows_unreadable.py"
SLICES = "tests/unit/engine/store/test_audit_slices.py"
FIELDS = "engine/mapping/fields.py"
SYNCER = "engine/actors/opportunity_syncer.py"

MUTANTS = (
    Mutant(
        "takes a column that is not given for a blank one",
        FIELDS,
        "if not new and (line.field.name in untold or line.absent(record)):",
        "if not new and line.field.name in untold:",
        (f"{ABSENT}::test_an_edit_leaves_the_field_of_an_absent_column_as_it_is",),
    ),
    Mutant(
        "fills a template without one of its columns",
        FIELDS,
        "told = self.template is None and len(absent) < len(self.columns)",
        "told = len(absent) < len(self.columns)",
        (f"{ABSENT}::test_a_template_is_not_filled_without_one_of_its_columns",),
    ),
    Mutant(
        "waits for a column of several that never comes",
        FIELDS,
        "told = self.template is None and len(absent) < len(self.columns)",
        "told = self.template is None and not absent",
        (f"{LINES}::test_the_first_column_that_is_not_blank_wins",),
    ),
    Mutant(
        "takes the account from a record whose customer tells none",
        "engine/resolvers/references.py",
        "resolution.untold.add(reference.field)",
        "resolution.notes[reference.field] = note",
        (f"{ABSENT}::test_an_account_id_that_is_not_given_leaves_the_account_as_it_is",),
    ),
    Mutant(
        "takes from a record what it is found by",
        SYNCER,
        "fields = identified(fields, self.limits.correlation_field)",
        "fields = dict(fields)",
        (f"{ABSENT}::test_a_reference_that_is_blank_is_not_taken_from_a_record",),
    ),
    Mutant(
        "does not notice a column that is back",
        "engine/decide/capture.py",
        "return payload != kept and bool(json.loads(payload).keys() - json.loads(kept).keys())",
        "return payload != kept and json.loads(payload) is None",
        (f"{ABSENT}::test_what_was_edited_without_the_column_follows_once_it_is_back",),
    ),
    Mutant(
        "takes a column that is asked for only now for an edit",
        "engine/store/sqlite/capture.py",
        "(row.id, row.payload, completing, row.tab),",
        "(row.id, row.payload, True, row.tab),",
        (
            f"{SLICES}::test_a_poll_leaves_a_column_that_was_lacking_to_the_audit_unless_the_tab_is_another",
        ),
    ),
    Mutant(
        "takes a column that is asked for only now for an edit, in a database",
        "engine/store/postgres/capture.py",
        "if completing or records.of(row.id).tab != row.tab)",
        "if audit or row.id)",
        (
            f"{SLICES}::test_a_poll_leaves_a_column_that_was_lacking_to_the_audit_unless_the_tab_is_another",
        ),
    ),
    Mutant(
        "tells of an absent column again and again",
        "engine/actors/absent_columns.py",
        "if gone := sorted(now - before):",
        "if gone := sorted(now):",
        (f"{ABSENT}::test_whoever_looks_is_told_of_the_column_and_what_helps",),
    ),
    Mutant(
        "tells of an absent column, and that it is back, only where somebody edits",
        "engine/actors/auditor.py",
        "            self.absent.look(page.rows)\n",
        "",
        (f"{ABSENT}::test_the_rows_of_an_audit_tell_of_a_column_where_nobody_edits",),
    ),
    Mutant(
        "forgets an account that was edited while it was not told",
        "engine/resolvers/customers.py",
        "        elif untold_since is None and None in carried.values():\n",
        "        elif untold_since is None and None in carried:\n",
        (
            f"{ABSENT}::test_an_account_id_that_was_edited_while_it_was_not_given_follows_once_it_is_back",
        ),
    ),
    Mutant(
        "leaves what was refused for want of a column to somebody who resets its flag",
        "engine/store/sqlite/capture.py",
        "    if not (row.eligible or (completing and row.flagged)):\n",
        "    if not row.eligible:\n",
        (f"{ABSENT}::test_what_was_refused_for_want_of_a_column_goes_on_once_that_is_back",),
    ),
    Mutant(
        "lets a column that is back free what waits for the fuse",
        "engine/decide/capture.py",
        "return Mass(mass or (linked and before.version == row.version))",
        "return Mass(mass)",
        (
            f"{ABSENT}::test_a_column_that_is_back_during_a_first_look_frees_nothing_from_the_fuse",
            "tests/unit/engine/decide/test_capture.py",
        ),
    ),
    Mutant(
        "fails every poll for a row of which only the link cannot be read",
        "engine/actors/absent_columns.py",
        "        except TheirFault:\n            return None\n",
        "        except TheirFault:\n            raise\n",
        (f"{ROWS}::test_a_row_that_cannot_be_read_whole_is_no_poll_that_fails",),
    ),
)
