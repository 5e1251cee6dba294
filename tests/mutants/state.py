"""Mutants of what the state is: whose its files are, whose it is itself, and how old."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

AS_ROOT = "tests/end_to_end/test_as_root.py"
OWNERSHIP = "engine/ownership.py"
STATEDIR = "engine/store/statedir.py"
PROVENANCE = "engine/store/sqlite/provenance.py"
AGE = "engine/decide/age.py"
WAITS = "engine/store/sqlite/waits.py"
TRUST = "engine/actors/trust.py"
DECIDE_TRUST = "engine/decide/trust.py"
DIRECTORY = "tests/unit/engine/store/test_statedir.py"
STRETCHED = "tests/unit/engine/store/test_waits.py"
JUDGED = "tests/unit/engine/store/test_provenance.py"
PUT_BACK = "tests/scenario/test_state_put_back.py"
WRITER = "tests/scenario/test_another_writer.py"
COMMAND = "tests/end_to_end/test_state_command.py"
CLOCKS = "tests/scenario/test_wrong_clocks.py"

MUTANTS = (
    Mutant(
        "dates an announcement by a clock that was set back, less the absence",
        AGE,
        "turned_s = set_back_s + longest_s(rest.before, rest.told)",
        "turned_s = 0.0",
        (
            "tests/unit/engine/decide/test_age.py"
            "::test_a_doubt_grows_older_only_by_time_that_is_proven",
        ),
    ),
    Mutant(
        "lets what was noted at this start grow older by a clock that was set back",
        "engine/model/age.py",
        "since=min(self.since + max(0.0, moved_s), now),",
        "since=min(self.since + moved_s, now),",
        (f"{JUDGED}::test_what_is_noted_after_the_clock_was_set_back_is_as_young_as_now",),
    ),
    Mutant(
        "lets a doubt of an aged state grow older by a clock that was set back",
        AGE,
        "doubt_since=(now if aged is None else aged.since) + set_back_s,",
        "doubt_since=now if aged is None else aged.since,",
        (f"{JUDGED}::test_what_is_noted_after_the_clock_was_set_back_is_as_young_as_now",),
    ),
    Mutant(
        "takes a record with a time ahead for younger than the state",
        DECIDE_TRUST,
        "return not since < record.updated_at <= present + SKEW_S",
        "return not (since < record.updated_at and present)",
        (f"{CLOCKS}::test_a_record_with_a_time_ahead_is_no_younger_than_a_state_put_back",),
    ),
    Mutant(
        "waits for the moment that a clock that was ahead has noted",
        "engine/model/age.py",
        "since=min(self.since + max(0.0, moved_s), now),",
        "since=self.since,",
        (f"{JUDGED}::test_what_a_clock_ahead_has_noted_of_the_age_is_past_when_it_is_right",),
    ),
    Mutant(
        "tells by a clock that is behind what is older than the state",
        "engine/model/age.py",
        "return self.at if self.told is None else self.told",
        "return self.at",
        (f"{CLOCKS}::test_a_state_put_back_while_the_clock_is_behind_creates_nothing_twice",),
    ),
    Mutant(
        "takes its own hand for another writer's where a pasted id was taken over",
        "engine/actors/trust.py",
        "await self.store.provenance.take_over(work, target_id, self.clock.now())",
        "pass",
        (f"{WRITER}::test_a_pasted_id_is_no_alarm_where_the_answer_to_its_update_was_lost",),
    ),
    Mutant(
        "cannot load itself as root where the service's user cannot walk",
        OWNERSHIP,
        "if not _can_walk_to(directory) or not all(map(_can_read, code)):",
        "if not _can_walk_to(directory):",
        (f"{DIRECTORY}::test_root_acting_as_the_service_can_load_what_it_is_made_of",),
    ),
    Mutant(
        "loads as root what it needs only once it may not",
        OWNERSHIP,
        "        preload.everything()\n",
        "        _ = preload\n",
        (f"{AS_ROOT}::test_root_that_may_not_look_everywhere_does_all_that_root_may",),
    ),
    Mutant(
        "leaves waits as long as a clock that was ahead has made them",
        WAITS,
        "stretched = now if set_back_s > 0 else latest",
        "stretched = latest",
        (
            f"{STRETCHED}::test_what_was_due_soon_is_due_soon",
            "tests/scenario/test_wrong_clocks.py"
            "::test_a_clock_set_back_while_stopped_stretches_no_wait",
        ),
    ),
    Mutant(
        "looks through the first table alone for times of a clock that was ahead",
        WAITS,
        "        after = None\n    return None",
        "        return None\n    return None",
        (f"{STRETCHED}::test_every_table_has_its_turn_and_the_last_row_too",),
    ),
    Mutant(
        "does not look through a state for times of a clock that was ahead",
        "engine/service/working.py",
        "        tasks.start_soon(take_times_back, assembly)\n",
        "",
        (f"{CLOCKS}::test_a_time_that_nobody_knew_to_be_ahead_is_taken_back_beside_all_work",),
    ),
    Mutant(
        "takes what a clock that was ahead has stamped for young until its time comes",
        "engine/store/rows/waits.py",
        '    "role_edit": ("sent_at",),\n',
        "",
        (f"{STRETCHED}::test_nothing_has_happened_later_than_now",),
    ),
    Mutant(
        "follows a link that somebody has planted in the state directory",
        OWNERSHIP,
        "found = path.lstat()",
        "found = path.stat()",
        (f"{DIRECTORY}::test_a_planted_link_is_refused_and_nothing_is_made_behind_it",),
    ),
    Mutant(
        "works as root in the service's directory",
        OWNERSHIP,
        "if os.geteuid() != ROOT or owner.st_uid == ROOT:",
        "if owner.st_uid >= ROOT:",
        (
            f"{DIRECTORY}::test_root_makes_nothing_of_its_own_in_the_services_directory",
            f"{DIRECTORY}::test_root_acting_as_the_service_can_write_nothing_else",
        ),
    ),
    Mutant(
        "lets anybody who can read the state directory stop the service",
        STATEDIR,
        "if not _locked(handle) and _is_private(state_dir):",
        "if not _locked(handle):",
        (f"{DIRECTORY}::test_nobody_blocks_us_by_locking_what_everybody_can_read",),
    ),
    Mutant(
        "starts beside a version that locks the directory alone",
        STATEDIR,
        "if not _locked(handle) and _is_private(state_dir):",
        "if not _locked(handle) and not _is_private(state_dir):",
        (f"{DIRECTORY}::test_an_older_version_at_work_is_noticed",),
    ),
    Mutant(
        "keeps a state where others may write",
        STATEDIR,
        "if directory.st_mode & OTHERS_MAY_WRITE:",
        "if directory.st_mode & 0:",
        (f"{DIRECTORY}::test_a_directory_that_others_may_write_to_is_refused",),
    ),
    Mutant(
        "writes a configuration through somebody else's link",
        "engine/config/file.py",
        "        if link is not None:",
        "        if link == Path():",
        (
            "tests/unit/engine/config/test_file.py"
            "::test_a_link_that_somebody_else_has_laid_is_not_followed",
        ),
    ),
    Mutant(
        "believes what a state knows that was put back",
        PROVENANCE,
        "        _forget(connection, decision.aged, decision.doubt_since)\n",
        "        pass\n",
        (
            f"{PUT_BACK}::test_roles_made_since_are_not_made_again",
            f"{PUT_BACK}::test_an_edit_back_to_what_the_copy_knows_is_sent",
        ),
    ),
    Mutant(
        "creates what another life of the state has created",
        TRUST,
        "if work.intent is not None or self.aged is None:",
        "if work.id:",
        (f"{PUT_BACK}::test_records_in_mid_import_are_not_created_twice",),
    ),
    Mutant(
        "does not miss what a state has forgotten",
        AGE,
        "    if evidence.missing > 0:\n",
        "    if not mark.name:\n",
        (f"{PUT_BACK}::test_an_edit_back_to_what_the_copy_knows_is_sent",),
    ),
    Mutant(
        "does not see that a directory was put back",
        AGE,
        "    if mark.moved:\n",
        "    if not mark.name:\n",
        (f"{PUT_BACK}::test_an_edit_back_to_what_the_copy_knows_is_sent",),
    ),
    Mutant(
        "takes the snapshot of a machine for the present",
        AGE,
        "if lived_at is None or evidence.ended or",
        "if lived_at is None or evidence.writes or",
        (f"{PUT_BACK}::test_a_snapshot_of_a_machine_at_work_is_noticed",),
    ),
    Mutant(
        "distrusts a state that only rested",
        AGE,
        "if lived_at is None or evidence.ended or",
        "if lived_at is None or",
        (f"{PUT_BACK}::test_a_state_that_was_stopped_in_order_is_trusted",),
    ),
    Mutant(
        "starts with a copy on another machine",
        "engine/installation.py",
        "self.machine == other.machine)",
        "self.machine)",
        (f"{JUDGED}::test_machine_and_directory_make_an_installation",),
    ),
    Mutant(
        "works on beside another service",
        TRUST,
        "        if self.paused is not None:\n",
        "        if not self.visibility_s:\n",
        (f"{WRITER}::test_creates_are_paused_until_somebody_has_looked",),
    ),
    Mutant(
        "lets the id of another service pass",
        DECIDE_TRUST,
        "if work.target_id is None and not work.seen_unlinked:",
        "if work.target_id is None or not work.seen_unlinked:",
        (f"{WRITER}::test_two_services_on_one_state_notice_each_other",),
    ),
    Mutant(
        "believes the machine's clock about an absence",
        AGE,
        "moved_s = away_s - proven_s(away_s, rest.before, rest.told)",
        "moved_s = 0.0",
        (f"{JUDGED}::test_a_doubt_grows_older_only_by_time_that_is_proven",),
    ),
    Mutant(
        "writes its copy over another one",
        "engine/store/sqlite/copies.py",
        "os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW",
        "os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW",
        (f"{COMMAND}::test_a_copy_is_made_beside_the_service_and_put_back",),
    ),
    Mutant(
        "puts back the state of another pair",
        "engine/store/sqlite/copies.py",
        "if known is not None and known != pair:",
        "if known is None and known != pair:",
        (f"{COMMAND}::test_what_is_no_copy_of_this_state_is_not_put_back[another pair]",),
    ),
    Mutant(
        "takes roles for listed whole that stood for no line",
        "engine/actors/relationship_syncer.py",
        "progress.others = any(role.id not in progress.roles for role in listing)",
        "progress.others = False",
        (
            "tests/scenario/test_people_by_hand.py"
            "::test_a_role_that_stood_for_no_line_stands_for_a_later_one",
        ),
    ),
    Mutant(
        "lets a clock that was set end a doubt",
        AGE,
        "return max(0.0, min(clock_s, *told)) if told else 0.0",
        "return clock_s",
        ("tests/scenario/test_wrong_clocks.py::test_a_clock_set_while_stopped_shortens_no_doubt",),
    ),
    Mutant(
        "does not say that somebody else has used its token",
        "connectors/outreach/oauth.py",
        'rotated = presented.refresh_token == before.refresh_token != ""',
        "rotated = False",
        (
            "tests/unit/connectors/outreach/test_oauth.py"
            "::test_a_token_of_our_own_that_somebody_else_has_used_is_told_as_that",
        ),
    ),
    Mutant(
        "takes one list for proof that a role is gone in a state put back",
        "engine/store/sqlite/provenance.py",
        'connection.execute("UPDATE role SET seen_at = ?", (aged.since,))',
        'connection.execute("UPDATE role SET seen_at = 0")',
        (
            "tests/unit/engine/store/test_provenance.py"
            "::test_no_list_that_may_lag_proves_a_role_gone_in_an_aged_state",
        ),
    ),
    Mutant(
        "takes a state for sound that was left without being closed",
        "engine/store/sqlite/rest.py",
        "        if _log(path).exists():\n            return False\n",
        "",
        ("tests/unit/engine/store/test_rest.py",),
    ),
    Mutant(
        "takes the time that a file shows for the time it was changed",
        "engine/store/sqlite/rest.py",
        "found.st_mtime_ns, found.st_ctime_ns)",
        "found.st_mtime_ns, found.st_mtime_ns)",
        ("tests/unit/engine/store/test_rest.py",),
    ),
    Mutant(
        "never reads a state through",
        "engine/store/sqlite/statefile.py",
        "whole=not rest.undisturbed(path)",
        "whole=False",
        ("tests/unit/engine/store/test_rest.py",),
    ),
    Mutant(
        "takes a state for sound in which something could not be read",
        "engine/store/sqlite/threaded.py",
        "    if sound:\n        rest.note(path)\n",
        "    rest.note(path)\n",
        ("tests/unit/engine/store/test_rest.py",),
    ),
)
