"""Mutants of the page: shown to a stranger, obeyed without a token, or not as it is."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

ROUTES = "engine/service/page/routes.py"
SESSION = "engine/service/page/session.py"
RENDERING = "engine/service/page/rendering.py"
SAMPLES = "engine/store/sqlite/samples.py"
SHOWN = "tests/scenario/test_page.py"
SESSIONS = "tests/unit/engine/service/test_page_session.py"
DAY = "tests/unit/engine/store/test_day.py"
SAMPLED = "tests/unit/engine/store/test_samples.py"
HOSTILE = f"{SHOWN}::test_hostile_names_are_shown_harmlessly"
APPROVED = f"{SHOWN}::test_a_mass_change_is_approved_by_whoever_signed_in"
BEYOND = f"{SHOWN}::test_beyond_this_machine_the_page_is_shown_to_whoever_signed_in"

MUTANTS = (
    Mutant(
        "obeys a form of somebody else's page",
        ROUTES,
        "if not (ours and self._from_us(request)):",
        "if not ours:",
        (APPROVED,),
    ),
    Mutant(
        "obeys a form without its key",
        SESSION,
        "        told = self.form_key(cookie)\n",
        "        told = key\n",
        (f"{SESSIONS}::test_a_form_belongs_to_its_session",),
    ),
    Mutant(
        "lets a session last for ever",
        SESSION,
        " and now < int(ends_at)",
        "",
        (f"{SESSIONS}::test_a_session_holds_until_it_ends_or_the_token_is_another",),
    ),
    Mutant(
        "takes any session for one of ours",
        SESSION,
        "return genuine and ends_at.isascii()",
        "return ends_at.isascii()",
        (f"{SESSIONS}::test_a_forged_session_is_none",),
    ),
    Mutant(
        "admits anybody where no token is configured",
        SESSION,
        "        if self.token is None:\n            return False\n        return hmac",
        "        if self.token is None:\n            return True\n        return hmac",
        (f"{SESSIONS}::test_only_the_token_is_admitted",),
    ),
    Mutant(
        "takes names of others for markup",
        RENDERING,
        "autoescape=True",
        "autoescape=False",
        (HOSTILE,),
    ),
    Mutant(
        "lets a name turn the direction of the page",
        RENDERING,
        "        finalize=_harmless,\n",
        "",
        (HOSTILE,),
    ),
    Mutant(
        "shows records to whoever reaches the port from elsewhere",
        ROUTES,
        "if on_loopback(self.doors.host) or self._signed_in(request):",
        "if request is not None:",
        (BEYOND,),
    ),
    Mutant(
        "shows the page under any name",
        "engine/service/http.py",
        'only_shows = request.method in SHOWING and not page.is_page(request.scope["path"])',
        "only_shows = request.method in SHOWING",
        (BEYOND,),
    ),
    Mutant(
        "spends requests because somebody's page says so",
        ROUTES,
        "offline = stranger or request",
        "offline = request",
        (f"{SHOWN}::test_the_page_answers_under_names_of_ours_alone",),
    ),
    Mutant(
        "keeps only the last of a minute",
        SAMPLES,
        "lag_s = max(lag_s, excluded.lag_s)",
        "lag_s = excluded.lag_s",
        (f"{SAMPLED}::test_the_worst_of_a_minute_and_of_its_hour_is_kept",),
    ),
    Mutant(
        "keeps samples for ever",
        SAMPLES,
        "(grain_s, at - kept_s, at),",
        "(grain_s, 0, at),",
        (f"{SAMPLED}::test_samples_are_bounded",),
    ),
    Mutant(
        "calls the settings of a first start changed",
        "engine/store/sqlite/day.py",
        "    if seen:\n        connection.executemany(",
        "    if values:\n        connection.executemany(",
        (f"{DAY}::test_settings_that_changed_are_told_with_both_values",),
    ),
    Mutant(
        "counts the calls of another day",
        "engine/store/sqlite/day.py",
        "CASE WHEN day = :day THEN",
        "CASE WHEN day <> :day THEN",
        (f"{DAY}::test_a_day_counts_what_is_so_and_what_happened",),
    ),
    Mutant(
        "names the quickest record the slowest",
        "engine/store/sqlite/schema/0016_days.sql",
        "WHERE excluded.took_s > took_s;",
        "WHERE excluded.took_s < took_s;",
        (f"{DAY}::test_the_slowest_record_of_a_day_is_named",),
    ),
    Mutant(
        "draws a line over what nobody knows",
        "engine/service/page/chart.py",
        "if found and point[0] - found[-1][-1][0] <= GAP_S:",
        "if found:",
        ("tests/unit/engine/service/test_page_chart.py::test_a_gap_is_no_line",),
    ),
)
