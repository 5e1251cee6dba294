"""Mutants that put settings in force or write them wrongly, log badly, or give wrong advice."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

RELOADING = "engine/service/reloading.py"
RETUNING = "engine/assembly/retuning.py"
FILE = "engine/config/file.py"
FOLDING = "engine/logs/folding.py"
STAGES = "engine/tuning/stages.py"
READINGS = "engine/tuning/readings.py"
UNIT = "tests/unit/engine"
RELOADED = f"{UNIT}/service/test_reloading.py"
APPLIED = f"{RELOADED}::test_a_reload_gives_what_a_restart_would_give"
SHOWN = f"{RELOADED}::test_a_reload_shows_in_the_metrics"
REFUSED = f"{RELOADED}::test_a_refused_file_changes_nothing_and_shows_in_the_metrics"
RESTART = (
    "tests/scenario/test_reload_refused.py"
    "::test_what_needs_a_restart_is_refused_with_everything_beside_it"
)
REPLACED = f"{UNIT}/config/test_file.py"
LOGGED = f"{UNIT}/logs/test_logs.py"
ADVISED = f"{UNIT}/tuning/test_tuning.py"
NAMED = f"{ADVISED}::test_each_limit_is_named_with_the_setting_that_moves_it"

MUTANTS = (
    Mutant(
        "applies the live part of a file that it refuses",
        RELOADING,
        "        if fixed:\n",
        "        if fixed:\n            retune(self.assembly, config)\n",
        (REFUSED,),
    ),
    Mutant(
        "puts the log level of a refused file in force",
        RELOADING,
        "        changed = dict(differences(self.assembly.config, config))\n",
        "        logs.set_level(config.engine.service.log_level)\n"
        "        changed = dict(differences(self.assembly.config, config))\n",
        (REFUSED,),
    ),
    Mutant(
        "accepts another system in the middle of the work",
        "engine/config/live.py",
        "(table not in _ENGINE_TABLES and rest in _LIVE_OF_SYSTEMS)",
        "table not in _ENGINE_TABLES",
        (RESTART,),
    ),
    Mutant(
        "accepts another secret and goes on with the old one",
        RELOADING,
        "if values[0] != values[1]:",
        "if str(values[0]) != str(values[1]):",
        (f"{RELOADED}::test_another_secret_needs_a_restart_and_is_not_shown",),
    ),
    Mutant(
        "lets a secret of the new file into the log",
        RELOADING,
        "            logs.keep_secret(secrets_in(settings))\n",
        "            pass\n",
        (f"{RELOADED}::test_another_secret_needs_a_restart_and_is_not_shown",),
    ),
    Mutant(
        "calls a refused reload a success",
        RELOADING,
        "        metrics.reload_successful.set(0)\n",
        "",
        (REFUSED,),
    ),
    Mutant(
        "does not say when the last reload succeeded",
        RELOADING,
        "        metrics.reload_successful.set(1)\n"
        "        metrics.reload_success_at.set(self.assembly.environment.clock.now())\n",
        "        metrics.reload_successful.set(1)\n",
        (SHOWN,),
    ),
    Mutant(
        "shows the settings of before the reload",
        RELOADING,
        "        self._show_settings()\n        metrics = self.assembly.metrics\n",
        "        metrics = self.assembly.metrics\n",
        (SHOWN,),
    ),
    Mutant(
        "leaves the number of workers as it was",
        RETUNING,
        "    assembly.relationship_syncers.resize(sizes.relationship_syncers)\n",
        "",
        (APPLIED,),
    ),
    Mutant(
        "hires new workers by the old settings",
        RETUNING,
        "assembly.config = assembly.worker_factory.config = config",
        "assembly.config = config",
        (APPLIED,),
    ),
    Mutant(
        "lets the workers it has go on by the old settings",
        RETUNING,
        "        syncer.limits = limits.relate_limits(config)\n",
        "        syncer.limits = syncer.limits\n",
        (APPLIED,),
    ),
    Mutant(
        "goes on with the old budget",
        RETUNING,
        "limits.budget_limits(config), backoff)",
        "target.limits, backoff)",
        (APPLIED,),
    ),
    Mutant(
        "counts by the old budget",
        "engine/flow/governor.py",
        "        self.budget.limits = limits\n",
        "",
        (APPLIED,),
    ),
    Mutant(
        "waits out the old interval first",
        "engine/flow/pace.py",
        "            self._changed.notify()",
        "            self._changed = Signal()",
        (f"{UNIT}/flow/test_pace.py::test_a_change_is_felt_during_the_wait",),
    ),
    Mutant(
        "writes the configuration in place",
        FILE,
        "            _swap(target, after)",
        "            target.write_bytes(after)",
        (f"{REPLACED}::test_a_failure_leaves_the_old_file",),
    ),
    Mutant(
        "overwrites what somebody else wrote meanwhile",
        FILE,
        "if target.read_bytes() != before:",
        "if not target.is_file():",
        (f"{REPLACED}::test_a_change_by_somebody_else_is_not_overwritten",),
    ),
    Mutant(
        "takes the configuration away from the service's user",
        FILE,
        "    os.fchmod(descriptor, stat.S_IMODE(status.st_mode))\n",
        "    os.fchmod(descriptor, 0o600)\n",
        (f"{REPLACED}::test_the_mode_is_kept",),
    ),
    Mutant(
        "writes a value that no service could start with",
        "engine/cli/configuring.py",
        "    _check(path, key, new, with_value(tables, key.parts, new))\n",
        "",
        (
            "tests/end_to_end/test_config_command.py::test_a_wrong_change_is_refused_in_one_paragraph",
        ),
    ),
    Mutant(
        "moves what it changes away from its comment",
        "engine/config/editing.py",
        "    table[name] = _item(shown)\n    return document.as_string()",
        "    del table[name]\n    table.add(name, _item(shown))\n    return document.as_string()",
        (
            f"{UNIT}/config/test_editing.py::test_a_changed_line_stays_below_the_comment_that_explains_it",
        ),
    ),
    Mutant(
        "writes a text nobody has read back",
        "engine/config/editing.py",
        "if same(tomllib.loads(result), wanted):",
        "if tomllib.loads(result):",
        (
            f"{UNIT}/config/test_editing.py"
            "::test_whatever_way_a_table_is_written_the_change_is_the_only_one",
        ),
    ),
    Mutant(
        "takes every record for a new trouble",
        FOLDING,
        '_CHANGING.sub("#", str(reason)[:_REASON_CHARS])',
        "str(reason)[:_REASON_CHARS]",
        (f"{LOGGED}::test_repeats_of_one_trouble_become_one_line_with_a_count",),
    ),
    Mutant(
        "folds two troubles of one actor into one",
        FOLDING,
        'str(event["level"]), component, name, text',
        'str(event["level"]), component, name, ""',
        (f"{LOGGED}::test_repeats_of_one_trouble_become_one_line_with_a_count",),
    ),
    Mutant(
        "tells the journal that an error is a warning",
        "engine/streams.py",
        '"error": 3,',
        '"error": 4,',
        (f"{LOGGED}::test_under_systemd_a_line_begins_with_its_priority",),
    ),
    Mutant(
        "ends because nobody reads its log",
        "engine/logs/writing.py",
        "with self._lock, suppress(OSError, ValueError):",
        "with self._lock:",
        (f"{LOGGED}::test_a_stream_that_is_gone_does_not_stop_the_work",),
    ),
    Mutant(
        "takes workers who wait for others for idle ones",
        STAGES,
        "rates.actors[stage.actor].used >= USED_UP",
        "rates.actors[stage.actor].busy >= USED_UP",
        (NAMED,),
    ),
    Mutant(
        "advises more workers where nothing waits",
        STAGES,
        " >= USED_UP and has_backlog(rates, stage)",
        " >= USED_UP",
        (NAMED,),
    ),
    Mutant(
        "takes what has just come in for a backlog",
        READINGS,
        "return min(self.before, self.now)",
        "return max(self.before, self.now)",
        (NAMED,),
    ),
    Mutant(
        "advises more workers while they wait for a place",
        "engine/tuning/workers.py",
        "        if stage not in crowded:\n",
        "        if stage:\n",
        (f"{ADVISED}::test_workers_who_wait_for_a_place_are_not_called_too_few",),
    ),
    Mutant(
        "advises more workers where the budget is spent",
        "engine/tuning/workers.py",
        " and not (budget and stage.to_target)",
        "",
        (f"{ADVISED}::test_no_worker_is_advised_where_workers_do_not_help",),
    ),
)
