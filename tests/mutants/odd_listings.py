"""Mutants of what is believed of listings that cannot be true."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

ODD = "tests/scenario/test_odd_listings.py"
ROWS = "tests/scenario/test_rows_unreadable.py"
ROSTERS = "engine/decide/roster.py"
OWNERS = "engine/resolvers/owners.py"

MUTANTS = (
    Mutant(
        "takes one listing's word that somebody is gone",
        ROSTERS,
        "            counting[entry_id] = Listed(listed.entry, now)\n",
        "            continue\n",
        (f"{ODD}::test_a_list_of_users_that_lacks_somebody_clears_no_owner",),
    ),
    Mutant(
        "never believes that somebody is gone",
        ROSTERS,
        "elif now - since < CONFIRM_S:",
        "elif now >= since:",
        (f"{ODD}::test_a_stage_that_two_listings_lack_is_gone",),
    ),
    Mutant(
        "takes a row that cannot be read for somebody who is gone",
        ROSTERS,
        "        if not whole:\n",
        "        if whole is None:\n",
        ("tests/unit/engine/decide/test_roster.py",),
    ),
    Mutant(
        "believes that there are no users",
        OWNERS,
        "            if not counting:\n",
        "            if whole and not counting:\n",
        (f"{ODD}::test_an_empty_list_of_users_keeps_a_new_record_waiting",),
    ),
    Mutant(
        "does not ask whether a user is gone",
        OWNERS,
        "            await self._look_for_missing(counting, known)\n",
        "            pass\n",
        (f"{ODD}::test_a_user_who_is_gone_by_its_id_is_gone",),
    ),
    Mutant(
        "takes a locked user for as good as any",
        OWNERS,
        "if not user.locked or name not in free]",
        "if not user.locked or name]",
        (f"{ODD}::test_a_locked_user_loses_to_one_who_is_not",),
    ),
    Mutant(
        "loses all users with one row that cannot be read",
        "connectors/outreach/client.py",
        "found = await self._collected(first, ReadableCollection)",
        "found = await self._collected(first, Collection)",
        (f"{ODD}::test_a_user_row_that_cannot_be_read_costs_no_other",),
    ),
    Mutant(
        "skips rows of a list of roles",
        "connectors/outreach/client.py",
        "return (await self._collected(first, Collection)).rows",
        "return (await self._collected(first, ReadableCollection)).rows",
        ("tests/unit/connectors/outreach/test_client.py",),
    ),
    Mutant(
        "creates whoever may stand in a row that cannot be read",
        "connectors/outreach/target.py",
        "            if shown.unreadable and not matches:\n",
        "            if shown.unreadable and matches:\n",
        (f"{ODD}::test_a_prospect_row_that_cannot_be_read_makes_no_second_prospect",),
    ),
    Mutant(
        "loses a page with one null row",
        "connectors/workbooks/source.py",
        "rows, odd, served_at = await self._client.read_at(call(size))",
        "rows, odd, served_at = await self._client.read(call(size)), 0, None",
        (f"{ODD}::test_a_null_row_in_a_poll_costs_no_other",),
    ),
    Mutant(
        "takes what an audit could not read for gone",
        "engine/store/sqlite/audit.py",
        "    if not whole:\n",
        "    if now < 0:\n",
        (f"{ODD}::test_a_record_whose_row_cannot_be_read_is_not_taken_for_gone",),
    ),
    Mutant(
        "takes two rows that cannot be read for all rows alike",
        "connectors/workbooks/source.py",
        "if not readable and len(unreadable) >= MANY:",
        "if not readable and len(unreadable) > 1:",
        (
            f"{ROWS}::test_records_none_of_which_can_be_read_keep_no_new_mapping_from_its_end",
            f"{ROWS}::test_refused_records_that_cannot_be_read_end_no_audit",
        ),
    ),
    Mutant(
        "takes a linked row for mended since a sweep does not list it",
        "engine/actors/poller.py",
        "self.unreadable.forget_before(float(await self.store.kept.setting(LAST_SWEEP) or 0))",
        "self.unreadable.forget_before(self.clock.now())",
        (f"{ROWS}::test_the_log_tells_once_of_a_linked_row_that_only_audits_list",),
    ),
    Mutant(
        "tells of a person who cannot be read at every poll",
        "engine/actors/unreadable_rows.py",
        "self._before, self._now = self._now, set()",
        "self._before, self._now = set(), set()",
        (f"{ROWS}::test_the_log_tells_once_of_a_person_who_cannot_be_read",),
    ),
    Mutant(
        "finds nothing gone in an audit beside a row that cannot be read",
        "engine/actors/auditor.py",
        "whole=len(page.odd) == len(page.unreadable),",
        "whole=not page.unreadable,",
        (f"{ROWS}::test_an_audit_finds_what_was_deleted_beside_rows_that_cannot_be_read",),
    ),
    Mutant(
        "takes a person whose row cannot be read for hidden",
        "engine/resolvers/prospects.py",
        "self._standings.note(person_id, unreadable(fault))",
        "self._standings.note(person_id, HIDDEN)",
        (f"{ROWS}::test_a_person_who_cannot_be_read_keeps_no_other_from_being_related",),
    ),
    Mutant(
        "does not start where the oldest row cannot be read",
        "connectors/workbooks/source.py",
        "TRIED = 20",
        "TRIED = 1",
        (f"{ROWS}::test_a_row_that_stands_first_keeps_nobody_from_starting",),
    ),
    Mutant(
        "takes a row that stands alone for all rows alike",
        "connectors/workbooks/readable.py",
        "if faults and not found and not (last and len(faults) < MANY):",
        "if faults and not found:",
        (f"{ROWS}::test_a_row_behind_all_pages_ends_no_sweep_and_no_audit",),
    ),
    Mutant(
        "tells of a row that cannot be read at every poll",
        "engine/actors/unreadable_rows.py",
        "fresh = [one for one in page.unreadable if one not in self._seen]",
        "fresh = [one for one in page.unreadable if self._seen is not None]",
        (
            f"{ROWS}::test_a_row_that_stands_alone_is_no_poll_that_fails_and_is_told_of_until_it_is_mended",
        ),
    ),
    Mutant(
        "tells for ever of a row that can be read again",
        "engine/actors/unreadable_rows.py",
        "if seen >= at}",
        "if at}",
        (
            f"{ROWS}::test_a_row_that_stands_alone_is_no_poll_that_fails_and_is_told_of_until_it_is_mended",
        ),
    ),
    Mutant(
        "forgets an edit of a record that is known and cannot be read",
        "engine/actors/unreadable_rows.py",
        "        if page.odd:\n",
        "        if page.odd is None:\n",
        (f"{ROWS}::test_a_row_behind_all_pages_ends_no_sweep_and_no_audit",),
    ),
    Mutant(
        "forgets a tab that was edited while its record could not be read",
        "engine/actors/people_poller.py",
        "        await self.store.feeds.read_anew([*found.unreadable], asked_at)\n",
        "",
        (f"{ROWS}::test_a_record_that_cannot_be_read_keeps_no_other_tab_waiting",),
    ),
    Mutant(
        "keeps a record that could not be read from a new mapping",
        "engine/actors/mapping_reader.py",
        "        await self.store.feeds.read_anew([*found.unreadable], self.clock.now())\n",
        "",
        (f"{ROWS}::test_a_record_that_cannot_be_read_keeps_no_other_from_a_new_mapping",),
    ),
)
