"""Mutants of an adoption: one that creates, removes, takes the wrong record, or says too little."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

ADOPT = "tests/scenario/test_adopting.py"
BESIDE = "tests/scenario/test_adopting_beside.py"
UNIT = "tests/unit/engine/decide/test_adoption.py"
DECIDE = "engine/decide/adoption.py"
LINES = "engine/service/adopting/lines.py"
LAID = "engine/service/adopting/laid.py"
LINKING = "engine/service/planning/linking.py"
STORE = "engine/store/sqlite/adopting.py"

MUTANTS = (
    Mutant(
        "takes what carries the reference in place of what the record names",
        DECIDE,
        "    if named is not None and not named.trashed:\n",
        "    if named is not None and not named.trashed and not by_correlation:\n",
        (f"{UNIT}::test_the_one_that_the_record_names_comes_first",),
    ),
    Mutant(
        "takes the youngest of several",
        DECIDE,
        "    return min(found, key=_age, default=None)",
        "    return max(found, key=_age, default=None)",
        (f"{UNIT}::test_of_several_the_oldest_is_taken",),
    ),
    Mutant(
        "takes a target record out of the trash",
        DECIDE,
        "(*by_correlation, *by_likeness) if not one.trashed}",
        "(*by_correlation, *by_likeness)}",
        (f"{UNIT}::test_what_lies_in_the_trash_is_never_taken",),
    ),
    Mutant(
        "takes the target record of another record",
        DECIDE,
        "if id_ not in others}",
        "if id_ not in ()}",
        (f"{UNIT}::test_what_belongs_to_another_record_is_never_taken",),
    ),
    Mutant(
        "calls two deals one by the name alone",
        DECIDE,
        "any(filled[:1]) and any(filled[1:])",
        "any(filled[:1])",
        (f"{UNIT}::test_a_name_alone_makes_nothing_alike",),
    ),
    Mutant(
        "deals one target record out twice",
        DECIDE,
        "ordered[number : number + 1] for number",
        "ordered[:1] for number",
        (f"{UNIT}::test_each_target_record_is_dealt_out_once",),
    ),
    Mutant(
        "adopts what an unticked record carries",
        LINES,
        "            if not await self.survey.carried_by(one.id) - {record_id}:\n",
        "            if not set[int]() - {record_id}:\n",
        (f"{ADOPT}::test_what_another_record_carries_is_nobodys_double",),
    ),
    Mutant(
        "asks who carries the target record of every linked record",
        LINES,
        "if each.id != own]",
        "if each.id is not None]",
        (f"{ADOPT}::test_what_is_linked_is_read_in_pages_alone",),
    ),
    Mutant(
        "gives up an adoption for one record that cannot be read",
        LINES,
        "except (Rejected, ProtocolError) as error:",
        "except Rejected as error:",
        (f"{ADOPT}::test_what_the_listing_does_not_show_is_looked_at_by_itself",),
    ),
    Mutant(
        "says nothing of doubles",
        LINES,
        "*self._adopt(one, one.fields, chosen), *self._doubles(one, chosen)",
        "*self._adopt(one, one.fields, chosen)",
        (f"{ADOPT}::test_of_doubles_one_is_taken_and_none_is_removed",),
    ),
    Mutant(
        "says nothing of the doubles of what is adopted already",
        LINES,
        "        return [] if chosen is None else self._doubles(one, chosen)",
        "        return []",
        (f"{ADOPT}::test_of_doubles_one_is_taken_and_none_is_removed",),
    ),
    Mutant(
        "adopts one target record for two records that carry its id",
        LINES,
        "if (winner := self._owner(one, named)) != one.ref:",
        "if (winner := self._owner(one, named)) == one.ref + '?':",
        (f"{ADOPT}::test_of_several_records_with_one_id_one_keeps_it",),
    ),
    Mutant(
        "leaves the flag that another program has set",
        LINES,
        "        if one.flagged:\n            lines.append(change(Kind.UNFLAG))",
        "        if one.flagged:\n            pass",
        (f"{ADOPT}::test_a_flag_that_was_left_is_reset",),
    ),
    Mutant(
        "adopts what the service works for already",
        STORE,
        "r.target_id IS NOT NULL AND r.mass = 0",
        "r.target_id IS NULL AND r.mass = 0",
        (f"{ADOPT}::test_what_is_ours_already_is_let_be",),
    ),
    Mutant(
        "takes a role in doubt for a create in doubt",
        STORE,
        'f" FROM record r{intents.OF_RECORD}"\n        " LEFT JOIN skip',
        '" FROM record r LEFT JOIN intent i ON i.record_id = r.id"\n        " LEFT JOIN skip',
        (f"{ADOPT}::test_a_role_in_doubt_is_no_create_in_doubt",),
    ),
    Mutant(
        "does not link what the record does not name",
        LINKING,
        "or (row.target_id and not lift):",
        "or not lift:",
        (f"{ADOPT}::test_an_id_that_was_never_written_back_is",),
    ),
    Mutant(
        "links what carries the reference of another record by now",
        LINKING,
        'held not in (None, "", _reference(assembly, row, name)):',
        "held == 0:",
        (f"{ADOPT}::test_what_has_changed_since_is_left_out",),
    ),
    Mutant(
        "links a record to what is another's",
        STORE,
        "    if claims.owner_of(connection, target_id) not in (None, one.id):\n",
        "    if claims.owner_of(connection, target_id) == -1:\n",
        (f"{ADOPT}::test_the_store_links_nothing_that_is_anothers",),
    ),
    Mutant(
        "links a record of which a create was announced",
        STORE,
        'if row is None or row["announced"] is not None:',
        "if row is None:",
        (f"{ADOPT}::test_the_store_links_nothing_that_is_anothers",),
    ),
    Mutant(
        "reads one page of the target's records",
        "engine/service/adopting/survey.py",
        "            if page.after is None:\n                return\n",
        "            return\n",
        (f"{ADOPT}::test_many_records_are_read_page_by_page",),
    ),
    Mutant(
        "gives up a survey for which the budget is spent",
        "engine/service/adopting/survey.py",
        "        except (HeldBack, Throttled) as error:\n",
        "        except Throttled as error:\n",
        ("tests/unit/engine/service/adopting/test_patience.py",),
    ),
    Mutant(
        "adopts by the word of a service that only looks",
        "engine/service/adopting/adopting.py",
        "        if self.config.shadow:\n",
        "        if self.config.shadow and not self.beside:\n",
        (f"{BESIDE}::test_a_service_that_only_looks_is_to_be_stopped_first",),
    ),
    Mutant(
        "sends a name that steers the terminal to it in a list for spreadsheets",
        "engine/cli/sheets.py",
        '    return plain(marked, keep="\\n\\t")',
        "    return marked",
        ("tests/unit/engine/cli/test_adopting.py::test_hostile_names_steer_no_terminal",),
    ),
    Mutant(
        "ends well although something is left to a person",
        "engine/cli/adopting.py",
        "for one in FOR_PEOPLE) else",
        "for one in ()) else",
        ("tests/unit/engine/cli/test_adopting.py::test_what_is_left_to_a_person_ends_with_three",),
    ),
)
