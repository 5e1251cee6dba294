"""Mutants of what the schema in a database sees to, whichever statement it is."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

FILE = "engine/store/postgres/schema/0001_initial.sql"
STORE = "tests/unit/engine/store"

MUTANTS = (
    Mutant(
        "writes a former id over one that somebody has entered, in a database",
        FILE,
        "AND target_id IS DISTINCT FROM coalesce(linked_to::text, '');",
        "AND target_id IS NOT DISTINCT FROM coalesce(linked_to::text, '');",
        (
            f"{STORE}/test_outbox.py::test_an_id_owed_is_not_owed_once_the_record_is_linked_to_another",
        ),
    ),
    Mutant(
        "writes an id to a record that has handed it over, in a database",
        FILE,
        "WHEN (NEW.target_id IS DISTINCT FROM OLD.target_id)\nEXECUTE FUNCTION record_owed_an_id",
        "WHEN (NEW.target_id <> OLD.target_id)\nEXECUTE FUNCTION record_owed_an_id",
        (
            f"{STORE}/test_claims.py::test_a_target_record_that_is_handed_over_is_the_former_one_s_no_more",
        ),
    ),
    Mutant(
        "forgets that its own flag counts as reset once the record is settled, in a database",
        FILE,
        "    IF NEW.state <> 'settled' THEN\n        NEW.lifted := 0;\n    END IF;\n",
        "    NEW.lifted := 0;\n",
        (
            f"{STORE}/test_following.py::test_the_people_of_what_has_healed_are_no_people_of_a_flagged_record",
        ),
    ),
    Mutant(
        "asks for what only records wait for that are left out, in a database",
        FILE,
        "DELETE FROM awaited WHERE record_id = NEW.id;\n",
        "DELETE FROM awaited WHERE record_id = -NEW.id;\n",
        (f"{STORE}/test_awaited.py::test_what_is_left_out_waits_for_nothing",),
    ),
    Mutant(
        "goes on with the people of an opportunity that is gone, in a database",
        FILE,
        "    WHERE record_id = NEW.id AND target_id IS DISTINCT FROM "
        "NEW.target_id;\n"
        "    DELETE FROM awaited",
        "    WHERE record_id = -NEW.id AND target_id IS DISTINCT FROM "
        "NEW.target_id;\n"
        "    DELETE FROM awaited",
        (f"{STORE}/test_tabs.py::test_people_are_not_related_to_an_opportunity_that_is_gone",),
    ),
    Mutant(
        "takes a record that was left out for settled, in a database",
        FILE,
        "    ('record', 'ineligible', 'pending'),\n",
        "    ('record', 'ineligible', 'pending'),\n    ('record', 'ineligible', 'settled'),\n",
        (f"{STORE}/test_moves.py::test_the_schema_has_the_same_moves",),
    ),
    Mutant(
        "lets any statement move a record anywhere, in a database",
        FILE,
        "WHEN (NEW.state <> OLD.state) EXECUTE FUNCTION record_moves()",
        "WHEN (NEW.state = OLD.state) EXECUTE FUNCTION record_moves()",
        (f"{STORE}/test_moves.py::test_no_statement_makes_a_move_of_a_record_that_is_none",),
    ),
    Mutant(
        "forgets who has come to a tab, in a database",
        FILE,
        "WHEN (NEW.tab IS DISTINCT FROM OLD.tab) EXECUTE",
        "WHEN (NEW.tab IS NULL) EXECUTE",
        (f"{STORE}/test_tab_person.py::test_it_follows_every_change_of_a_tab",),
    ),
    Mutant(
        "creates a person who is linked, in a database",
        FILE,
        "WHEN (NEW.kind = 'prospect' AND NEW.open = 1)",
        "WHEN (NEW.kind = 'role' AND NEW.open = 1)",
        (f"{STORE}/test_moves.py::test_a_person_who_is_linked_is_not_created",),
    ),
    Mutant(
        "announces a create again before it was in doubt, in a database",
        FILE,
        "WHEN (NEW.sent > OLD.sent AND OLD.open = 1 AND OLD.doubt_since IS NULL)",
        "WHEN (NEW.sent < OLD.sent AND OLD.open = 1 AND OLD.doubt_since IS NULL)",
        (f"{STORE}/test_moves.py::test_a_create_is_announced_again_only_once_it_was_in_doubt",),
    ),
    Mutant(
        "announces roles again before they were looked for, in a database",
        FILE,
        "WHEN (NEW.sent > OLD.sent AND OLD.open = 1 AND OLD.doubt_since IS NULL)",
        "WHEN (NEW.sent > OLD.sent AND OLD.open = 1 AND OLD.doubt_since IS NULL "
        "AND OLD.kind <> 'role')",
        (f"{STORE}/test_intents.py::test_no_create_is_announced_again_before_it_was_looked_for",),
    ),
    Mutant(
        "has a record wait for people that was left out while they were related, in a database",
        FILE,
        "    THEN\n        RETURN NULL;\n    END IF;\n    RETURN NEW;",
        "    THEN\n        RETURN NEW;\n    END IF;\n    RETURN NEW;",
        (
            f"{STORE}/test_tabs.py::test_an_opportunity_left_out_while_it_is_related_waits_for_nobody",
        ),
    ),
    Mutant(
        "waits for people of an opportunity that is gone, in a database",
        FILE,
        "WHEN (OLD.target_id IS NOT NULL AND NEW.target_id IS DISTINCT FROM "
        "OLD.target_id)\n"
        "EXECUTE FUNCTION record_relinked",
        "WHEN (OLD.target_id IS NULL AND NEW.target_id IS DISTINCT FROM "
        "OLD.target_id)\n"
        "EXECUTE FUNCTION record_relinked",
        (f"{STORE}/test_tabs.py::test_people_are_not_related_to_an_opportunity_that_is_gone",),
    ),
    Mutant(
        "looks for the create of somebody who is linked by then, in a database",
        FILE,
        "FOR EACH ROW WHEN (NEW.prospect_id IS NOT NULL) EXECUTE FUNCTION person_linked",
        "FOR EACH ROW WHEN (NEW.prospect_id IS NULL) EXECUTE FUNCTION person_linked",
        (f"{STORE}/test_intents.py::test_whatever_links_a_person_ends_the_create_of_its_prospect",),
    ),
    Mutant(
        "keeps creates of roles on an opportunity that the record has left, in a database",
        FILE,
        "    DELETE FROM intent WHERE kind = 'role' AND record_id = OLD.record_id;\n",
        "    DELETE FROM intent WHERE kind = 'role' AND record_id = -OLD.record_id;\n",
        (f"{STORE}/test_tabs.py::test_a_tab_that_is_followed_no_more_takes_its_creates_along",),
    ),
    Mutant(
        "keeps what nothing holds any more waiting for ever, in a database",
        FILE,
        "    NEW.due_at := 0;\n",
        "    NEW.due_at := NEW.due_at;\n",
        (f"{STORE}/test_fuse_decisions.py::test_what_nothing_holds_any_more_is_due",),
    ),
    Mutant(
        "names the quickest record the slowest, in a database",
        FILE,
        "WHERE excluded.took_s > slowest.took_s;",
        "WHERE excluded.took_s < slowest.took_s;",
        (f"{STORE}/test_day.py::test_the_slowest_record_of_a_day_is_named",),
    ),
    Mutant(
        "counts what is shown again as vanished, in a database",
        FILE,
        "WHEN (OLD.state = 'ineligible' AND NEW.state <> 'ineligible')",
        "WHEN (OLD.state = 'pending' AND NEW.state <> 'pending')",
        (f"{STORE}/test_populations.py::test_what_is_shown_again_is_not_vanished",),
    ),
    Mutant(
        "writes the former prospect's id over one that somebody has entered, in a database",
        FILE,
        "    PERFORM owed_an_id('person', NEW.id, NEW.prospect_id);\n",
        "    PERFORM owed_an_id('person', -NEW.id, NEW.prospect_id);\n",
        (
            f"{STORE}/test_outbox.py::test_an_id_owed_to_a_person_is_not_owed_once_it_is_another_prospect",
        ),
    ),
)
