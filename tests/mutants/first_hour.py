"""Mutants of the way from nothing to a pair that works: consent, set-up and check."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

OAUTH = "connectors/outreach/oauth.py"
KEPT = "connectors/outreach/kept_tokens.py"
AUTHORITY = "connectors/outreach/authority.py"
CONSENT = "engine/decide/consent.py"
AUTHORISATION = "engine/authorisation.py"
AUTHORISING = "engine/service/authorising.py"
REDEEMED = "tests/unit/connectors/outreach/test_redeeming.py"
ANSWERED = "tests/unit/engine/decide/test_consent.py"
HTTP = "tests/unit/engine/service/test_http.py"
ALERTS = "tests/operations/test_alerts.py"
SCOPES = "tests/scenario/test_missing_scopes.py"
WITHHELD = "tests/unit/connectors/outreach/test_not_granted.py"
CHECKED = "tests/unit/engine/cli/test_verdicts.py"
DRAFTED = "tests/unit/engine/cli/test_draft.py"
KEPT_UP = "tests/unit/engine/service/test_authorising.py"

MUTANTS = (
    Mutant(
        "does not say what waits for customers that cannot be read",
        "engine/cli/verdicts.py",
        '{verdict.detail}: {Use.ACCOUNTS.value}"',
        '{verdict.detail}"',
        (f"{CHECKED}::test_customers_that_cannot_be_read_are_told_with_what_does_not_work",),
    ),
    Mutant(
        "checks everything but whether customers can be read",
        "engine/cli/checking.py",
        "        await systems.source.account_ids([1])\n",
        "        await systems.source.account_ids([])\n",
        ("tests/end_to_end/test_checking.py::test_customers_that_cannot_be_read_are_told",),
    ),
    Mutant(
        "gives up working tokens for a consent that brings no lasting one",
        KEPT,
        "    if presented.code and grant.refresh_token is None:\n",
        "    if False:\n",
        (f"{REDEEMED}::test_a_failed_exchange_leaves_what_there_is_in_use",),
    ),
    Mutant(
        "presents a configured refresh token that a consent has replaced",
        OAUTH,
        "Presented(configured, code=code",
        'Presented("", code=code',
        (f"{REDEEMED}::test_a_configured_token_that_was_never_used_is_replaced_as_well",),
    ),
    Mutant(
        "holds a consent back for the refusal that it is to end",
        OAUTH,
        "            self.environment.governor.operator_acted()\n",
        "",
        (f"{REDEEMED}::test_a_pause_for_a_refusal_is_over_once_a_person_has_acted",),
    ),
    Mutant(
        "spends a code within the minute after a mint",
        OAUTH,
        "            if (rest := self._rest_s()) > 0:\n                # Whoever has waited",
        "            if (rest := 0.0) > 0:\n                # Whoever has waited",
        (f"{REDEEMED}::test_within_a_minute_of_the_last_mint_a_code_is_put_off",),
    ),
    Mutant(
        "takes a scope to write for one to read",
        AUTHORITY,
        'return scope in granted or f"{resource}.{EVERYTHING}" in granted',
        'return any(one.partition(".")[0] == resource for one in granted)',
        (f"{REDEEMED}::test_scopes_are_granted_by_name_or_by_all_of_their_resource",),
    ),
    Mutant(
        "takes the answer to anybody's consent",
        CONSENT,
        "    if state is not None and not hmac",
        "    if state is None and not hmac",
        (f"{ANSWERED}::test_what_holds_no_answer_is_asked_for_again",),
    ),
    Mutant(
        "asks for permissions that nothing uses",
        AUTHORISATION,
        "        if contacts.remove:\n",
        "        if people:\n",
        (f"{KEPT_UP}::test_what_is_used_follows_from_the_configuration",),
    ),
    Mutant(
        "lets the leave end where nothing happens for two weeks",
        AUTHORISING,
        "RENEW_BEFORE_S = 8 * 86_400.0",
        "RENEW_BEFORE_S = 0.0",
        (f"{KEPT_UP}::test_a_leave_that_would_end_before_long_is_used",),
    ),
    Mutant(
        "lets anybody on the machine authorise the service",
        "engine/service/http.py",
        'changing("/authorise", answers.authorise),',
        'Route("/authorise", _meant(status, answers.authorise), methods=["POST"]),',
        (f"{HTTP}::test_nobody_without_the_token_changes_anything",),
    ),
    Mutant(
        "forgets a stopped service before its leave ends",
        "grafana/alerts/authorisation.yml",
        "< 3 * 86400",
        "< 3 * 86400 and on (instance) up",
        (f"{ALERTS}::test_every_alert_fires_when_it_should_and_not_otherwise",),
    ),
    Mutant(
        "lets opportunities wait for a scope that only people need",
        "engine/decide/failure.py",
        "    if isinstance(error, NotGranted) and around.apart:\n",
        "    if False:\n",
        (f"{SCOPES}::test_opportunities_go_on_without_the_scopes_for_people",),
    ),
    Mutant(
        "lets every opportunity wait for the scope for accounts",
        "engine/resolvers/lookups.py",
        "            if everybodys and not self.at_source:\n",
        "            if isinstance(error, Misconfigured) and not self.at_source:\n",
        (
            f"{SCOPES}"
            "::test_opportunities_without_an_account_do_not_wait_for_the_scope_for_accounts",
        ),
    ),
    Mutant(
        "sends again and again what was not granted",
        "engine/wire/exchange.py",
        "        self._environment.governor.ensure_granted(operation)\n",
        "",
        (f"{WITHHELD}::test_what_was_not_granted_is_not_sent_again_for_a_while",),
    ),
    Mutant(
        "goes on withholding what a person has granted",
        "engine/flow/governor.py",
        "        self._withheld.clear()\n",
        "",
        (f"{WITHHELD}::test_what_was_not_granted_is_sent_once_a_person_has_acted",),
    ),
    Mutant(
        "calls a check well although a scope is missing",
        "engine/cli/verdicts.py",
        'Verdict(subject, "scopes", False, detail, remedy, Exit.ATTENTION)',
        'Verdict(subject, "scopes", True, detail, remedy, Exit.ATTENTION)',
        (f"{CHECKED}::test_what_is_missing_is_named_and_has_a_remedy",),
    ),
    Mutant(
        "finds no clock that is off",
        "engine/cli/verdicts.py",
        "    if abs(off_s) <= CLOCK_OFF_S:\n",
        "    if abs(off_s) <= 1e9:\n",
        (f"{CHECKED}::test_a_clock_that_is_off_is_named_with_how_far",),
    ),
    Mutant(
        "leaves what failed without a remedy",
        "engine/cli/verdicts.py",
        "    remedy = error.remedy or next(\n",
        "    remedy = error.remedy if error.remedy is None else next(\n",
        (f"{CHECKED}::test_every_failure_has_a_remedy",),
    ),
    Mutant(
        "stores secrets that others can read",
        "engine/cli/draft.py",
        "OWNER_ONLY, FOR_OWNER = 0o600, 0o700",
        "OWNER_ONLY, FOR_OWNER = 0o644, 0o700",
        (f"{DRAFTED}::test_a_secret_is_in_a_file_for_its_owner_alone",),
    ),
    Mutant(
        "shows a secret while it is typed",
        "engine/cli/asker.py",
        "                    hide_input=True,\n",
        "                    hide_input=False,\n",
        (f"{DRAFTED}::test_a_secret_is_typed_without_being_shown",),
    ),
    Mutant(
        "goes on in a script as if nothing had gone wrong",
        "engine/cli/asker.py",
        "        raise error\n",
        "        return ON\n",
        (f"{DRAFTED}::test_a_mistake_ends_a_script",),
    ),
    Mutant(
        "writes a half-read configuration anew",
        "engine/cli/draft.py",
        "            read(self.path)\n            return False\n",
        "            return False\n",
        (f"{DRAFTED}::test_a_file_that_cannot_be_read_is_left_alone",),
    ),
    Mutant(
        "checks the scopes and tries none of them",
        "engine/cli/checking.py",
        "        found = await authorisation.tried(authority, found)\n",
        "        pass\n",
        (
            "tests/end_to_end/test_checking.py"
            "::test_what_is_granted_and_refused_all_the_same_is_tried",
        ),
    ),
    Mutant(
        "takes a scope that was not granted for a profile that forbids",
        "engine/authorisation.py",
        "            missing.append(one)\n",
        '            denied.append(Denial(one, ""))\n',
        (
            "tests/unit/engine/test_authorisation.py"
            "::test_what_was_not_granted_after_all_is_missing_and_what_is_refused_is_denied",
        ),
    ),
)
