"""Mutants that create something twice, or overwrite what is not ours."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

SYNCER = "engine/actors/opportunity_syncer.py"
CREATE = "engine/decide/create.py"
DECIDE = "engine/decide/opportunity.py"
RELATING = "engine/actors/relationship_syncer.py"
RESOLVER = "engine/resolvers/prospects.py"
CREATES = "engine/resolvers/prospect_creates.py"
WRITE_BACK = "engine/decide/write_back.py"
REFUSALS = "connectors/outreach/refusals.py"
IN_FRONT = "tests/scenario/test_answers_in_front.py"
IN_DOUBT = "tests/scenario/test_creates_in_doubt.py"
TWINS = "tests/scenario/test_twins.py"
PEOPLE_IN_DOUBT = "tests/scenario/test_people_in_doubt.py"
STORE = "tests/unit/engine/store"

MUTANTS = (
    Mutant(
        "makes up for a create that never happened beside an id entered since",
        "engine/actors/opportunity_syncer.py",
        "if not isinstance(way, Create):",
        "if isinstance(way, Leave):",
        (
            "tests/scenario/test_creates_in_doubt.py"
            "::test_a_create_that_never_happened_is_not_made_up_for_beside_an_id_entered_since",
        ),
    ),
    Mutant(
        "sends a create without committing its intent",
        SYNCER,
        "if not await self._announced(work, correlation):",
        "if not correlation:",
        (f"{IN_DOUBT}::test_a_create_carried_out_and_not_answered_is_adopted",),
    ),
    Mutant(
        "closes the intent when the answer is lost",
        "engine/errors.py",
        "return not error.ambiguous",
        "return True",
        (f"{IN_DOUBT}::test_a_create_carried_out_and_not_answered_is_adopted",),
    ),
    Mutant(
        "takes any answer with the status of a refusal for one of the service",
        REFUSALS,
        "if not request.repeatable and not surely_refused(answer, refusal):",
        "if not request.repeatable and answer.status >= 500:",
        (f"{IN_FRONT}::test_a_page_after_each_create_leaves_one_opportunity",),
    ),
    Mutant(
        "takes any 401 but a page for a refusal of the credentials",
        REFUSALS,
        "    if status == 429:\n        return refusal.own or",
        "    if status == 401:\n        return not is_page(answer)\n"
        "    if status == 429:\n        return refusal.own or",
        ("tests/unit/connectors/outreach/test_refusals.py",),
    ),
    Mutant(
        "takes the id of whatever answers a create",
        "connectors/outreach/client.py",
        "if shown.type not in (None, request.resource):",
        "if shown.type is None and not request.resource:",
        (
            "tests/unit/connectors/outreach/test_client.py"
            "::test_a_create_answered_by_a_record_of_another_type_is_in_doubt",
        ),
    ),
    Mutant(
        "takes anybody's object for a validation",
        "connectors/outreach/problems.py",
        "if None in texts.values() or texts.keys() <= ANYBODYS:",
        "if None in texts.values():",
        (
            "tests/scenario/test_answers_in_front.py::test_what_might_be_anybodys_answer_is_no_validation",
        ),
    ),
    Mutant(
        "takes a code of anybody's for the word of the service",
        "connectors/outreach/problems.py",
        "(_is_worded(problem) or (texts and _has_known_code(problem)))",
        "says(problem)",
        ("tests/unit/connectors/outreach/test_refusals.py",),
    ),
    Mutant(
        "takes any JSON for the word of the service",
        "connectors/outreach/problems.py",
        "    return problem if problem.description or problem.error_description else None",
        "    return problem",
        ("tests/unit/connectors/outreach/test_refusals.py",),
    ),
    Mutant(
        "sends a create again that a page refused for its credentials",
        "connectors/outreach/client.py",
        "if token_refused(answer) and refusals.before_execution(answer, request):",
        "if token_refused(answer):",
        (f"{IN_FRONT}::test_a_page_after_each_create_leaves_one_opportunity",),
    ),
    Mutant(
        "believes that an update was refused by whoever answers",
        REFUSALS,
        'if request.method != "GET" and not surely_refused(answer, refusal):',
        'if request.method == "DELETE" and not surely_refused(answer, refusal):',
        ("tests/unit/connectors/outreach/test_refusals.py",),
    ),
    Mutant(
        "takes an error that nobody has thought of for a refusal of the create",
        "engine/errors.py",
        "    return isinstance(error, _NOT_EXECUTED)",
        "    return isinstance(error, EngineError)",
        ("tests/unit/engine/test_errors.py",),
    ),
    Mutant(
        "believes the first empty answer about a create in doubt",
        "engine/decide/doubt.py",
        "if began_at < since + bound:",
        "if began_at < since:",
        (f"{IN_DOUBT}::test_a_lagging_collection_keeps_the_create_in_doubt",),
    ),
    Mutant(
        "forgets a create in doubt when its record is refused",
        "engine/store/sqlite/settle.py",
        "    if state is State.REFUSED:\n",
        "    close_intent(connection, work.id)\n    if state is State.REFUSED:\n",
        (f"{IN_DOUBT}::test_a_look_that_is_refused_leaves_the_create_in_doubt",),
    ),
    Mutant(
        "leaves what cannot be created any more in doubt for ever",
        SYNCER,
        "another create.\n            await self.store.records.close_intent(work.id)\n",
        "another create.\n",
        (f"{IN_DOUBT}::test_a_record_that_cannot_be_created_any_more_is_in_doubt_no_longer",),
    ),
    Mutant(
        "forgets at start what a former process announced",
        "engine/store/sqlite/intents.py",
        '"UPDATE intent SET doubt_since = ?, look_at = ? WHERE open AND doubt_since IS NULL",',
        '"DELETE FROM intent WHERE open AND ? = ?",',
        (f"{STORE}/test_work.py::test_at_start_every_unfinished_create_is_in_doubt",),
    ),
    Mutant(
        "takes what is gone for what a lost create made",
        CREATE,
        "and match.id != work.gone_id",
        "and match.id != -1",
        (f"{IN_DOUBT}::test_a_record_that_is_gone_is_not_found_again_while_lists_still_show_it",),
    ),
    Mutant(
        "removes a twin that may be somebody else's",
        CREATE,
        "return younger and intent.sent >= len(matches)",
        "return younger",
        (f"{TWINS}::test_a_twin_that_we_did_not_send_is_left_alone_and_reported",),
    ),
    Mutant(
        "takes a twin for younger by a clock that is behind",
        CREATE,
        "int(intent.opened_at + max(0.0, target_ahead_s))",
        "int(intent.opened_at)",
        (f"{TWINS}::test_a_twin_older_by_the_clock_of_outreach_is_left_alone",),
    ),
    Mutant(
        "removes a twin that is older than the announcement",
        CREATE,
        "return younger and intent.sent >= len(matches)",
        "return intent.sent >= len(matches)",
        (f"{TWINS}::test_a_twin_older_than_our_create_is_left_alone_and_reported",),
    ),
    Mutant(
        "forgets a record with a create in doubt when a sweep does not show it",
        "engine/store/sqlite/capture.py",
        '        f" AND NOT {intents.RECORD_OPEN}{LISTED}",\n        (sweep, started_at),',
        '        f"{LISTED}",\n        (sweep, started_at),',
        (f"{STORE}/test_capture.py",),
    ),
    Mutant(
        "creates anew whatever was deleted in the target",
        DECIDE,
        "if way.lost_link or recreate_missing:",
        "if way:",
        (
            "tests/scenario/test_relinking.py"
            "::test_an_edit_of_a_record_deleted_in_outreach_is_refused_with_the_reason",
        ),
    ),
    Mutant(
        "takes a stale write-back for a delivered one",
        WRITE_BACK,
        "    if result.outcome is Delivery.DELIVERED and result.version is not None:\n"
        "        return Decision(Verdict.CONFIRM, result.version)",
        "    if result.outcome in (Delivery.DELIVERED, Delivery.STALE):\n"
        "        return Decision(Verdict.CONFIRM, result.version or entry.version)",
        (
            "tests/scenario/test_writing_back.py"
            "::test_an_edit_made_before_the_id_returns_is_kept_and_synced",
        ),
    ),
    Mutant(
        "takes a flag that is owed anew for the one on its way",
        "engine/store/sqlite/outbox.py",
        "changed_at, now, int(now * 1_000_000)),",
        "changed_at, now, 1),",
        (
            "tests/unit/engine/store/test_settle.py::test_a_flag_that_is_owed_anew_is_not_the_one_on_its_way",
        ),
    ),
    Mutant(
        "sets a flag on a version that nobody has refused",
        "engine/store/sqlite/outbox.py",
        'record_id = ? AND error = 1"\n    f" AND (SELECT',
        'record_id = ? AND error = 2"\n    f" AND (SELECT',
        (
            "tests/scenario/test_refusing.py::test_a_flag_about_an_earlier_version_is_not_set_while_the_newer_one_waits",
            "tests/unit/engine/store/test_people.py::test_a_flag_that_is_owed_is_about_the_version_that_was_refused",
        ),
    ),
    Mutant(
        "writes back on top of whatever the record holds now",
        WRITE_BACK,
        "    reason = not_ours(shown.record, entry, shown.version)\n",
        "    reason = None\n",
        (
            "tests/scenario/test_refusing.py::test_a_record_mended_before_its_flag_arrives_is_not_flagged",
        ),
    ),
    Mutant(
        "writes back without the version it is based on",
        "connectors/workbooks/protocol.py",
        'row |= {"id": str(object_id), "lock_version": str(version)}',
        'row |= {"id": str(object_id)}',
        ("tests/unit/connectors/workbooks/test_protocol.py",),
    ),
    Mutant(
        "sends roles without announcing them",
        RELATING,
        "await self._editor.announce(work, edits.create, edits.touched)",
        "pass",
        (f"{PEOPLE_IN_DOUBT}::test_a_process_killed_before_it_heard_the_answer_doubles_nothing",),
    ),
    Mutant(
        "believes the first look for roles in doubt",
        "engine/decide/tab.py",
        "began_at=began_at, now=now, bound=bound)",
        "began_at=1e12, now=now, bound=bound)",
        (f"{PEOPLE_IN_DOUBT}::test_a_lagging_collection_keeps_a_role_in_doubt",),
    ),
    Mutant(
        "sends a prospect without announcing it",
        CREATES,
        "await self.store.people.announce(record, candidate.email, now)",
        "pass",
        (
            "tests/scenario/test_changes_in_doubt.py::test_a_create_that_a_dead_process_sent_is_waited_for_past_the_lag",
        ),
    ),
    Mutant(
        "makes a prospect for each of two people with one address",
        CREATES,
        "shared = await self.shared([candidate.email])",
        "shared = dict[str, int]()",
        (
            "tests/scenario/test_no_second_request.py::test_two_people_with_one_address_cost_one_create",
        ),
    ),
    Mutant(
        "compares addresses with their letter case",
        "connectors/outreach/prospects.py",
        "texts = (one.strip().lower() for one in members if isinstance(one, str))",
        "texts = (one.strip() for one in members if isinstance(one, str))",
        ("tests/unit/connectors/outreach/test_prospects.py",),
    ),
    Mutant(
        "looks for an address with its letter case",
        RESOLVER,
        "first = emails[0].lower() if isinstance(emails, list) and emails else None",
        "first = emails[0] if isinstance(emails, list) and emails else None",
        (
            "tests/scenario/test_people_prospects.py::test_who_is_there_already_is_adopted_by_address",
        ),
    ),
)
