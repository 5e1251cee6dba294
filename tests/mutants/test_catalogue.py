"""The mutants fit the source as it is, so that `make mutants` hunts what it says it hunts."""

from __future__ import annotations

import ast

import pytest

from tests.mutants.catalogue import MUTANTS
from tests.mutants.mutant import ROOT, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_changes_one_place_and_names_tests_that_exist(mutant: Mutant) -> None:
    """A mutant whose text is gone, or whose tests are, would go unnoticed until the next hunt."""
    text = mutant.applied(ROOT)

    assert text != (ROOT / mutant.file).read_text(encoding="utf-8")
    if mutant.file.endswith(".py"):
        ast.parse(text)
    assert mutant.tests
    for test in mutant.tests:
        path, *names = test.split("[")[0].split("::")
        assert all(f"def {name}(" in (ROOT / path).read_text(encoding="utf-8") for name in names)


def test_mutants_are_told_apart_by_name() -> None:
    """The table and the command line name them by it."""
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 25
