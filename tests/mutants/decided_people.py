"""Mutants that decide wrongly about a person, or about the roles of a tab."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

PERSON = "engine/decide/person.py"
OF_PERSON = "tests/unit/engine/decide/test_person.py"
KNOWN = f"{OF_PERSON}::test_what_is_known_decides"

MUTANTS = (
    Mutant(
        "looks for the lost create of somebody who carries an id by now",
        PERSON,
        "return known.doubt_since is not None and carried(known, record) is None",
        "return known.doubt_since is not None",
        (KNOWN,),
    ),
    Mutant(
        "takes a look for proof by when its answer came",
        PERSON,
        "age_s = sought.began_at - (known.doubt_since or sought.began_at)",
        "age_s = facts.now - (known.doubt_since or facts.now)",
        (f"{OF_PERSON}::test_only_a_look_that_began_past_the_bound_proves_anything",),
    ),
    Mutant(
        "sends a person's create again at once however often it was lost",
        PERSON,
        "bound = bound_s(facts.visibility_s, known.sent)",
        "bound = bound_s(facts.visibility_s, 0)",
        (f"{OF_PERSON}::test_a_create_that_keeps_getting_lost_is_sent_ever_less_often",),
    ),
    Mutant(
        "takes a create for not executed whose address nobody is looked for by",
        PERSON,
        "if age_s < bound or sought.refusal is not None:",
        "if age_s < bound:",
        (f"{OF_PERSON}::test_a_doubt_ends_when_a_look_can_prove_something",),
    ),
    Mutant(
        "goes on with a doubt that is over",
        PERSON,
        "return NotExecuted(replace(known, doubt_since=None))",
        "return NotExecuted(known)",
        (KNOWN,),
    ),
    Mutant(
        "reads an id of before its own write-back",
        PERSON,
        "return known.delivered_id or record.target_id",
        "return record.target_id",
        (f"{OF_PERSON}::test_what_was_written_last_counts_until_a_newer_version_shows",),
    ),
    Mutant(
        "takes a text for the id of a prospect",
        PERSON,
        '    if prospect_id is None:\n        return hold_back(facts, f"its target id {held',
        '    if held is None:\n        return hold_back(facts, f"its target id {held',
        (KNOWN,),
    ),
    Mutant(
        "forgets the prospect of somebody who is held back",
        PERSON,
        "return HoldBack(reason, Keep.READ_AGAIN)",
        "return HoldBack(reason, Keep.REASON)",
        (f"{OF_PERSON}::test_holding_somebody_back_forgets_nothing",),
    ),
    Mutant(
        "forgets a lost create of somebody who is held back",
        PERSON,
        "stands = refused_still(known, facts.record) or known.doubt_since is not None",
        "stands = refused_still(known, facts.record)",
        (f"{OF_PERSON}::test_holding_somebody_back_forgets_nothing",),
    ),
    Mutant(
        "looks for a prospect that is there",
        PERSON,
        "return Tell(prospect_id) if facts.there else LostLink(prospect_id)",
        "return LostLink(prospect_id) if facts.there else Tell(prospect_id)",
        (KNOWN,),
    ),
    Mutant(
        "waits for a create until a clock that was ahead says so",
        PERSON,
        "0 < wait_s <= WAIT_MAX_S:",
        "0 < wait_s:",
        (KNOWN,),
    ),
    Mutant(
        "looks for whoever has a refused person's address at every turn",
        PERSON,
        "now - looked_at >= INVISIBLE_RETRY_S",
        "now >= looked_at",
        (KNOWN,),
    ),
    Mutant(
        "creates a refused person again after the rare look",
        PERSON,
        '        return Unseen(facts.known.reason or "")\n',
        "        return Create(candidate)\n",
        (f"{OF_PERSON}::test_an_address_decides_about_who_is_nobodys_prospect",),
    ),
    Mutant(
        "creates whom the settings only link",
        PERSON,
        'if facts.missing == "link":',
        'if facts.missing == "none":',
        (f"{OF_PERSON}::test_an_address_decides_about_who_is_nobodys_prospect",),
    ),
    Mutant(
        "blames a person for a permission that is missing",
        PERSON,
        "return Forbid(error.message) if error_class(error) == FORBIDDEN else refusal(error)",
        "return refusal(error)",
        (f"{OF_PERSON}::test_a_create_that_failed_may_have_been_executed",),
    ),
    Mutant(
        "takes a lost create of a person for one that was refused",
        PERSON,
        "    if surely_not_executed(error):\n",
        "    if not isinstance(error, KeyError):\n",
        (f"{OF_PERSON}::test_a_create_that_failed_may_have_been_executed",),
    ),
    Mutant(
        "does not tell the fuse of who would be linked",
        PERSON,
        'return Standing(prospect_id, would="linked")',
        "return Standing(prospect_id)",
        (f"{OF_PERSON}::test_opportunities_are_told_what_is_decided",),
    ),
    Mutant(
        "does about a person what shall only be foreseen",
        "engine/actors/person_outcomes.py",
        "if not self.weighs or (isinstance(decision, Linked) and decision.is_its_own_word):",
        "if not self.weighs or not isinstance(decision, Linked):",
        (
            "tests/unit/engine/actors/test_gate.py"
            "::test_nothing_is_done_about_a_person_who_is_only_evaluated",
        ),
    ),
    Mutant(
        "believes for an hour that somebody is nobody's prospect",
        PERSON,
        "return min(ttl_s, NEGATIVE_S, told.retry_s or NEGATIVE_S)",
        "return ttl_s",
        (f"{OF_PERSON}::test_a_standing_counts_for_as_long_as_it_can_be_right",),
    ),
)
