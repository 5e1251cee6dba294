"""Mutants of what is explained: a wrong cause, half a remedy, or somebody else's record."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

WHY = "tests/unit/engine/decide/test_why.py"
ASKED = "tests/scenario/test_why.py"
POINTING = "tests/unit/connectors/test_pointing.py"
FINDINGS = "engine/decide/why/findings.py"
EACH = f"{WHY}::test_each_thing_in_the_way_has_its_verdict_and_its_reason"

MUTANTS = (
    Mutant(
        "calls any number near",
        "engine/decide/nearness.py",
        "range(-APART_MAX, APART_MAX + 1)",
        "range(-50 * APART_MAX, APART_MAX + 1)",
        ("tests/unit/engine/decide/test_nearness.py::test_another_number_is_not",),
    ),
    Mutant(
        "takes no digits turned round for a slip",
        "engine/decide/nearness.py",
        "    return wrong | missing | many | turned",
        "    return wrong | missing | many",
        ("tests/unit/engine/decide/test_nearness.py::test_a_slip_of_the_finger_is_near",),
    ),
    Mutant(
        "does not name the customer that has no account",
        "engine/service/why/references.py",
        " or resolution.blanks.get(wanted.field)",
        "",
        (f"{ASKED}::test_a_situation_is_named_and_its_remedy_helps",),
    ),
    Mutant(
        "forgets without a look why a field is blank",
        "engine/service/why/references.py",
        "kept or _blank(wanted, nearest)",
        "_blank(wanted, nearest)",
        (f"{ASKED}::test_why_a_field_is_blank_is_known_without_a_look",),
    ),
    Mutant(
        "takes what is hidden for deleted",
        FINDINGS,
        "        if facts.source.deleted:",
        "        if facts.source is not None:",
        (EACH,),
    ),
    Mutant(
        "forgets a refusal whose flag is on its way",
        FINDINGS,
        "if record.error or not newer(facts):",
        "if record.error:",
        (EACH,),
    ),
    Mutant(
        "takes a flag of ours for somebody's",
        FINDINGS,
        "dossier is not None and dossier.flagged else None",
        "dossier is not None and not dossier.flagged else None",
        (EACH,),
    ),
    Mutant(
        "waits for its own write-back to be captured",
        "engine/decide/why/basis.py",
        "max(known.version, known.delivered_version or 0)",
        "known.version",
        (f"{WHY}::test_our_own_write_back_is_no_change_that_waits",),
    ),
    Mutant(
        "blames an outage for what is at rest",
        "engine/decide/why/basis.py",
        "return newer(facts) or (facts.dossier is not None and"
        " facts.dossier.state is State.PENDING)",
        "return True",
        (f"{WHY}::test_an_outage_of_the_target_is_no_matter_of_what_is_at_rest",),
    ),
    Mutant(
        "has a mended field looked for",
        "engine/decide/why/remedies.py",
        "    if found.verdict is Verdict.REFUSED and _mended(facts, found):",
        "    if found.verdict is Verdict.HELD and _mended(facts, found):",
        (f"{WHY}::test_a_mended_field_leaves_the_flag_alone_to_be_reset",),
    ),
    Mutant(
        "tells the first step alone",
        "engine/decide/why/remedies.py",
        "    return tuple(parts)",
        "    return tuple(parts[:1])",
        (f"{WHY}::test_every_remedy_is_whole_steps",),
    ),
    Mutant(
        "takes every budget for the hour's",
        "engine/service/why/holds.py",
        "code = governor.budget.code(now, backlog=lane is Lane.BACKLOG)",
        "code = Code.BUDGET_HOUR_SPENT",
        (
            "tests/scenario/test_why.py::test_a_backlog_behind_the_reserve_is_told_from_the_hour_that_is_spent",
        ),
    ),
    Mutant(
        "leaves a person who waits unnamed",
        FINDINGS,
        "return Finding(Verdict.WAITS, stands, line.ref)",
        "return Finding(Verdict.WAITS, stands)",
        (f"{WHY}::test_a_person_who_waits_is_named_with_what_is_to_be_done",),
    ),
    Mutant(
        "calls every flag ours",
        "engine/decide/why/gates.py",
        "    if refusal is None:",
        "    if refusal is None and dossier is None:",
        (f"{WHY}::test_a_flag_is_told_by_who_set_it",),
    ),
    Mutant(
        "follows a link to anybody",
        "connectors/workbooks/pointing.py",
        "host.endswith(_DOMAIN)",
        "_DOMAIN in f'.{host}'",
        (f"{POINTING}::test_a_workbooks_record_is_told_by_its_names",),
    ),
    Mutant(
        "asks although it is not to",
        "engine/service/why/asking.py",
        "        if not self.live:\n            return None\n        source, at",
        "        source, at",
        (f"{ASKED}::test_asking_offline_sends_nothing",),
    ),
    Mutant(
        "spends requests for anybody who asks",
        "engine/service/http.py",
        'changing("/why", answers.explain),',
        'Route("/why", _meant(status, answers.explain), methods=["POST"]),',
        (f"{ASKED}::test_the_running_service_answers_whoever_may_tell_it",),
    ),
)
