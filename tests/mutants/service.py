"""Mutants of the process itself: how it starts, whom it obeys, and what it prints and logs."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

PATIENCE = "engine/decide/patience.py"
STARTING = "engine/service/starting.py"
HTTP = "engine/service/http.py"
DOORS = "engine/service/doors.py"
CONTROL = "engine/service/control.py"
STORE = "tests/unit/engine/store"
STALLED = "tests/unit/engine/logs/test_stalled_reader.py"
UNHEARD = "tests/end_to_end/test_stalled_stderr.py"
PLAIN = "tests/unit/engine/test_plain.py"
LEFT = "tests/unit/engine/test_descriptors.py"
OPENLY = "tests/unit/engine/config/test_unencrypted.py"
JUDGED = "tests/unit/engine/decide/test_patience.py"
REFUSED = "tests/scenario/test_start_up_refused.py"
ASKED = "tests/unit/engine/service/test_http.py"
DOORED = "tests/unit/engine/service/test_doors.py"

MUTANTS = (
    Mutant(
        "ends a start at the first refusal",
        PATIENCE,
        "    if confirmed and now - refusals.since >= patience.over_s and not worked:\n",
        "    if not worked:\n",
        (
            f"{JUDGED}::test_a_new_pair_is_given_up_after_several_refusals_over_a_minute",
            f"{REFUSED}::test_one_passing_answer_of_workbooks_ends_no_start",
        ),
    ),
    Mutant(
        "gives up a pair that has worked",
        PATIENCE,
        ">= patience.over_s and not worked:",
        ">= patience.over_s:",
        (f"{REFUSED}::test_a_pair_that_has_worked_is_waited_for_and_it_is_said_why",),
    ),
    Mutant(
        "forgets that a pair has worked",
        STARTING,
        "    await assembly.store.kept.note_that_it_works(now)\n",
        "",
        (f"{REFUSED}::test_a_pair_that_has_only_been_started_has_worked",),
    ),
    Mutant(
        "counts refusals of different kinds together",
        PATIENCE,
        "if former is None or former.error_class != kind:",
        "if former is None:",
        (f"{JUDGED}::test_refusals_count_only_in_a_row_and_only_of_one_class",),
    ),
    Mutant(
        "waits for outages only",
        STARTING,
        "        except EngineError as error:\n",
        "        except errors.Transient as error:\n",
        (f"{REFUSED}::test_one_passing_answer_of_outreach_ends_no_start",),
    ),
    Mutant(
        "asks for a token as often as for anything else",
        PATIENCE,
        "max(min(patience.cap_s, doubled), error.retry_after_s or 0.0)",
        "min(patience.cap_s, doubled)",
        (f"{JUDGED}::test_waits_grow_to_a_minute_and_are_never_shorter_than_asked_for",),
    ),
    Mutant(
        "lets anybody on the machine release the fuse",
        HTTP,
        "            if not doors.obeys(request.headers.get(TOKEN)):\n",
        "            if TOKEN is None:\n",
        (f"{ASKED}::test_nobody_without_the_token_changes_anything",),
    ),
    Mutant(
        "answers for any name",
        HTTP,
        "answer: ASGIApp = self._refusal(request) or self.app",
        "answer: ASGIApp = self.app",
        (f"{ASKED}::test_a_foreign_name_reaches_no_route",),
    ),
    Mutant(
        "lets itself be told by any name beyond loopback",
        DOORS,
        "return only_shows and not on_loopback(self.host)",
        "return not on_loopback(self.host)",
        (f"{DOORED}::test_a_name_somebody_pointed_here_is_not",),
    ),
    Mutant(
        "leaves its token to everybody",
        CONTROL,
        "os.open(path, flags, 0o600)",
        "os.open(path, flags, 0o644)",
        (f"{DOORED}::test_each_start_has_a_token_of_its_own_and_takes_it_away",),
    ),
    Mutant(
        "writes its token through a link",
        CONTROL,
        "        path.unlink(missing_ok=True)\n        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL"
        " | os.O_NOFOLLOW\n",
        "        flags = os.O_WRONLY | os.O_CREAT\n",
        (f"{DOORED}::test_a_token_is_never_written_through_a_link",),
    ),
    Mutant(
        "reads every record for one person's opportunities",
        "engine/store/sqlite/people.py",
        '"SELECT record_id FROM tab_person WHERE person_id = ?", (person_id,)',
        '"SELECT DISTINCT r.id FROM record r, json_each(r.tab) AS line"\n'
        "        \" WHERE json_extract(line.value, '$[0]') = ?\", (person_id,)",
        (
            f"{STORE}/test_tab_person.py::test_one_persons_opportunities_are_found_among_many_without_reading_them",
        ),
    ),
    Mutant(
        "forgets who has come to a tab",
        "engine/store/sqlite/schema/0005_hard_weather.sql",
        "WHEN NEW.tab IS NOT OLD.tab BEGIN",
        "WHEN NEW.tab IS NULL BEGIN",
        (f"{STORE}/test_tab_person.py::test_it_follows_every_change_of_a_tab",),
    ),
    Mutant(
        "reads every history for one record's",
        "engine/store/sqlite/journal.py",
        "WHERE h.record_type = ? AND h.record_id = ? ORDER BY h.seq",
        "WHERE h.record_type || '' = ? AND h.record_id + 0 = ? ORDER BY h.seq",
        (f"{STORE}/test_history.py::test_a_history_is_found_among_many_without_reading_them",),
    ),
    Mutant(
        "says nothing in the history of what is held",
        "engine/store/sqlite/report.py",
        "return [*lines, *held(connection, ref)]",
        "return lines",
        (f"{STORE}/test_history.py::test_what_is_held_says_so_itself_and_no_line_is_written",),
    ),
    Mutant(
        "takes for progress of a start what it only looks up again",
        "engine/service/starting.py",
        "furthest = max(furthest, len(taken))",
        "furthest = 0",
        (
            "tests/scenario/test_start_up_refused.py"
            "::test_a_start_that_gets_no_further_asks_ever_less_often",
        ),
    ),
    Mutant(
        "begins a start anew at every trouble",
        "engine/service/starting.py",
        "or anyio.current_time() - began > TAKEN_S:",
        "or True:",
        (
            "tests/scenario/test_start_up_refused.py"
            "::test_a_start_goes_on_where_a_passing_trouble_met_it",
        ),
    ),
    Mutant(
        "lets what must be heard wait for other lines",
        "engine/logs/writing.py",
        "warning = error = critical = urgent",
        "warning = error = critical = msg",
        (f"{STALLED}::test_what_must_be_heard_is_written_at_once_with_what_was_said_before_it",),
    ),
    Mutant(
        "loses what a former way of the log still held",
        "engine/logs/__init__.py",
        "        flush()\n        _way.lines.close()\n",
        "        _way.lines.close()\n",
        (f"{STALLED}::test_a_way_that_is_set_up_anew_keeps_what_the_former_one_held",),
    ),
    Mutant(
        "lets a report stand before what was logged",
        "engine/cli/output.py",
        "        if self.shared:\n",
        "        if not self.shared:\n",
        (
            "tests/unit/engine/cli/test_output.py::test_a_report_stands_behind_what_was_logged_before_it",
        ),
    ),
    Mutant(
        "waits for whoever reads its log",
        "engine/logs/writing.py",
        "            if self._queue.qsize() >= WAITING_MAX:\n",
        "            while self._queue.qsize() >= WAITING_MAX:\n                pass\n"
        "            if self._queue.qsize() < 0:\n",
        (f"{STALLED}::test_a_full_pipe_keeps_nobody_waiting_and_every_line_is_accounted_for",),
    ),
    Mutant(
        "says nothing of the lines it has dropped",
        "engine/logs/writing.py",
        "            if untold:\n",
        "            if untold < 0:\n",
        (f"{STALLED}::test_a_full_pipe_keeps_nobody_waiting_and_every_line_is_accounted_for",),
    ),
    Mutant(
        "waits at its end until somebody reads why",
        "engine/streams.py",
        "    writer.join(PATIENCE_S)\n",
        "    writer.join()\n",
        (f"{STALLED}::test_what_must_be_said_waits_for_a_reader_only_so_long",),
    ),
    Mutant(
        "lets a file of ours take the place of standard error",
        "engine/__main__.py",
        "    streams.opened_all()\n",
        "",
        (f"{UNHEARD}::test_a_single_run_works_and_ends_as_usual_when_nobody_can_be_told",),
    ),
    Mutant(
        "prints what steers the terminal",
        "engine/cli/output.py",
        "super().write(plain_but_coloured(text))",
        "super().write(text)",
        (f"{PLAIN}::test_no_way_out_of_a_command_lets_it_through",),
    ),
    Mutant(
        "lets a cell make lines of its own",
        "engine/cli/tables.py",
        "    return plain(cell) if isinstance(cell, str) else",
        "    return cell if isinstance(cell, str) else",
        (f"{PLAIN}::test_a_line_end_in_a_cell_makes_no_line_of_its_own",),
    ),
    Mutant(
        "lets the direction of writing be turned",
        "engine/plain.py",
        '_STEERING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})',
        '_STEERING = frozenset({"Cc", "Cs", "Zl", "Zp"})',
        (f"{PLAIN}::test_what_steers_a_terminal_is_spelled_out",),
    ),
    Mutant(
        "looks through everybody for what was being sent",
        "engine/store/sqlite/schema/0021_intents.sql",
        "CREATE INDEX intent_announced ON intent (kind) WHERE open AND doubt_since IS NULL;\n",
        "",
        (f"{STORE}/test_query_plans.py::test_no_statement_reads_through_a_table_that_grows",),
    ),
    Mutant(
        "looks through all that waits for each failure",
        "engine/store/sqlite/schema/0005_hard_weather.sql",
        "CREATE INDEX record_pending_reason ON record (reason_class)",
        "CREATE INDEX record_pending_reason ON record (updated_at)",
        (f"{STORE}/test_query_plans.py::test_no_statement_reads_through_a_table_that_grows",),
    ),
    Mutant(
        "reads halves of characters as they come",
        "engine/wire/exchange.py",
        "made_whole(body), head.cookies)",
        "body, head.cookies)",
        (
            "tests/scenario/test_half_characters.py"
            "::test_half_a_character_in_a_text_is_no_surprise_after_the_create",
        ),
    ),
    Mutant(
        "calls a damaged file a full disk while it runs",
        "engine/store/sqlite/troubles.py",
        "    if statefile.damaged(error):\n",
        "    if statefile.damaged(error) and not what:\n",
        (f"{LEFT}::test_a_damaged_file_is_called_damaged",),
    ),
    Mutant(
        "blames the network for files used up",
        "engine/wire/exchange.py",
        "if descriptors.used_up(error):",
        "if descriptors.used_up(None):",
        (f"{LEFT}::test_a_connection_that_cannot_be_opened_blames_no_network",),
    ),
    Mutant(
        "repeats a secret that stands where its name should",
        "engine/settings.py",
        'return name if may_be_shown(form, name) else "that is named there"',
        "return name",
        (f"{OPENLY}::test_a_secret_in_the_place_of_a_name_is_not_repeated",),
    ),
    Mutant(
        "repeats a secret that stands where the path of its file should",
        "engine/settings.py",
        'shape = _A_PATH if form == "file" else _A_NAME',
        'shape = re.compile(".*") if form == "file" else _A_NAME',
        (f"{OPENLY}::test_a_secret_in_the_place_of_a_file_is_not_repeated",),
    ),
    Mutant(
        "shows a secret that stands where its reference should",
        "engine/config/view.py",
        "shown = raw if resolved else _without_a_secret(raw)",
        "shown = raw",
        (
            "tests/unit/engine/config/test_view.py"
            "::test_a_secret_in_the_place_of_a_reference_is_not_shown",
        ),
    ),
    Mutant(
        "sends who may not read a secret to the manual",
        "engine/config/mistakes.py",
        "        return _ANOTHER_USER\n",
        "        return _MANUAL\n",
        (
            "tests/unit/engine/config/test_mistakes.py"
            "::test_a_secret_behind_a_closed_directory_says_so",
        ),
    ),
    Mutant(
        "tells the operator to export a secret",
        "engine/config/mistakes.py",
        'isinstance(name, str) and may_be_shown("env", name)',
        "isinstance(name, str) and name.isidentifier()",
        (
            "tests/unit/engine/config/test_mistakes.py"
            "::test_a_secret_in_the_place_of_a_variable_is_not_to_be_exported",
        ),
    ),
    Mutant(
        "says nothing of credentials that travel unencrypted",
        "engine/config/unencrypted.py",
        'scheme.lower() == "http" and',
        'scheme.lower() == "plain" and',
        (f"{OPENLY}::test_plain_http_beyond_the_machine_is_named",),
    ),
    Mutant(
        "takes a field that is switched off for one that is not there",
        "engine/service/reloading.py",
        "before.get(key, NOT_SET), after.get(key, NOT_SET)",
        "before.get(key), after.get(key)",
        ("tests/scenario/test_reload_refused.py::test_a_field_that_is_switched_off_is_a_change",),
    ),
)
