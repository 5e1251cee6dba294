"""`wosync why`: whoever is on call gets verdict, reason and the whole remedy, and it helps."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any

import pytest

from connectors.sandbox.faults import Fault
from connectors.sandbox.outreach import Validation
from connectors.sandbox.sample import add_seat
from engine.cli.why import printed
from engine.errors import EngineError
from engine.service.why.asking import Asking
from tests.scenario.acting_hands import skip, unskip
from tests.scenario.asking_hands import remedy, started, why, why_offline
from tests.scenario.bench import Bench, until
from tests.scenario.service_port import asked, eventually, served
from tests.scenario.test_missing_scopes import OPPORTUNITIES, consents_to

pytestmark = pytest.mark.anyio

SYNC = "cf_opportunity_sync_to_outreach"
FLAG = "cf_opportunity_outreach_sync_error"
OUTREACH_ID = "cf_opportunity_outreach_id"
OUTREACH_URL = "cf_opportunity_outreach_url"
PERSON_SYNC = "cf_person_sync_to_outreach"
PERSON_FLAG = "cf_person_outreach_sync_error"
TOO_LONG = "x" * 256
ADA = "Ada King"
HEALS = "the service takes its flag back by itself"
FLAG_SAID = "eset Outreach Sync Error"
OUTAGE = Fault(path="/api/v2", status=503, times=None)
LOST = Fault(method="POST", path="/opportunities$", when="after", action="drop")

Hands = Callable[[Bench], Awaitable[int]]
Mending = Callable[[Bench, int], object]


@dataclass(frozen=True)
class Situation:
    """Something to be asked about.

    Args:
        arranged: brings it about, and tells the record's id.
        remedy: what the remedy has to say, all of it.
        mended: does what the remedy says, to the letter; None where nothing is to be done.
        live: what is said without a look at either system too, unless it differs.
    """

    arranged: Hands
    verdict: str
    code: str | None
    remedy: tuple[str, ...] = ()
    mended: Mending | None = None
    offline: str | None = ""


async def never_ticked(world: Bench) -> int:
    record = world.has("Unticked", **{SYNC: False})
    await world.once()
    return record


async def unticked(world: Bench) -> int:
    record = world.has()
    await world.once()
    world.edit(record, **{SYNC: False})
    await world.once()
    return record


async def flagged_before(world: Bench) -> int:
    record = world.has("Flagged", **{FLAG: True})
    await world.once()
    return record


async def flagged_by_somebody(world: Bench) -> int:
    record = world.has()
    await world.once()
    world.edit(record, **{FLAG: True})
    await world.once()
    return record


async def too_long(world: Bench) -> int:
    record = world.has(TOO_LONG)
    await world.once()
    return record


async def mended_but_flagged(world: Bench) -> int:
    record = await too_long(world)
    world.edit(record, description="Harbour crane")
    return record


async def malformed(world: Bench) -> int:
    world.settings["mapping.opportunity"] = {"amount": {"from": "fao", "as": "money"}}
    record = world.has(fao="about a million")
    await world.once()
    return record


async def mended_and_nothing_heals(world: Bench) -> int:
    world.settings["retry"]["heal"] = False
    return await mended_but_flagged(world)


async def too_long_but_for_the_comment(world: Bench) -> int:
    record = world.has(TOO_LONG, comment="Crane")
    await world.once()
    return record


async def nameless(world: Bench) -> int:
    record = world.has("")
    await world.once()
    return record


async def out_of_range(world: Bench) -> int:
    record = world.has(probability=140)
    await world.once()
    return record


async def not_listed(world: Bench) -> int:
    rule = Validation("inclusion", definition=("hot", "cold"))
    world.outreach.define_custom_field("opportunity", "custom1", rule)
    world.settings["mapping.opportunity"] = {"custom1": "refcode"}
    record = world.has(refcode="lukewarm")
    await world.once()
    return record


async def id_malformed(world: Bench) -> int:
    record = world.has(**{OUTREACH_ID: "see Ada"})
    await world.once()
    return record


async def skipped(world: Bench) -> int:
    record = await synced(world)
    await skip(world, record)
    return record


async def person_skipped(world: Bench) -> int:
    record = await with_person(email=None)(world)
    await skip(world, "PERS-1")
    world.mends(1, main_location_email="ada@customer.example")
    await world.once()
    return record


async def person_hidden(world: Bench) -> int:
    record = world.has()
    person = world.knows(ADA)
    world.puts(record, (person, "Buyer"))
    world.workbooks.people.hide(person)
    await world.once()
    return record


async def stage_ambiguous(world: Bench) -> int:
    for order in (1, 2):
        world.outreach.stages.create({"name": "Proposal", "order": order})
    record = world.has(opportunity_stage_id=world.workbooks.stage_id("Proposal"))
    await world.once()
    return record


def nothing(_: Bench, __: int) -> None:
    """Nobody has to do anything."""


def maps(**lines: str) -> Mending:
    def mended(world: Bench, _: int) -> None:
        world.settings["mapping.opportunity"] = lines

    return mended


async def refused_by_target(world: Bench) -> int:
    text = '{"errors":[{"id":"validationError","title":"Invalid","detail":"Too much of it."}]}'
    world.outreach_fault(Fault(method="POST", path="/opportunities$", status=422, text=text))
    record = world.has()
    await world.once()
    return record


async def owner_missing(world: Bench) -> int:
    record = world.has(assigned_to_name=ADA)
    await world.once()
    return record


async def owner_ambiguous(world: Bench) -> int:
    add_seat(world.outreach, ADA)
    add_seat(world.outreach, ADA)
    return await owner_missing(world)


async def stage_unknown(world: Bench) -> int:
    world.outreach.stages.create({"name": "Proposal", "order": 1})
    record = world.has(opportunity_stage_id=world.workbooks.stage_id("Proposals"))
    await world.once()
    return record


async def account_unknown(world: Bench) -> int:
    organisation = world.workbooks.organisations.create(
        name="Port of Rye", cf_organisation_outreach_id="4711"
    )
    record = world.has(party_id=organisation)
    await world.once()
    return record


async def customer_unlinked(world: Bench) -> int:
    record = world.has(party_id=world.workbooks.organisations.create(name="Port of Rye"))
    await world.once()
    return record


def enters_the_account(world: Bench, record: int) -> None:
    """On the customer, and not on the record."""
    account = world.outreach.accounts.create({"name": "Port of Rye"})
    customer = int(str(world.workbooks.opportunities.get(record)["party_id"]))
    world.workbooks.organisations.update(customer, cf_organisation_outreach_id=str(account))


def with_person(**columns: Any) -> Hands:
    async def arranged(world: Bench) -> int:
        record = world.has()
        world.puts(record, (world.knows(ADA, **columns), "Buyer"))
        await world.once()
        return record

    return arranged


async def prospect_refused(world: Bench) -> int:
    return await with_person(person_job_title="x" * 300)(world)


async def role_refused(world: Bench) -> int:
    record = world.has()
    world.puts(record, (world.knows(ADA), "x" * 256))
    await world.once()
    return record


async def held_by_fuse(world: Bench) -> int:
    world.settings["fuse"] = {"share": 0.3, "records_min": 2}
    records = [world.has(f"Row {one}", comment=f"Comment {one}") for one in range(5)]
    await world.once()
    world.settings["mapping.opportunity"] = {"name": "comment"}
    await world.once()
    return records[2]


async def in_doubt(world: Bench) -> int:
    world.settings["outreach"]["visibility_s"] = 300
    world.outreach.knobs.index_lag_s = 250
    world.outreach_fault(LOST)
    record = world.has()
    await world.once()
    return record


async def deleted_there(world: Bench) -> int:
    record = world.has()
    await world.once()
    world.outreach.opportunities.delete(world.twin(record).id)
    return record


async def trashed_there(world: Bench) -> int:
    record = world.has()
    await world.once()
    world.outreach.opportunities.trash(world.twin(record).id)
    return record


async def deleted_here(world: Bench) -> int:
    record = world.has()
    await world.once()
    world.workbooks.opportunities.delete(record)
    return record


async def hidden(world: Bench) -> int:
    record = world.has()
    await world.once()
    world.workbooks.opportunities.hide(record)
    return record


async def outage_there(world: Bench) -> int:
    record = await synced(world)
    world.settings["retry"] = {"base_s": 60, "cap_s": 300}
    world.outreach_fault(OUTAGE)
    world.edit(record, description="Harbour crane, painted")
    with suppress(EngineError):
        await world.once()
    return record


async def copied(world: Bench) -> int:
    first = world.has()
    await world.once()
    held = world.record(first)
    record = world.has(
        "A copy", **{OUTREACH_ID: held["outreach_id"], OUTREACH_URL: held["outreach_url"]}
    )
    await world.once()
    return record


async def budget_spent(world: Bench) -> int:
    world.settings["outreach.budget"] = {"per_hour": 4, "reserve": 0}
    records = [world.has(f"Row {one}") for one in range(6)]
    with suppress(EngineError):
        await world.once()
    return next(one for one in records if not world.twins(one))


async def scope_lost(world: Bench) -> int:
    consents_to(world, *OPPORTUNITIES[:1], *OPPORTUNITIES[2:])
    record = world.has()
    with suppress(EngineError):
        await world.once()
    return record


async def never_captured(world: Bench) -> int:
    world.has("Another")
    await world.once()
    return world.has()


async def many_at_once(world: Bench) -> int:
    """An import of 400 records in one second, of which the hour's budget lets some through."""
    world.settings["outreach.budget"] = {"per_hour": 40, "reserve": 0, "fresh_share": 0.5}
    records = [world.has(f"Row {one}") for one in range(400)]
    with suppress(EngineError):
        await world.once()
    return records[-1]


async def people_not_created(world: Bench) -> int:
    world.settings["contacts"] = {"missing_prospects": "skip"}
    return await with_person()(world)


def creates_people(world: Bench, _: int) -> None:
    world.settings["contacts"] = {"missing_prospects": "create"}


async def synced(world: Bench) -> int:
    record = world.has()
    await world.once()
    return record


def everything_works(world: Bench, _: int) -> None:
    world.outreach_traffic.plan.clear()
    world.workbooks_traffic.plan.clear()


def resets(world: Bench, record: int, **columns: Any) -> None:
    world.edit(record, **columns)
    world.edit(record, **{FLAG: False})


SITUATIONS = {
    "in step": Situation(synced, "in step", None),
    "box never ticked": Situation(
        never_ticked,
        "not eligible",
        "sync-off",
        ("Tick Sync to Outreach",),
        lambda world, record: world.edit(record, **{SYNC: True}),
        offline=None,
    ),
    "box unticked after sync": Situation(
        unticked,
        "not eligible",
        "sync-off",
        ("Tick Sync to Outreach",),
        lambda world, record: world.edit(record, **{SYNC: True}),
        offline=None,
    ),
    "flag set before we saw it": Situation(
        flagged_before,
        "not eligible",
        "error-flag-set",
        (FLAG_SAID,),
        lambda world, record: world.edit(record, **{FLAG: False}),
        offline=None,
    ),
    "flag set by somebody": Situation(
        flagged_by_somebody,
        "not eligible",
        "error-flag-set",
        (FLAG_SAID,),
        lambda world, record: world.edit(record, **{FLAG: False}),
        offline=None,
    ),
    "name too long": Situation(
        too_long,
        "refused",
        "value-too-long",
        ("Shorten the text", HEALS),
        lambda world, record: world.edit(record, description="Harbour crane"),
    ),
    "flag ours, field since mended": Situation(
        mended_but_flagged,
        "waits",
        "not-captured-yet",
        ("None needed",),
        nothing,
        offline=None,
    ),
    "flag ours, field since mended, and nothing heals": Situation(
        mended_and_nothing_heals,
        "refused",
        "value-too-long",
        (FLAG_SAID, "is mended"),
        lambda world, record: world.edit(record, **{FLAG: False}),
    ),
    "name too long for the mapping": Situation(
        too_long_but_for_the_comment,
        "refused",
        "value-too-long",
        ("fill the field from a shorter column in the mapping", HEALS),
        maps(name="comment"),
    ),
    "name blank": Situation(
        nameless,
        "refused",
        "value-required",
        ("Fill in the value", HEALS),
        lambda world, record: world.edit(record, description="Harbour crane"),
    ),
    "value out of range": Situation(
        out_of_range,
        "refused",
        "value-unfit",
        ("Correct the value", HEALS),
        lambda world, record: world.edit(record, probability=40),
    ),
    "value not in the list": Situation(
        not_listed,
        "refused",
        "value-unfit",
        ("Correct the value", HEALS),
        lambda world, record: world.edit(record, refcode="hot"),
    ),
    "id malformed": Situation(
        id_malformed,
        "refused",
        "target-id-malformed",
        ("or clear it", HEALS),
        lambda world, record: world.edit(record, **{OUTREACH_ID: ""}),
    ),
    "skipped": Situation(
        skipped,
        "not eligible",
        "skipped",
        ("wosync unskip",),
        unskip,
    ),
    "person skipped": Situation(
        person_skipped,
        "waits",
        "skipped",
        ("wosync unskip",),
        lambda world, _: unskip(world, "PERS-1"),
    ),
    "person invisible to our user": Situation(
        person_hidden,
        "waits",
        "person-hidden",
        ("Let the service's user see",),
        lambda world, _: world.workbooks.people.show(1),
        offline=None,
    ),
    "id of a person malformed": Situation(
        with_person(cf_person_outreach_id="abc"),
        "waits",
        "prospect-id-malformed",
        ("clear",),
        lambda world, _: world.mends(1, cf_person_outreach_id=""),
    ),
    "stage ambiguous": Situation(
        stage_ambiguous, "in step", "stage-ambiguous", ("Rename",), offline=None
    ),
    "amount malformed": Situation(
        malformed,
        "refused",
        "value-unreadable",
        ("Correct the value", HEALS),
        lambda world, record: world.edit(record, fao="1200.00"),
    ),
    "refused in the target's words": Situation(
        refused_by_target,
        "refused",
        "refused",
        ("Correct on the record what the message names", HEALS),
        lambda world, record: world.edit(record, comment="Less of it"),
    ),
    "owner missing": Situation(
        owner_missing,
        "in step",
        "owner-unknown",
        ("Spell the name", "or add the user"),
        lambda world, _: add_seat(world.outreach, ADA),
        offline=None,
    ),
    "owner ambiguous": Situation(
        owner_ambiguous, "in step", "owner-ambiguous", ("Rename or lock the user",), offline=None
    ),
    "stage unknown": Situation(
        stage_unknown,
        "in step",
        "stage-unknown",
        ("Spell the stage in Outreach", "or add it there"),
        lambda world, _: world.outreach.stages.create({"name": "Proposals", "order": 2}),
        offline=None,
    ),
    "account unknown": Situation(
        account_unknown, "in step", "account-unknown", ("on the customer",), offline=None
    ),
    "customer unlinked": Situation(
        customer_unlinked,
        "in step",
        "customer-unlinked",
        ("Enter Outreach Id of its account on the customer", "Nothing is to be reset"),
        enters_the_account,
        offline=None,
    ),
    "person without e-mail": Situation(
        with_person(email=None),
        "waits",
        "person-without-email",
        ("Enter an e-mail address on the person",),
        lambda world, _: world.mends(1, main_location_email="ada@customer.example"),
    ),
    "person not ticked": Situation(
        with_person(**{PERSON_SYNC: False}),
        "waits",
        "person-sync-off",
        ("Tick Sync to Outreach on the person",),
        lambda world, _: world.mends(1, **{PERSON_SYNC: True}),
    ),
    "person flagged": Situation(
        with_person(**{PERSON_FLAG: True}),
        "waits",
        "person-flagged",
        (f"{FLAG_SAID} on the person",),
        lambda world, _: world.mends(1, **{PERSON_FLAG: False}),
    ),
    "prospect refused": Situation(
        prospect_refused,
        "waits",
        "value-too-long",
        ("Shorten the text", HEALS),
        lambda world, _: world.mends(1, person_job_title="Engineer"),
    ),
    "role refused": Situation(
        role_refused, "waits", "value-too-long", ("shorten the relationship",)
    ),
    "fuse": Situation(held_by_fuse, "held", "mass-change-held", ("run: wosync approve",)),
    "create in doubt": Situation(in_doubt, "in doubt", "create-in-doubt", ("None needed",)),
    "deleted in the target": Situation(
        deleted_there,
        "deleted",
        "target-gone",
        ("clear Outreach Id on the record",),
        lambda world, record: world.edit(record, **{OUTREACH_ID: ""}),
        offline=None,
    ),
    "in the target's trash": Situation(
        trashed_there,
        "deleted",
        "target-gone",
        ("restore it in Outreach",),
        lambda world, _: world.outreach.opportunities.update(1, {"trashedAt": None}),
        offline=None,
    ),
    "deleted in the source": Situation(
        deleted_here, "deleted", "record-deleted", ("restore the record",), offline=None
    ),
    "invisible to our user": Situation(
        hidden,
        "not visible",
        "record-hidden",
        ("let the service's user see it",),
        lambda world, record: world.workbooks.opportunities.show(record),
        offline=None,
    ),
    "outage of the target": Situation(
        outage_there, "waits", "unanswered", ("wosync check",), everything_works
    ),
    "copied id": Situation(
        copied,
        "refused",
        "claim-lost",
        ("Clear Outreach Id on this record", FLAG_SAID),
        lambda world, record: resets(world, record, **{OUTREACH_ID: ""}),
    ),
    "budget spent": Situation(
        budget_spent, "waits", "budget-hour-spent", ("raise the budget's per_hour",), offline=None
    ),
    "scope lost": Situation(
        scope_lost,
        "waits",
        "not-granted",
        ("wosync auth",),
        lambda world, _: world.authorise_again(),
        offline=None,
    ),
    "400 records in one second": Situation(
        many_at_once, "waits", "budget-hour-spent", ("raise the budget's per_hour",), offline=None
    ),
    "people not created by setting": Situation(
        people_not_created,
        "waits",
        "person-not-in-target",
        ("set [contacts] missing_prospects to link or create",),
        creates_people,
    ),
    "never captured": Situation(
        never_captured, "waits", "not-captured-yet", ("None needed",), offline=None
    ),
}


@pytest.mark.parametrize("name", SITUATIONS)
async def test_a_situation_is_named_and_its_remedy_helps(world: Bench, name: str) -> None:
    """The right cause, the whole remedy, and whoever follows it has the record synced."""
    situation = SITUATIONS[name]
    record = await situation.arranged(world)

    told = await why(world, f"OPP-{record}")

    assert (told["verdict"], told["code"]) == (situation.verdict, situation.code), told
    for phrase in situation.remedy:
        assert phrase in remedy(told), told["remedies"]
    if situation.offline is not None:
        without = why_offline(world, f"OPP-{record}")
        assert (without["verdict"], without["code"]) == (told["verdict"], told["code"])
    if situation.mended is not None:
        mended = situation.mended(world, record)
        if isawaitable(mended):
            await mended
        world.clock.advance(3700)
        await world.once()
        world.clock.advance(120)
        await world.once()
        after = await why(world, f"OPP-{record}")
        assert (after["verdict"], after["code"]) == ("in step", None), after
        assert world.twin(record)


async def test_why_a_field_is_blank_is_known_without_a_look(world: Bench) -> None:
    """The outcome was kept with its reason."""
    record = await customer_unlinked(world)
    async with started(world) as assembly:
        world.forget_traffic()
        told = await Asking(assembly, live=False).answer(str(record))

    assert told["code"] == "customer-unlinked"
    assert "Enter Outreach Id of its account on the customer" in remedy(told)
    assert world.workbooks_traffic.total == 0


async def test_a_flag_of_ours_is_told_from_somebodys(world: Bench) -> None:
    """Who set it decides what is to be done."""
    ours, theirs = await too_long(world), await flagged_before(world)

    flags: dict[int, dict[str, Any]] = {}
    for record in (ours, theirs):
        gates = (await why(world, f"OPP-{record}"))["gates"]
        flags[record] = next(one for one in gates if one["name"] == "Outreach Sync Error is off")

    assert not flags[ours]["passed"]
    assert flags[ours]["seen"].startswith("set by this service: name: 256 characters")
    assert (flags[theirs]["passed"], flags[theirs]["seen"]) == (
        False,
        "set, and not by this service",
    )


async def test_a_record_answers_to_every_name_it_has(world: Bench) -> None:
    """Reference, id, the id in Outreach, and the address in either system."""
    await synced(world)
    record = await synced(world)
    target = world.twin(record).id
    names = [
        f"OPP-{record}",
        f" opp-{record} ",
        f"https://secure.workbooks.com/link/xyz/OPP-{record}",
        f"https://outreach.example/opportunities/{target}/activity?tab=1",
        world.record(record)["outreach_url"],
    ]

    async with started(world):
        pass
    told = [await why(world, name) for name in names]

    assert {(one["ref"], one["verdict"]) for one in told} == {(f"OPP-{record}", "in step")}
    assert {why_offline(world, name)["ref"] for name in names} == {f"OPP-{record}"}


async def test_a_record_never_captured_answers_to_its_names_too(world: Bench) -> None:
    """What was never seen is looked for in Workbooks."""
    await synced(world)
    record = world.has("Never seen", **{SYNC: False, OUTREACH_ID: "4711"})
    names = [
        f"OPP-{record}",
        str(record),
        "4711",
        f"https://secure.workbooks.com/link/xyz/OPP-{record}",
        "https://outreach.example/opportunities/4711",
    ]

    told = [await why(world, name) for name in names]

    assert {(one["ref"], one["code"]) for one in told} == {(f"OPP-{record}", "sync-off")}


async def test_a_number_that_is_the_id_of_several_says_so(world: Bench) -> None:
    """An opportunity first, and whoever meant another asks by its reference."""
    person = world.knows(ADA)
    record = world.has()
    world.puts(record, (person, "Buyer"))
    await world.once()
    assert person == record

    told = await why(world, record)

    assert told["ref"] == f"OPP-{record}"
    assert told["others"] == [f"PERS-{person} (person)"]
    assert why_offline(world, record)["others"] == told["others"]


async def test_a_person_answers_like_an_opportunity(world: Bench) -> None:
    """Why is this person not in Outreach?"""
    person = world.knows(ADA, email=None)
    record = world.has()
    world.puts(record, (person, "Buyer"))
    await world.once()

    told = await why(world, f"PERS-{person}")

    assert (told["ref"], told["verdict"], told["code"]) == (
        f"PERS-{person}",
        "waits",
        "person-without-email",
    )
    assert told["people"][0]["name"] == ADA
    assert f"OPP-{record}" in told["next"]
    assert why_offline(world, f"PERS-{person}")["code"] == "person-without-email"


async def test_what_is_unknown_says_what_was_tried_and_what_is_near(world: Bench) -> None:
    """A slip in a number is the commonest reason."""
    record = await synced(world)

    told = await why(world, f"OPP-{record + 3}")

    assert told["verdict"] == "unknown"
    assert told["tried"] == [f"opportunity with the reference OPP-{record + 3} in Workbooks"]
    assert told["nearest"] == [f"OPP-{record}"]
    assert (await why(world, "what?"))["tried"] == []


async def test_the_users_who_may_be_meant_are_named(world: Bench) -> None:
    """Whoever renames one of them has to know which two."""
    record = await owner_ambiguous(world)

    [line] = [one for one in (await why(world, record))["fields"] if one["title"] == "owner"]

    assert line["note"].count(f"{ADA} (") == 2
    assert "2 users are named" in line["note"]


async def test_stages_of_a_like_name_are_named(world: Bench) -> None:
    """Most are a slip in one letter."""
    record = await stage_unknown(world)

    told = await why(world, record)

    assert any("nearest: Proposal" in one["note"] for one in told["fields"])


async def test_what_cannot_be_looked_at_is_said(world: Bench) -> None:
    """An answer from memory must not pass for one of today."""
    record = await synced(world)
    async with started(world) as assembly:
        world.workbooks_fault(Fault(path="opportunities.api", times=None))
        told = await Asking(assembly, live=True).answer(str(record))

    assert any("the opportunity in Workbooks" in one for one in told["unseen"])


async def test_the_running_service_answers_whoever_may_tell_it(world: Bench) -> None:
    """It spends requests, so not just anybody may ask; and it needs no secret of the shell."""
    record = await synced(world)
    async with served(world) as port:
        refused = await port.client.post("/why", json={"x": str(record)})
        told = await port.why(str(record))

    assert refused.status_code == 403
    assert (told["ref"], told["verdict"]) == (f"OPP-{record}", "in step")


async def test_a_lost_leave_is_named_while_the_service_runs(world: Bench) -> None:
    """No record is at fault, and wosync auth is what helps."""
    await synced(world)
    async with served(world) as port:
        await until(lambda: len(world.workbooks_seen) > 10)
        world.clock.advance(61)
        world.outreach.revoke_all_tokens()
        record = world.has("After the leave was lost")

        async def named() -> bool:
            return (await port.why(str(record)))["code"] == "credentials-refused"

        await eventually(named)
        told = await port.why(str(record))
        assert told["verdict"] == "waits"
        assert "run: wosync auth" in remedy(told)


async def test_a_backlog_behind_the_reserve_is_told_from_the_hour_that_is_spent(
    world: Bench,
) -> None:
    """What is left for others in the system's own window is another setting, and another time."""
    world.outreach.knobs.rate_limit = 60
    world.settings["outreach.budget"] = {"per_hour": 0, "reserve": 30, "fresh_share": 0.1}
    records = [world.has(f"Row {one}") for one in range(200)]
    async with served(world) as port:

        async def named() -> bool:
            return (await port.why(str(records[-1])))["code"] == "budget-reserve-reached"

        await eventually(named)
        told = await port.why(str(records[-1]))

    assert told["verdict"] == "waits"
    assert "lower the budget's reserve" in remedy(told)
    assert told["next_at"] > world.clock.now()


async def test_lines_left_out_of_the_mapping_are_told(world: Bench) -> None:
    """A field that nobody fills has its cause there, and no record is at fault."""
    world.workbooks.add_mapping("nextStep", "no_such_column")
    record = await synced(world)

    told = await why(world, record)

    assert told["verdict"] == "in step"
    assert any("no_such_column" in one for one in told["mapping_left_out"])


async def test_hostile_names_are_shown_harmlessly(
    world: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither a control character nor a mark that turns the direction reaches the terminal."""
    record = world.has("Crane\x1b]0;owned\x07 \u202egnp.exe")
    world.puts(record, (world.knows("Ada \u202e[bold]King", email=None), "Buyer\x1b[2J"))
    await world.once()

    printed(await why(world, record))

    out = capsys.readouterr().out
    assert not {"\x1b", "\x07", "\u202e"} & set(out)
    assert "\\x1b]0;owned" in out
    assert "[bold]" in out


async def test_asking_offline_sends_nothing(world: Bench) -> None:
    """For whoever must not spend a request."""
    record = await synced(world)
    async with started(world) as assembly:
        world.forget_traffic()
        told = await Asking(assembly, live=False).answer(str(record))

    assert told["verdict"] == "in step"
    assert (world.workbooks_traffic.total, world.outreach_traffic.total) == (0, 0)


async def test_an_outage_of_the_source_is_no_verdict_about_the_record(world: Bench) -> None:
    """Whether it was edited since nobody can tell."""
    record = await synced(world)
    async with asked(world), started(world) as assembly:
        for _ in range(40):
            assembly.systems.source_governor.failed("no answer")
        told = await Asking(assembly, live=False).answer(str(record))

    assert (told["verdict"], told["code"]) == ("waits", "unanswered")
