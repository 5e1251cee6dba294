"""Mutants of the journal of creates: opportunities, roles and prospects, announced and in doubt."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

SCHEMA = "engine/store/sqlite/schema/0021_intents.sql"
JOURNAL = "engine/store/sqlite/intents.py"
OUTCOMES = "engine/store/sqlite/tab_outcomes.py"
STORE = "tests/unit/engine/store"
KEPT = f"{STORE}/test_intents.py"
TABS = f"{STORE}/test_tabs.py"
MIGRATION = f"{STORE}/test_migration.py"

MUTANTS = (
    Mutant(
        "loses roles in doubt when the state is brought up to date",
        SCHEMA,
        "FROM contacts WHERE sending = 1 OR doubt_since IS NOT NULL OR sent > 0;",
        "FROM contacts WHERE sending = 1;",
        (f"{MIGRATION}::test_creates_in_doubt_of_all_three_kinds_are_in_doubt_still",),
    ),
    Mutant(
        "loses what was being sent for people when the state is brought up to date",
        SCHEMA,
        "SELECT 'prospect', id, coalesce(email, ''), read_at, sending = 1 OR doubt_since",
        "SELECT 'prospect', id, coalesce(email, ''), read_at, doubt_since",
        (f"{MIGRATION}::test_creates_in_doubt_of_all_three_kinds_are_in_doubt_still",),
    ),
    Mutant(
        "brings the state up to date step by step",
        "engine/store/sqlite/statefile.py",
        '                connection.execute(statement)\n        connection.execute(f"PRAGMA',
        "                connection.execute(statement)\n"
        '            connection.execute("COMMIT")\n            connection.execute("BEGIN")\n'
        '        connection.execute(f"PRAGMA',
        (f"{MIGRATION}::test_an_interrupted_migration_starts_again",),
    ),
    Mutant(
        "announces roles again before they were looked for",
        SCHEMA,
        "WHEN NEW.sent > OLD.sent AND OLD.open AND OLD.doubt_since IS NULL",
        "WHEN NEW.sent > OLD.sent AND OLD.open AND OLD.doubt_since IS NULL AND OLD.kind <> 'role'",
        (f"{KEPT}::test_no_create_is_announced_again_before_it_was_looked_for",),
    ),
    Mutant(
        "looks for the create of somebody who is linked by then",
        SCHEMA,
        "WHEN NEW.prospect_id IS NOT NULL BEGIN\n    DELETE FROM intent",
        "WHEN NEW.prospect_id IS NULL BEGIN\n    DELETE FROM intent",
        (f"{KEPT}::test_whatever_links_a_person_ends_the_create_of_its_prospect",),
    ),
    Mutant(
        "keeps creates of roles on an opportunity that the record has left",
        "engine/store/sqlite/schema/0024_people_tab.sql",
        "DELETE FROM intent WHERE kind = 'role' AND record_id = OLD.record_id;",
        "DELETE FROM intent WHERE kind = 'role' AND record_id = -OLD.record_id;",
        (f"{TABS}::test_a_tab_that_is_followed_no_more_takes_its_creates_along",),
    ),
    Mutant(
        "forgets how often a create was sent once it is known that it came to nothing",
        JOURNAL,
        '"UPDATE intent SET open = 0, doubt_since = NULL,',
        '"UPDATE intent SET open = 0, sent = 0, doubt_since = NULL,',
        (f"{KEPT}::test_what_came_to_nothing_counts_until_it_came_to_something",),
    ),
    Mutant(
        "looks for roles by a value of opportunities",
        JOURNAL,
        "\" WHERE i.kind = 'opportunity' AND i.look_at <= ?",
        '" WHERE i.look_at <= ?',
        (f"{KEPT}::test_only_opportunities_are_looked_for_by_their_value",),
    ),
    Mutant(
        "takes a role that is made anew for one more create in a row",
        OUTCOMES,
        "elif not (widens and intents.widen(",
        "elif not (not widens and intents.widen(",
        (f"{TABS}::test_a_role_that_is_made_anew_joins_those_that_were_announced",),
    ),
    Mutant(
        "forgets what another attempt has announced when it fails before its look",
        OUTCOMES,
        "    if not work.is_open:\n        # Nothing",
        "    if not work.is_open or work.intent:\n        # Nothing",
        (f"{TABS}::test_what_was_announced_by_another_attempt_stays_open",),
    ),
    Mutant(
        "sends roles again that were announced and never accounted for",
        "engine/decide/tab.py",
        "    if intent is None or not intent.open:\n",
        "    if intent is None or intent.doubt_since is None:\n",
        (
            "tests/unit/engine/decide/test_tab.py"
            "::test_what_was_announced_and_never_accounted_for_is_in_doubt_from_the_look_on",
        ),
    ),
)
