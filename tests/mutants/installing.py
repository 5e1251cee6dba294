"""Mutants that install too much, too little, or what differs from one build to the next."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

UNIT = "engine/cli/unit"
PLACED = "tests/operations/test_installing.py"
SERVICES = "tests/unit/engine/cli/test_services.py"
STATE = "tests/unit/engine/store/test_statefile.py"
CONTAINERS = "tests/operations/test_containers.py"
CLUSTER = "tests/operations/test_kubernetes.py"
FLEET = "tests/operations/test_fleet_unit.py"
DOCUMENTED = "tests/end_to_end/test_documentation.py"
COMPLETED = "tests/unit/engine/cli/test_completing.py"
STARTED = "tests/end_to_end/test_start_up.py"
WHEEL = "tests/operations/test_wheel.py"

MUTANTS = (
    Mutant(
        "leaves a command beside an installed service without its secrets",
        "engine/cli/services.py",
        "    callback=_as_its_unit,\n",
        "",
        (f"{SERVICES}::test_a_command_finds_what_systemd_gives_an_installed_service",),
    ),
    Mutant(
        "takes the state of an installed service for somebody else's configuration",
        "engine/cli/services.py",
        "if found is not None and found.is_file() else None",
        "",
        (f"{SERVICES}::test_a_command_finds_what_systemd_gives_an_installed_service",),
    ),
    Mutant(
        "installs a service whose libraries are not there",
        "engine/cli/unit/sound.py",
        "    elif missing := lacking(about().distribution):\n",
        "    elif missing := lacking(''):\n",
        (
            "tests/operations/test_units.py"
            "::test_a_library_that_a_new_wheel_needs_and_that_is_not_there_is_named",
        ),
    ),
    Mutant(
        "gives a directory to whoever has it",
        "engine/store/statedir.py",
        "    if state_dir.stat().st_uid == user:\n",
        "    if state_dir.stat().st_uid == -1:\n",
        (
            "tests/unit/engine/store/test_statedir.py"
            "::test_who_may_not_write_is_told_what_opens_the_directory",
        ),
    ),
    Mutant(
        "gives a service the port of the redirect",
        "engine/cli/initialising.py",
        "        if port == taken:\n",
        "        if port == -1:\n",
        (
            "tests/unit/engine/cli/test_initialising.py"
            "::test_a_manual_that_nobody_has_filled_in_gets_a_port_that_is_free",
        ),
    ),
    Mutant(
        "asks for no other secret where the application is not known",
        "engine/cli/initialising.py",
        "            if unknown:\n",
        "            if False:\n",
        (
            "tests/end_to_end/test_initialising.py"
            "::test_an_application_that_is_not_known_is_asked_for_again",
        ),
    ),
    Mutant(
        "installs for the demo what only the checks need",
        "Makefile",
        "demo: $(RUNS)",
        "demo: $(READY)",
        (f"{WHEEL}::test_the_demo_installs_what_it_needs_and_no_more",),
    ),
    Mutant(
        "builds wheels that know when they were built",
        "pyproject.toml",
        "reproducible = true",
        "reproducible = false",
        (f"{WHEEL}::test_two_builds_are_the_same_bytes",),
    ),
    Mutant(
        "leaves the alert rules out of the wheel",
        "pyproject.toml",
        '"grafana/alerts" = "share/wosync/grafana/alerts"\n',
        "",
        (f"{WHEEL}::test_everything_is_in_the_wheel",),
    ),
    Mutant(
        "changes the schema of a state without keeping it as it was",
        "engine/store/sqlite/statefile.py",
        "        before.keep(path, connection, version)\n",
        "        pass\n",
        (
            f"{STATE}::test_a_state_is_kept_as_it_was_before_its_schema_changes",
            f"{PLACED}::test_an_upgrade_brings_units_and_state_along_and_keeps_the_state_as_it_was",
        ),
    ),
    Mutant(
        "removes every directory with a like name in a purge",
        f"{UNIT}/uninstalling.py",
        "if path.name in {PROGRAM, FLEET} or any((path / name).exists() for name in _OF_A_STATE):",
        "if path.exists():",
        (f"{PLACED}::test_a_purge_takes_configuration_and_states_and_nothing_of_a_like_name",),
    ),
    Mutant(
        "removes units of somebody else",
        f"{UNIT}/uninstalling.py",
        "        if tree.ours(name):\n",
        "        if path.exists():\n",
        (f"{PLACED}::test_a_unit_of_somebody_else_is_not_taken_away",),
    ),
    Mutant(
        "does what it was only to foretell",
        f"{UNIT}/steps.py",
        "if step.act is not None and not dry:",
        "if step.act is not None:",
        (f"{PLACED}::test_what_would_be_done_is_what_is_done",),
    ),
    Mutant(
        "enables again what somebody disabled",
        f"{UNIT}/installing.py",
        "(not tree.ours(name) if wishes.enable is None else wishes.enable)",
        "(wishes.enable is not False)",
        (
            f"{PLACED}"
            "::test_a_new_service_starts_with_the_machine_and_one_that_was_disabled_does_not",
        ),
    ),
    Mutant(
        "stores secrets for everybody to read",
        f"{UNIT}/installing.py",
        'file(secrets / name, path.read_text(encoding="utf-8"), 0o600)',
        'file(secrets / name, path.read_text(encoding="utf-8"))',
        (f"{PLACED}::test_a_secret_is_stored_for_root_alone_and_never_shown",),
    ),
    Mutant(
        "forgets at an upgrade who runs the service",
        f"{UNIT}/installing.py",
        "user = wishes.user or tree.user()",
        "user = wishes.user",
        (f"{PLACED}::test_a_user_of_the_machine_is_made_and_kept",),
    ),
    Mutant(
        "keeps the state of a container where its group may write",
        "Containerfile",
        "ENV STATE_DIRECTORY=/var/lib/wosync/state",
        "ENV STATE_DIRECTORY=/var/lib/wosync",
        (f"{CONTAINERS}::test_what_the_image_runs_is_healthy_and_writes_to_its_volume_alone",),
    ),
    Mutant(
        "misspells a probe in the manifest",
        "docs/kubernetes.yaml",
        "readinessProbe",
        "readynessProbe",
        (f"{CONTAINERS}::test_the_manifest_follows_the_published_schema",),
    ),
    Mutant(
        "has a pod that stands by never be ready",
        "docs/kubernetes/base/deployment.yaml",
        "              path: /readyz",
        "              path: /leaderz",
        (f"{CLUSTER}::test_labels_and_ports_lead_to_the_pods",),
    ),
    Mutant(
        "replaces every pod of a fleet for one new pair",
        "docs/kubernetes/fleet/kustomization.yaml",
        "      disableNameSuffixHash: true\n",
        "",
        (f"{CLUSTER}::test_a_pair_of_a_fleet_comes_and_goes_without_a_rollout",),
    ),
    Mutant(
        "gives the unit of a fleet less to hide behind",
        f"{UNIT}/texts.py",
        '    return _filled(f"{FLEET}.service", values, user)\n',
        '    whole = _filled(f"{FLEET}.service", values, user)\n'
        '    return Unit(whole.name, whole.text.replace("PrivateUsers=yes\\n", ""))\n',
        (f"{FLEET}::test_it_is_as_closed_as_that_of_a_pair",),
    ),
    Mutant(
        "takes a file of a fleet's pair for a service of its own",
        f"{UNIT}/tree.py",
        "            if path.parent.name != PAIRS:\n",
        "            if path.parent.name:\n",
        (f"{FLEET}::test_a_pair_of_the_fleet_is_no_service_of_its_own",),
    ),
    Mutant(
        "forgets where an installed fleet has its state",
        "engine/cli/services.py",
        "    callback=_as_its_fleet,\n",
        "",
        (f"{SERVICES}::test_a_command_finds_what_systemd_gives_an_installed_fleet",),
    ),
    Mutant(
        "builds an image that speaks with no database",
        "Containerfile",
        "--require-hashes -r /build/requirements-postgres.lock",
        "--require-hashes -r /build/requirements.lock",
        (f"{CONTAINERS}::test_the_image_speaks_with_a_database_and_requirements_alone_do_not",),
    ),
    Mutant(
        "documents an option that there is not",
        "docs/installing.md",
        "wosync unit install --uninstall --dry-run",
        "wosync unit install --remove --dry-run",
        (f"{DOCUMENTED}::test_every_command_that_cannot_be_run_here_is_there",),
    ),
    Mutant(
        "leaves a configuration to the umask of whoever types",
        "engine/cli/draft.py",
        "        if self.installed:\n            made.chmod(mode)",
        "        if not self.installed:\n            made.chmod(mode)",
        (
            "tests/unit/engine/cli/test_draft.py"
            "::test_a_tight_umask_does_not_keep_an_installed_service_from_its_configuration",
        ),
    ),
    Mutant(
        "takes what root reads for what the service reads",
        "engine/cli/reach.py",
        "(bit << self._shift(found))",
        "(bit << 6)",
        ("tests/unit/engine/cli/test_reach.py",),
    ),
    Mutant(
        "calls a port free that somebody listens on",
        "engine/cli/checking.py",
        "        listen(*config.engine.service.http_address).close()\n",
        "        pass\n",
        (
            "tests/end_to_end/test_checking.py"
            "::test_a_port_that_is_taken_is_named_before_the_service_ends_over_it",
        ),
    ),
    Mutant(
        "documents a script that does not get to its end",
        "docs/monitoring.md",
        "cp grafana/dashboards/*.json",
        "cp dashboards/*.json",
        (f"{DOCUMENTED}::test_every_script_is_run_that_can_be",),
    ),
    Mutant(
        "documents a setting that there is not",
        "docs/mapping.md",
        'match = "email"',
        'matches = "email"',
        (f"{DOCUMENTED}::test_every_setting_that_a_page_shows_is_one",),
    ),
    Mutant(
        "documents what is not shown",
        "docs/tuning.md",
        "takes effect with: wosync reload",
        "takes effect with: a restart",
        (f"{DOCUMENTED}::test_every_console_shows_what_the_page_says",),
    ),
    Mutant(
        "hands a shell what another system calls a record",
        "engine/cli/offered.py",
        "[word for word in words if _HARMLESS.fullmatch(word)]",
        "list(words)",
        ("tests/end_to_end/test_completion.py::test_words_are_completed",),
    ),
    Mutant(
        "loads the errors of commands to complete a word",
        "engine/cli/completing.py",
        "from engine.cli.commands import application",
        "from engine.cli.app import application",
        (f"{STARTED}::test_a_word_to_complete_loads_nothing_heavy_of_ours",),
    ),
    Mutant(
        "has the library look for what is installed, before anything is looked for",
        "engine/about.py",
        "    if not found:\n        from importlib.metadata",
        "    if True:\n        from importlib.metadata",
        (f"{STARTED}::test_what_only_prints_loads_nothing_heavy",),
    ),
    Mutant(
        "offers the names of files where a shell knows them",
        "engine/cli/completing.py",
        'item.type == "plain"',
        'item.type != "none"',
        (f"{COMPLETED}::test_each_place_has_its_own_words",),
    ),
    Mutant(
        "fails where nobody takes the word that was to be completed",
        "engine/cli/completing.py",
        'streams.say(sys.stdout, f"{_as_shown(items, shell)}\\n")',
        "print(_as_shown(items, shell), flush=True)",
        (f"{COMPLETED}::test_a_command_that_comes_to_nothing_says_nothing",),
    ),
    Mutant(
        "tells somebody who interrupts a command what it was loading",
        "engine/__main__.py",
        "except KeyboardInterrupt:",
        "except KeyError:",
        (f"{COMPLETED}::test_a_command_that_comes_to_nothing_says_nothing",),
    ),
    Mutant(
        "calls an option otherwise than its command does",
        "engine/command.py",
        'flag("--json", "as_json", ',
        'flag("--json", ',
        ("tests/unit/engine/cli/test_commands.py::test_a_command_takes_what_its_options_give",),
    ),
    Mutant(
        "takes a number that is too large",
        "engine/command.py",
        "if bounds.max is not None and not number <= bounds.max:",
        "if bounds.max is not None and number > bounds.max * 2:",
        ("tests/unit/engine/cli/test_misuse.py::test_a_number_out_of_bounds_is_refused",),
    ),
    Mutant(
        "takes what another distribution says of itself for what is offered",
        "engine/about.py",
        "elif section == group and",
        "elif section and",
        ("tests/unit/engine/test_about.py::test_only_what_is_offered_to_us_is_found",),
    ),
    Mutant(
        "asks nobody else where no file tells what is installed",
        "engine/about.py",
        "    if not found:\n        from importlib.metadata",
        "    if False:\n        from importlib.metadata",
        ("tests/unit/engine/test_about.py::test_where_no_file_tells_the_library_is_asked",),
    ),
    Mutant(
        "reads a log beside the state that it would have to write to",
        "engine/store/sqlite/known.py",
        "    if any(beside) and not all(beside):\n        return []\n",
        "",
        (f"{COMPLETED}::test_what_cannot_be_read_offers_nothing",),
    ),
)
