"""Mutants that decide wrongly about a person, or about the roles of a tab."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

PERSON = "engine/decide/person.py"
OF_PERSON = "tests/unit/engine/decide/test_person.py"
TAB = "engine/decide/tab.py"
OF_TAB = "tests/unit/engine/decide/test_tab.py"
ROLES = "engine/decide/roles.py"
OF_ROLES = "tests/unit/engine/decide/test_roles.py"
TAKEN = f"{OF_ROLES}::test_a_role_that_is_taken_is_there_or_is_never_shown"
REFUSED = "tests/scenario/test_refused_roles.py"
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
        "engine/decide/person.py",
        "began_at=sought.began_at,",
        "began_at=facts.now,",
        (f"{OF_PERSON}::test_only_a_look_that_began_past_the_bound_proves_anything",),
    ),
    Mutant(
        "sends a person's create again at once however often it was lost",
        "engine/decide/person.py",
        "bound=bound_s(facts.visibility_s, intent.sent)",
        "bound=bound_s(facts.visibility_s, 0)",
        (f"{OF_PERSON}::test_a_create_that_keeps_getting_lost_is_sent_ever_less_often",),
    ),
    Mutant(
        "takes a create for not executed whose address nobody is looked for by",
        "engine/decide/person.py",
        "can_be_seen=sought.refusal is None",
        "can_be_seen=True",
        (f"{OF_PERSON}::test_a_doubt_ends_when_a_look_can_prove_something",),
    ),
    Mutant(
        "goes on with a doubt that is over",
        "engine/decide/person.py",
        "return NotExecuted(replace(known, intent=intent.answered()))",
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
        "    if prospect_id is None:\n        return hold_back(facts, because(Code.PROSPECT_ID",
        "    if held is None:\n        return hold_back(facts, because(Code.PROSPECT_ID",
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
        "engine/decide/person.py",
        "stands = blamed_still(known, facts.record) or known.is_open",
        "stands = blamed_still(known, facts.record)",
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
        "writes what the rare look finds over an id that somebody entered",
        PERSON,
        "if looked_at is None or carried(known, record) is not None:",
        "if looked_at is None:",
        (
            "tests/scenario/test_taken_and_invisible.py"
            "::test_an_id_entered_at_a_refused_person_is_not_written_over",
        ),
    ),
    Mutant(
        "creates a refused person again after the rare look",
        PERSON,
        "        return Unseen(facts.known.reason or because(Code.PERSON_REFUSED))\n",
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
        "            if error_class(error) == FORBIDDEN\n            else refusal(error)",
        "            if not error\n            else refusal(error)",
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
        "engine/resolvers/person_outcomes.py",
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
    Mutant(
        "relates people on the word of a record whose sync is off",
        TAB,
        "if work.left_out or not record.sync or not follows:",
        "if work.left_out or not follows:",
        (f"{OF_TAB}::test_what_is_known_decides_the_course",),
    ),
    Mutant(
        "edits roles that were never listed",
        TAB,
        "return Relate(record.people, look=not work.listed)",
        "return Relate(record.people, look=work.listed)",
        (f"{OF_TAB}::test_what_is_known_decides_the_course",),
    ),
    Mutant(
        "does not tell the fuse of the roles of who would be created",
        TAB,
        "return standing.prospect_id is not None or standing == WOULD_CREATE",
        "return standing.prospect_id is not None",
        (f"{OF_TAB}::test_a_tab_is_told_in_the_terms_of_the_target",),
    ),
    Mutant(
        "lets the roles go of who cannot be told",
        TAB,
        "protected=frozenset(one.prospect_id for one in known if one.prospect_id is not None),",
        "protected=frozenset(),",
        (f"{OF_TAB}::test_a_tab_is_told_in_the_terms_of_the_target",),
    ),
    Mutant(
        "joins lines although the settings say never",
        TAB,
        'joins=setting == "always" or (setting == "auto" and learnt),',
        'joins=setting == "always" or learnt,',
        (f"{OF_TAB}::test_whether_a_person_has_one_role_is_set_or_learnt",),
    ),
    Mutant(
        "takes a look at roles for proof by when its answer came",
        "engine/decide/tab.py",
        "began_at=began_at, now=now, bound=bound)",
        "began_at=now, now=now, bound=bound)",
        (f"{OF_TAB}::test_only_a_look_that_began_past_the_bound_proves_anything",),
    ),
    Mutant(
        "sends a role again at once however often it was lost",
        "engine/decide/tab.py",
        "    bound = bound_s(visibility_s, intent.sent)\n",
        "    bound = visibility_s\n",
        (f"{OF_TAB}::test_roles_that_keep_getting_lost_are_sent_ever_less_often",),
    ),
    Mutant(
        "forgets which creates were announced while it cannot see them",
        "engine/decide/tab.py",
        "_doubt(because(Code.ROLES_NOT_SHOWN), work.announced, now",
        "_doubt(because(Code.ROLES_NOT_SHOWN), (), now",
        (f"{OF_TAB}::test_a_look_ends_a_doubt_once_it_can_prove_something",),
    ),
    Mutant(
        "does not hold people who would be told something",
        TAB,
        "if not edits and not lines.would:",
        "if not edits:",
        (f"{OF_TAB}::test_whatever_would_change_is_held_for_the_fuse",),
    ),
    Mutant(
        "repeats a create of a role whose answer was lost",
        TAB,
        "if asking is None or surely_not_executed(error):",
        "if isinstance(error, Unreachable) or surely_not_executed(error):",
        (f"{OF_TAB}::test_an_edit_that_failed_may_leave_a_create_in_doubt",),
    ),
    Mutant(
        "begins anew with each look for a role that is taken",
        "engine/decide/tab.py",
        "look_in_s(now - (work.taken_since or now), bound)",
        "look_in_s(0.0, bound)",
        (f"{OF_TAB}::test_the_looks_for_a_role_called_taken_go_on_from_the_first",),
    ),
    Mutant(
        "calls a tab complete whose lines are held back",
        TAB,
        "complete=not held and not sent.refused and",
        "complete=not sent.refused and",
        (f"{OF_TAB}::test_what_was_sent_settles_the_tab",),
    ),
    Mutant(
        "calls a tab complete whose lines were refused",
        TAB,
        "complete=not held and not sent.refused and",
        "complete=not held and",
        (f"{OF_TAB}::test_what_was_sent_settles_the_tab",),
    ),
    Mutant(
        "does not come back to a line whose prospect was gone",
        TAB,
        "    if sent.again:\n",
        "    if sent.again and soon:\n",
        (f"{OF_TAB}::test_what_can_be_told_soon_is_looked_at_by_then",),
    ),
    Mutant(
        "looks again when the last of the held lines can be told",
        TAB,
        "look_at=now + min(soon) if soon else None,",
        "look_at=now + max(soon) if soon else None,",
        (f"{OF_TAB}::test_what_can_be_told_soon_is_looked_at_by_then",),
    ),
    Mutant(
        "takes roles for listed after an answer that nobody understands",
        TAB,
        "return isinstance(error, Unreachable) or not surely_not_executed(error)",
        "return isinstance(error, Unreachable)",
        (f"{OF_TAB}::test_what_may_have_been_executed_is_listed_again",),
    ),
    Mutant(
        "tries a tab at fault as often as any",
        TAB,
        "return REFUSED_RETRY_S if flagged else wait_s",
        "return wait_s",
        (f"{OF_TAB}::test_a_tab_at_fault_itself_is_tried_again_seldom",),
    ),
    Mutant(
        "learns from a refused change that a person has one role",
        ROLES,
        "if prospect_id in shown and joining.learns and creates:",
        "if prospect_id in shown and joining.learns:",
        (TAKEN,),
    ),
    Mutant(
        "blames the line for a role that the target has",
        ROLES,
        "    if held:\n        return WhyTaken.HELD\n",
        "    if held and looked_long:\n        return WhyTaken.HELD\n",
        (TAKEN,),
    ),
    Mutant(
        "looks for a role of somebody's that is the one the target takes",
        ROLES,
        "if prospect_id in shown and joining.joins:",
        "if prospect_id not in shown and joining.joins:",
        (TAKEN,),
    ),
    Mutant(
        "takes a missing permission for a prospect that is gone",
        ROLES,
        "return error_class(error) != FORBIDDEN and error.field in (None, member)",
        "return error.field in (None, member)",
        (f"{OF_ROLES}::test_a_refusal_says_what_is_worth_a_look",),
    ),
    Mutant(
        "sends a refused role again with whatever fails beside it",
        "engine/actors/relationship/role_editor.py",
        "edge: one for edge, one in self.refusals.items() if now < one.retry_at",
        "edge: one for edge, one in self.refusals.items() if now > one.retry_at",
        (f"{REFUSED}::test_a_refused_role_is_not_sent_again_with_what_fails_beside_it",),
    ),
    Mutant(
        "keeps what was refused only of a tab that settles",
        "engine/store/sqlite/tab_outcomes.py",
        "    _keep(connection, work, roles, now)\n    found = _present(connection, work)\n"
        "    if found is None:\n        return\n    if work.intent",
        "    found = _present(connection, work)\n    if found is None:\n        return\n"
        "    if work.intent",
        (f"{REFUSED}::test_a_refused_role_is_not_sent_again_with_what_fails_beside_it",),
    ),
    Mutant(
        "never sends a refused role again",
        "engine/actors/relationship/role_editor.py",
        "edge: one for edge, one in self.refusals.items() if now < one.retry_at",
        "edge: one for edge, one in self.refusals.items() if now < one.retry_at + now",
        (f"{REFUSED}::test_a_refused_role_is_sent_again_the_next_day",),
    ),
    Mutant(
        "remembers a refusal of a line that is gone",
        ROLES,
        "kept_back = {edge: one for edge, one in same.items() if edge in asked}",
        "kept_back = {edge: one for edge, one in refused.items() if edge in asked or one}",
        (f"{REFUSED}::test_a_line_that_is_edited_is_sent_at_once",),
    ),
    Mutant(
        "keeps a refused role back from whoever asks for it anew",
        "engine/store/sqlite/acting.py",
        "    refused_roles.forget(connection, one.id)\n    due =",
        "    due =",
        (f"{REFUSED}::test_what_somebody_asks_for_anew_is_sent_at_once",),
    ),
    Mutant(
        "hides what was refused behind what waits",
        TAB,
        "listed(held)) if held and sent.refusal is None else None,",
        "listed(held)) if held else None,",
        (f"{OF_TAB}::test_what_can_be_told_soon_is_looked_at_by_then",),
    ),
)
