"""Mistakes in what is done at once for many who ask at the same moment."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

COSTS = "tests/unit/engine/store/test_together.py"

MUTANTS = (
    Mutant(
        "sends a statement for each of many who ask the like",
        "engine/store/postgres/together.py",
        "        if call is None or call.function not in _EACH:",
        "        if True:",
        (f"{COSTS}::test_what_created_records_cost_who_are_created_together",),
    ),
    Mutant(
        "settles together what concerns each other",
        "engine/store/postgres/linked.py",
        "            return max(1, place)\n",
        "            continue\n",
        (f"{COSTS}::test_who_wants_what_is_anothers_is_settled_after_the_others",),
    ),
    Mutant(
        "looks in a transaction of its own for each who looks at the same moment",
        "engine/store/postgres/session.py",
        "        if self._last:\n",
        "        if True:\n",
        (f"{COSTS}::test_what_is_looked_at_at_one_moment_is_one_transaction",),
    ),
)
