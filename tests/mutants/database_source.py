"""Mutants that do wrong, in a database, with what the source shows and with what it is owed."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

PLACE = "engine/store/postgres"
STORE = "tests/unit/engine/store"

MUTANTS = (
    Mutant(
        "forgets a record with a create in doubt when a sweep does not show it, in a database",
        f"{PLACE}/capture.py",
        'f" AND NOT {intents.RECORD_OPEN} RETURNING id, version"',
        '" RETURNING id, version"',
        (
            f"{STORE}/test_capture.py::test_a_sweep_brings_back_what_it_shows_and_drops_what_it_does_not",
        ),
    ),
    Mutant(
        "lets a lower version win, in a database",
        f"{PLACE}/capture.py",
        "return judged is not Seen.LATE",
        "return True",
        (f"{STORE}/test_capture.py::test_only_a_higher_version_is_a_change",),
    ),
    Mutant(
        "leaves out what a sweep has just shown, in a database",
        f"{PLACE}/capture.py",
        "linked = 0 AND swept < %s",
        "linked = 0 AND swept <= %s",
        (
            f"{STORE}/test_capture.py::test_a_sweep_brings_back_what_it_shows_and_drops_what_it_does_not",
        ),
    ),
    Mutant(
        "leaves out what was captured while the sweep ran, in a database",
        f"{PLACE}/capture.py",
        "AND captured_at < %s{LISTED}",
        "AND captured_at <> %s{LISTED}",
        (f"{STORE}/test_capture.py::test_a_record_captured_while_the_sweep_ran_is_not_dropped",),
    ),
    Mutant(
        "does not bring back what a sweep shows, in a database",
        f"{PLACE}/capture.py",
        "        present.before is not None\n        and present.before.state",
        "        present.before is None\n        and present.before.state",
        (
            f"{STORE}/test_capture.py::test_a_sweep_brings_back_what_it_shows_and_drops_what_it_does_not",
        ),
    ),
    Mutant(
        "does not see a tab that differs on the same version, in a database",
        f"{PLACE}/capture.py",
        "    present.tab = row.tab\n    return True\n",
        "    present.tab = row.tab\n    return False\n",
        (
            f"{STORE}/test_capture.py::test_a_tab_that_differs_on_the_same_version_is_no_change_of_the_record",
        ),
    ),
    Mutant(
        "drops the last row of a page, in a database",
        f"{PLACE}/capture.py",
        "[row for row in rows if _is_change(records, row, judged[row.id])]",
        "[row for row in rows[:-1] if _is_change(records, row, judged[row.id])]",
        (f"{STORE}/test_capture.py::test_the_rows_and_the_watermark_are_kept_together",),
    ),
    Mutant(
        "takes a record that heals for one that a sweep does not list, in a database",
        f"{PLACE}/capture.py",
        "AND NOT (lifted = 1 AND flagged = 1) AND NOT EXISTS",
        "AND NOT EXISTS",
        (f"{STORE}/test_refusals.py::test_a_sweep_leaves_out_nothing_that_heals",),
    ),
    Mutant(
        "says nothing of a record that is not shown any more, in a database",
        f"{PLACE}/capture.py",
        "remember_alike(connection, sorted(left), Note(LEFT_OUT, reason), now)",
        "remember_alike(connection, [], Note(LEFT_OUT, reason), now)",
        (f"{STORE}/test_capture.py::test_why_a_record_was_left_out_is_told",),
    ),
    Mutant(
        "does not say why a record was left out, in a database",
        f"{PLACE}/capture.py",
        "    if became.left_out is not None:\n",
        "    if became.left_out is not None and row.linked:\n",
        (f"{STORE}/test_capture.py::test_why_a_record_was_left_out_is_told",),
    ),
    Mutant(
        "lets a restore pass the fuse, in a database",
        f"{PLACE}/capture.py",
        "since=since, mass=weighed or restored)",
        "since=since, mass=weighed)",
        (
            f"{STORE}/test_capture.py::test_a_source_that_was_set_back_is_followed_and_many_records_at_once_are_a_mass_change",
        ),
    ),
    Mutant(
        "believes after a restore what it wrote before, in a database",
        f"{PLACE}/capture.py",
        '" WHERE id = %s AND delivered_version >= %s"',
        '" WHERE id = %s AND delivered_version >= %s + 1000"',
        (
            f"{STORE}/test_capture.py::test_a_source_that_was_set_back_is_followed_and_many_records_at_once_are_a_mass_change",
        ),
    ),
    Mutant(
        "takes a few changes in each page for edits of today, in a database",
        f"{PLACE}/capture.py",
        "weighed = mass and not (anew and lane is Lane.FRESH)",
        "weighed = mass and lane is not Lane.FRESH",
        (
            f"{STORE}/test_capture.py::test_a_few_changes_on_a_page_of_a_sweep_are_part_of_a_mass_change",
        ),
    ),
    Mutant(
        "believes a poll that shows all tabs empty, in a database",
        f"{PLACE}/capture.py",
        "        tabs.park_emptied(connection, parked, lane, now)\n",
        "",
        (
            f"{STORE}/test_capture.py::test_a_tab_that_a_poll_shows_empty_waits_for_the_end_of_the_poll",
        ),
    ),
    Mutant(
        "does not move the revision when a change is captured, in a database",
        f"{PLACE}/page.py",
        '" revision = record.revision + 1,"',
        '" revision = record.revision,"',
        (f"{STORE}/test_settle.py::test_a_change_captured_meanwhile_keeps_the_record_pending",),
    ),
    Mutant(
        "judges a record that is twice in a page by what was known before it, in a database",
        f"{PLACE}/page.py",
        "        self._present.pop(row.id, None)\n",
        "",
        (f"{STORE}/test_page.py::test_of_a_record_that_a_page_has_twice_the_later_row_counts",),
    ),
    Mutant(
        "takes a flag that is owed anew for the one on its way, in a database",
        f"{PLACE}/outbox.py",
        "    return int(now * 1_000_000)",
        "    return int(now * 0) + 1",
        (f"{STORE}/test_settle.py::test_a_flag_that_is_owed_anew_is_not_the_one_on_its_way",),
    ),
    Mutant(
        "takes a flag that is owed anew beside others for the one on its way, in a database",
        f"{PLACE}/outbox.py",
        '"generation": _generation(one.now),',
        '"generation": 1,',
        (f"{STORE}/test_settle.py::test_an_id_that_is_owed_anew_is_not_the_one_on_its_way",),
    ),
    Mutant(
        "sets a flag on a version that nobody has refused, in a database",
        f"{PLACE}/outbox.py",
        'record_id = %s AND error = 1"\n    f" AND (SELECT',
        'record_id = %s AND error = 2"\n    f" AND (SELECT',
        (
            f"{STORE}/test_people.py::test_a_flag_that_is_owed_is_about_the_version_that_was_refused",
        ),
    ),
    Mutant(
        "takes what was delivered for what is owed anew, in a database",
        f"{PLACE}/outbox.py",
        '" AND o.target_id IS NOT DISTINCT FROM closed.target_id"\n'
        '    " AND o.target_url IS NOT DISTINCT FROM closed.target_url"\n'
        '    " AND o.error IS NOT DISTINCT FROM closed.error"\n'
        '    " AND o.message IS NOT DISTINCT FROM closed.message"',
        '""',
        (f"{STORE}/test_outbox.py::test_what_changed_while_it_was_sent_is_sent_again",),
    ),
    Mutant(
        "withdraws what is owed anew for what was owed before, in a database",
        f"{PLACE}/outbox.py",
        '" AND target_id IS NOT DISTINCT FROM %s AND target_url IS NOT DISTINCT '
        'FROM %s"\n'
        '    " AND error IS NOT DISTINCT FROM %s AND message IS NOT DISTINCT '
        'FROM %s"',
        "\" AND coalesce(%s::text, %s::text, %s::text, %s::text, '') IS NOT NULL\"",
        (f"{STORE}/test_outbox.py::test_what_changed_while_it_was_sent_is_sent_again",),
    ),
    Mutant(
        "takes a write-back for delivered although it changed meanwhile, in a database",
        f"{PLACE}/outbox.py",
        '" AND o.generation = closed.generation"',
        '" AND o.generation >= closed.generation"',
        (f"{STORE}/test_outbox.py::test_what_is_owed_once_more_while_it_was_sent_is_sent_again",),
    ),
    Mutant(
        "takes a flag that was set after our reset for ours, in a database",
        f"{PLACE}/outbox.py",
        'RecordType.OPPORTUNITY: "UPDATE record SET flagged = 0"',
        'RecordType.OPPORTUNITY: "UPDATE record SET flagged = flagged"',
        (f"{STORE}/test_owing.py::test_of_a_batch_only_flags_that_were_reset_are_forgotten",),
    ),
    Mutant(
        "takes its own write-back for an edit that ends what was undone, in a database",
        f"{PLACE}/outbox.py",
        "undone.follow_write_back(connection, entry.record_id, before.version, after.version)",
        "pass",
        (f"{STORE}/test_owing.py::test_our_own_write_backs_end_nothing_that_was_undone",),
    ),
    Mutant(
        "takes its own echo for another history, in a database",
        f"{PLACE}/outbox.py",
        "known_at = %s, timed = 0{_BY_NOW}",
        "known_at = %s{_BY_NOW}",
        (
            f"{STORE}/test_capture.py::test_our_own_write_back_is_no_news_whenever_the_source_says_that_it_was_made",
        ),
    ),
    Mutant(
        "leaves a record linked to another than it carries, in a database",
        f"{PLACE}/withdrawals.py",
        "if work.is_settled(connection, entry.record_id):",
        "if not work.is_settled(connection, entry.record_id):",
        (f"{STORE}/test_outbox.py::test_a_record_whose_id_is_void_is_decided_on_anew",),
    ),
    Mutant(
        "never tells a record that was given up and comes back, in a database",
        f"{PLACE}/withdrawals.py",
        "        capture.leave_out(connection, [(entry.record_id, entry.version)], reason, now)\n",
        "        pass\n",
        (
            f"{STORE}/test_withdrawals.py::test_a_record_that_nobody_shows_is_left_out_and_owed_nothing",
        ),
    ),
    Mutant(
        "leaves out what an audit has just shown, in a database",
        f"{PLACE}/audit.py",
        "AND NOT EXISTS (SELECT 1 FROM unnest(%s::bigint[]) AS shown",
        "AND EXISTS (SELECT 1 FROM unnest(%s::bigint[]) AS shown",
        (
            f"{STORE}/test_audit_slices.py::test_what_a_slice_shows_stays_and_what_it_lacks_is_left_out",
        ),
    ),
    Mutant(
        "leaves out what was captured while the audit asked, in a database",
        f"{PLACE}/audit.py",
        "AND state IN ('pending', 'settled') AND captured_at < %s\"",
        "AND state IN ('pending', 'settled') AND captured_at <> %s\"",
        (
            f"{STORE}/test_audit_slices.py::test_a_record_captured_while_the_audit_asked_is_not_left_out",
        ),
    ),
    Mutant(
        "leaves out a create in doubt that an audit does not show, in a database",
        f"{PLACE}/audit.py",
        'f" AND NOT {intents.RECORD_OPEN}{capture.LISTED}',
        'f"{capture.LISTED}',
        (
            f"{STORE}/test_audit_slices.py::test_a_create_in_doubt_is_accounted_for_whatever_an_audit_shows",
        ),
    ),
    Mutant(
        "leaves out the last record of the slice before, in a database",
        f"{PLACE}/audit.py",
        '" WHERE id > %s AND id <= %s AND state',
        '" WHERE id >= %s AND id <= %s AND state',
        (f"{STORE}/test_audit_slices.py::test_records_outside_the_slice_are_no_business_of_it",),
    ),
    Mutant(
        "takes what an audit could not read for gone, in a database",
        f"{PLACE}/audit.py",
        "    if not whole:\n",
        "    if now < 0:\n",
        (f"{STORE}/test_audit_slices.py::test_a_slice_that_could_not_be_read_whole_lacks_nothing",),
    ),
    Mutant(
        "retries a record as it was when it was refused, in a database",
        f"{PLACE}/refusals.py",
        "SET state = 'pending', lifted = 1, reread = 1, revision",
        "SET state = 'pending', lifted = 1, reread = 0, revision",
        (f"{STORE}/test_refusals.py::test_what_heals_is_tried_again_and_told",),
    ),
    Mutant(
        "tries a record again whose flag stays in the source, in a database",
        f"{PLACE}/acting.py",
        "        refusals.lift(connection, one.id, now, lane=lane, "
        "mass=Mass.NONE)\n"
        "        _owe_reset(connection, one, now)\n",
        "        refusals.lift(connection, one.id, now, lane=lane, mass=Mass.NONE)\n",
        (f"{STORE}/test_acting.py::test_a_refused_record_is_tried_again_and_its_flag_reset",),
    ),
    Mutant(
        "hurries a create in doubt, in a database",
        f"{PLACE}/acting.py",
        "if intents.of(connection, IntentKind.OPPORTUNITY, one.id) is not None:",
        "if intents.of(connection, IntentKind.OPPORTUNITY, -1) is not None:",
        (f"{STORE}/test_acting.py::test_what_stands_in_the_way_of_a_retry_is_told",),
    ),
    Mutant(
        "forgets what the target holds, and not to look, in a database",
        f"{PLACE}/acting.py",
        "SET synced = NULL, reread = 1, state",
        "SET reread = 1, state",
        (f"{STORE}/test_acting.py::test_a_resync_forgets_what_the_target_is_known_to_hold",),
    ),
    Mutant(
        "retries what an operator has told it to leave alone, in a database",
        f"{PLACE}/acting.py",
        "    if skips.of(connection, one.record_type, one.id) is not None:\n"
        "        return Did.LEFT_ALONE\n"
        "    state = State(",
        "    state = State(",
        (f"{STORE}/test_acting.py::test_what_is_skipped_is_left_alone_until_it_is_unskipped",),
    ),
    Mutant(
        "keeps a refused role back from whoever asks for it anew, in a database",
        f"{PLACE}/acting.py",
        "    refused_roles.forget(connection, one.id)\n    due =",
        "    due =",
        (f"{STORE}/test_acting.py::test_what_waits_is_due_now",),
    ),
)
