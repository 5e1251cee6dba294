"""Mutants that let trouble last longer than it does, or hide what it was."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

SEARCH = "engine/actors/opportunity/create_search.py"
GOVERNOR = "engine/flow/governor.py"
BREAKER = "engine/flow/breaker.py"
FLOW = "tests/unit/engine/flow"
DOUBTS = "tests/unit/engine/store/test_intents.py"
IN_DOUBT = "tests/scenario/test_creates_in_doubt.py"
STORY = "tests/simulation/test_recovery.py"

MUTANTS = (
    Mutant(
        "looks for each create in doubt by itself",
        SEARCH,
        "LOOKS_MAX = 100",
        "LOOKS_MAX = 1",
        (f"{STORY}::test_creates_that_each_lost_an_answer_are_settled_soon",),
    ),
    Mutant(
        "looks for nothing before it is due",
        SEARCH,
        "EARLY_S = 15.0",
        "EARLY_S = 0.0",
        (f"{STORY}::test_a_few_lost_creates_take_hardly_more_requests_than_they_are",),
    ),
    Mutant(
        "takes what was found of one create for what the next of its record made",
        "engine/actors/opportunity_syncer.py",
        "        self._lost.search.forget(correlation)\n",
        "",
        (f"{IN_DOUBT}::test_what_was_found_of_one_create_is_not_taken_for_the_next_of_its_record",),
    ),
    Mutant(
        "gives up looking where no list is taken",
        SEARCH,
        "            if len(values) > 1:\n",
        "            if len(values) > LOOKS_MAX:\n",
        (f"{IN_DOUBT}::test_a_front_that_takes_no_list_leaves_nobody_in_doubt",),
    ),
    Mutant(
        "takes a redirect of several looks for a setting that is wrong",
        SEARCH,
        "except (Terminal, ProtocolError) as error:",
        "except ProtocolError as error:",
        (f"{IN_DOUBT}::test_a_front_that_takes_no_list_leaves_nobody_in_doubt",),
    ),
    Mutant(
        "takes no create that is found for a sign that writes are carried out",
        SEARCH,
        "        if any(found.values()):\n",
        "        if not found:\n",
        (f"{STORY}::test_many_lost_creates_take_what_the_limits_allow_and_few_requests",),
    ),
    Mutant(
        "lets reads vouch for writes",
        GOVERNOR,
        "breaker = self._writes if writing.get() else self._system",
        "breaker = self._system",
        (f"{FLOW}/test_governor.py",),
    ),
    Mutant(
        "forgets trouble by answers alone",
        "engine/flow/retry_budget.py",
        "self._failing *= 0.5 ** (passed_s / HALF_LIFE_S)",
        "self._failing *= 1.0",
        (f"{FLOW}/test_retry_budget.py",),
    ),
    Mutant(
        "lets an outage pause for as long as any record may wait",
        BREAKER,
        "cap_s = min(backoff.cap_s, PAUSE_MAX_S)",
        "cap_s = backoff.cap_s",
        (f"{FLOW}/test_breaker.py",),
    ),
    Mutant(
        "takes every outage of writes for as serious as the first",
        BREAKER,
        "self._bound = min(self.failures_max, 2 * self._bound)",
        "self._bound = OUTAGE_FAILURES",
        (f"{FLOW}/test_breaker.py",),
    ),
    Mutant(
        "blames its own caution where the system failed",
        "engine/store/sqlite/settle.py",
        "    if found.failed_since is None:\n        connection.execute(",
        "    if found:\n        connection.execute(",
        (DOUBTS,),
    ),
    Mutant(
        "calls a repeat that it holds back the system's throttling",
        "engine/errors.py",
        "class Rationed(HeldBack):",
        "class Rationed(Throttled):",
        (f"{FLOW}/test_governor.py",),
    ),
    Mutant(
        "hides what an answer was that could not be used",
        "engine/decide/failure.py",
        '        return reason.within(f"answered HTTP {error.status}: {{}}")\n',
        "        return reason\n",
        (f"{IN_DOUBT}::test_a_create_in_doubt_waits_for_what_put_it_there",),
    ),
    Mutant(
        "never blames a record that is alone",
        "engine/decide/failure.py",
        "    if sent >= attempts_max and failing_s >= LONELY_S and not alike:\n",
        "    if sent < 0:\n",
        (
            f"{IN_DOUBT}::test_a_create_that_is_answered_500_for_ever_is_flagged_even_when_it_is_alone",
        ),
    ),
    Mutant(
        "blames records that all fail alike",
        "engine/decide/failure.py",
        "and failing_s >= LONELY_S and not alike:",
        "and failing_s >= LONELY_S:",
        (f"{IN_DOUBT}::test_creates_that_are_answered_500_alike_are_nobodys_fault",),
    ),
)
