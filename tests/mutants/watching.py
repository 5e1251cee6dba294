"""Mutants of watching and nudging: what is told, and who may have the service do something."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

TUNED = "tests/unit/engine/tuning/test_tuning.py"
STOPS = "engine/tuning/stops.py"
NUDGES = "engine/flow/nudges.py"
NUDGED = "tests/unit/engine/flow/test_nudges.py"
NUDGING = "tests/scenario/test_nudging.py"

HEALTH = "engine/decide/health.py"
JUDGED = "tests/unit/engine/decide/test_health.py"
EACH = f"{JUDGED}::test_each_thing_in_the_way_has_its_verdict_its_reason_and_what_helps"
STATUS = "tests/scenario/test_status.py"

MUTANTS = (
    Mutant(
        "calls a system that refuses us one that waits",
        HEALTH,
        "waits = not facts.condition.stands_still and",
        "waits = facts.condition is not None and",
        (EACH,),
    ),
    Mutant(
        "calls a system well that is asked less than it should",
        HEALTH,
        "        health = Health.WORKS_IN_PART\n    elif not",
        "        health = Health.WORKS\n    elif not",
        (EACH,),
    ),
    Mutant(
        "says one cause twice",
        HEALTH,
        "if facts.polls is not None and facts.present is None:",
        "if facts.polls is not None:",
        (f"{JUDGED}::test_a_system_that_is_down_is_not_said_to_fail_its_polls_as_well",),
    ),
    Mutant(
        "shows the least of what is wrong",
        HEALTH,
        "return min(verdicts, key=",
        "return max(verdicts, key=",
        (
            f"{JUDGED}::test_the_most_serious_verdict_is_the_one_that_is_shown_where_there_is_room"
            "_for_one",
        ),
    ),
    Mutant(
        "names somebody whose role is well",
        "engine/service/facts.py",
        "one.role) not in tab.roles",
        "one.role) in tab.roles",
        (f"{STATUS}::test_a_refused_role_is_told_by_its_record_and_its_person",),
    ),
    Mutant(
        "keeps quiet about a refused token while it waits for a new one",
        "connectors/outreach/oauth.py",
        "            return (await self._mint(wait=REFUSED_WAIT)).access_token",
        "            return (await self._mint()).access_token",
        (f"{STATUS}::test_a_token_refused_within_a_minute_of_its_mint_is_told_as_that",),
    ),
    Mutant(
        "counts what is shown again as vanished",
        "engine/store/sqlite/schema/0013_vanished.sql",
        "WHEN OLD.state = 'ineligible' AND NEW.state <> 'ineligible'",
        "WHEN OLD.state = 'pending' AND NEW.state <> 'pending'",
        ("tests/unit/engine/store/test_populations.py::test_what_is_shown_again_is_not_vanished",),
    ),
    Mutant(
        "calls a refusal of credentials a wait that was asked for",
        STOPS,
        "if load.down or load.condition in _REFUSING:",
        "if load.down:",
        (f"{TUNED}::test_a_refusal_of_our_credentials_is_no_slowness",),
    ),
    Mutant(
        "calls a wait for a token a wait that was asked for",
        STOPS,
        "if load.told_to_wait or load.condition == Condition.THROTTLED:",
        "if load.told_to_wait or load.paused_s > 0:",
        (f"{TUNED}::test_a_wait_for_an_access_token_is_no_slowness",),
    ),
    Mutant(
        "keeps quiet about what the reserve keeps back",
        STOPS,
        "    if reserve:\n",
        "    if not reserve:\n",
        (f"{TUNED}::test_the_budget_says_which_of_its_settings_keeps_something_back",),
    ),
    Mutant(
        "looks as often as it is nudged",
        NUDGES,
        "self._looked_at + GAP_S - now, missing_s",
        "self._looked_at - now, missing_s",
        (f"{NUDGED}::test_looks_keep_their_distance_and_their_rate",),
    ),
    Mutant(
        "lets who nudges all the time set the pace",
        NUDGES,
        "            self._saved = max(0.0, self._saved - 1.0)\n",
        "            pass\n",
        (f"{NUDGED}::test_looks_keep_their_distance_and_their_rate",),
    ),
    Mutant(
        "forgets who nudged during a look",
        NUDGES,
        "        self._asked, self._looked_at = False, now",
        "        self._looked_at = now",
        (f"{NUDGED}::test_a_nudge_is_due_at_once_and_is_served_by_the_look_that_follows",),
    ),
    Mutant(
        "sleeps through a nudge",
        "engine/flow/pace.py",
        "        self.nudges.ask()\n        self._changed.notify()\n",
        "        self.nudges.ask()\n",
        ("tests/unit/engine/flow/test_pace.py::test_a_nudge_cuts_the_rest_short",),
    ),
    Mutant(
        "is nudged by whoever has no token",
        "engine/service/doors.py",
        "return self.nudge_token is not None and _same(",
        "return self.nudge_token is not None or _same(",
        (f"{NUDGING}::test_who_has_no_token_nudges_nobody",),
    ),
    Mutant(
        "does not answer behind its proxy",
        "engine/service/doors.py",
        "self.host.lower(), *self.names}",
        "self.host.lower()}",
        (f"{NUDGING}::test_an_edit_arrives_at_once_when_the_source_nudges",),
    ),
)
