"""Mutants that watch over the running service wrongly, or tell others something false of it."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

SUPERVISION = "engine/service/supervision.py"
WORKTIME = "engine/flow/worktime.py"
POOL = "engine/flow/pool.py"
HTTP = "engine/service/http.py"
MEASURE = "engine/store/sqlite/measure.py"
UNIT = "tests/unit/engine"
SUPERVISED = f"{UNIT}/service/test_supervision.py"
TIMED = f"{UNIT}/flow/test_worktime.py"
POOLED = f"{UNIT}/flow/test_pool.py"
TOLD = f"{UNIT}/service/test_notify.py"
ASKED = f"{UNIT}/service/test_http.py"
START_UP = "tests/end_to_end/test_start_up.py"
MEASURED = f"{UNIT}/store/test_measure.py"
HEARD = (
    "tests/scenario/test_reload_moments.py"
    "::test_the_supervisor_hears_of_a_reload_only_while_there_is_a_service_to_come_back_to"
)

MUTANTS = (
    Mutant(
        "feeds the watchdog although an actor is stalled",
        SUPERVISION,
        "{', '.join(stalled)}\")\n            return\n",
        "{', '.join(stalled)}\")\n",
        (f"{SUPERVISED}::test_a_frozen_actor_is_found_in_time_and_named_everywhere",),
    ),
    Mutant(
        "never feeds the watchdog",
        SUPERVISION,
        "        self.notifier.alive()\n",
        "",
        (f"{SUPERVISED}::test_a_service_with_nothing_to_do_is_fed_for_ever",),
    ),
    Mutant(
        "calls an actor stalled after one check",
        SUPERVISION,
        "if times >= STALLED_CHECKS]",
        "if times]",
        (f"{SUPERVISED}::test_one_late_sign_is_not_yet_a_stall",),
    ),
    Mutant(
        "accuses everybody after a sleep of the whole process",
        SUPERVISION,
        "more = 1 if in_time else 0",
        "more = 1",
        (f"{SUPERVISED}::test_a_process_that_was_stopped_as_a_whole_accuses_nobody",),
    ),
    Mutant(
        "acquits everybody in a check that comes late",
        SUPERVISION,
        "overdue = self.assembly.worktime.overdue()",
        "overdue = self.assembly.worktime.overdue() if in_time else []",
        (f"{SUPERVISED}::test_a_late_check_acquits_nobody",),
    ),
    Mutant(
        "tells the supervisor that it is ready before the first poll",
        SUPERVISION,
        "and self.status.not_ready() is None:",
        "and self.status.started and not self.status.stopping:",
        (f"{SUPERVISED}::test_readiness_waits_for_the_first_poll",),
    ),
    Mutant(
        "lets a long start time out",
        SUPERVISION,
        "elif self.status.stopping or not self.notifier.told_ready:",
        "elif self.status.stopping:",
        (f"{SUPERVISED}::test_a_start_is_given_time_for_as_long_as_it_goes_on",),
    ),
    Mutant(
        "lets a long drain time out",
        SUPERVISION,
        "elif self.status.stopping or not self.notifier.told_ready:",
        "elif not self.notifier.told_ready:",
        (f"{SUPERVISED}::test_a_drain_is_given_time_for_as_long_as_it_goes_on",),
    ),
    Mutant(
        "misses a worker that hangs without having announced a wait",
        WORKTIME,
        "default=self.sign_at + STALL_S",
        "default=math.inf",
        (f"{TIMED}::test_a_worker_without_a_sign_is_found_when_its_time_is_over_and_not_before",),
    ),
    Mutant(
        "accuses a worker that has nothing to do",
        WORKTIME,
        "state: State, within_s: float = math.inf,",
        "state: State, within_s: float = STALL_S,",
        (f"{TIMED}::test_a_wait_without_an_end_is_never_found",),
    ),
    Mutant(
        "takes many short steps for none",
        WORKTIME,
        "        self.sign_at = now\n        before = self.state\n"
        "        self.state = _first(_OF_WAITS, self.waits) if self.waits else State.BUSY\n"
        "        if self.state is before:\n            return\n",
        "        before = self.state\n"
        "        self.state = _first(_OF_WAITS, self.waits) if self.waits else State.BUSY\n"
        "        if self.state is before:\n            return\n        self.sign_at = now\n",
        (f"{TIMED}::test_each_sign_gives_the_same_time_again",),
    ),
    Mutant(
        "lets a short wait shorten the long one around it",
        WORKTIME,
        "return now > max(\n",
        "return now > min(\n",
        (f"{TIMED}::test_a_short_wait_that_hangs_has_the_time_of_the_long_one_around_it",),
    ),
    Mutant(
        "accuses whoever waits for a lock whose holder gets on",
        WORKTIME,
        "if holder.overdue(now, rest) else math.inf",
        "if holder.overdue(now, rest) else self.until",
        (f"{TIMED}::test_whoever_waits_for_a_lock_may_wait_while_its_holder_gets_on",),
    ),
    Mutant(
        "excuses whoever waits for a lock whose holder hangs",
        WORKTIME,
        "return self.since + STALL_S if holder.overdue(now, rest) else math.inf",
        "return math.inf",
        (f"{TIMED}::test_whoever_waits_for_a_lock_is_found_when_its_holder_hangs",),
    ),
    Mutant(
        "leaves the mark of a wait that was cancelled",
        WORKTIME,
        "    def __exit__(self, *_: object) -> None:\n        self.task.waits.remove(self)\n",
        "    def __exit__(self, *how: object) -> None:\n        if how[0] is None:\n"
        "            self.task.waits.remove(self)\n",
        (f"{TIMED}::test_a_wait_that_is_cancelled_leaves_no_mark",),
    ),
    Mutant(
        "cancels a worker at work when the pool shrinks",
        POOL,
        "self._tasks.start_soon(self.worktime.timed, self.actor, worker.run)",
        "self._tasks.start_soon(\n"
        "                self.worktime.timed,\n"
        "                self.actor,\n"
        "                lambda one=worker: one.stop.unless_requested(one.run),\n"
        "            )",
        (f"{POOLED}::test_whoever_must_leave_finishes_what_it_holds_and_takes_nothing_more",),
    ),
    Mutant(
        "hires nobody when the pool grows",
        POOL,
        ".pop().stop)\n        self._fill()",
        ".pop().stop)",
        (f"{POOLED}::test_a_pool_that_grows_takes_up_what_waits_at_once",),
    ),
    Mutant(
        "says that a reload began without saying when",
        "engine/service/notify.py",
        'self._send("RELOADING=1", f"MONOTONIC_USEC={int(anyio.current_time() * _MICROSECONDS)}")',
        'self._send("RELOADING=1")',
        (f"{TOLD}::test_a_whole_life_is_told_word_for_word",),
    ),
    Mutant(
        "reports a reload before it was ever ready",
        "engine/service/process.py",
        "told = self.notifier.told_ready and not status.stopping",
        "told = not status.stopping",
        (HEARD,),
    ),
    Mutant(
        "does not say that it stops",
        "engine/service/process.py",
        '            self.notifier.stopping(f"stopping, within {within_s:g} s")\n',
        "",
        (HEARD,),
    ),
    Mutant(
        "answers a command that means another service",
        HTTP,
        "        if wanted is not None and wanted != header_of(ours):\n",
        "        if wanted is not None and not header_of(ours):\n",
        (f"{ASKED}::test_a_command_that_means_another_pair_is_told_which_one_this_is",),
    ),
    Mutant(
        "names a configuration in characters that no header carries",
        "engine/service/headers.py",
        "    return quote_from_bytes(os.fsencode(config.resolve()))\n",
        "    return str(config.resolve())\n",
        (f"{START_UP}::test_what_a_running_service_answers_loads_no_settings",),
    ),
    Mutant(
        "believes that the file is as the service read it",
        "engine/cli/showing.py",
        "    if stamp and stamp == stamp_of(path):\n",
        "    if stamp:\n",
        (f"{START_UP}::test_a_file_changed_beside_the_service_is_judged",),
    ),
    Mutant(
        "keeps every connection there is",
        HTTP,
        "if len(self.connections) > CONNECTIONS_MAX:",
        "if len(self.connections) < 0:",
        (f"{ASKED}::test_the_newest_connection_pushes_out_the_one_that_rested_longest",),
    ),
    Mutant(
        "gives the age of the newest change for that of the oldest",
        MEASURE,
        'min(pending_since), sum(due_at <= ?),"\n'
        '        " max(CASE WHEN due_at <= ? THEN due_at END) FROM record"',
        'max(pending_since), sum(due_at <= ?),"\n'
        '        " max(CASE WHEN due_at <= ? THEN due_at END) FROM record"',
        (f"{MEASURED}::test_an_edit_waits_since_it_was_made_in_the_source",),
    ),
    Mutant(
        "counts what the fuse holds among what is late",
        MEASURE,
        "FROM record\"\n        \" WHERE state = 'pending' AND mass <> 2",
        "FROM record\"\n        \" WHERE state = 'pending'",
        (f"{MEASURED}::test_what_the_fuse_holds_is_neither_late_nor_in_error",),
    ),
    Mutant(
        "takes the age of a write-back from its next attempt",
        MEASURE,
        "min(o.changed_at), 0, NULL FROM outbox",
        "min(o.due_at), 0, NULL FROM outbox",
        (f"{MEASURED}::test_what_the_source_is_owed_waits_since_the_change_it_answers",),
    ),
    Mutant(
        "counts only write-backs that failed before",
        MEASURE,
        " WHERE o.reason_code IS NOT ? GROUP BY 1",
        " WHERE o.reason_code <> ? GROUP BY 1",
        (f"{MEASURED}::test_what_the_source_is_owed_waits_since_the_change_it_answers",),
    ),
    Mutant(
        "makes a wait younger with every further edit",
        "engine/decide/capture.py",
        "return min(before.pending_since, since)",
        "return since if before.pending_since else now",
        (f"{MEASURED}::test_editing_again_what_waits_does_not_make_it_younger",),
    ),
    Mutant(
        "shows an error for ever once it was there",
        "engine/service/gauges.py",
        "        for kind in labels.REFUSED_KINDS:\n"
        "            for reason_class in labels.REFUSAL_CLASSES:\n"
        "                number = in_error[kind, reason_class]\n"
        "                metrics.records_in_error.labels(kind, reason_class).set(number)\n",
        "        for (kind, reason_class), number in in_error.items():\n"
        "            metrics.records_in_error.labels(kind, reason_class).set(number)\n",
        (
            f"{UNIT}/service/test_gauges.py::test_errors_are_counted_by_a_closed_set_of_reasons_and_go_when_they_are_mended",
        ),
    ),
    Mutant(
        "shows a series only once something has happened",
        "engine/metrics/families.py",
        "                family.labels(*_tuple(value))\n",
        "                pass\n",
        (f"{UNIT}/metrics/test_families.py",),
    ),
)
