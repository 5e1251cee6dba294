"""Mistakes in who may work on a state that several processes share."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

LEASE = "tests/unit/engine/store/test_lease.py"
LINK = "tests/unit/engine/store/test_link.py"
WRITER = "engine/store/postgres/writer.py"
WIRE = "tests/unit/engine/wire/test_guarded.py"
SENT = "tests/unit/engine/wire/test_transport.py"
STANDBY = "tests/unit/engine/service/test_standby.py"

MUTANTS = (
    Mutant(
        "writes under a lease that has ended",
        WRITER,
        '"SELECT fence(%s), pg_current_xact_id()::text"',
        '"SELECT %s, pg_current_xact_id()::text"',
        (f"{LEASE}::test_what_was_sent_under_an_earlier_number_is_refused",),
    ),
    Mutant(
        "takes a commit without an answer for one that was not executed",
        WRITER,
        'return status == "committed"',
        "return False",
        (f"{LEASE}::test_a_write_whose_commit_is_lost_is_done_once",),
    ),
    Mutant(
        "takes a commit without an answer for one that was executed",
        WRITER,
        'return status == "committed"',
        "return True",
        (f"{LEASE}::test_a_write_whose_commit_is_lost_is_done_once",),
    ),
    Mutant(
        "believes in its lease for longer than it lasts",
        "engine/store/postgres/lease.py",
        "return 0.0 if self._ended.is_set() else self._until - passed_s()",
        "return 0.0 if self._ended.is_set() else self.lasts_s",
        (f"{LEASE}::test_a_lease_that_cannot_be_renewed_ends_here_before_it_does_there",),
    ),
    Mutant(
        "waits for ever for a process that is frozen within a transaction",
        "engine/store/postgres/lease.py",
        "                _end_transactions(connection, database)\n",
        "                pass\n",
        (f"{LEASE}::test_a_process_that_is_frozen_within_a_transaction_keeps_nobody_waiting",),
    ),
    Mutant(
        "keeps its lease when it stops in order",
        "engine/store/postgres/lease.py",
        "    finally:\n        lease.give_back()\n",
        "    finally:\n        lease._ended.set()\n",
        (f"{LEASE}::test_a_lease_that_is_given_back_is_free_at_once",),
    ),
    Mutant(
        "gives out a number again after a dump was put back",
        "engine/store/postgres/lease.py",
        "(extract(epoch FROM clock_timestamp()) * 1000)::bigint)",
        "0)",
        (f"{LEASE}::test_the_number_grows_across_tables_that_were_put_back",),
    ),
    Mutant(
        "works though it was told to stop as its turn came",
        "engine/service/standby.py",
        "return self._ours and not self._stopped",
        "return self._ours",
        (f"{STANDBY}::test_whoever_is_told_to_stop_does_not_work_though_it_is_his_turn",),
    ),
    Mutant(
        "waits for a replica to become a primary by itself",
        "engine/service/standby.py",
        "if not (self._was_usable or isinstance(error, StateAway)):",
        "if not (self._was_usable or isinstance(error, StateAway | StateReadOnly)):",
        (f"{STANDBY}::test_whoever_could_never_write_is_not_kept_waiting",),
    ),
    Mutant(
        "ends where a primary was demoted",
        "engine/service/standby.py",
        "if not (self._was_usable or isinstance(error, StateAway)):",
        "if not isinstance(error, StateAway):",
        (f"{STANDBY}::test_a_database_that_can_be_read_only_by_now_is_waited_for",),
    ),
    Mutant(
        "leaves to the kernel what it gave up",
        "engine/wire/transport.py",
        '_DROPPED, _SENT_ON = struct.pack("ii", 1, 0)',
        '_DROPPED, _SENT_ON = struct.pack("ii", 0, 0)',
        (f"{SENT}::test_what_was_not_taken_in_time_is_not_sent_behind_ones_back",),
    ),
    Mutant(
        "resets a connection that is done with",
        "engine/wire/transport.py",
        "        if not left:\n",
        "        if left:\n",
        (f"{SENT}::test_a_connection_whose_request_arrived_is_closed_in_order",),
    ),
    Mutant(
        "sends on a connection after its lease has ended",
        "engine/wire/transport.py",
        "min(self.guard(), UNHEARD_S)",
        "UNHEARD_S",
        (f"{WIRE}::test_nothing_leaves_once_the_guard_says_no",),
    ),
    Mutant(
        "does not ask again when a request is about to leave",
        "engine/wire/transport.py",
        "        guard()\n",
        "        _ = guard\n",
        (f"{WIRE}::test_it_is_asked_again_right_before_the_first_byte_leaves",),
    ),
    Mutant(
        "leaves to the kernel what was sent under a lease that has ended",
        "engine/wire/transport.py",
        "min(self.guard(), UNHEARD_S)",
        "self.guard() and UNHEARD_S",
        (f"{WIRE}::test_what_was_sent_is_not_on_its_way_for_longer_than_the_guard_says",),
    ),
    Mutant(
        "waits for a database that never answers",
        "engine/store/postgres/link.py",
        "elif self._is_in_vain(silent_since):",
        "elif False:",
        (f"{LINK}::test_whoever_asks_gives_up",),
    ),
    Mutant(
        "writes on under its lease where a replica was promoted",
        WRITER,
        "if timeline != self.lease.timeline:",
        "if self.lease.timeline is timeline is None:",
        (
            "tests/end_to_end/test_demotion.py::test_a_process_whose_lease_outlasts_a_promotion_takes_the_state_up_anew",
        ),
    ),
    Mutant(
        "ends where the database lets nobody in for a while",
        "engine/service/standby.py",
        "if not await standby.is_refused():",
        "if standby.is_refused:",
        (f"{STANDBY}::test_a_database_that_refuses_whom_it_let_in_before_is_waited_for",),
    ),
    Mutant(
        "waits for a database that never let anybody in",
        "engine/service/standby.py",
        "if not (self._was_usable or isinstance(error, StateAway)):",
        "if self.told is None:",
        (f"{STANDBY}::test_whoever_was_never_let_in_is_not_kept_waiting",),
    ),
    Mutant(
        "stands by and notes nothing",
        "engine/store/postgres/place.py",
        "if seen is not None and seen.exceeds(highest):",
        "if seen is not None and highest is seen:",
        (
            "tests/unit/engine/store/test_place.py::test_who_stands_by_knows_when_an_older_state_was_put_in_its_place",
        ),
    ),
    Mutant(
        "does not mind that a replica was promoted",
        "engine/store/rows/provenance.py",
        "copied=setting(COPIED) or promoted,",
        "copied=setting(COPIED),",
        ("tests/unit/engine/store/test_provenance.py",),
    ),
    Mutant(
        "believes a promoted replica that it never held anything",
        "engine/store/rows/provenance.py",
        "held = setting(MOVED) is not None or promoted is not None",
        "held = setting(MOVED) is not None",
        ("tests/unit/engine/store/test_provenance.py",),
    ),
    Mutant(
        "keeps a stop waiting for an access token",
        "engine/service/working.py",
        "                governor.drain()\n",
        "                pass\n",
        ("tests/scenario/test_running.py::test_a_stop_does_not_wait_for_an_access_token",),
    ),
)
