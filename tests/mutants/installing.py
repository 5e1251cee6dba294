"""Mutants that install too much, too little, or what differs from one build to the next."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

WHEEL = "tests/operations/test_wheel.py"

MUTANTS = (
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
)
