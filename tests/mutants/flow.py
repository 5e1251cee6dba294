"""Mutants that serve keys wrongly, spend what is not ours, or blame records for outages."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

FRUGAL = "tests/scenario/test_frugal.py::test_what_a_created_record_costs"
DISPATCHER = "tests/unit/engine/actors/test_dispatcher.py"
MAILBOX = "engine/flow/mailbox.py"
WINDOW = "engine/flow/window.py"
ALLOWANCE = "engine/flow/allowance.py"
FAILURE = "engine/decide/failure.py"
UNIT = "tests/unit/engine/flow"
MODEL = "tests/property/test_mailbox_model.py"
COMMON = "tests/unit/engine/flow/test_common.py"
ANEW = (
    "tests/unit/engine/flow/test_governor.py"
    "::test_new_limits_let_one_request_ask_how_the_window_stands"
)
VERDICTS = "tests/unit/engine/decide/test_failure.py"
BACKING_OFF = "tests/scenario/test_backing_off.py"
INVISIBLE = "tests/scenario/test_taken_and_invisible.py"

WINDOWED = f"{UNIT}/test_window.py"

MUTANTS = (
    Mutant(
        "makes an event for a ring that nobody hears",
        "engine/flow/bell.py",
        "        if self._heard is not None:\n            self._heard.set()\n",
        "        if self._heard is None:\n            self._heard = anyio.Event()\n"
        "        if self._heard is not None:\n            self._heard.set()\n",
        (FRUGAL,),
    ),
    Mutant(
        "lets an edit that finds the service idle wait for others",
        "engine/actors/dispatcher.py",
        "        since_s = loop_time() - self._looked_at\n",
        "        since_s = 0.0\n",
        (f"{DISPATCHER}::test_the_first_ring_after_a_rest_is_answered_at_once",),
    ),
    Mutant(
        "looks once more for what the last look has found",
        "engine/actors/dispatcher.py",
        "        self.signal.forget()\n",
        "",
        (f"{DISPATCHER}::test_rings_in_a_row_cost_one_look",),
    ),
    Mutant(
        "hands every look at a record over to another thread",
        "engine/store/sqlite/subjects.py",
        "    load = glancing(work.load)\n",
        "    load = reading(work.load)\n",
        (FRUGAL,),
    ),
    Mutant(
        "gives up a look that finds the file locked for a moment",
        "engine/store/sqlite/threaded.py",
        "            return await self.read(function, *args, **kwargs)\n",
        "            raise\n",
        ("tests/unit/engine/store/test_glances.py::test_what_cannot_be_seen_at_once_is_read",),
    ),
    Mutant(
        "reads each record twice",
        "engine/actors/opportunity_syncer.py",
        "            async with self.bulk.in_hand(lambda: self.store.records.load(key)) as work:\n",
        "            await self.store.records.load(key)\n"
        "            async with self.bulk.in_hand(lambda: self.store.records.load(key)) as work:\n",
        (FRUGAL,),
    ),
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
        "self._lanes[again][key] = loop_time()",
        "self._lanes[Lane.BACKLOG][key] = loop_time()",
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
        "return self.capacity - self.queued(lane)",
        "return self.capacity",
        (
            f"{UNIT}/test_mailbox.py::test_a_full_lane_makes_its_sender_wait_and_the_other_lane_does_not",
        ),
    ),
    Mutant(
        "leaves others no reserve",
        ALLOWANCE,
        "return max(1, limit - min(self.reserve, limit // 2))",
        "return limit",
        (f"{UNIT}/test_budget.py::test_the_reserve_is_left_to_others_but_never_more_than_half",),
    ),
    Mutant(
        "lets a backlog use the share of fresh edits",
        ALLOWANCE,
        "return int(self.of(limit) * self.fresh_share)",
        "return 0",
        (f"{UNIT}/test_budget.py::test_a_backlog_leaves_a_share_for_fresh_edits",),
    ),
    Mutant(
        "believes nothing of a limit that was raised in its window",
        WINDOW,
        "same_window = same_end and limit in (None, self.limit)",
        "same_window = same_end",
        (f"{UNIT}/test_budget.py::test_a_limit_that_is_raised_within_its_window_is_believed",),
    ),
    Mutant(
        "waits for the end of the window whatever an operator does",
        WINDOW,
        "        self.remaining = None\n",
        "",
        (ANEW,),
    ),
    Mutant(
        "lets everything through that may be too much",
        "engine/flow/governor.py",
        "if self.budget.window.asked_anew and self.budget.under_way(self.in_flight):",
        "if self.budget.window.asked_anew and self.budget.under_way(self.in_flight) < 0:",
        (ANEW,),
    ),
    Mutant(
        "counts for a pair what it has sent alone",
        "engine/flow/budget.py",
        "return self.minutes if self.common is None else self.common.drawn(self.minutes, now)",
        "return self.minutes",
        (f"{COMMON}::test_pairs_of_one_user_share_the_hour_and_keep_counts_of_their_own",),
    ),
    Mutant(
        "takes our own other processes for strangers",
        "engine/flow/others.py",
        "            self._nobodys[-1] += drawn",
        "            self._book(drawn)",
        (f"{COMMON}::test_our_own_other_processes_are_no_strangers",),
    ),
    Mutant(
        "counts what a pair brings along a second time",
        "engine/flow/budget.py",
        "drawn = {at: used - counted.get(at, 0) for at, used in self.minutes}",
        "drawn = {at: used for at, used in self.minutes if counted is not None}",
        (f"{COMMON}::test_what_a_pair_has_sent_before_is_brought_along_and_nothing_twice",),
    ),
    Mutant(
        "keeps a pause that was told for a limit that is another by now",
        "engine/flow/governor.py",
        "        if isinstance(self.pause_cause, Throttled):\n            self._paused_until",
        "        if isinstance(self.pause_cause, HeldBack):\n            self._paused_until",
        (ANEW,),
    ),
    Mutant(
        "has a record that was held back wait for the end of a pause that is over",
        FAILURE,
        "told_s = min(error.retry_after_s or longest_s, SPACING_S)",
        "told_s = error.retry_after_s or longest_s",
        (VERDICTS,),
    ),
    Mutant(
        "has a record that was refused for the limit wait for its end",
        FAILURE,
        "told_s = min(told_s, SPACING_S)",
        "told_s = max(told_s, SPACING_S)",
        (VERDICTS,),
    ),
    Mutant(
        "believes the higher of two answers about the allowance",
        WINDOW,
        "else min(known, remaining)",
        "else max(known, remaining)",
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
        "        if self.paused_s > 0:\n            return",
        "        if self.paused_s < 0:\n            return",
        (f"{UNIT}/test_governor.py",),
    ),
    Mutant(
        "pauses all for what concerns one record while others succeed",
        FAILURE,
        "if isinstance(error, Misconfigured) and not around.others_succeed:",
        "if isinstance(error, Misconfigured):",
        ("tests/unit/engine/decide/test_failure.py",),
    ),
    Mutant(
        "flags every record when a permission is missing",
        FAILURE,
        "if around.forbidden_alike >= FORBIDDEN_ALIKE:",
        "if around.forbidden_alike < 0:",
        (VERDICTS,),
    ),
    Mutant(
        "flags records in an outage",
        FAILURE,
        "counts = around.others_succeed or _is_its_own(error)",
        "counts = True",
        (VERDICTS,),
    ),
    Mutant(
        "counts a throttle as a failure of the record",
        FAILURE,
        "Unavailable):\n        return _retry(error, around, counts=False)",
        "Unavailable):\n        return _retry(error, around, counts=True)",
        (VERDICTS,),
    ),
    Mutant(
        "never flags what keeps failing while others succeed",
        FAILURE,
        "if counts and around.attempts + 1 >= around.attempts_max:",
        "if counts and around.attempts_max < 0:",
        (VERDICTS,),
    ),
    Mutant(
        "flags records when credentials are refused",
        FAILURE,
        "if isinstance(error, Misconfigured) and not around.others_succeed:",
        "if isinstance(error, Unreachable) and not around.others_succeed:",
        (VERDICTS,),
    ),
    Mutant(
        "tries on and on what nobody is blamed for",
        FAILURE,
        "retry(around.failures + 1, around.pace",
        "retry(around.attempts + 1, around.pace",
        (f"{BACKING_OFF}::test_a_create_that_nobody_is_blamed_for_is_not_sent_on_and_on",),
    ),
    Mutant(
        "lets a short visibility set the pace of creates that get lost",
        "engine/decide/doubt.py",
        "return max(visibility_s, resend_after_s(sent))",
        "return visibility_s if sent else 0.0",
        (f"{BACKING_OFF}::test_a_create_that_a_front_turns_away_is_sent_ever_less_often",),
    ),
    Mutant(
        "blames a record since something else succeeds",
        "engine/flow/ledger.py",
        "latest = self._latest.get(kind, {})",
        "latest = {one: at for each in self._latest.values() for one, at in each.items()}",
        (
            "tests/unit/engine/flow/test_ledger.py",
            f"{BACKING_OFF}::test_a_front_that_lets_no_update_through_flags_nobody",
        ),
    ),
    Mutant(
        "blames a record since it succeeded itself",
        "engine/flow/ledger.py",
        "any(one != record_id and at > since",
        "any(at > since",
        ("tests/unit/engine/flow/test_ledger.py",),
    ),
    Mutant(
        "flags a record for a conflict that passes",
        "connectors/outreach/refusals.py",
        "if answer.status in CONFLICTS:",
        "if not answer.status:",
        (f"{BACKING_OFF}::test_a_conflict_that_passes_flags_nobody",),
    ),
    Mutant(
        "asks on and on for a role that is taken and never shown",
        "engine/decide/roles.py",
        "    if not looked_long:\n",
        "    if shown is not None:\n",
        (f"{INVISIBLE}::test_a_taken_role_that_nothing_shows_is_held_with_the_name_of_its_person",),
    ),
    Mutant(
        "asks on and on for whoever has a person's address and is never shown",
        "engine/decide/person.py",
        "    if known.taken_at is not None:\n",
        "    if bound < 0:\n",
        (f"{INVISIBLE}::test_a_taken_address_that_nobody_shows_is_told_to_the_person",),
    ),
    Mutant(
        "sends a person's create on and on",
        "engine/resolvers/person_outcomes.py",
        "        sent = known.sent if known is not None else 0\n",
        "        sent = 0\n",
        (f"{BACKING_OFF}::test_roles_and_prospects_are_not_sent_on_and_on_either",),
    ),
    Mutant(
        "asks on and on for what many records need",
        "engine/resolvers/lookups.py",
        "return self._failures > QUICK_TRIES",
        "return self._failures < 0",
        ("tests/unit/engine/actors/test_lookups.py",),
    ),
    Mutant(
        "lets a backlog use what others will draw",
        WINDOW,
        "        kept += self._drawn(limits, left_s + unseen_s)\n",
        "",
        (f"{WINDOWED}::test_a_backlog_leaves_others_and_fresh_edits_theirs_and_nothing_over",),
    ),
    Mutant(
        "forgets that others go on between two answers",
        WINDOW,
        "kept += self._drawn(limits, left_s + unseen_s)",
        "kept += self._drawn(limits, left_s)",
        (f"{WINDOWED}::test_what_others_draw_between_two_answers_is_left_to_them",),
    ),
    Mutant(
        "keeps all of the share until the end of the hour",
        WINDOW,
        "kept = self._reserve(limits) + lasting + trickle * left_s",
        "kept = self._reserve(limits) + limits.share_of(self.limit or 0)",
        (f"{WINDOWED}::test_a_backlog_leaves_others_and_fresh_edits_theirs_and_nothing_over",),
    ),
    Mutant(
        "waits for ever for others who never stop",
        WINDOW,
        "return min(self.others.per_second() * seconds, most)",
        "return self.others.per_second() * seconds",
        (f"{WINDOWED}::test_others_who_would_draw_everything_leave_a_backlog_something",),
    ),
    Mutant(
        "takes an hour that is used up for one in which others draw little",
        WINDOW,
        "if not same_window or remaining == 0:",
        "if not same_window:",
        (f"{WINDOWED}::test_an_answer_that_leaves_nothing_says_little_of_others",),
    ),
    Mutant(
        "takes requests of ours for draws of others",
        WINDOW,
        "drawn = max(0, known - remaining)",
        "drawn = abs(known - remaining)",
        (f"{WINDOWED}::test_requests_of_ours_that_are_under_way_are_no_draws_of_others",),
    ),
    Mutant(
        "takes requests that were under way when a window was met for draws of others",
        WINDOW,
        "            self._uncounted, self._met_at = under_way, now\n",
        "            self._met_at = now\n",
        (
            f"{WINDOWED}"
            "::test_requests_of_ours_that_were_under_way_when_a_window_was_met_are_none_either",
        ),
    ),
    Mutant(
        "takes draws of others for what was under way long before",
        WINDOW,
        "if now - self._met_at > UNCOUNTED_MAX_S:",
        "if now < self._met_at:",
        (f"{WINDOWED}::test_what_comes_long_after_a_window_was_met_is_of_others",),
    ),
    Mutant(
        "takes what the budget lets through for the pace",
        "engine/flow/forecast.py",
        "if not working and self.pieces >= PIECES_MIN:",
        "if working and self.pieces < 0:",
        (f"{UNIT}/test_forecast.py::test_what_the_budget_lets_through_one_by_one_is_no_pace",),
    ),
    Mutant(
        "has as many bulky records in hand as there are workers",
        "engine/flow/bulk.py",
        "found is None or len(found.payload) <= BULKY_CHARS",
        "True",
        ("tests/scenario/test_bulky.py::test_bulky_records_are_worked_on_one_after_the_other",),
    ),
)
