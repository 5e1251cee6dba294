"""Mutants of what guards the whole: the audit, the fuse, and what a change on its way leaves."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

AUDIT = "engine/store/sqlite/audit.py"
FUSE = "engine/store/sqlite/fuse.py"
MASS_CHANGE = "engine/decide/mass_change.py"
SLICES = "tests/unit/engine/store/test_audit_slices.py"
CHANGES = "tests/scenario/test_changes_in_doubt.py"
MASS = "tests/scenario/test_mass_changes.py"
UNFINISHED = "tests/scenario/test_unfinished.py"

MUTANTS = (
    Mutant(
        "lets everybody fail at a lookup by themselves",
        "engine/resolvers/lookups.py",
        "self._shared_until = anyio.current_time() + part * self._retry_s(error)",
        "self._shared_until = -math.inf",
        ("tests/unit/engine/actors/test_lookups.py",),
    ),
    Mutant(
        "decides over a mass change page by page",
        "engine/store/sqlite/fuse.py",
        "json.dumps([MAPPING, FIRST_LOOK, *MARKS])",
        "json.dumps([])",
        (f"{MASS}::test_a_mass_change_that_comes_page_by_page_is_one",),
    ),
    Mutant(
        "forgets that a sweep is not finished",
        "engine/actors/poller.py",
        "        async with unfinished(self.store, SWEEP_UNFINISHED):\n"
        "            return await self._sweep()\n",
        "        return await self._sweep()\n",
        (f"{MASS}::test_a_sweep_of_many_pages_is_one_mass_change",),
    ),
    Mutant(
        "waits for the pages of a slice that failed",
        "engine/actors/polling/unfinished.py",
        "    try:\n        yield\n    finally:\n        await store",
        "    if mark:\n        yield\n        await store",
        (f"{UNFINISHED}::test_a_slice_of_the_audit_that_fails_holds_up_no_mapping",),
    ),
    Mutant(
        "waits for the pages of a process that is dead",
        "engine/service/starting.py",
        "if unfinished := await assembly.store.fuse.forget_unfinished(now):",
        "if unfinished := 0:",
        (f"{UNFINISHED}::test_a_process_killed_while_it_reads_pages_holds_up_no_mapping",),
    ),
    Mutant(
        "leaves a slice of the audit that failed to the next sweep",
        "engine/actors/poller.py",
        "            with self.runs.run(), spent_on(Purpose.AUDIT):\n"
        "                await self.audit()\n"
        "            await self.store.kept.forget_setting(AUDIT_OWED)\n",
        "            await self.store.kept.forget_setting(AUDIT_OWED)\n"
        "            with self.runs.run(), spent_on(Purpose.AUDIT):\n"
        "                await self.audit()\n",
        (f"{UNFINISHED}::test_a_slice_of_the_audit_that_fails_goes_on_with_the_next_poll",),
    ),
    Mutant(
        "leaves the fuse blown when the mistake was taken back",
        MASS_CHANGE,
        "return Decision(Verdict.NOTHING, mended=held.tripped)",
        "return Decision(Verdict.NOTHING)",
        ("tests/unit/engine/store/test_fuse_decisions.py",),
    ),
    Mutant(
        "flags in masses what a changed mapping would have refused",
        "engine/store/sqlite/settle.py",
        "    if work.mass is Mass.EVALUATING and not work.lifted:\n",
        "    if work.mass is Mass.APPROVED:\n",
        (f"{MASS}::test_a_mapping_that_would_have_everything_refused_flags_nobody",),
    ),
    Mutant(
        "flags whoever waits for a lookup that fails",
        "engine/decide/failure.py",
        "if isinstance(error, Throttled | HeldBack | Unavailable):",
        "if isinstance(error, Throttled | HeldBack):",
        ("tests/unit/engine/decide/test_failure.py",),
    ),
    Mutant(
        "lets a copy overwrite what its original made",
        "engine/actors/opportunity/claims.py",
        "if winner.id != work.id:",
        "if winner.id == 0:",
        ("tests/scenario/test_relinking.py",),
    ),
    Mutant(
        "holds an id for a record that is not synced any more",
        "engine/decide/claim.py",
        "if one.wanted and (one.carries or one.owed)",
        "if one.carries or one.owed",
        ("tests/scenario/test_relinking.py",),
    ),
    Mutant(
        "blames a record that is what it shall be already",
        "engine/decide/opportunity.py",
        "return error_class(error) != FORBIDDEN and not difference(fields, known)",
        "return error_class(error) == FORBIDDEN and not difference(fields, known)",
        ("tests/scenario/test_creating_and_updating.py",),
    ),
    Mutant(
        "goes on writing to what is in the trash",
        "connectors/outreach/client.py",
        "    if protocol.in_trash(resource):",
        "    if resource is None:",
        ("tests/scenario/test_relinking.py",),
    ),
    Mutant(
        "forgets a refusal whose record is edited",
        "engine/decide/capture.py",
        "        return State.REFUSED\n",
        "        return State.INELIGIBLE\n",
        ("tests/scenario/test_refusing.py",),
    ),
    Mutant(
        "remembers refused records that nobody wants synced",
        "engine/actors/auditor.py",
        "await self.store.audit.refused(after, upto), 0",
        "await self.store.audit.refused(after, after), 0",
        ("tests/scenario/test_refusing.py",),
    ),
    Mutant(
        "blames every address when nobody at all is looked for",
        "engine/resolvers/prospect_search.py",
        "elif (answered or parts) and _concerns_its_address(error):",
        "elif _concerns_its_address(error):",
        ("tests/scenario/test_lookups.py",),
    ),
    Mutant(
        "takes what a list of addresses is answered for what each of them would be",
        "engine/resolvers/prospect_search.py",
        "except (Terminal, ProtocolError) as error:",
        "except (Rejected, OurFault) as error:",
        (
            "tests/scenario/test_lookups.py::test_a_front_that_takes_no_list_of_addresses_keeps_nobody_waiting",
        ),
    ),
    Mutant(
        "mints for what stands in front of one kind of request",
        "connectors/outreach/oauth.py",
        "if refused == self._blameless and self._refusals < REFUSALS_MAX:",
        "if refused is self._lock:",
        (
            "tests/unit/connectors/outreach/test_oauth.py::test_a_token_that_others_are_answered_with_is_not_replaced_for_one_request",
            "tests/scenario/test_lookups.py::test_a_front_that_takes_no_list_of_addresses_keeps_nobody_waiting",
        ),
    ),
    Mutant(
        "asks for as many addresses again after a failure",
        "engine/resolvers/prospect_search.py",
        "self._size = max(1, len(part) // SHRINKING)",
        "self._size = SIZE_MAX",
        (
            "tests/scenario/test_lookups.py::test_a_front_that_takes_no_list_of_addresses_keeps_nobody_waiting",
        ),
    ),
    Mutant(
        "leaves a create announced when the look after its answer fails",
        "engine/resolvers/prospect_creates.py",
        "            found = Found()\n",
        "            raise\n",
        (
            "tests/scenario/test_people_in_doubt.py"
            "::test_an_address_taken_by_whom_cannot_be_asked_is_adopted_later",
        ),
    ),
    Mutant(
        "creates who cannot be looked for",
        "engine/decide/person.py",
        "if facts.found.refusal is not None:",
        "if facts.found.prospect_id is not None:",
        ("tests/scenario/test_lookups.py",),
    ),
    Mutant(
        "asks for people where the plugin has no fields on them",
        "engine/decide/tab.py",
        " or not follows:",
        ":",
        ("tests/scenario/test_lookups.py",),
    ),
    Mutant(
        "never makes up for people that could not be synced",
        "engine/mapping_in_force.py",
        "return lines if self.source.people else",
        "return lines if lines else",
        ("tests/scenario/test_lookups.py",),
    ),
    Mutant(
        "lets a mass change of any size go on",
        MASS_CHANGE,
        "return held.records - held.creates <= allowed and held.people <= allowed",
        "return held.records >= 0 or allowed >= 0",
        (f"{MASS}::test_a_mapping_that_would_change_too_much_waits_for_an_approval",),
    ),
    Mutant(
        "stops small changes of a mapping",
        "engine/model/mass_change.py",
        "return max(self.records_min, int(self.share * linked))",
        "return min(self.records_min, int(self.share * linked))",
        (f"{MASS}::test_a_small_change_of_the_mapping_goes_on_by_itself",),
    ),
    Mutant(
        "decides on a mass change before all of it is evaluated",
        FUSE,
        '"SELECT EXISTS (SELECT 1 FROM record WHERE mass > 0 AND mass = 1"\n',
        '"SELECT EXISTS (SELECT 1 FROM record WHERE mass > 0 AND mass = 4"\n',
        ("tests/unit/engine/store/test_fuse_decisions.py",),
    ),
    Mutant(
        "holds a record although a newer change waits",
        FUSE,
        "\" reason_class = 'held_back' WHERE id = ? AND revision = ?\"",
        "\" reason_class = 'held_back' WHERE id = ? AND revision >= ?\"",
        ("tests/unit/engine/store/test_fuse_decisions.py",),
    ),
    Mutant(
        "leaves out what an audit has just shown",
        AUDIT,
        'f" AND id NOT IN (SELECT value FROM json_each(?))',
        'f" AND id IN (SELECT value FROM json_each(?))',
        (SLICES,),
    ),
    Mutant(
        "leaves out what was captured while the audit asked",
        AUDIT,
        "AND state IN ('pending', 'settled') AND captured_at < ?\"",
        "AND state IN ('pending', 'settled') AND captured_at <> ?\"",
        (SLICES,),
    ),
    Mutant(
        "leaves out a create in doubt that an audit does not show",
        "engine/store/sqlite/audit.py",
        'f" AND NOT {intents.RECORD_OPEN}{capture.LISTED}"',
        'f"{capture.LISTED}"',
        (SLICES,),
    ),
    Mutant(
        "leaves out the last record of the slice before",
        AUDIT,
        '" WHERE id > ? AND id <= ?',
        '" WHERE id >= ? AND id <= ?',
        (SLICES,),
    ),
    Mutant(
        "retries as often as it likes in an outage",
        "engine/flow/retry_budget.py",
        "self._saved -= 1.0",
        "self._saved -= 0.0",
        ("tests/unit/engine/flow/test_retry_budget.py",),
    ),
    Mutant(
        "trusts what the target held before a change whose answer was lost",
        "engine/store/sqlite/work.py",
        '"UPDATE record SET synced = NULL, sending = ? WHERE id = ?",',
        '"UPDATE record SET sending = ? WHERE id = ?",',
        (f"{CHANGES}::test_a_change_taken_back_before_its_answer_came_is_taken_back",),
    ),
)
