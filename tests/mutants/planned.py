"""Mutants of plans: one that is not exact, that does something, or that is not what it was."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

PLAN = "tests/scenario/test_plan.py"
APPLY = "tests/scenario/test_applying.py"
APPLIED = "tests/scenario/test_plan_applied.py"
APPROVE = "tests/scenario/test_approving.py"
FILES = "tests/unit/engine/service/planning/test_files.py"
PEOPLE = "tests/unit/engine/service/planning/test_people.py"
TARGET = "engine/service/planning/target.py"
PORTS = "tests/unit/engine/test_stand_ins_of_ports.py"
FIRST = f"{PLAN}::test_a_first_run_is_told_before_anything_is_there"

MUTANTS = (
    Mutant(
        "lets a removal through a rehearsal",
        TARGET,
        "    async def delete(self, target_id: int)",
        "    async def removed(self, target_id: int)",
        (f"{PORTS}::test_nothing_that_writes_is_passed_on",),
    ),
    Mutant(
        "takes what the fuse holds for a stall",
        "engine/service/once.py",
        "(frozenset(Outcome) - WAITS) | RESTS",
        "(frozenset(Outcome) - WAITS - {Outcome.HELD_BY_FUSE})",
        ("tests/unit/engine/service/test_once.py::test_what_the_fuse_holds_is_progress_as_well",),
    ),
    Mutant(
        "rehearses no poll that asks for flagged records as well",
        "engine/service/planning/source.py",
        "limit: int, *, flagged: bool = False) -> Page:",
        "limit: int) -> Page:",
        (f"{PORTS}::test_what_it_does_itself_takes_what_the_port_takes",),
    ),
    Mutant(
        "creates in the rehearsal",
        TARGET,
        "        target_id = self.overlay.invented()\n",
        "        target_id = await self.target.create(fields)\n",
        (FIRST,),
    ),
    Mutant(
        "counts the looks of a rehearsal as the run's",
        TARGET,
        "            with counted_by(None):\n"
        "                return await self.target.get(target_id, changes",
        "            with counted_by(current_tally.get()):\n"
        "                return await self.target.get(target_id, changes",
        (f"{PLAN}::test_an_edit_is_told_with_old_and_new",),
    ),
    Mutant(
        "believes what was known where it can look",
        TARGET,
        "        if self.looks >= LOOKS_MAX:\n            return None",
        "        if self.looks >= 0:\n            return None",
        (f"{PLAN}::test_an_edit_is_told_with_old_and_new",),
    ),
    Mutant(
        "loses the tokens that a rehearsal mints",
        "engine/service/planning/planning.py",
        "environment, store, metrics, place.vault, guard",
        "environment, store, metrics, guard",
        (f"{PLAN}::test_tokens_minted_on_the_way_are_kept",),
    ),
    Mutant(
        "lets tabs begin while records are at work",
        "engine/service/stages.py",
        "        dispatcher.ready = records_rest",
        "        dispatcher.ready = None",
        ("tests/scenario/test_plan_exact.py::test_people_of_many_tabs_are_asked_for_together",),
    ),
    Mutant(
        "tells in the log what was only rehearsed",
        "engine/service/planning/rehearsal.py",
        "        token = rehearsing.set(True)",
        "        token = rehearsing.set(False)",
        (f"{PLAN}::test_beside_the_service_the_same_is_told",),
    ),
    Mutant(
        "leaves a copy of the state behind",
        "engine/store/sqlite/scratch.py",
        "    finally:\n        shutil.rmtree(made, ignore_errors=True)",
        "    finally:\n        pass",
        (f"{PLAN}::test_nothing_is_left_behind",),
    ),
    Mutant(
        "takes a plan that somebody has changed",
        "engine/service/planning/files.py",
        "    if checksum != digest.hexdigest():",
        "    if not checksum:",
        (f"{FILES}::test_no_line_can_be_changed_taken_away_or_cut",),
    ),
    Mutant(
        "takes a plan whose end is missing",
        "engine/service/planning/files.py",
        "    if not ended:",
        "    if False:",
        (f"{FILES}::test_no_whole_line_can_be_left_out",),
    ),
    Mutant(
        "approves what was not named",
        "engine/store/sqlite/fuse.py",
        "    if chosen.only is not None:",
        "    if chosen.only is None and chosen.beside is None:",
        (f"{APPROVE}::test_only_some_of_it_goes_on",),
    ),
    Mutant(
        "approves what was named as not meant",
        "engine/store/sqlite/fuse.py",
        "    given: tuple[object, ...] = _named(chosen.beside)",
        "    given: tuple[object, ...] = _named(())",
        (f"{APPROVE}::test_only_some_of_it_goes_on",),
    ),
    Mutant(
        "approves what nobody has seen",
        "engine/store/sqlite/fuse.py",
        "    if chosen.seen_at is not None:",
        "    if chosen.seen_at == 0:",
        (f"{APPROVE}::test_what_came_since_it_was_shown_waits_on",),
    ),
    Mutant(
        "forgets that the fuse has tripped while something waits",
        "engine/store/sqlite/fuse.py",
        "    if not held(connection).records:\n        kept.forget_setting",
        "    if True:\n        kept.forget_setting",
        (f"{APPROVE}::test_only_some_of_it_goes_on",),
    ),
    Mutant(
        "approves before anybody was asked",
        "engine/cli/approving.py",
        "        if as_json or not sys.stdin.isatty():",
        "        if as_json:",
        (f"{APPROVE}::test_what_is_held_is_shown_before_anything_goes_on",),
    ),
    Mutant(
        "advises to approve what was never shown",
        "engine/cli/approving.py",
        "{option(path)}{_flags(asked)} --yes",
        "{option(path)} --yes",
        (f"{APPROVE}::test_what_is_advised_approves_what_was_chosen_and_no_more",),
    ),
    Mutant(
        "sends what is not in the plan",
        "engine/service/planning/permits.py",
        "        self._deny(_otherwise(attempt, self.changes))",
        "        return",
        (f"{APPLY}::test_what_would_be_decided_otherwise_is_left_out",),
    ),
    Mutant(
        "asks who a person was when the work on a record began",
        "engine/service/planning/permits.py",
        "self.people.prospect(person_id) or self.prospects",
        "self.prospects",
        ("tests/unit/engine/service/planning/test_permits.py",),
    ),
    Mutant(
        "overwrites what was entered since the plan was made",
        "engine/service/planning/record.py",
        "            if present.get(edit.field) not in (edit.before, edit.after):",
        "            if edit.field not in present:",
        (f"{APPLY}::test_what_the_fuse_holds_is_done_as_far_as_it_is_planned",),
    ),
    Mutant(
        "does not see that a record was edited",
        "engine/service/planning/record.py",
        "        if planned is not None and row.version not in (planned, delivered):",
        "        if planned is not None and row.version < planned:",
        (f"{APPLY}::test_what_the_fuse_holds_is_done_as_far_as_it_is_planned",),
    ),
    Mutant(
        "carries out a plan by another mapping",
        "engine/service/planning/applying.py",
        "        if header.mapping != assembly.mappings.fingerprint:",
        "        if not header.mapping:",
        (f"{APPLY}::test_a_stale_or_foreign_plan_is_refused_as_a_whole",),
    ),
    Mutant(
        "takes a lost create for done",
        "engine/service/planning/record.py",
        '        if dossier.work.intent is not None:\n            return "a create',
        '        if False:\n            return "a create',
        (f"{APPLY}::test_a_lost_answer_sends_nothing_twice",),
    ),
    Mutant(
        "tries nobody again who shares an address",
        "engine/service/planning/record.py",
        "self._early or (permits.early and undone is not None)",
        "self._early",
        (f"{APPLY}::test_who_shares_an_address_is_told_the_prospect_of_the_other",),
    ),
    Mutant(
        "takes two roles that are equal for one",
        "engine/service/planning/permits.py",
        "if one is not change]",
        "if one != change]",
        (f"{APPLIED}::test_those_who_share_a_prospect_each_have_their_role",),
    ),
    Mutant(
        "takes one of two equal roles for both",
        "engine/service/planning/outstanding.py",
        "            there[made(role)] -= is_so\n",
        "",
        ("tests/unit/engine/service/planning/test_outstanding.py",),
    ),
    Mutant(
        "takes a record that was never edited for one of another version",
        "engine/service/planning/lines.py",
        "version if decided_on is None else decided_on",
        "decided_on or version",
        (f"{APPLIED}::test_a_record_that_was_never_edited_is_adopted_as_planned",),
    ),
    Mutant(
        "looks once more at what the run reads itself",
        TARGET,
        "            fields = await self.target.get(target_id, field_names)\n"
        "            self.overlay.keep_seen(target_id, fields)\n",
        "            fields = await self.target.get(target_id, field_names)\n",
        (f"{APPLIED}::test_however_many_target_records_there_are_a_plan_tells_what_they_hold",),
    ),
    Mutant(
        "looks once more at what the run reads of many at once",
        TARGET,
        "        for target_id, fields in found.items():\n"
        "            self.overlay.keep_seen(target_id, fields)\n",
        "",
        (f"{APPLIED}::test_what_a_run_reads_of_many_records_at_once_is_told_as_well",),
    ),
    Mutant(
        "believes that no role is taken on what is in the trash",
        TARGET,
        "            return error.status is not None",
        "            return error is not None",
        (f"{APPLIED}::test_roles_on_what_is_in_the_trash_are_planned_as_they_are_sent",),
    ),
    Mutant(
        "leaves out who was overtaken by another record of the plan",
        "engine/service/planning/record.py",
        "self._early = undone is not None and await self._has_moved(before)",
        "self._early = False",
        (f"{APPLIED}::test_whoever_loses_a_target_record_meanwhile_has_one_more_turn",),
    ),
    Mutant(
        "keeps all the people of a plan in memory",
        "engine/service/planning/people.py",
        "        for line in lines:",
        "        for line in list(lines):",
        (f"{PEOPLE}::test_however_many_people_there_are_they_take_no_memory",),
    ),
    Mutant(
        "permits a create that is planned again and again",
        "engine/service/planning/people.py",
        "fields = ? AND number > 0",
        "fields = ?",
        (f"{PEOPLE}::test_each_create_that_is_planned_is_permitted_once",),
    ),
    Mutant(
        "lets everybody in the service wait for the lines of a plan",
        "engine/service/planning/rehearsal.py",
        "await anyio.to_thread.run_sync(_write_lines, writing, laid.connection, copy)",
        "_write_lines(writing, laid.connection, copy)",
        (f"{APPLIED}::test_nobody_in_the_service_waits_for_the_lines_of_a_plan",),
    ),
    Mutant(
        "lets everybody in the service wait for the reading of a plan",
        "engine/service/planning/applying.py",
        "await run_sync(planned.take_in, lines_of(self.plan))",
        "planned.take_in(lines_of(self.plan))",
        (f"{APPLIED}::test_nobody_in_the_service_waits_for_the_lines_of_a_plan",),
    ),
    Mutant(
        "lets everybody in the service wait for all records of an adoption",
        "engine/service/adopting/lines.py",
        "            await checkpoint()\n            for line",
        "            for line",
        (f"{APPLIED}::test_others_have_their_turn_between_two_records_of_an_adoption",),
    ),
    Mutant(
        "does not see what was done before",
        "engine/service/planning/record.py",
        "rests = dossier.state is State.SETTLED and linked",
        "rests = False",
        (f"{APPLIED}::test_what_was_done_before_is_told_so",),
    ),
    Mutant(
        "tells of people that they are done who were before",
        "engine/service/planning/applying.py",
        "already=not planned.is_told(person_id)",
        "already=False",
        (f"{APPLIED}::test_what_was_done_before_is_told_so",),
    ),
    Mutant(
        "takes roles of which nothing is due for those that are planned",
        "engine/service/planning/record.py",
        "        return not await self._outstanding(self._planned(*ROLES), [])",
        "        return True",
        (f"{APPLIED}::test_a_role_that_is_gone_since_it_was_made_is_not_told_to_be_there",),
    ),
    Mutant(
        "takes what no state holds from a plan",
        "engine/service/planning/files.py",
        "not 0 <= number <= most",
        "number < 0",
        (f"{FILES}::test_a_plan_with_what_cannot_be_is_damaged",),
    ),
    Mutant(
        "says that nobody needs whoever is a prospect by now",
        "engine/service/planning/applying.py",
        'UNTOLD = "it is not what it was, or nobody',
        'UNTOLD = "nobody',
        (
            f"{APPLIED}::"
            "test_of_somebody_who_is_a_prospect_by_now_it_is_not_told_that_nobody_needs_them",
        ),
    ),
    Mutant(
        "takes a role on a record for one on another",
        "engine/service/planning/permits.py",
        "if change.target_id not in (None, attempt.target_id):",
        "if change.target_id == 0:",
        ("tests/unit/engine/service/planning/test_permits.py",),
    ),
    Mutant(
        "carries out two plans at once",
        "engine/service/planning/desk.py",
        "        async with self._applying:\n",
        "        async with anyio.Lock():\n",
        ("tests/unit/engine/service/planning/test_desk.py::test_who_comes_second_waits",),
    ),
    Mutant(
        "forgets the first version of a record",
        "engine/service/planning/files.py",
        "        if not any(value is one for one in silent) and value != ()",
        "        if value and value != ()",
        (f"{FILES}::test_a_plan_is_read_as_it_was_written",),
    ),
    Mutant(
        "plans for anybody who asks",
        "engine/service/http.py",
        "changing(PLAN, answers.plan),",
        'Route(PLAN, _meant(status, answers.plan), methods=["POST"]),',
        ("tests/unit/engine/service/test_http.py::test_nobody_without_the_token_changes_anything",),
    ),
    Mutant(
        "leaves out who meets a prospect that is gone before it was planned",
        "engine/service/planning/permits.py",
        "attempt.kind is Kind.ROLE_ADD and self.people.is_gone(attempt.prospect_id)",
        "False",
        (
            "tests/unit/engine/service/planning/test_permits.py"
            "::test_a_role_of_a_prospect_that_another_record_finds_gone_is_tried_once_more",
        ),
    ),
    Mutant(
        "misses the roles on what is found gone before they are changed",
        "engine/service/planning/record.py",
        "dossier.cause.code is Code.TARGET_GONE",
        "False",
        (
            "tests/scenario/test_plan_applied.py"
            "::test_roles_on_what_is_found_in_the_trash_need_not_be_removed_any_more",
        ),
    ),
)
