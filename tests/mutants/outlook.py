"""Mutants that tell whoever is on call something else than what is so."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

GOVERNOR = "engine/flow/governor.py"
FORECAST = "engine/flow/forecast.py"
WINDOW = "engine/flow/window.py"
GAUGES = "engine/service/gauges.py"
FORETOLD = "tests/unit/engine/flow/test_forecast.py"
GOVERNED = "tests/unit/engine/flow/test_governor.py"
BUDGETED = "tests/unit/engine/flow/test_budget.py"
LOOKED = "tests/unit/engine/service/test_gauges.py"
METRICS = "tests/scenario/test_metrics.py"
RECORDING = "grafana/alerts/recording.yml"
FRESHNESS = "grafana/alerts/freshness.yml"
BUDGETS = "grafana/alerts/budget.yml"
SERVICE = "grafana/alerts/service.yml"
_FIRES = "tests/operations/test_alerts.py::test_every_alert_fires_when_it_should_and_not_otherwise"
_TWICE = "tests/operations/test_alerts.py::test_what_is_said_of_a_pair_is_said_of_no_process_of_it"

MUTANTS = (
    Mutant(
        "takes a bulk for fresh work",
        "engine/store/rows/measure.py",
        "(kind, Lane(lane)): Backlog(*counted)",
        "(kind, Lane(lane * 0)): Backlog(*counted)",
        (f"{LOOKED}::test_what_waits_is_told_apart_by_lane",),
    ),
    Mutant(
        "calls a system that answers 429 up between two pauses",
        GOVERNOR,
        "Condition.THROTTLED: self.throttles > 0,",
        "Condition.THROTTLED: self.throttles > 0 and self.paused_s > 0,",
        (GOVERNED,),
    ),
    Mutant(
        "counts every answer of one round as a pause of its own",
        GOVERNOR,
        "and (not self.throttles or not self.paused_s)",
        "and self.throttles >= 0",
        (GOVERNED,),
    ),
    Mutant(
        "takes a wait for budget for a slow pace",
        FORECAST,
        "if working or spell.opportunities + spell.relationships:",
        "if working or spell.at:",
        (FORETOLD,),
    ),
    Mutant(
        "forgets the edits that will come meanwhile",
        FORECAST,
        "self.requests + self.arriving * passed_s",
        "self.requests",
        (FORETOLD,),
    ),
    Mutant(
        "takes what an outage sends again and again for edits that came",
        FORECAST,
        "last.answered + last.waiting - first.answered - first.waiting",
        "last.fresh + last.waiting - first.fresh - first.waiting",
        (f"{FORETOLD}::test_what_an_outage_had_sent_again_and_again_did_not_come_in_it",),
    ),
    Mutant(
        "tells the forecast of no fresh edits",
        "engine/service/outlook.py",
        "            self._spent_on_fresh(),\n",
        "",
        (f"{LOOKED}::test_edits_that_go_on_coming_move_the_end_of_the_backlog",),
    ),
    Mutant(
        "tells the forecast of no edit that came",
        "engine/service/outlook.py",
        "            governor.answered[Purpose.FRESH],\n",
        "",
        (f"{LOOKED}::test_edits_that_go_on_coming_move_the_end_of_the_backlog",),
    ),
    Mutant(
        "learns nothing from what is done between two pauses",
        FORECAST,
        "if working or spell.opportunities + spell.relationships:",
        "if working:",
        (FORETOLD,),
    ),
    Mutant(
        "foretells by the pace alone",
        FORECAST,
        "for grant in (self.granted(number, lane),)",
        "for grant in (self.granted(0.0, lane),)",
        (FORETOLD,),
    ),
    Mutant(
        "forgets that people follow",
        FORECAST,
        "left.relationships + left.opportunities * followed",
        "left.relationships",
        (FORETOLD,),
    ),
    Mutant(
        "takes the cost of an edit for that of an import",
        FORECAST,
        "    edits = min(fresh, spell.opportunities)\n",
        "    fresh = edits = share = 0.0\n",
        (f"{FORETOLD}::test_each_lane_has_a_pace_of_its_own",),
    ),
    Mutant(
        "names an end where fresh edits leave nothing over",
        FORECAST,
        "    return math.inf\n",
        "    return passed_s\n",
        (FORETOLD,),
    ),
    Mutant(
        "takes what a start finds in order for what an import costs",
        FORECAST,
        "pairs = [(one.opportunities, one.relationships - one.agreed)",
        "pairs = [(one.opportunities, one.relationships)",
        (f"{FORETOLD}::test_what_agreed_already_does_not_make_an_import_cheap",),
    ),
    Mutant(
        "takes the next backlog for one like the last",
        "engine/service/outlook.py",
        "            self.forecast.forget_the_backlog()\n",
        "            pass\n",
        (f"{LOOKED}::test_a_backlog_that_is_done_says_nothing_of_the_next",),
    ),
    Mutant(
        "remembers what a start made up for until five minutes of work are over",
        FORECAST,
        "return seconds >= REMEMBERED_S or pieces >= REMEMBERED",
        "return seconds >= REMEMBERED_S",
        (f"{FORETOLD}::test_a_hundred_pieces_outweigh_what_was_before_them",),
    ),
    Mutant(
        "takes what a start finds waiting for what comes in a minute",
        FORECAST,
        "if tally.at - self.begun_at < LOOK_S:",
        "if tally.at < self.begun_at:",
        (f"{FORETOLD}::test_what_a_start_finds_waiting_did_not_come_in_that_minute",),
    ),
    Mutant(
        "names the budget while one request probes whether an outage is over",
        GOVERNOR,
        "            Condition.DOWN: self._system.reason,\n            Condition.NO_WRITES",
        "            Condition.NO_WRITES",
        (f"{GOVERNED}::test_between_two_pauses_the_cause_is_still_what_the_pauses_were_for",),
    ),
    Mutant(
        "takes what is left of a window for all of it",
        WINDOW,
        "        if self._whole:\n            return self._length_s\n        seen_s",
        "        if self._length_s:\n            return self._length_s\n        seen_s",
        (BUDGETED,),
    ),
    Mutant(
        "forgets how long a window is when its limit changes",
        WINDOW,
        "if limit != self.limit and not same_end:",
        "if limit != self.limit:",
        (BUDGETED,),
    ),
    Mutant(
        "pages for late changes that were made up for before the page",
        "grafana/alerts/freshness.yml",
        "          and max_over_time(instance:wosync_stale:bool[2m]) == 1\n",
        "",
        (f"{_FIRES}[freshness]",),
    ),
    Mutant(
        "says of a service that is down that it runs and cannot work",
        "grafana/alerts/service.yml",
        "          and on (job, instance) instance:wosync_works:bool == 1\n"
        "          and on (job, instance) max_over_time(instance:wosync_works:bool[2m]",
        "          and on (job, instance) max_over_time(instance:wosync_works:bool[2m]",
        (f"{_FIRES}[service]",),
    ),
    Mutant(
        "takes a process that stands by for one that works",
        RECORDING,
        '(up{job="wosync"} unless wosync_leader == 0) or',
        '(up{job="wosync"}) or',
        (f"{_FIRES}[processes]",),
    ),
    Mutant(
        "begins anew with each process that takes over",
        SERVICE,
        "max by (job, instance) (max_over_time(wosync_ready[9m])) == 0",
        "max_over_time(wosync_ready[9m]) == 0",
        (f"{_FIRES}[processes]",),
    ),
    Mutant(
        "misses one that stands by where there never was one",
        SERVICE,
        "max_over_time(instance:wosync_standby:count[1h]) > 0",
        "max_over_time(instance:wosync_standby:count[1h]) >= 0",
        (f"{_FIRES}[processes]",),
    ),
    Mutant(
        "fails over a pair of which two processes were seen in one scrape",
        BUDGETS,
        'max by (job, instance, connector) (wosync_budget_limit_requests{window="year"})',
        'wosync_budget_limit_requests{window="year"}',
        (f"{_TWICE}[budget]",),
    ),
    Mutant(
        "forgets a leave that another process has renewed",
        "grafana/alerts/authorisation.yml",
        "          max by (job, instance, connector) (\n"
        "            last_over_time(wosync_authorisation_ends_timestamp_seconds[14d]) > 0\n"
        "          ) - time()\n          < 7 * 86400",
        "          min by (job, instance, connector) (\n"
        "            last_over_time(wosync_authorisation_ends_timestamp_seconds[14d]) > 0\n"
        "          ) - time()\n          < 7 * 86400",
        (f"{_FIRES}[authorisation]",),
    ),
    Mutant(
        "pages for a database that was away for a moment",
        GAUGES,
        "if assembly.config.engine.service.state is None or assembly.config.shadow:",
        "if assembly:",
        (f"{LOOKED}::test_a_database_that_is_away_for_a_moment_is_no_disk_that_failed",),
    ),
    Mutant(
        "pages for what a restart has to catch up in two minutes",
        "grafana/alerts/freshness.yml",
        "        for: 8m\n        labels:\n          window: 1h",
        "        for: 2m\n        labels:\n          window: 1h",
        (_FIRES,),
    ),
    Mutant(
        "pages for edits that a stop left behind, the moment it is over",
        RECORDING,
        "expr: avg_over_time(instance:wosync_works:bool[5m])",
        "expr: max_over_time(instance:wosync_works:bool[5m])",
        (_FIRES,),
    ),
    Mutant(
        "takes one late moment after a stop for all that there was",
        RECORDING,
        "count_over_time((instance:wosync_stale:bool == 1)[5m:30s])",
        "10 * avg_over_time(instance:wosync_stale:bool[5m])",
        (_FIRES,),
    ),
    Mutant(
        "warns that edits use up the hour while a bulk does",
        "grafana/alerts/budget.yml",
        'wosync_requests_spent_total{purpose!~"backlog|people"}',
        "wosync_requests_spent_total",
        (_FIRES,),
    ),
    Mutant(
        "counts an outage against the error budget when its hour is over",
        RECORDING,
        "instance:wosync_stale:avg10m[30d:10m]",
        "instance:wosync_stale:avg10m[30d:1h]",
        (_FIRES,),
    ),
    Mutant(
        "believes that a window of a new limit lasts as long as the one before",
        WINDOW,
        "                self._length_s, self._whole = 0.0, False\n",
        "                pass\n",
        (BUDGETED,),
    ),
    Mutant(
        "grants a window's whole allowance to the backlog",
        WINDOW,
        "self._kept_for_fresh(limits) if backlog else (0.0, 0.0)",
        "0.0, 0.0",
        (BUDGETED,),
    ),
    Mutant(
        "says nothing at all while the state cannot be read",
        GAUGES,
        "with anyio.move_on_after(LOOK_S), suppress(StateUnusable):",
        "with anyio.move_on_after(LOOK_S):",
        (f"{LOOKED}::test_a_state_that_cannot_be_read_shows_and_hides_nothing_else",),
    ),
    Mutant(
        "foretells the end of an outage",
        "engine/service/outlook.py",
        "if governor.condition.stands_still or",
        "if",
        (f"{LOOKED}::test_the_end_of_the_backlog_is_unknown_while_the_target_stands_still",),
    ),
    Mutant(
        "does not say that the source refuses the key",
        "connectors/workbooks/client.py",
        "            governor.refused(error)\n            raise",
        "            raise",
        (f"{METRICS}::test_a_key_that_is_taken_again_shows_at_once",),
    ),
    Mutant(
        "does not say that the token endpoint refuses us",
        "connectors/outreach/oauth.py",
        "            self.environment.governor.refused(error)\n            if kept is None:",
        "            if kept is None:",
        (f"{METRICS}::test_refused_credentials_say_whose_they_are",),
    ),
    Mutant(
        "counts what people cost as the edit's own",
        "engine/resolvers/prospects.py",
        "        with spent_on(Purpose.PEOPLE):\n            return await self._resolved(ids)",
        "        return await self._resolved(ids)",
        (f"{METRICS}::test_every_request_is_spent_on_something",),
    ),
    Mutant(
        "judges the objective on a backlog as well",
        RECORDING,
        'relationship", lane="fresh"}\n          )\n      - record: instance:wosync_st',
        'relationship"}\n          )\n      - record: instance:wosync_st',
        (f"{_FIRES}[freshness]",),
    ),
    Mutant(
        "lets a standstill of 429s resolve its own alert",
        BUDGETS,
        '(wosync_connector_condition{condition="throttled"} == 1)',
        '(wosync_connector_condition{condition="throttled"} == 2)',
        (f"{_FIRES}[budget]", f"{_FIRES}[causes]"),
    ),
    Mutant(
        "takes twice as long to say not ready as its text",
        SERVICE,
        "(max_over_time(wosync_ready[9m])) == 0",
        "(max_over_time(wosync_ready[18m])) == 0",
        (f"{_FIRES}[service]",),
    ),
    Mutant(
        "pages for a create whose answer was lost",
        FRESHNESS,
        "<= on (job, instance) sum by (job, instance) (wosync_in_doubt_intents)",
        "< on (job, instance) 0 * sum by (job, instance) (wosync_in_doubt_intents)",
        (f"{_FIRES}[freshness]",),
    ),
    Mutant(
        "takes a few late minutes for a quarter of the hour",
        RECORDING,
        "or 0 * instance:wosync_freshness_bound_seconds:max\n            ) / 60,",
        "or 0 * instance:wosync_freshness_bound_seconds:max\n            ) / 15,",
        (f"{_FIRES}[freshness]",),
    ),
    Mutant(
        "names an outage only after the page about it",
        SERVICE,
        "        for: 3m\n        labels:\n          severity: warning\n"
        "          system: '{{ $labels.connector }}'",
        "        for: 10m\n        labels:\n          severity: warning\n"
        "          system: '{{ $labels.connector }}'",
        (f"{_FIRES}[causes]",),
    ),
)
