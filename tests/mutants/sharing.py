"""Mutants that share the pairs of a fleet unevenly, or have too many of them change hands."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

SHARING = "engine/decide/sharing.py"
TESTS = "tests/property/test_sharing.py"
OWNED = f"{TESTS}::test_every_pair_has_one_owner_who_is_able_to_work_on_it"
HANDED_ON = f"{TESTS}::test_who_is_able_to_work_on_few_pairs_has_those_that_others_need_not"
THOUSAND = f"{TESTS}::test_of_a_thousand_pairs_no_more_move_than_twice_the_part_of_one"

MUTANTS = (
    Mutant(
        "shares pairs on which nobody is to work",
        SHARING,
        "            if name not in left_out:\n",
        "            if name:\n",
        (OWNED,),
    ),
    Mutant(
        "lets those pile up that few processes of a fleet are able to work on",
        SHARING,
        "    sharing.even_out()\n",
        "",
        (HANDED_ON,),
    ),
    Mutant(
        "shares pairs as if all suited every process alike",
        SHARING,
        'sha256(f"{name} {member.id}".encode())',
        "sha256(member.id.encode())",
        (THOUSAND,),
    ),
)
