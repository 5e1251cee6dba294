"""Mutants that decide on what the source does not show any more."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

SYNCER = "engine/actors/opportunity_syncer.py"
WORK = "engine/store/sqlite/work.py"
CAPTURE = "engine/store/sqlite/capture.py"
WRITE_BACK = "engine/decide/write_back.py"
MARKS = "engine/decide/watermark.py"
UNIT_MARKS = "tests/unit/engine/decide/test_watermark.py"
CLOCKS = "tests/scenario/test_source_clocks.py"
VERSIONS = "engine/decide/version.py"
RESTORED = "tests/scenario/test_restored_source.py"
CAPTURED = "tests/unit/engine/store/test_capture.py"
AHEAD = "tests/scenario/test_read_ahead.py"
TARGET_ROWS = "tests/scenario/test_target_rows.py"
UNDONE = "tests/scenario/test_undone_imports.py"
WRITING_BACK = "tests/scenario/test_writing_back.py"
TAKEN_BACK = f"{UNDONE}::test_what_is_taken_back_while_it_waits_is_not_created"
ANNOUNCED = (
    "tests/unit/engine/store/test_work.py"
    "::test_no_create_is_announced_for_what_is_not_known_any_more"
)

MUTANTS = (
    Mutant(
        "takes a version that counted up to ours for the one that we wrote",
        VERSIONS,
        "unlike = known.told is not None and carried != known.told",
        "unlike = known.told is None and carried != known.told and version < 0",
        (f"{RESTORED}::test_an_edit_that_counts_up_to_the_version_of_our_write_back_arrives",),
    ),
    Mutant(
        "creates from a row of any age",
        "engine/actors/opportunity/fresh_rows.py",
        "        if self._is_young(work.proved_at) and not work.reread:\n",
        "        if work.proved_at and not work.reread:\n",
        (UNDONE,),
    ),
    Mutant(
        "announces a create for a row of any age",
        "engine/store/sqlite/work.py",
        "AND r.revision = ? AND r.proved_at >= ?",
        "AND r.revision = ? AND r.proved_at + ? >= 0",
        (ANNOUNCED,),
    ),
    Mutant(
        "announces a create although the record was captured anew",
        "engine/store/sqlite/work.py",
        "AND r.revision = ? AND r.proved_at >= ?",
        "AND r.revision >= ? AND r.proved_at >= ?",
        (ANNOUNCED,),
    ),
    Mutant(
        "reads each record that waited by itself",
        "engine/actors/opportunity/fresh_rows.py",
        "ids = list(dict.fromkeys([work.id, *ahead]))[:BATCH_MAX]",
        "ids = list(dict.fromkeys([work.id, *ahead]))[:1]",
        (f"{UNDONE}::test_reading_anew_costs_one_request_in_fifty_creates_at_most",),
    ),
    Mutant(
        "reads each record that was approved by itself",
        "engine/store/sqlite/work.py",
        "(target_id IS NULL OR mass = ?)",
        "(target_id IS NULL OR mass = -?)",
        (f"{AHEAD}::test_what_was_approved_is_read_a_hundred_at_a_time",),
    ),
    Mutant(
        "reads each record that somebody has repaired by itself",
        "engine/store/sqlite/work.py",
        "(reread OR proved_at < ?",
        "(reread = 2 OR proved_at < ?",
        (f"{AHEAD}::test_what_somebody_has_repaired_is_read_a_hundred_at_a_time",),
    ),
    Mutant(
        "reads a whole backlog for each record that waited",
        WORK,
        "(lane, now, limit * AHEAD, before, Mass.APPROVED, limit)",
        "(lane, now, -1, before, Mass.APPROVED, limit)",
        (
            "tests/unit/engine/store/test_work.py"
            "::test_a_backlog_is_not_read_whole_for_those_who_waited",
        ),
    ),
    Mutant(
        "goes on waiting for a record that is not shown any more",
        CAPTURE,
        "[(row[0], row[1]) for row in rows], because(Code.RECORD_HIDDEN)",
        "[], because(Code.RECORD_HIDDEN)",
        (TAKEN_BACK,),
    ),
    Mutant(
        "does not say why a record was left out",
        CAPTURE,
        "    if became.left_out is not None:",
        "    if became.left_out is not None and row.linked:",
        (TAKEN_BACK,),
    ),
    Mutant(
        "sends a lost create again for a record that is gone",
        SYNCER,
        "if look is Look.GONE:",
        "if look is None:",
        (f"{UNDONE}::test_a_lost_create_of_a_record_taken_back_is_not_sent_again",),
    ),
    Mutant(
        "dispatches what a former process left before it has polled",
        "engine/assembly/building.py",
        "            dispatcher.first = poller.tried\n",
        "            dispatcher.first = None\n",
        (f"{UNDONE}::test_the_first_poll_comes_before_the_first_dispatch",),
    ),
    Mutant(
        "waits for ever to tell a deleted record its id",
        WRITE_BACK,
        "    if deleted:\n",
        "    if deleted and looks >= MISSING_LOOKS:\n",
        (f"{WRITING_BACK}::test_one_bad_row_does_not_hold_up_its_batch",),
    ),
    Mutant(
        "looks for a hidden record for ever",
        WRITE_BACK,
        "if looks >= MISSING_LOOKS:",
        "if looks < 0:",
        (f"{WRITING_BACK}::test_a_record_that_stays_hidden_is_given_up_after_a_while",),
    ),
    Mutant(
        "never tells a record that was given up and comes back",
        "engine/store/sqlite/withdrawals.py",
        "        capture.leave_out(connection, [(entry.record_id, entry.version)], reason, now)\n",
        "        pass\n",
        (f"{WRITING_BACK}::test_a_record_given_up_is_told_its_id_when_it_is_shown_again",),
    ),
    Mutant(
        "lets a row ahead of the clock move the watermark",
        MARKS,
        "believed = [position for position in positions if position.updated_at <= latest]",
        "believed = list(positions)",
        (UNIT_MARKS, f"{CLOCKS}::test_a_save_with_a_time_ahead_hides_no_later_edit"),
    ),
    Mutant(
        "believes a clock of ours that was set forward",
        MARKS,
        "clock = min(clock, moment.served_at)",
        "clock = max(clock, moment.served_at)",
        (UNIT_MARKS,),
    ),
    Mutant(
        "never looks back further than it is told to",
        MARKS,
        "wanted = overlap_s + 2 * mark.skew_s",
        "wanted = overlap_s",
        (UNIT_MARKS, f"{CLOCKS}::test_two_servers_with_clocks_of_their_own_lose_no_edit"),
    ),
    Mutant(
        "leaves a mark ahead of the clock where it is",
        MARKS,
        "    if _time(mark) > told + ROUNDING_S:\n        position =",
        "    if _time(mark) < 0:\n        position =",
        (UNIT_MARKS, f"{CLOCKS}::test_a_mark_carried_away_by_a_former_version_comes_back"),
    ),
    Mutant(
        "does not hear what time Workbooks tells",
        "connectors/workbooks/client.py",
        "return rows, odd, answers.served_at(reply.answer)",
        "return rows, odd, None",
        (f"{CLOCKS}::test_that_the_clocks_differ_is_told",),
    ),
    Mutant(
        "takes a slow answer for another clock",
        MARKS,
        "most = max(answer.sent_at - answer.served_at - 1.0 for answer in answers)",
        "most = max(answer.came_at - answer.served_at - 1.0 for answer in answers)",
        (UNIT_MARKS,),
    ),
    Mutant(
        "tells nobody which record is ahead",
        "engine/actors/polling/feed_clock.py",
        "if ahead_s > TOLD_S + mark.skew_s:",
        "if ahead_s > 1e9:",
        (f"{CLOCKS}::test_which_record_is_ahead_is_told_once_and_until_it_is_put_right",),
    ),
    Mutant(
        "takes an edit after a restore for a late read",
        VERSIONS,
        "if updated_at > known.updated_at or not may_lag:",
        "if not may_lag:",
        (f"{RESTORED}::test_an_edit_after_a_restore_arrives_with_the_next_poll",),
    ),
    Mutant(
        "takes an audit page for a late read",
        VERSIONS,
        "if updated_at > known.updated_at or not may_lag:",
        "if updated_at > known.updated_at:",
        (f"{RESTORED}::test_what_nobody_has_edited_since_is_found_by_the_audit",),
    ),
    Mutant(
        "takes one number for one state",
        VERSIONS,
        "other = updated_at != known.updated_at if known.timed else unlike",
        "other = unlike",
        (f"{RESTORED}::test_an_edit_that_counts_up_to_just_the_version_we_know_arrives",),
    ),
    Mutant(
        "never believes a listing that says the same again",
        VERSIONS,
        "return Seen.RESTORED if again else Seen.LATE",
        "return Seen.LATE",
        (CAPTURED, "tests/unit/engine/decide/test_version.py"),
    ),
    Mutant(
        "lets a restore pass the fuse",
        CAPTURE,
        "since=since, mass=weighed or restored)",
        "since=since, mass=weighed)",
        (CAPTURED,),
    ),
    Mutant(
        "believes after a restore what it wrote before",
        CAPTURE,
        '" WHERE id = ? AND delivered_version >= ?",',
        '" WHERE id = ? AND delivered_version >= ? + 1000",',
        (CAPTURED,),
    ),
    Mutant(
        "takes its own echo for another history",
        "engine/store/sqlite/outbox.py",
        '" timed = 0 WHERE id = ?"',
        '" timed = timed WHERE id = ?"',
        (
            "tests/scenario/test_writing_back.py::test_our_own_write_back_is_no_news",
            f"{RESTORED}::test_our_own_write_back_after_a_restore_is_no_news",
        ),
    ),
    Mutant(
        "creates somebody who was read at any time",
        "engine/decide/person.py",
        "if abs(now - candidate.read_at) > age_max_s:",
        "if now < 0:",
        (f"{UNDONE}::test_people_who_are_taken_back_while_they_wait_are_not_created",),
    ),
    Mutant(
        "looks at every tab of the last minute at every poll",
        "engine/actors/polling/seen_rows.py",
        "return position in self._seen",
        "return position.id < 0",
        ("tests/unit/engine/actors/test_seen_rows.py",),
    ),
    Mutant(
        "takes a row for looked at whose second is not over",
        "engine/actors/polling/seen_rows.py",
        "if position.updated_at <= over_at and",
        "if position.updated_at > 0 and",
        ("tests/unit/engine/actors/test_seen_rows.py",),
    ),
    Mutant(
        "reads what target records hold one by one after a state was lost",
        "engine/actors/opportunity/target_rows.py",
        "        if self.trust.may_list(work, record):\n",
        "        if self.trust.may_list(work, record) and not names:\n",
        (f"{TARGET_ROWS}::test_a_lost_state_is_learned_a_hundred_at_a_time",),
    ),
    Mutant(
        "believes what a collection shows of a record that was edited lately",
        "engine/decide/trust.py",
        "    return record.updated_at + SKEW_S + SENT_WITHIN_S + visibility_s < present\n",
        "    return record.updated_at <= present + SKEW_S\n",
        (f"{TARGET_ROWS}::test_what_was_edited_lately_is_looked_at_by_itself",),
    ),
    Mutant(
        "takes what several ids are answered for an answer about each of them",
        "engine/actors/opportunity/target_rows.py",
        "            self._failed_at = now\n            return\n",
        "            raise\n",
        (f"{TARGET_ROWS}::test_a_front_that_takes_one_id_at_a_time_loses_nothing",),
    ),
    Mutant(
        "takes what lies in the trash for what is there",
        "connectors/outreach/target.py",
        "                if one.id in chunk and not protocol.in_trash(one):\n",
        "                if one.id in chunk:\n",
        (f"{TARGET_ROWS}::test_what_the_collection_does_not_show_is_looked_at_by_itself",),
    ),
)
