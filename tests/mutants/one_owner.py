"""Mutants that let two records of the source have one target record."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

CLAIMANTS = "engine/decide/claim.py"
OWNERS = "tests/scenario/test_one_owner.py"
CLAIMS = "tests/unit/engine/store/test_claims.py"

MUTANTS = (
    Mutant(
        "writes a former id over one that somebody has entered",
        "engine/store/sqlite/schema/0007_owed_ids.sql",
        "AND target_id IS NOT coalesce(CAST(NEW.target_id AS TEXT), '');",
        "AND target_id IS coalesce(CAST(NEW.target_id AS TEXT), '');",
        ("tests/unit/engine/store/test_outbox.py",),
    ),
    Mutant(
        "takes what was delivered for what is owed anew",
        "engine/store/sqlite/outbox.py",
        " AND target_id IS ? AND target_url IS ? AND error IS ? AND message IS ?",
        " AND coalesce(?, ?, ?, ?, 1) IS NOT NULL",
        ("tests/unit/engine/store/test_outbox.py",),
    ),
    Mutant(
        "lets a copy have what its original made",
        CLAIMANTS,
        "    if not rivals:\n        return me\n",
        "    if rivals or not rivals:\n        return me\n",
        (f"{OWNERS}::test_a_copy_imported_while_running_is_refused",),
    ),
    Mutant(
        "leaves it to chance which of a pair keeps its id",
        CLAIMANTS,
        "named = [one for one in claimants if _named(one, correlation)]",
        "named = [one for one in claimants if correlation == one.id]",
        ("tests/unit/engine/decide/test_claim.py",),
    ),
    Mutant(
        "writes a cleared id again that was pasted elsewhere",
        "engine/decide/opportunity.py",
        "return way.lost_link or work.target_id != way.target_id",
        "return work.target_id != way.target_id",
        (f"{OWNERS}::test_an_id_cut_from_one_and_pasted_on_another_moves",),
    ),
    Mutant(
        "links whatever was settled to a target record of another",
        "engine/store/sqlite/settle.py",
        "if present is not None and present != work.id and not created:",
        "if present is None and created:",
        (f"{CLAIMS}::test_an_outcome_for_a_target_record_of_another_links_nothing",),
    ),
    Mutant(
        "sends to a target record that was handed over",
        "engine/store/sqlite/work.py",
        '" AND EXISTS (SELECT 1 FROM claim WHERE target_id = ? AND record_id = record.id)"',
        '" AND ? > 0"',
        (f"{CLAIMS}::test_a_target_record_that_is_handed_over_is_the_former_one_s_no_more",),
    ),
    Mutant(
        "writes an id to a record that has handed it over",
        "engine/store/sqlite/claims.py",
        "\" WHERE record_type = 'opportunity' AND record_id = ? AND target_id = ?\"",
        "\" WHERE record_type = 'person' AND record_id = ? AND target_id = ?\"",
        (f"{CLAIMS}::test_a_target_record_that_is_handed_over_is_the_former_one_s_no_more",),
    ),
    Mutant(
        "takes the create of another record for its own",
        "engine/store/sqlite/claims.py",
        '"SELECT target_id FROM claim WHERE record_id <> ?"',
        '"SELECT target_id FROM claim WHERE record_id = -1 - ?"',
        (f"{OWNERS}::test_two_creates_in_doubt_with_one_value_end_as_two",),
    ),
    Mutant(
        "leaves the link of a copy as it is",
        "engine/decide/opportunity.py",
        "(not shown or _leads_elsewhere(shown, target_id))",
        "not shown",
        (f"{OWNERS}::test_a_link_that_leads_to_another_record_is_set_right",),
    ),
)
