"""Mutants that serve keys wrongly, spend what is not ours, or blame records for outages."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

MAILBOX = "engine/flow/mailbox.py"
BUDGET = "engine/flow/budget.py"
TRIAGE = "engine/triage.py"
UNIT = "tests/unit/engine/flow"
MODEL = "tests/property/test_mailbox_model.py"
VERDICTS = "tests/unit/engine/test_triage.py"

MUTANTS = (
    Mutant(
        "hands one key to two workers",
        MAILBOX,
        "        if key in self._held:\n            again",
        "        if key in self._lanes:\n            again",
        (f"{UNIT}/test_mailbox.py::test_a_key_sent_while_it_is_held_is_served_once_more",),
    ),
    Mutant(
        "forgets a message about a key that is held",
        MAILBOX,
        "        if self._discarding:\n            again = None",
        "        if again:\n            again = None",
        (f"{UNIT}/test_mailbox.py::test_a_key_sent_while_it_is_held_is_served_once_more",),
    ),
    Mutant(
        "never serves the backlog while there are fresh keys",
        MAILBOX,
        "if fresh and (not backlog or self._streak < FRESH_STREAK_MAX):",
        "if fresh:",
        (
            f"{UNIT}/test_mailbox.py::test_fresh_keys_overtake_a_backlog_and_the_backlog_still_moves",
        ),
    ),
    Mutant(
        "serves the backlog first",
        MAILBOX,
        "if fresh and (not backlog or self._streak < FRESH_STREAK_MAX):",
        "if fresh and not backlog:",
        (
            f"{UNIT}/test_mailbox.py::test_fresh_keys_overtake_a_backlog_and_the_backlog_still_moves",
        ),
    ),
    Mutant(
        "serves the newest key of a lane first",
        MAILBOX,
        "key, since = self._lanes[lane].popitem(last=False)",
        "key, since = self._lanes[lane].popitem(last=True)",
        (MODEL,),
    ),
    Mutant(
        "queues a fresh message about a held key in the backlog",
        MAILBOX,
        "self._lanes[again][key] = anyio.current_time()",
        "self._lanes[Lane.BACKLOG][key] = anyio.current_time()",
        (MODEL,),
    ),
    Mutant(
        "lifts keys into a lane that is full",
        MAILBOX,
        "            if self.room(lane) <= 0:\n                return False\n",
        "",
        (f"{UNIT}/test_mailbox.py::test_a_key_is_lifted_only_where_there_is_room",),
    ),
    Mutant(
        "takes any number of keys",
        MAILBOX,
        "return self.capacity - len(self._lanes[lane])",
        "return self.capacity",
        (
            f"{UNIT}/test_mailbox.py::test_a_full_lane_makes_its_sender_wait_and_the_other_lane_does_not",
        ),
    ),
    Mutant(
        "leaves others no reserve",
        BUDGET,
        "allowed = limit - min(self.limits.reserve, limit // 2)",
        "allowed = limit",
        (f"{UNIT}/test_budget.py::test_the_reserve_is_left_to_others_but_never_more_than_half",),
    ),
    Mutant(
        "lets a backlog use the share of fresh edits",
        BUDGET,
        "allowed -= int(allowed * self.limits.fresh_share)",
        "allowed -= 0",
        (f"{UNIT}/test_budget.py::test_a_backlog_leaves_a_share_for_fresh_edits",),
    ),
    Mutant(
        "believes the higher of two answers about the allowance",
        BUDGET,
        "min(known, remaining) if same_window",
        "max(known, remaining) if same_window",
        (
            f"{UNIT}/test_budget.py::test_answers_that_overtake_each_other_do_not_raise_what_is_left",
        ),
    ),
    Mutant(
        "ignores how long it was told to wait",
        "connectors/outreach/limits.py",
        "wait = self._guessed(now) if told_s is None else told_s",
        "wait = WAIT_MIN_S",
        ("tests/unit/connectors/outreach/test_limits.py",),
    ),
    Mutant(
        "sends to a system that is paused",
        "engine/flow/governor.py",
        "while (paused := self.paused_s) > 0:",
        "while (paused := self.paused_s) < 0:",
        (f"{UNIT}/test_governor.py",),
    ),
    Mutant(
        "flags every record when a permission is missing",
        TRIAGE,
        "if around.forbidden_alike >= FORBIDDEN_ALIKE:",
        "if around.forbidden_alike < 0:",
        (VERDICTS,),
    ),
    Mutant(
        "flags records in an outage",
        TRIAGE,
        "counts = around.others_succeed or not isinstance(error, EngineError)",
        "counts = True",
        (VERDICTS,),
    ),
    Mutant(
        "counts a throttle as a failure of the record",
        TRIAGE,
        "return Retry(counts=False)",
        "return Retry(counts=True)",
        (VERDICTS,),
    ),
    Mutant(
        "never flags what keeps failing while others succeed",
        TRIAGE,
        "if counts and around.attempts + 1 >= around.attempts_max:",
        "if counts and around.attempts_max < 0:",
        (VERDICTS,),
    ),
    Mutant(
        "flags records when credentials are refused",
        TRIAGE,
        "if isinstance(error, Misconfigured):",
        "if isinstance(error, Unreachable):",
        (VERDICTS,),
    ),
)
