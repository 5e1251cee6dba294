"""Mistakes in who may work on a state that several processes share."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

LEASE = "tests/unit/engine/store/test_lease.py"
WRITER = "engine/store/postgres/writer.py"
WIRE = "tests/unit/engine/wire/test_guarded.py"

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
        'return row == ("committed",)',
        "return False",
        (f"{LEASE}::test_a_write_whose_commit_is_lost_is_done_once",),
    ),
    Mutant(
        "takes a commit without an answer for one that was executed",
        WRITER,
        'return row == ("committed",)',
        "return True",
        (f"{LEASE}::test_a_write_whose_commit_is_lost_is_done_once",),
    ),
    Mutant(
        "believes in its lease for longer than it lasts",
        "engine/store/postgres/lease.py",
        "return not self._ended.is_set() and passed_s() < self._until",
        "return not self._ended.is_set()",
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
        "sends on a new connection after its lease has ended",
        "engine/wire/transport.py",
        "        tracing.on_connection_create_end.append(guarded)\n",
        "",
        (f"{WIRE}::test_nothing_leaves_once_the_guard_says_no",),
    ),
    Mutant(
        "sends on a kept connection after its lease has ended",
        "engine/wire/transport.py",
        "        tracing.on_connection_reuseconn.append(guarded)\n",
        "",
        (f"{WIRE}::test_nothing_leaves_once_the_guard_says_no",),
    ),
)
