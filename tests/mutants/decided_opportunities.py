"""Mutants that decide wrongly: each is noticed where the decision is, without anything running."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

DECIDE = "tests/unit/engine/decide"
OPPORTUNITY = "engine/decide/opportunity.py"
STEPS = f"{DECIDE}/test_steps.py"
CREATE = "engine/decide/create.py"
CREATES = f"{DECIDE}/test_create.py"
TRUST = "engine/decide/trust.py"
TRUSTS = f"{DECIDE}/test_trust.py"
CLAIM = "engine/decide/claim.py"
CLAIMS = f"{DECIDE}/test_claim.py"
CAPTURE = "engine/decide/capture.py"
CAPTURED = f"{DECIDE}/test_capture.py"
MOVES = "engine/store/sqlite/schema/0009_moves.sql"
INTENTS = "engine/store/sqlite/schema/0021_intents.sql"
STORED = "tests/unit/engine/store/test_moves.py"

MUTANTS = (
    Mutant(
        "sends what is only evaluated",
        OPPORTUNITY,
        "if work.mass is Mass.EVALUATING:\n        return Hold(",
        "if work.mass is Mass.HELD:\n        return Hold(",
        (f"{STEPS}::test_what_differs_is_sent_or_held",),
    ),
    Mutant(
        "forgets what an edit takes the place of",
        OPPORTUNITY,
        "Edit(name, known.get(name), value)",
        "Edit(name, None, value)",
        (f"{STEPS}::test_what_differs_is_sent_or_held",),
    ),
    Mutant(
        "writes to what it is linked to without settling whose it is",
        OPPORTUNITY,
        "return way.lost_link or work.target_id != way.target_id",
        "return way.lost_link",
        (f"{STEPS}::test_whose_it_is_is_settled_unless_it_is_known",),
    ),
    Mutant(
        "takes a field mapped only now for blank in the target",
        OPPORTUNITY,
        "or bool(fields.keys() - work.synced.keys())",
        "or not fields",
        (f"{STEPS}::test_the_target_is_read_when_what_it_holds_is_not_known",),
    ),
    Mutant(
        "believes what it knew of a target record whose link was lost",
        OPPORTUNITY,
        "return way.observe or work.synced is None",
        "return work.synced is None",
        (f"{STEPS}::test_the_target_is_read_when_what_it_holds_is_not_known",),
    ),
    Mutant(
        "forgets what a field holds that a blank leaves alone",
        OPPORTUNITY,
        "return {name: known[name] for name in mapped if name in known} | dict(fields)",
        "return {name: known[name] for name in mapped if name not in known} | dict(fields)",
        (f"{STEPS}::test_fields_that_a_blank_leaves_alone_still_hold_what_they_held",),
    ),
    Mutant(
        "takes a missing permission for an edit that is not needed",
        OPPORTUNITY,
        "return error_class(error) != FORBIDDEN and not difference(fields, known)",
        "return not difference(fields, known)",
        (f"{STEPS}::test_a_change_that_somebody_made_already_is_no_fault",),
    ),
    Mutant(
        "takes our own word for a refusal of a reference",
        OPPORTUNITY,
        "if not referred or error.status is None:",
        "if not referred:",
        (f"{STEPS}::test_a_refusal_may_be_about_a_reference_that_was_sent",),
    ),
    Mutant(
        "resolves references anew whatever was refused",
        OPPORTUNITY,
        "return error.field is None or error.field in referred",
        "return True",
        (f"{STEPS}::test_a_refusal_may_be_about_a_reference_that_was_sent",),
    ),
    Mutant(
        "refuses a record whose cleared id is gone",
        OPPORTUNITY,
        "if way.lost_link or recreate_missing:",
        "if recreate_missing:",
        (f"{STEPS}::test_what_is_gone_is_created_anew_only_where_that_is_wanted",),
    ),
    Mutant(
        "creates what could not be found again",
        OPPORTUNITY,
        "if isinstance(correlation, str) and correlation:",
        "if isinstance(correlation, str):",
        (f"{STEPS}::test_a_record_without_a_correlation_value_is_not_created",),
    ),
    Mutant(
        "takes the youngest of two for the record's",
        CREATE,
        "sorted(ours, key=lambda match: match.id)",
        "sorted(ours, key=lambda match: -match.id)",
        (f"{CREATES}::test_what_is_shown_is_ours_and_what_is_in_the_trash_is_not",),
    ),
    Mutant(
        "takes what is in the trash for what a create made",
        CREATE,
        "if not match.trashed and match.id not in others",
        "if match.id not in others",
        (f"{CREATES}::test_what_is_shown_is_ours_and_what_is_in_the_trash_is_not",),
    ),
    Mutant(
        "takes what belongs to another record for what a create made",
        CREATE,
        "and match.id not in others and",
        "and",
        (f"{CREATES}::test_what_belongs_to_another_or_is_gone_is_not_what_was_created",),
    ),
    Mutant(
        "counts a doubt of unknown age as old",
        "engine/decide/doubt.py",
        "since = began_at if intent",
        "since = 0.0 if intent",
        (f"{CREATES}::test_a_doubt_that_begins_with_the_look_is_as_old_as_the_look",),
    ),
    Mutant(
        "removes the only record as a second create",
        CREATE,
        "return younger and intent.sent >= len(matches)",
        "return younger and intent.sent >= len(matches) - 1",
        (f"{CREATES}::test_what_is_shown_is_ours_and_what_is_in_the_trash_is_not",),
    ),
    Mutant(
        "sounds an alarm at what it wrote itself",
        TRUST,
        "if ours is None or work.target_id == target_id:",
        "if ours is None:",
        (f"{TRUSTS}::test_what_we_wrote_ourselves_is_nobodys_news",),
    ),
    Mutant(
        "sounds an alarm at a pasted id",
        TRUST,
        "if holds.get(correlation_field) != ours:",
        "if holds.get(correlation_field) is None:",
        (f"{TRUSTS}::test_one_that_does_not_is_somebodys",),
    ),
    Mutant(
        "sounds an alarm at what its own former life made",
        TRUST,
        "if made_by_former_life(record, aged, present):",
        "if aged is None and made_by_former_life(record, aged, present):",
        (f"{TRUSTS}::test_a_former_life_of_the_state_made_what_was_there_before",),
    ),
    Mutant(
        "makes roles before those of a former life would show",
        TRUST,
        "return max(0.0, aged.since + visibility_s - now)",
        "return max(0.0, aged.since - now)",
        (f"{TRUSTS}::test_roles_are_made_only_once_all_that_were_made_would_show",),
    ),
    Mutant(
        "refuses a record whose id was cleared and is another's now",
        CLAIM,
        "    if not carries:\n",
        "    if carries:\n",
        (
            f"{CLAIMS}::test_the_loser_begins_anew_where_its_id_was_cleared_and_is_refused_where_it_shows_it",
        ),
    ),
    Mutant(
        "takes a record that was left out for settled",
        MOVES,
        "    ('record', 'ineligible', 'pending'),\n",
        "    ('record', 'ineligible', 'pending'),\n    ('record', 'ineligible', 'settled'),\n",
        (f"{STORED}::test_the_schema_has_the_same_moves",),
    ),
    Mutant(
        "lets any statement move a record anywhere",
        MOVES,
        "WHEN NEW.state <> OLD.state AND NOT EXISTS",
        "WHEN NEW.state = OLD.state AND NOT EXISTS",
        (f"{STORED}::test_no_statement_makes_a_move_of_a_record_that_is_none",),
    ),
    Mutant(
        "announces a create again before it was in doubt",
        INTENTS,
        "WHEN NEW.sent > OLD.sent AND OLD.open AND OLD.doubt_since IS NULL",
        "WHEN NEW.sent < OLD.sent AND OLD.open AND OLD.doubt_since IS NULL",
        (f"{STORED}::test_a_create_is_announced_again_only_once_it_was_in_doubt",),
    ),
    Mutant(
        "creates a person who is linked",
        INTENTS,
        "WHEN NEW.kind = 'prospect' AND NEW.open\n",
        "WHEN NEW.kind = 'role' AND NEW.open\n",
        (f"{STORED}::test_a_person_who_is_linked_is_not_created",),
    ),
    Mutant(
        "stops for a move of one record that is none",
        "engine/store/sqlite/troubles.py",
        "if isinstance(error, sqlite3.IntegrityError) and text.startswith(NO_MOVE):",
        "if isinstance(error, sqlite3.DataError) and text.startswith(NO_MOVE):",
        (f"{STORED}::test_whoever_tries_has_the_whole_operation_undone_and_nobody_else",),
    ),
    Mutant(
        "forgets a create in doubt when its record is unticked",
        CAPTURE,
        "    if before is not None and before.in_doubt:\n",
        "    if before is not None and before.in_doubt and row.eligible:\n",
        (f"{CAPTURED}::test_what_it_is_follows_from_the_row_and_what_is_unfinished",),
    ),
    Mutant(
        "takes its own flag for somebody else's",
        CAPTURE,
        "if before is not None and before.flagged and row.flagged:",
        "if before is None and row.flagged:",
        (f"{CAPTURED}::test_what_it_is_follows_from_the_row_and_what_is_unfinished",),
    ),
    Mutant(
        "forgets since when a record waits at each edit of it",
        CAPTURE,
        "return min(before.pending_since, since)",
        "return since",
        (f"{CAPTURED}::test_what_waits_has_waited_since_the_oldest_change",),
    ),
    Mutant(
        "counts the age of what was hidden from its last edit",
        CAPTURE,
        "return now if before.version == row.version else since",
        "return since",
        (f"{CAPTURED}::test_what_waits_has_waited_since_the_oldest_change",),
    ),
    Mutant(
        "holds new records as a mass change",
        CAPTURE,
        "return Mass(mass) if linked else Mass.NONE",
        "return Mass(mass)",
        (f"{CAPTURED}::test_what_would_only_be_created_is_no_mass_change",),
    ),
    Mutant(
        "tells of every record that it is left out",
        CAPTURE,
        "if before and not was_out and state in _OUT else None",
        "if state in _OUT else None",
        (f"{CAPTURED}::test_why_it_is_left_out_is_told_once",),
    ),
)
