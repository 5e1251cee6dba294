"""Mutants that get people and roles wrong."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

RELATIONS = "engine/decide/roles.py"
TAB = "engine/decide/tab.py"
RELATING = "engine/actors/relationship_syncer.py"
RESOLVER = "engine/resolvers/prospects.py"
PERSON = "engine/decide/person.py"
UNIT = "tests/unit/engine/decide/test_roles.py"
ACTOR = "tests/unit/engine/actors/test_relationship_syncer.py"
HELD_BACK = "tests/scenario/test_people_held_back.py"
GONE = "tests/scenario/test_people_gone.py"
UNREADABLE = "tests/scenario/test_people_unreadable.py"
EDITS = "tests/scenario/test_role_edits_in_doubt.py"
ONE_ROLE = "tests/scenario/test_one_role.py"
RELINKED = "tests/scenario/test_people_relinked.py"
LEFT_OUT = "tests/scenario/test_left_out.py"
LEFT_OUT_SCHEMA = "engine/store/sqlite/schema/0006_left_out.sql"
CONTACTS = "tests/unit/engine/store/test_tabs.py"

MUTANTS = (
    Mutant(
        "tells at every start who is still held back",
        "engine/store/sqlite/tab_outcomes.py",
        "(note.writes or not _still_waits(connection, work.record_id, note))",
        "True",
        ("tests/scenario/test_people_held_back.py::test_who_is_still_held_back_is_told_once",),
    ),
    Mutant(
        "tells its own roles by the clock of the machine alone",
        RELATIONS,
        "for ahead_s in (0.0, target_ahead_s)",
        "for ahead_s in (0.0,)",
        (
            f"{UNIT}::test_a_role_of_ours_is_known_by_either_clock",
            "tests/scenario/test_wrong_clocks.py::test_a_role_is_ours_whatever_our_clock_says",
        ),
    ),
    Mutant(
        "takes the time between two clocks for that of a request",
        "engine/decide/roles.py",
        "int(announced_at + ahead_s) <= role.created_at <= lost_at + lag_s + ahead_s",
        "int(announced_at + min(0.0, target_ahead_s)) <= role.created_at"
        " <= lost_at + lag_s + max(0.0, target_ahead_s)",
        (f"{UNIT}::test_between_what_two_clocks_say_every_role_is_somebodys",),
    ),
    Mutant(
        "makes somebody a prospect that is gone",
        "engine/resolvers/prospect_creates.py",
        "for email, one in ours.items() if there[one]}",
        "for email, one in ours.items() if one in there}",
        (
            "tests/scenario/test_people_prospects.py"
            "::test_nobody_becomes_a_prospect_that_is_gone_with_whom_an_address_is_shared",
        ),
    ),
    Mutant(
        "writes the former prospect's id over one that somebody has entered",
        "engine/store/sqlite/schema/0007_owed_ids.sql",
        "AND target_id IS NOT coalesce(CAST(NEW.prospect_id AS TEXT), '');",
        "AND target_id IS coalesce(CAST(NEW.prospect_id AS TEXT), '');",
        ("tests/unit/engine/store/test_outbox.py",),
    ),
    Mutant(
        "leaves a person that is another prospect by now without its URL",
        PERSON,
        "moved = known.prospect_id != prospect_id and shown != url",
        "moved = known.prospect_id is None",
        ("tests/unit/engine/decide/test_person.py::test_what_is_known_decides",),
    ),
    Mutant(
        "never learns that a person may have one role only",
        RELATIONS,
        "if prospect_id in shown and joining.learns and creates:",
        "if not prospect_id and joining.learns:",
        (f"{ONE_ROLE}::test_a_second_role_that_is_refused_is_joined_with_the_first",),
    ),
    Mutant(
        "says one of several relationships",
        RELATIONS,
        "whole = SEPARATOR.join(sorted(texts))",
        "whole = SEPARATOR.join(sorted(texts)[:1])",
        (f"{ONE_ROLE}::test_one_role_for_each_person_may_be_asked_for",),
    ),
    Mutant(
        "believes what a list shows of a role that it has just edited",
        RELATIONS,
        "for one, edit in work.edited.items() if now - edit.sent_at < lag_s)",
        "for one, edit in work.edited.items() if now - edit.sent_at < 0)",
        (EDITS,),
    ),
    Mutant(
        "does not remember which roles it is about to edit",
        RELATING,
        "await self._editor.announce(work, edits.create, edits.touched)",
        "await self._editor.announce(work, edits.create)",
        (EDITS,),
    ),
    Mutant(
        "blames a role that is what it shall be already",
        RELATIONS,
        "return Looked.WELL if there.role == text else Looked.REFUSED",
        "return Looked.REFUSED",
        (f"{EDITS}::test_a_role_that_is_what_it_shall_be_already_is_well",),
    ),
    Mutant(
        "keeps a tab that cannot be read a secret",
        TAB,
        "if record.people_fault is None:",
        "if record.people_fault is not None:",
        (UNREADABLE,),
    ),
    Mutant(
        "overlooks a tab that cannot be read any more",
        "connectors/workbooks/tab.py",
        "return None if fault(row) is None else UNREADABLE",
        "return None",
        (UNREADABLE,),
    ),
    Mutant(
        "splits a text in quotes at its comma",
        "connectors/workbooks/values.py",
        "return _quoted_json(found) or _quoted(found[1:-1]) or _split(found[1:-1])",
        "return _quoted_json(found) or _split(found[1:-1])",
        (UNREADABLE,),
    ),
    Mutant(
        "books roles under the opportunity that the record is linked to by now",
        "engine/store/sqlite/tab_outcomes.py",
        "return found if found is not None and found.target_id == work.target_id else None",
        "return found",
        (f"{RELINKED}::test_roles_under_way_belong_to_the_opportunity_they_were_sent_to",),
    ),
    Mutant(
        "goes on sending roles to an opportunity that the record has left",
        "engine/actors/relationship/role_editor.py",
        "if not await self.store.tabs.goes_on(work):",
        "if not work:",
        (f"{RELINKED}::test_roles_under_way_belong_to_the_opportunity_they_were_sent_to",),
    ),
    Mutant(
        "relates people on behalf of a record that is left out",
        "engine/store/sqlite/tabs.py",
        "(r.state IN ('refused', 'ineligible') OR EXISTS",
        "(EXISTS",
        (f"{LEFT_OUT}::test_a_refused_role_of_a_record_that_is_left_out_is_not_tried_again",),
    ),
    Mutant(
        "sends the rest of the roles of a record that was left out meanwhile",
        "engine/store/sqlite/tab_outcomes.py",
        "r.state IN ('pending', 'settled')\"",
        "r.state <> ''\"",
        (
            f"{LEFT_OUT}"
            "::test_a_record_that_is_left_out_while_its_people_are_related_gets_no_more_of_them",
        ),
    ),
    Mutant(
        "asks for what only records wait for that are left out",
        LEFT_OUT_SCHEMA,
        "    DELETE FROM awaited WHERE record_id = NEW.id;\n",
        "    DELETE FROM awaited WHERE record_id = -NEW.id;\n",
        (f"{LEFT_OUT}::test_nothing_is_asked_for_on_behalf_of_a_record_that_is_left_out",),
    ),
    Mutant(
        "has a record wait for people that was left out while they were related",
        LEFT_OUT_SCHEMA,
        "    SELECT RAISE(IGNORE);\n",
        "    SELECT NULL;\n",
        (f"{CONTACTS}::test_an_opportunity_left_out_while_it_is_related_waits_for_nobody",),
    ),
    Mutant(
        "goes on with the people of an opportunity that is gone",
        LEFT_OUT_SCHEMA,
        "    DELETE FROM contacts WHERE record_id = NEW.id AND",
        "    DELETE FROM contacts WHERE record_id = -NEW.id AND",
        (f"{CONTACTS}::test_people_are_not_related_to_an_opportunity_that_is_gone",),
    ),
    Mutant(
        "waits for people of an opportunity that is gone",
        LEFT_OUT_SCHEMA,
        "WHEN OLD.target_id IS NOT NULL AND NEW",
        "WHEN OLD.target_id IS NULL AND NEW",
        (f"{LEFT_OUT}::test_nobody_is_related_to_a_gone_opportunity_that_is_to_be_made_anew",),
    ),
    Mutant(
        "tries a gone opportunity again with everybody who turns up",
        "engine/store/sqlite/tab_outcomes.py",
        "UPDATE people_tab SET state = 'settled', settled_tab = NULL WHERE",
        "UPDATE people_tab SET settled_tab = NULL WHERE",
        (
            f"{LEFT_OUT}::test_a_gone_opportunity_is_not_tried_again_before_its_record_was_looked_at",
        ),
    ),
    Mutant(
        "goes on waiting for people of an opportunity that is gone",
        "engine/store/sqlite/tab_outcomes.py",
        "    connection.execute(\n"
        '        "DELETE FROM awaited WHERE kind = ? AND record_id = ?", (PERSON, work.record_id)\n'
        "    )\n    read_again",
        "    read_again",
        (
            f"{LEFT_OUT}::test_a_gone_opportunity_is_not_tried_again_before_its_record_was_looked_at",
        ),
    ),
    Mutant(
        "asks on and on whether an opportunity is gone",
        TAB,
        "return Abandon(resend_after_s(work.sent))",
        "return Abandon(0.0)",
        (f"{LEFT_OUT}::test_an_opportunity_that_is_gone_and_there_is_not_asked_for_on_and_on",),
    ),
    Mutant(
        "forgets what it made on an opportunity once the link leads elsewhere",
        "engine/store/sqlite/tabs.py",
        "    rests = tab is None or tab == EMPTY_TAB\n",
        '    connection.execute("DELETE FROM role WHERE record_id = ?", (record_id,))\n'
        "    rests = tab is None or tab == EMPTY_TAB\n",
        (f"{RELINKED}::test_a_link_that_comes_back_finds_the_roles_it_had_made",),
    ),
    Mutant(
        "takes a refusal without a field for one of the role alone",
        "engine/actors/relationship/role_editor.py",
        'if may_concern(error, "prospect"):',
        'if error.field == "prospect":',
        (f"{GONE}::test_a_prospect_that_is_gone_is_noticed_by_a_refusal_without_a_field",),
    ),
    Mutant(
        "relates people to an opportunity that is gone",
        "engine/actors/relationship/role_editor.py",
        'if may_concern(error, "opportunity"):',
        'if may_concern(error, "role"):',
        (f"{GONE}::test_an_opportunity_that_is_gone_is_noticed_by_its_tab",),
    ),
    Mutant(
        "keeps a refused role a secret",
        TAB,
        "given_up=sent.refusal,",
        "given_up=None,",
        (f"{GONE}::test_a_refused_role_is_told_of_and_tried_again",),
    ),
    Mutant(
        "never reads again who is a prospect already",
        "engine/store/sqlite/tabs.py",
        "        or _outdated(connection, tab, people_read_since)\n",
        "",
        (f"{GONE}::test_a_person_who_carries_another_id_now_is_that_prospect",),
    ),
    Mutant(
        "answers a cleared id with that of a prospect that is gone",
        RESOLVER,
        "there = prospect_id is not None and await self.target.prospect_exists(prospect_id)",
        "there = prospect_id is not None",
        (f"{GONE}::test_a_cleared_id_is_answered_by_a_look_at_the_prospect",),
    ),
    Mutant(
        "removes roles that somebody made by hand",
        RELATIONS,
        "elif role.made and role.prospect_id not in protected:",
        "elif role.prospect_id not in protected:",
        (f"{UNIT}::test_a_role_made_by_hand_is_never_touched",),
    ),
    Mutant(
        "removes roles of people who cannot be told",
        RELATIONS,
        "elif role.made and role.prospect_id not in protected:",
        "elif role.made:",
        (f"{UNIT}::test_roles_of_a_prospect_that_cannot_be_told_stay",),
    ),
    Mutant(
        "makes a role anew instead of changing its text",
        RELATIONS,
        "reused = next(same_person, None)",
        "reused = None",
        (f"{UNIT}::test_one_relationship_that_changed_is_changed_in_place",),
    ),
    Mutant(
        "takes every role it finds for its own",
        "engine/decide/roles.py",
        "int(announced_at + ahead_s) <= role.created_at <= lost_at",
        "role.created_at <= lost_at",
        (f"{UNIT}::test_a_role_older_than_the_announcement_is_somebodys",),
    ),
    Mutant(
        "takes a role for its own that was made long after its own create",
        RELATIONS,
        "<= role.created_at <= lost_at + lag_s + ahead_s",
        "<= role.created_at",
        (f"{UNIT}::test_a_role_made_long_after_the_answer_was_lost_is_somebodys",),
    ),
    Mutant(
        "takes the youngest of equal roles for its own",
        RELATIONS,
        "for role in sorted(listing, key=lambda one: one.id):",
        "for role in sorted(listing, key=lambda one: one.id, reverse=ours):",
        (f"{UNIT}::test_of_equal_roles_the_first_after_the_announcement_is_ours",),
    ),
    Mutant(
        "takes a role for gone that the collection does not show yet",
        RELATIONS,
        "elif role.id not in proofs and now - role.seen_at < lag_s:",
        "elif role.id not in proofs and now - role.seen_at < 0:",
        (f"{UNIT}::test_a_role_that_is_not_shown_is_gone_once_it_is_old_enough",),
    ),
    Mutant(
        "doubles a role that equals a line",
        RELATIONS,
        "claims = announced if ours else missing",
        "claims = announced",
        (f"{UNIT}::test_a_role_that_equals_a_line_is_adopted_instead_of_doubled",),
    ),
    Mutant(
        "takes a tab it cannot read for an empty one",
        TAB,
        "    if record.people is not None:\n"
        "        return Relate(record.people, look=not work.listed)\n",
        "    if record.people is not None or not record.people_fault:\n"
        "        return Relate(record.people or (), look=not work.listed)\n",
        (f"{ACTOR}::test_a_tab_that_is_not_shown_whole_changes_no_role",),
    ),
    Mutant(
        "relates people on an opportunity that is left out",
        TAB,
        "if work.left_out or not record.sync or not follows:",
        "if not record.sync or not follows:",
        (f"{ACTOR}::test_a_refused_opportunity_is_left_out_until_it_is_reconciled",),
    ),
    Mutant(
        "lets a person that cannot be synced hold back the whole tab",
        RESOLVER,
        "        except Rejected as error:\n"
        "            return Likeness({}, None, refusal(error).failure)\n",
        "        except Rejected:\n            raise\n",
        (f"{HELD_BACK}::test_an_overlong_name_is_reported_on_the_person",),
    ),
    Mutant(
        "makes a prospect of somebody whose sync is off",
        PERSON,
        "    return record.eligible or (record.sync and lifted)",
        "    return not record.error or lifted",
        (f"{HELD_BACK}::test_a_hindered_person_holds_back_its_own_line_until_it_changes",),
    ),
    Mutant(
        "wakes nobody when a person becomes available",
        "engine/store/sqlite/tabs.py",
        "woken += look_again(connection, [row[0] for row in rows], Lane.BACKLOG, now)",
        "woken += len(rows)",
        (
            "tests/unit/engine/store/test_tabs.py::test_people_who_are_waited_for_wake_the_opportunity",
        ),
    ),
    Mutant(
        "tries a refused person again before its flag has arrived",
        PERSON,
        "return refused is not None and (record.error or record.version == refused)",
        "return False",
        ("tests/unit/engine/actors/test_refused_people.py",),
    ),
    Mutant(
        "settles a tab although a newer one waits",
        "engine/decide/settling.py",
        "    if now.revision == revision:\n        return Settled(State.SETTLED",
        "    if now.revision >= revision:\n        return Settled(State.SETTLED",
        (
            "tests/unit/engine/store/test_tabs.py::test_a_reason_that_came_up_meanwhile_keeps_the_opportunity_waiting",
        ),
    ),
    Mutant(
        "asks for a prospect that is gone again for each who misses it",
        "engine/resolvers/prospects.py",
        "if self._standings.says(person_id, prospect_gone(prospect_id).failure.reason):",
        "if person_id < 0:",
        (f"{GONE}::test_a_prospect_that_is_gone_is_asked_for_once_by_all_who_miss_it",),
    ),
)
