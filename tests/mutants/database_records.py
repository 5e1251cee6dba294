"""Mutants that do wrong with a record whose state is in a database, alone or beside others."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

PLACE = "engine/store/postgres"
STORE = "tests/unit/engine/store"

MUTANTS = (
    Mutant(
        "forgets a create in doubt when its record is refused, in a database",
        f"{PLACE}/settle.py",
        "    if state is State.REFUSED:\n",
        "    close_intent(connection, work.id)\n    if state is State.REFUSED:\n",
        (f"{STORE}/test_settle.py::test_a_refusal_leaves_a_create_in_doubt",),
    ),
    Mutant(
        "blames its own caution where the system failed, in a database",
        f"{PLACE}/settle.py",
        "    if found.failed_since is None:\n        connection.execute(",
        "    if found:\n        connection.execute(",
        (f"{STORE}/test_intents.py::test_what_was_not_sent_keeps_why_it_failed_before",),
    ),
    Mutant(
        "flags what is only evaluated, in a database",
        f"{PLACE}/settle.py",
        "    if work.mass is Mass.EVALUATING and not work.lifted:\n",
        "    if work.mass is Mass.HELD:\n",
        (f"{STORE}/test_settle.py::test_what_is_only_evaluated_is_held_and_not_flagged",),
    ),
    Mutant(
        "flags in masses what a changed mapping would have refused, in a database",
        f"{PLACE}/settle.py",
        "    if work.mass is Mass.EVALUATING and not work.lifted:\n",
        "    if work.mass is Mass.APPROVED:\n",
        (f"{STORE}/test_settle.py::test_what_is_only_evaluated_is_held_and_not_flagged",),
    ),
    Mutant(
        "links whatever was settled to a target record of another, in a database",
        f"{PLACE}/linked.py",
        "if together[0].is_free or together[0].said.created:",
        "if together:",
        (f"{STORE}/test_claims.py::test_an_outcome_for_a_target_record_of_another_links_nothing",),
    ),
    Mutant(
        "leaves to a record what it was linked to before, in a database",
        f"{PLACE}/linked.py",
        "        if one.beside.owns_others:\n            claims.keep_only",
        "        if one.beside.owner:\n            claims.keep_only",
        (
            f"{STORE}/test_claims.py::test_a_record_that_is_linked_elsewhere_leaves_its_former_target_record",
        ),
    ),
    Mutant(
        "hands over nothing that was created for another record, in a database",
        f"{PLACE}/linked.py",
        "        if not one.is_free:\n            claims.pass_on",
        "        if one.is_free:\n            claims.pass_on",
        (f"{STORE}/test_claims.py::test_what_was_created_for_a_record_is_its_own",),
    ),
    Mutant(
        "does not read again whose target record is wanted by another, in a database",
        f"{PLACE}/linked.py",
        "    for record_id in (one.beside.owner, one.id):",
        "    for record_id in (one.id,):",
        (f"{STORE}/test_claims.py::test_an_outcome_for_a_target_record_of_another_links_nothing",),
    ),
    Mutant(
        "leaves a create open that came to what was wanted, in a database",
        f"{PLACE}/linked.py",
        "ended = [one.id for one in settled if one.beside.announced]",
        "ended = [one.id for one in settled if not one.beside.announced]",
        (f"{STORE}/test_settle.py::test_a_doubt_is_kept_until_the_result_is_known",),
    ),
    Mutant(
        "takes a change captured meanwhile for settled, in a database",
        f"{PLACE}/linked.py",
        "settling.settled(known, one.work.revision)",
        "settling.settled(known, known.revision)",
        (f"{STORE}/test_settle.py::test_a_change_captured_meanwhile_keeps_the_record_pending",),
    ),
    Mutant(
        "counts a record as awaiting what it was synced without before, in a database",
        f"{PLACE}/linked.py",
        "        if one.said.awaited or one.beside.awaits:",
        "        if one.said.awaited:",
        (f"{STORE}/test_awaited.py::test_a_reference_that_turns_up_wakes_those_synced_without_it",),
    ),
    Mutant(
        "leaves a reason for a blank field where none is any more, in a database",
        f"{PLACE}/linked.py",
        "        if one.said.blanks or one.beside.has_blanks:",
        "        if one.said.blanks:",
        (f"{STORE}/test_blanks.py::test_an_outcome_that_leaves_nothing_blank_forgets_what_was",),
    ),
    Mutant(
        "owes twice what is owed already, in a database",
        f"{PLACE}/linked.py",
        "        if one.beside.is_owed:\n",
        "        if not one.beside.is_owed:\n",
        (f"{STORE}/test_outbox.py::test_what_is_owed_once_more_while_it_was_sent_is_sent_again",),
    ),
    Mutant(
        "waits for people no more once the record is settled, in a database",
        f"{PLACE}/linked.py",
        '"DELETE FROM awaited WHERE record_id = %s AND kind <> %s", (record_id, PERSON)',
        '"DELETE FROM awaited WHERE record_id = %s AND kind <> %s", (record_id, "")',
        (
            f"{STORE}/test_settle.py::test_settling_forgets_awaited_references_but_not_awaited_people",
        ),
    ),
    Mutant(
        "leaves its own flag on what has healed, in a database",
        f"{PLACE}/linked.py",
        "        return replace(owed, error=False) if self.said.work.lifted else owed\n",
        "        return owed\n",
        (f"{STORE}/test_settle.py::test_what_has_healed_is_flagged_no_more",),
    ),
    Mutant(
        "tells of a write elsewhere than where it is settled, in a database",
        f"{PLACE}/linked.py",
        "    note = replace(said.note, writes=writes)\n",
        "    note = replace(said.note, writes=() if writes else writes)\n",
        (f"{STORE}/test_journal.py::test_what_is_written_is_told_by_the_transaction_that_settles",),
    ),
    Mutant(
        "sends to a target record that was handed over, in a database",
        f"{PLACE}/work.py",
        '" (SELECT 1 FROM claim WHERE target_id = %s AND record_id = record.id)"\n'
        '        " RETURNING',
        '" (SELECT 1 WHERE %s > 0)"\n        " RETURNING',
        (
            f"{STORE}/test_claims.py::test_a_target_record_that_is_handed_over_is_the_former_one_s_no_more",
        ),
    ),
    Mutant(
        "gives each who asks the answer of another, in a database",
        f"{PLACE}/work.py",
        "    return [found.get(record_id) for record_id in ids]",
        "    return [found.get(record_id) for record_id in sorted(ids)]",
        (f"{STORE}/test_together.py::test_who_asks_at_one_moment_is_each_answered_for_itself",),
    ),
    Mutant(
        "announces creates of all who ask where one may, in a database",
        f"{PLACE}/work.py",
        "    return [one.work.id in opened for one in asked]",
        "    return [bool(opened) for one in asked]",
        (f"{STORE}/test_together.py::test_who_asks_at_one_moment_is_each_answered_for_itself",),
    ),
    Mutant(
        "forgets what an update was to take the place of until it is answered, in a database",
        f"{PLACE}/work.py",
        'SET synced = NULL, sending = %s"\n        " FROM',
        'SET synced = NULL, sending = substr(%s::text, 1, 0) || NULL"\n        " FROM',
        (f"{STORE}/test_journal.py::test_what_is_written_is_told_by_the_transaction_that_settles",),
    ),
    Mutant(
        "trusts what the target held before a change whose answer was lost, in a database",
        f"{PLACE}/work.py",
        'SET synced = NULL, sending = %s"\n        " FROM',
        'SET sending = %s"\n        " FROM',
        (
            f"{STORE}/test_work.py::test_what_the_target_holds_is_not_known_while_an_update_is_on_its_way",
        ),
    ),
    Mutant(
        "announces a create for a row of any age, in a database",
        f"{PLACE}/work.py",
        "r.proved_at >= asked.shown_since",
        "r.proved_at + asked.shown_since >= 0",
        (f"{STORE}/test_work.py::test_no_create_is_announced_for_what_is_not_known_any_more",),
    ),
    Mutant(
        "announces a create although the record was captured anew, in a database",
        f"{PLACE}/work.py",
        "r.revision = asked.revision",
        "r.revision >= asked.revision",
        (f"{STORE}/test_work.py::test_no_create_is_announced_for_what_is_not_known_any_more",),
    ),
    Mutant(
        "reads each record that was approved by itself, in a database",
        f"{PLACE}/work.py",
        "(target_id IS NULL OR mass = %s)",
        "(target_id IS NULL OR mass = -%s)",
        (
            f"{STORE}/test_work.py::test_what_waited_for_an_approval_or_is_to_be_read_anew_is_listed_with_them",
        ),
    ),
    Mutant(
        "reads each record that somebody has repaired by itself, in a database",
        f"{PLACE}/work.py",
        "WHERE reread = 1 OR (proved_at",
        "WHERE reread = 2 OR (proved_at",
        (
            f"{STORE}/test_work.py::test_what_waited_for_an_approval_or_is_to_be_read_anew_is_listed_with_them",
        ),
    ),
    Mutant(
        "reads a whole backlog for each record that waited, in a database",
        f"{PLACE}/work.py",
        "(lane, now, limit * AHEAD, before, Mass.APPROVED, limit)",
        "(lane, now, 10**9, before, Mass.APPROVED, limit)",
        (f"{STORE}/test_work.py::test_a_backlog_is_not_read_whole_for_those_who_waited",),
    ),
    Mutant(
        "hands out what the fuse holds, in a database",
        f"{PLACE}/work.py",
        " AND r.state = 'pending' AND r.mass <> 2\"",
        " AND r.state = 'pending'\"",
        (
            f"{STORE}/test_fuse_decisions.py::test_what_takes_the_place_of_a_gone_record_goes_on_beside_newcomers",
        ),
    ),
    Mutant(
        "takes the create that it repeats for the oldest that there may be, in a database",
        f"{PLACE}/work.py",
        'f"{intents.SENT_AGAIN} RETURNING record_id"',
        'f"{intents.SENT_AGAIN}, opened_at = excluded.opened_at RETURNING record_id"',
        (
            f"{STORE}/test_work.py::test_an_intent_announced_again_keeps_its_first_time_and_no_doubt",
        ),
    ),
    Mutant(
        "announces a create of a record beside one that is settled for it, in a database",
        f"{PLACE}/together.py",
        "        if record_id in concerned:\n"
        "            yield from alike.values()\n"
        "            alike, concerned = {}, set()\n",
        "",
        (
            f"{STORE}/test_together.py::test_what_concerns_one_record_is_done_in_the_order_in_which_it_was_asked_for",
        ),
    ),
    Mutant(
        "takes the create of another record for its own, in a database",
        f"{PLACE}/claims.py",
        '"SELECT target_id FROM claim WHERE record_id <> %s AND',
        '"SELECT target_id FROM claim WHERE record_id = -1 - %s AND',
        (f"{STORE}/test_claims.py::test_a_create_in_doubt_is_not_found_in_another_one_s_record",),
    ),
    Mutant(
        "forgets at start what a former process announced, in a database",
        f"{PLACE}/intents.py",
        '"UPDATE intent SET doubt_since = %s, look_at = %s WHERE open = 1 AND doubt_since IS NULL"',
        '"DELETE FROM intent WHERE open = 1 AND %s = %s"',
        (f"{STORE}/test_work.py::test_at_start_every_unfinished_create_is_in_doubt",),
    ),
    Mutant(
        "forgets how often a create came to nothing, in a database",
        f"{PLACE}/intents.py",
        "UPDATE intent SET open = 0, doubt_since = NULL,",
        "UPDATE intent SET open = 0, sent = 0, doubt_since = NULL,",
        (f"{STORE}/test_intents.py::test_what_came_to_nothing_counts_until_it_came_to_something",),
    ),
    Mutant(
        "looks for roles by a value of opportunities, in a database",
        f"{PLACE}/intents.py",
        "WHERE i.kind = 'opportunity' AND i.look_at <= %s",
        "WHERE i.look_at <= %s",
        (f"{STORE}/test_intents.py::test_only_opportunities_are_looked_for_by_their_value",),
    ),
    Mutant(
        "begins a doubt anew with each look, in a database",
        f"{PLACE}/intents.py",
        "doubt_since = coalesce(doubt_since, %s)",
        "doubt_since = %s",
        (f"{STORE}/test_settle.py::test_a_doubt_is_kept_until_the_result_is_known",),
    ),
    Mutant(
        "takes for committed what was lost with the way to the database, in a database",
        f"{PLACE}/writer.py",
        "if not self._was_committed(attempt):",
        "if self._was_committed(attempt) is None:",
        (f"{STORE}/test_lease.py::test_a_write_whose_commit_is_lost_is_done_once",),
    ),
    Mutant(
        "does again what was committed when the answer was lost, in a database",
        f"{PLACE}/writer.py",
        'return status == "committed"',
        'return status == "aborted"',
        (f"{STORE}/test_lease.py::test_a_write_whose_commit_is_lost_is_done_once",),
    ),
    Mutant(
        "hands every look at a record over to another thread, in a database",
        f"{PLACE}/subjects.py",
        "    load = glancing(work.load)\n",
        "    load = reading(work.load)\n",
        (f"{STORE}/test_together.py::test_what_created_records_cost_who_are_created_together",),
    ),
    Mutant(
        "keeps why a field was blank that is not named any more, in a database",
        f"{PLACE}/blanks.py",
        "DELETE FROM left_blank WHERE record_id = %s",
        "DELETE FROM left_blank WHERE record_id = -%s",
        (f"{STORE}/test_blanks.py::test_a_field_that_is_filled_again_is_forgotten",),
    ),
    Mutant(
        "gives all records another account without asking anybody, in a database",
        f"{PLACE}/awaited.py",
        "(now, Lane.BACKLOG, now, Mass.EVALUATING, list(ids))",
        "(now, Lane.BACKLOG, now, Mass.NONE, list(ids))",
        (f"{STORE}/test_awaited.py::test_records_that_bear_a_name_are_found_and_evaluated_again",),
    ),
    Mutant(
        "adopts what the service works for already, in a database",
        f"{PLACE}/adopting.py",
        "r.target_id IS NOT NULL AND r.mass = 0",
        "r.target_id IS NULL AND r.mass = 0",
        (f"{STORE}/test_adopting.py::test_what_the_state_knows_of_records_is_told_apart",),
    ),
    Mutant(
        "takes a role in doubt for a create in doubt, in a database",
        f"{PLACE}/adopting.py",
        'f" FROM record r{intents.OF_RECORD}"\n        " LEFT JOIN skip',
        '" FROM record r LEFT JOIN intent i ON i.record_id = r.id"\n        " LEFT JOIN skip',
        (f"{STORE}/test_adopting.py::test_a_role_in_doubt_is_no_create_of_the_opportunity",),
    ),
    Mutant(
        "links a record to what is another's, in a database",
        f"{PLACE}/adopting.py",
        'row["owner"] not in (None, one.id)',
        'row["owner"] == -1',
        (
            f"{STORE}/test_adopting.py::test_nothing_is_adopted_that_is_anothers_or_that_a_create_may_still_make",
        ),
    ),
    Mutant(
        "links a record of which a create was announced, in a database",
        f"{PLACE}/adopting.py",
        'row is None or row["announced"] is not None or',
        "row is None or",
        (
            f"{STORE}/test_adopting.py::test_nothing_is_adopted_that_is_anothers_or_that_a_create_may_still_make",
        ),
    ),
    Mutant(
        "keeps half of what a failing function wrote, in a database",
        f"{PLACE}/session.py",
        "    except BaseException:\n        _undo(connection)\n        raise",
        '    except BaseException:\n        connection.execute("COMMIT")\n        raise',
        (f"{STORE}/test_session.py::test_nothing_of_a_block_that_raised_is_kept",),
    ),
    Mutant(
        "lets a command that only looks change the state, in a database",
        f"{PLACE}/session.py",
        "set_config('transaction_read_only', 'on', true)",
        "set_config('transaction_read_only', 'off', true)",
        (f"{STORE}/test_session.py::test_who_only_looks_writes_nothing",),
    ),
    Mutant(
        "carries out what waits together in another order, in a database",
        f"{PLACE}/together.py",
        "steps = list(_steps(group))",
        "steps = list(_steps(group))[::-1]",
        (
            f"{STORE}/test_together.py::test_what_concerns_one_record_is_done_in_the_order_in_which_it_was_asked_for",
        ),
    ),
    Mutant(
        "does not count in the mark what it commits, in a database",
        f"{PLACE}/writer.py",
        "attempt.counted = provenance.count(session, len(group))",
        "attempt.counted = None",
        (f"{STORE}/test_place.py::test_that_a_state_was_lost_is_known_behind_a_check",),
    ),
    Mutant(
        "takes note of no request of what it does again, in a database",
        f"{PLACE}/writer.py",
        "                    for job in group:\n                        job.undone()\n",
        "",
        (
            f"{STORE}/test_lease.py::test_what_is_done_again_takes_note_again_of_the_requests_it_took",
        ),
    ),
    Mutant(
        "tells a statement of one caller as a lost database",
        f"{PLACE}/writer.py",
        "                if not connection.broken:\n                    # It shows",
        "                if connection.broken:\n                    # It shows",
        (f"{STORE}/test_lease.py::test_a_write_whose_commit_is_lost_is_done_once",),
    ),
    Mutant(
        "gives up a look whose connection was lost",
        f"{PLACE}/reader.py",
        "if not (lost and self.patient()):",
        "if not (lost and not self.patient()):",
        (
            "tests/simulation/test_severed.py"
            "::test_nobody_notices_where_the_way_to_the_database_is_cut",
        ),
    ),
    Mutant(
        "lends a connection on which a transaction is still open",
        f"{PLACE}/lent.py",
        "return not connection.closed and connection.info.transaction_status"
        " == TransactionStatus.IDLE",
        "return not connection.closed",
        (
            f"{STORE}/test_connecting.py::test_a_connection_in_the_middle_of_something_is_lent_to_nobody_else",
        ),
    ),
)
