"""Mutants that let two records of the source have one target record."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

CLAIMANTS = "engine/decide/claim.py"
OWNERS = "tests/scenario/test_one_owner.py"
CLAIMS = "tests/unit/engine/store/test_claims.py"
RELINKING = "tests/scenario/test_relinking.py"
OUTBOX = "tests/unit/engine/store/test_outbox.py"

MUTANTS = (
    Mutant(
        "writes an id over one that waits to be looked at",
        "engine/model/outbox.py",
        "return self.is_beside(self.carries)",
        "return False",
        (f"{RELINKING}::test_an_id_still_owed_is_not_written_over_one_that_waits_to_be_looked_at",),
    ),
    Mutant(
        "writes a URL beside an id that it is not about",
        "engine/model/outbox.py",
        "about = self.target_id or (self.link if self.target_url is not None else None)",
        "about = self.target_id",
        (f"{RELINKING}::test_a_url_still_owed_is_not_written_beside_an_id_entered_since",),
    ),
    Mutant(
        "writes an id over what is no id",
        "engine/store/rows/outbox.py",
        'str(row["carried"] or 0) if row["linked"]',
        'str(row["carried"]) if row["linked"] and row["carried"]',
        (f"{RELINKING}::test_who_entered_an_id_that_is_refused_is_told_so_beside_it",),
    ),
    Mutant(
        "takes what our own write-back replaced for what somebody entered",
        "engine/decide/write_back.py",
        "if known.version == known.delivered_version and known.delivered_id is not None:",
        "if known.version < 0 and known.delivered_id is not None:",
        (f"{OUTBOX}::test_an_id_that_our_own_write_back_replaced_overtakes_nothing",),
    ),
    Mutant(
        "leaves a record linked to another than it carries",
        "engine/store/sqlite/withdrawals.py",
        "if work.is_settled(connection, entry.record_id):",
        "if not work.is_settled(connection, entry.record_id):",
        (f"{OUTBOX}::test_a_record_whose_id_is_void_is_decided_on_anew",),
    ),
    Mutant(
        "withdraws the flag of a refusal with the id that was owed",
        "engine/decide/write_back.py",
        "is RecordType.OPPORTUNITY and shown.version == entry.version",
        "is RecordType.OPPORTUNITY and shown.version < entry.version",
        (f"{RELINKING}::test_who_entered_an_id_that_is_refused_is_told_so_beside_it",),
    ),
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
        "if owner is not None and owner != work.id and not created:",
        "if owner is None and created:",
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
        "engine/store/sqlite/schema/0007_owed_ids.sql",
        "WHEN NEW.target_id IS NOT OLD.target_id BEGIN",
        "WHEN NEW.target_id <> OLD.target_id BEGIN",
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
