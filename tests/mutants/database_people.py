"""Mutants that do wrong, in a database, with people and with what the fuse holds."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

PLACE = "engine/store/postgres"
STORE = "tests/unit/engine/store"

MUTANTS = (
    Mutant(
        "tells people of what was approved as related in the present run, in a database",
        f"{PLACE}/tabs.py",
        "if one.let_go is not None and one.mass is Mass.APPROVED:",
        "if one.let_go is not None and one.mass is Mass.HELD:",
        (f"{STORE}/test_following.py::test_people_of_what_was_approved_go_on_with_it",),
    ),
    Mutant(
        "takes the rest of a tab for planned where its opportunity is, in a database",
        f"{PLACE}/tabs.py",
        "        replace(one, mass=Mass.EVALUATING) if "
        "runs.is_of_a_plan(connection, one.let_go) else one\n",
        "        one\n",
        (f"{STORE}/test_following.py::test_people_of_what_a_plan_let_go_are_evaluated",),
    ),
    Mutant(
        "relates people on behalf of a record that is left out, in a database",
        f"{PLACE}/tabs.py",
        "(r.state IN ('refused', 'ineligible') OR EXISTS (SELECT",
        "(EXISTS (SELECT",
        (
            f"{STORE}/test_tab_outcomes.py::test_nobody_is_related_on_behalf_of_a_record_that_was_left_out_meanwhile",
        ),
    ),
    Mutant(
        "forgets what it made on an opportunity once the link leads elsewhere, in a database",
        f"{PLACE}/tabs.py",
        "        intents.end_each(connection, IntentKind.ROLE, former)\n",
        "        intents.end_each(connection, IntentKind.ROLE, former)\n"
        '        connection.execute("DELETE FROM role WHERE record_id = '
        'ANY(%s)", (former,))\n',
        (f"{STORE}/test_following.py::test_a_link_that_comes_back_finds_the_roles_made_there",),
    ),
    Mutant(
        "never reads again who is a prospect already, in a database",
        f"{PLACE}/tabs.py",
        "                or known.outdated\n",
        "",
        (f"{STORE}/test_following.py::test_who_is_a_prospect_is_read_again_after_a_while",),
    ),
    Mutant(
        "wakes nobody when a person becomes available, in a database",
        f"{PLACE}/tabs.py",
        "    return look_again(connection, woken, Lane.BACKLOG, now)\n",
        "    return len(woken)\n",
        (f"{STORE}/test_tabs.py::test_people_who_are_waited_for_wake_the_opportunity",),
    ),
    Mutant(
        "looks ahead at people of tabs that are held, in a database",
        f"{PLACE}/tabs.py",
        'r.tab IS NOT NULL AND t.mass <> 2"',
        'r.tab IS NOT NULL"',
        (f"{STORE}/test_tab_outcomes.py::test_nobody_looks_ahead_at_people_of_what_is_held",),
    ),
    Mutant(
        "sends the people of a first look, in a database",
        f"{PLACE}/tabs.py",
        '"mass": Mass.NONE if rests else one.mass,',
        '"mass": Mass.NONE,',
        (f"{STORE}/test_following.py::test_people_of_what_a_first_look_shows_are_evaluated",),
    ),
    Mutant(
        "tells at every start who is still held back, in a database",
        f"{PLACE}/tab_outcomes.py",
        "        note.writes or not found.lacking or not said_last(connection, "
        "work.record_id, note)\n",
        "        note.writes or True\n",
        (
            f"{STORE}/test_tab_outcomes.py::test_that_nothing_has_come_of_it_is_told_once_until_something_was_written",
        ),
    ),
    Mutant(
        "books roles under the opportunity that the record is linked to by now, in a database",
        f"{PLACE}/tab_outcomes.py",
        "now = found if found.target_id == work.target_id else None",
        "now = found",
        (
            f"{STORE}/test_tab_outcomes.py::test_what_belongs_to_another_opportunity_says_nothing_about_the_present_one",
        ),
    ),
    Mutant(
        "sends the rest of the roles of a record that was left out meanwhile, in a database",
        f"{PLACE}/tab_outcomes.py",
        "AND t.record_id = %s AND t.target_id = %s AND r.state IN ('pending', 'settled')\"",
        "AND t.record_id = %s AND t.target_id = %s AND r.state <> ''\"",
        (
            f"{STORE}/test_tab_outcomes.py::test_nobody_is_related_on_behalf_of_a_record_that_was_left_out_meanwhile",
        ),
    ),
    Mutant(
        "goes on with the roles of a record that was left out meanwhile, in a database",
        f"{PLACE}/tab_outcomes.py",
        "WHERE t.record_id = %s AND t.target_id = %s AND r.state IN ('pending', 'settled')\"",
        "WHERE t.record_id = %s AND t.target_id = %s AND r.state <> ''\"",
        (
            f"{STORE}/test_tab_outcomes.py::test_nobody_is_related_on_behalf_of_a_record_that_was_left_out_meanwhile",
        ),
    ),
    Mutant(
        "tries a gone opportunity again with everybody who turns up, in a database",
        f"{PLACE}/tab_outcomes.py",
        "SET state = 'settled', settled_tab = NULL WHERE",
        "SET settled_tab = NULL WHERE",
        (
            f"{STORE}/test_tab_outcomes.py::test_an_opportunity_that_is_gone_rests_until_its_record_was_looked_at",
        ),
    ),
    Mutant(
        "goes on waiting for people of an opportunity that is gone, in a database",
        f"{PLACE}/tab_outcomes.py",
        "    connection.execute(\n"
        '        "DELETE FROM awaited WHERE kind = %s AND record_id = %s", '
        "(PERSON, work.record_id)\n"
        "    )\n"
        "    read_again",
        "    read_again",
        (
            f"{STORE}/test_tab_outcomes.py::test_whoever_turns_up_is_no_reason_to_come_back_to_an_opportunity_that_is_gone",
        ),
    ),
    Mutant(
        "keeps what was refused only of a tab that settles, in a database",
        f"{PLACE}/tab_outcomes.py",
        "    _keep(connection, work, roles, now, found=tab)\n"
        "    found = tab.now\n"
        "    if found is None:\n"
        "        return False\n",
        "    found = tab.now\n    if found is None:\n        return False\n",
        (f"{STORE}/test_tabs.py::test_a_deferred_opportunity_comes_back_with_what_was_done",),
    ),
    Mutant(
        "takes a role that is made anew for one more create in a row, in a database",
        f"{PLACE}/tab_outcomes.py",
        "elif not (widens and intents.widen(",
        "elif not (not widens and intents.widen(",
        (f"{STORE}/test_tabs.py::test_a_role_that_is_made_anew_joins_those_that_were_announced",),
    ),
    Mutant(
        "forgets what another attempt has announced when it fails before its look, in a database",
        f"{PLACE}/tab_outcomes.py",
        "    if not work.is_open:\n        # Nothing",
        "    if not work.is_open or work.intent:\n        # Nothing",
        (f"{STORE}/test_tabs.py::test_what_was_announced_by_another_attempt_stays_open",),
    ),
    Mutant(
        "forgets that a line of a settled tab waits, in a database",
        f"{PLACE}/tab_outcomes.py",
        "    if later is not None:\n",
        "    if later is not None and not settled:\n",
        (f"{STORE}/test_tabs.py::test_what_can_be_told_only_later_is_kept_with_the_outcome",),
    ),
    Mutant(
        "loses a role it has made where another record owns its opportunity, in a database",
        f"{PLACE}/tab_outcomes.py",
        "made = greatest(role.made, excluded.made)",
        "made = excluded.made",
        (
            f"{STORE}/test_tab_outcomes.py::test_a_role_that_we_made_stays_ours_wherever_it_is_met_again",
        ),
    ),
    Mutant(
        "takes a tab that changed while it was related for related, in a database",
        f"{PLACE}/tab_outcomes.py",
        "settling.tab_settled(found.now, work.revision, now)",
        "settling.tab_settled(found.now, found.now.revision, now)",
        (
            f"{STORE}/test_tabs.py::test_a_reason_that_came_up_meanwhile_keeps_the_opportunity_waiting",
        ),
    ),
    Mutant(
        "forgets what it created for somebody who changed meanwhile, in a database",
        f"{PLACE}/people.py",
        "    intents.begin_doubt(connection, IntentKind.PROSPECT, record.id, "
        "now, look_at=now)\n"
        "    if note",
        "    intents.end(connection, IntentKind.PROSPECT, record.id)\n    if note",
        (
            f"{STORE}/test_people.py::test_what_was_created_for_somebody_who_changed_meanwhile_is_found_by_its_address",
        ),
    ),
    Mutant(
        "lets what a plan was to do go on when its process is gone, in a database",
        f"{PLACE}/fuse.py",
        "    given = (RunKind.APPLIED,)\n",
        "    given = (RunKind.UNDO,)\n",
        (f"{STORE}/test_fuse_hands.py::test_at_start_nobody_goes_on_with_what_was_unfinished",),
    ),
    Mutant(
        "decides over a mass change page by page, in a database",
        f"{PLACE}/fuse.py",
        "[MAPPING, FIRST_LOOK, *MARKS])",
        '[""])',
        (
            f"{STORE}/test_fuse_decisions.py::test_nothing_is_decided_while_more_of_the_same_may_follow",
        ),
    ),
    Mutant(
        "decides on a mass change before all of it is evaluated, in a database",
        f"{PLACE}/fuse.py",
        'EXISTS (SELECT 1 FROM record WHERE mass = 1"\n',
        'EXISTS (SELECT 1 FROM record WHERE mass = 4"\n',
        (
            f"{STORE}/test_fuse_decisions.py::test_nothing_is_decided_while_a_record_is_still_to_be_evaluated",
        ),
    ),
    Mutant(
        "holds a record although a newer change waits, in a database",
        f"{PLACE}/fuse.py",
        "\" reason_class = 'held_back' WHERE id = %s AND revision = %s\"",
        "\" reason_class = 'held_back' WHERE id = %s AND revision >= %s\"",
        (
            f"{STORE}/test_fuse_decisions.py::test_a_record_captured_since_is_not_held_by_an_older_evaluation",
        ),
    ),
    Mutant(
        "holds a tab although a newer reason to look waits, in a database",
        f"{PLACE}/fuse.py",
        '" WHERE record_id = %s AND revision = %s"',
        '" WHERE record_id = %s AND revision >= %s"',
        (
            f"{STORE}/test_tab_outcomes.py::test_what_was_weighed_of_an_older_tab_holds_no_newer_one",
        ),
    ),
    Mutant(
        "takes what takes the place of a gone record for a newcomer, in a database",
        f"{PLACE}/fuse.py",
        "AND target_id IS NULL AND linked = 0 AND gone_id IS NULL),",
        "AND target_id IS NULL AND linked = 0),",
        (
            f"{STORE}/test_fuse_decisions.py::test_what_takes_the_place_of_a_gone_record_counts_as_a_change",
        ),
    ),
    Mutant(
        "lets nothing go on that takes the place of a gone record, in a database",
        f"{PLACE}/fuse.py",
        "OR linked = 1 OR gone_id IS NOT NULL)",
        "OR linked = 1)",
        (
            f"{STORE}/test_fuse_decisions.py::test_what_takes_the_place_of_a_gone_record_goes_on_beside_newcomers",
        ),
    ),
    Mutant(
        "reads again what was read to be weighed, in a database",
        f"{PLACE}/fuse.py",
        "AND c.record_id = record.id)",
        "AND c.record_id <> record.id)",
        (
            f"{STORE}/test_fuse_decisions.py::test_what_was_read_of_a_record_that_is_held_is_not_read_again",
        ),
    ),
    Mutant(
        "approves what was not named, in a database",
        f"{PLACE}/fuse.py",
        "    if chosen.only is not None:",
        "    if chosen.only is None and chosen.beside is None:",
        (f"{STORE}/test_fuse_hands.py::test_only_what_is_named_goes_on",),
    ),
    Mutant(
        "approves what was named as not meant, in a database",
        f"{PLACE}/fuse.py",
        "given: tuple[object, ...] = named(chosen.beside)",
        "given: tuple[object, ...] = named(())",
        (f"{STORE}/test_fuse_hands.py::test_what_is_named_otherwise_waits_on",),
    ),
    Mutant(
        "approves what nobody has seen, in a database",
        f"{PLACE}/fuse.py",
        "    if chosen.seen_at is not None:",
        "    if chosen.seen_at == 0:",
        (f"{STORE}/test_fuse_hands.py::test_what_is_named_otherwise_waits_on",),
    ),
    Mutant(
        "forgets that the fuse has tripped while something waits, in a database",
        f"{PLACE}/fuse.py",
        "    if not held(connection).records:\n        kept.forget_setting",
        "    if True:\n        kept.forget_setting",
        (f"{STORE}/test_fuse_hands.py::test_what_is_named_otherwise_waits_on",),
    ),
    Mutant(
        "wakes nobody who waits for what was not granted, in a database",
        f"{PLACE}/grants.py",
        "    if known is None:\n        return False\n",
        "    return False\n",
        (f"{STORE}/test_grants.py::test_a_consent_makes_whoever_has_waited_for_it_due",),
    ),
    Mutant(
        "leaves roles refused for a permission that is granted by now to their day, in a database",
        f"{PLACE}/grants.py",
        "UPDATE refused_role SET retry_at = 0",
        "UPDATE refused_role SET retry_at = retry_at",
        (
            f"{STORE}/test_granted_again.py::test_tabs_and_people_that_wait_for_a_permission_are_due",
        ),
    ),
)
