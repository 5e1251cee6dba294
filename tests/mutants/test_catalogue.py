"""The mutants fit the source as it is, so that `make mutants` hunts what it says it hunts."""

from __future__ import annotations

import ast

from tests.mutants.catalogue import MUTANTS
from tests.mutants.mutant import ROOT, Mutant, Stale


def test_a_mutant_changes_one_place_and_names_tests_that_exist() -> None:
    """A mutant whose text is gone, or whose tests are, would go unnoticed until the next hunt."""
    misfits = {mutant.name: why for mutant in MUTANTS if (why := _misfit(mutant)) is not None}

    assert misfits == {}


def _misfit(mutant: Mutant) -> str | None:
    try:
        text = mutant.applied(ROOT)
        if mutant.file.endswith(".py"):
            ast.parse(text)
    except (Stale, SyntaxError) as error:
        return str(error)
    if text == (ROOT / mutant.file).read_text(encoding="utf-8"):
        return "changes nothing"
    missing = [test for test in mutant.tests if not _is_there(test)]
    return f"there is no {missing[0]}" if missing else None if mutant.tests else "names no test"


def _is_there(test: str) -> bool:
    path, *names = test.split("[", maxsplit=1)[0].split("::")
    text = (ROOT / path).read_text(encoding="utf-8")
    return all(f"def {name}(" in text for name in names)


def test_mutants_are_told_apart_by_name() -> None:
    """The table and the command line name them by it."""
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 25
