"""Mutants that miss a change, or take their own write for one."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

CAPTURE = "engine/store/sqlite/capture.py"
SETTLE = "engine/store/sqlite/settle.py"
STORE = "tests/unit/engine/store"
WATERMARKS = "tests/unit/engine/decide/test_watermark.py"
OUTAGES = "tests/scenario/test_outages.py"
BULK = "tests/scenario/test_capture.py::test_a_bulk_import_sharing_one_second_arrives_whole"

MUTANTS = (
    Mutant(
        "leaves no overlap behind the newest row",
        "engine/decide/watermark.py",
        "final = clock - look_back_s(mark, overlap_s)",
        "final = clock",
        (WATERMARKS,),
    ),
    Mutant(
        "moves the watermark past rows that are not final",
        "engine/decide/watermark.py",
        "return replace(mark, position=max(safe))",
        "return replace(mark, position=max(positions))",
        (WATERMARKS,),
    ),
    Mutant(
        "measures the overlap with this machine's clock",
        "engine/decide/watermark.py",
        "final = clock - look_back_s(mark, overlap_s)",
        "final = moment.now - look_back_s(mark, overlap_s)",
        (WATERMARKS,),
    ),
    Mutant(
        "does not move the revision when a change is captured",
        CAPTURE,
        '" revision = revision + 1,"\n        " attempts = 0,',
        '" attempts = 0,',
        (f"{STORE}/test_settle.py::test_a_change_captured_meanwhile_keeps_the_record_pending",),
    ),
    Mutant(
        "lets a lower version win",
        CAPTURE,
        "return judged is not Seen.LATE",
        "return True",
        (f"{STORE}/test_capture.py::test_only_a_higher_version_is_a_change",),
    ),
    Mutant(
        "settles a record although a newer change waits",
        "engine/decide/settling.py",
        "    if now.revision == revision:\n        return Settled(_left_pending",
        "    if now.revision >= revision:\n        return Settled(_left_pending",
        (f"{STORE}/test_settle.py::test_a_change_captured_meanwhile_keeps_the_record_pending",),
    ),
    Mutant(
        "flags a record although a newer change waits",
        "engine/decide/settling.py",
        "State.REFUSED) if now.revision == revision else",
        "State.REFUSED) if now.revision >= revision else",
        (f"{STORE}/test_settle.py",),
    ),
    Mutant(
        "takes the version its own write-back made for news",
        "engine/decide/write_back.py",
        "version=max(before.version, version),",
        "version=max(before.version, version - 1),",
        (f"{STORE}/test_capture.py::test_the_version_our_own_write_back_made_is_no_change",),
    ),
    Mutant(
        "forgets which version it wrote back itself",
        "engine/decide/write_back.py",
        "delivered_version=before.delivered_version if before.version > version else version,",
        "delivered_version=before.delivered_version,",
        (f"{STORE}/test_outbox.py::test_a_delivery_is_kept_with_the_version_it_made",),
    ),
    Mutant(
        "takes a write-back for delivered although it changed meanwhile",
        "engine/store/sqlite/outbox.py",
        '" WHERE record_type = ? AND record_id = ? AND generation = ?"',
        '" WHERE record_type = ? AND record_id = ? AND generation >= ?"',
        (f"{STORE}/test_outbox.py::test_what_is_owed_once_more_while_it_was_sent_is_sent_again",),
    ),
    Mutant(
        "leaves out what a sweep has just shown",
        CAPTURE,
        "AND NOT linked AND swept < ?",
        "AND NOT linked AND swept <= ?",
        (f"{STORE}/test_capture.py",),
    ),
    Mutant(
        "leaves out what was captured while the sweep ran",
        CAPTURE,
        '" AND captured_at < ?"',
        '" AND captured_at <> ?"',
        (f"{STORE}/test_capture.py::test_a_record_captured_while_the_sweep_ran_is_not_dropped",),
    ),
    Mutant(
        "does not bring back what a sweep shows",
        CAPTURE,
        "return left_out is not None",
        "return False",
        (
            f"{STORE}/test_capture.py::test_a_sweep_brings_back_what_it_shows_and_drops_what_it_does_not",
        ),
    ),
    Mutant(
        "does not see a tab that differs on the same version",
        CAPTURE,
        "    return bool(differs)\n",
        "    return False\n",
        (
            f"{STORE}/test_capture.py::test_a_tab_that_differs_on_the_same_version_is_no_change_of_the_record",
        ),
    ),
    Mutant(
        "drops the last row of a page",
        CAPTURE,
        "row for row in rows if _is_change(connection, row, ",
        "row for row in rows[:-1] if _is_change(connection, row, ",
        (f"{STORE}/test_capture.py::test_the_rows_and_the_watermark_are_kept_together",),
    ),
    Mutant(
        "takes a full page for the last one",
        "connectors/workbooks/paging.py",
        "last := rows < asked and (",
        "last := rows <= asked and (",
        ("tests/unit/connectors/workbooks/test_paging.py",),
    ),
    Mutant(
        "takes a short page for the last one",
        "connectors/workbooks/paging.py",
        " and (longer_seen or rows < SUSPICIOUS_MIN)",
        "",
        ("tests/unit/connectors/workbooks/test_paging.py",),
    ),
    Mutant(
        "pages past the rows that share the last one's second",
        "connectors/workbooks/listings.py",
        'Filter("updated_at", "ge", utc_text(after.updated_at)),',
        'Filter("updated_at", "gt", utc_text(after.updated_at)),',
        (BULK,),
    ),
    Mutant(
        "confirms nothing of a batch with one bad row",
        "engine/actors/write_back.py",
        "if one[1].verdict is Verdict.CONFIRM]",
        "if {one.verdict for one in decisions} == {Verdict.CONFIRM}]",
        (
            "tests/scenario/test_no_second_request.py::test_what_a_batch_delivered_is_not_delivered_again_for_one_that_failed",
        ),
    ),
    Mutant(
        "acknowledges a commit that failed",
        "engine/store/grouping.py",
        "        for job in group:\n            job.error = error\n",
        "        del error\n",
        (f"{STORE}/test_failing_commits.py",),
    ),
    Mutant(
        "keeps half of what a failing function wrote",
        "engine/store/sqlite/threaded.py",
        '            connection.execute("ROLLBACK")',
        '            connection.execute("COMMIT")',
        (f"{STORE}/test_port.py::test_a_function_that_fails_leaves_nothing_behind",),
    ),
    Mutant(
        "carries out what waits together in another order",
        "engine/store/sqlite/threaded.py",
        "        for job in group:\n            try:",
        "        for job in reversed(group):\n            try:",
        ("tests/property/test_store_model.py",),
    ),
    Mutant(
        "lets one function's error undo the work of its neighbours",
        "engine/store/grouping.py",
        "            run_group([job], together, refusal)\n",
        "            job.error = failed.__cause__\n",
        (f"{STORE}/test_threaded.py::test_one_callers_error_undoes_that_callers_work_alone",),
    ),
    Mutant(
        "guards each write with a savepoint, for which pages are copied into a file",
        "engine/store/sqlite/threaded.py",
        "                job.result = job.run(connection)\n",
        '                connection.execute("SAVEPOINT job")\n'
        "                job.result = job.run(connection)\n",
        ("tests/scenario/test_frugal.py::test_what_a_created_record_costs",),
    ),
    Mutant(
        "counts no requests for what is run again",
        "engine/store/grouping.py",
        "            job.undone()\n",
        "",
        (f"{STORE}/test_threaded.py::test_what_is_run_again_takes_note_of_the_same_requests",),
    ),
    Mutant(
        "acknowledges what a power loss would undo",
        "engine/store/sqlite/statefile.py",
        "{'FULL' if durable else 'OFF'}",
        "{'NORMAL' if durable else 'OFF'}",
        (f"{STORE}/test_statefile.py::test_the_writer_is_durable_and_a_reader_cannot_write",),
    ),
    Mutant(
        "lets a second process use the same state",
        "engine/store/statedir.py",
        "fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)",
        (
            f"{STORE}/test_statefile.py::test_a_second_process_is_refused_and_may_come_when_the_first_is_gone",
        ),
    ),
    Mutant(
        "waits by a clock that was ahead",
        "engine/store/sqlite/waits.py",
        "    latest = now + longest_s\n",
        "    latest = NEVER\n",
        (f"{OUTAGES}::test_waits_of_a_clock_that_was_ahead_strand_nothing",),
    ),
    Mutant(
        "doubts by a clock that was ahead",
        "engine/store/sqlite/waits.py",
        'f"{column} > :now" for column in HAPPENED[table]',
        'f"{column} > :now + 9e9" for column in HAPPENED[table]',
        ("tests/unit/engine/store/test_waits.py::test_nothing_has_happened_later_than_now",),
    ),
    Mutant(
        "ends an actor with its first surprise",
        "engine/actors/tolerating.py",
        "    except Exception as error:",
        "    except KeyboardInterrupt as error:",
        ("tests/unit/engine/actors/test_tolerating.py",),
    ),
    Mutant(
        "asks on and on where a listing stands still",
        "engine/decide/watermark.py",
        "    if cursor is not None and newest <= cursor:",
        "    if cursor is None:",
        ("tests/unit/engine/actors/test_tolerating.py",),
    ),
)
