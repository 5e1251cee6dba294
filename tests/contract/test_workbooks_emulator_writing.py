"""The Workbooks emulator writes as workbooks-api §7, §8 and §15 describe."""

from datetime import date
from typing import Any

import pytest

from tests.contract.test_workbooks_emulator import KEY, NOON, PATH, Emulator

pytestmark = pytest.mark.anyio

STALE = "This record cannot be saved since it has already been updated elsewhere."
PER_OBJECT = {"_per_object_transactions": "true"}
STRICT = {"_strict_attribute_checking": "true"}
OUTREACH_ID = "cf_opportunity_outreach_id"


def put(row_id: int, version: int, **attributes: Any) -> dict[str, Any]:
    """One object of an update."""
    return {"__method": "PUT", "id": row_id, "lock_version": version, **attributes}


def post(**attributes: Any) -> dict[str, Any]:
    """One object of a create."""
    return {"__method": "POST", "id": 0, "lock_version": 0, **attributes}


def with_opportunities(count: int, **knobs: Any) -> Emulator:
    """An emulator an hour after this many opportunities were made."""
    crm = Emulator(**knobs)
    for number in range(1, count + 1):
        crm.world.opportunities.create(description=f"Deal {number}")
    crm.now += 3600
    return crm


async def test_a_real_change_is_echoed_with_its_new_version_and_time() -> None:
    """The returned version is how a client recognises the echo of its own write."""
    crm = with_opportunities(1)

    answer = await crm.write(put(1, 0, cf_opportunity_outreach_id="5501"), **STRICT)

    (affected,) = answer["affected_objects"]
    assert affected["id"] == 1
    assert affected["lock_version"] == 1
    assert affected[OUTREACH_ID] == "5501"
    assert affected["updated_at"] == "Sun Mar 09 13:00:00 UTC 2025"
    assert affected["updated_by"] == crm.world.api_user_id
    assert answer["affected_object_information"] == [
        {"success": True, "errors": {}, "warnings": {}}
    ]
    assert answer["success"] is True
    assert "errors" not in answer
    assert crm.world.opportunities.value(1, OUTREACH_ID) == "5501"


async def test_a_write_that_changes_nothing_bumps_nothing() -> None:
    """A version that moved without a change would look like an edit, for ever."""
    crm = with_opportunities(1)
    same = put(1, 0, description="Deal 1", cf_opportunity_sync_to_outreach="False", comment="")

    answers = [await crm.write(same) for _ in range(2)]

    assert [one["affected_objects"] for one in answers] == [[{"id": 1, "lock_version": 0}]] * 2
    assert await crm.ids(("updated_at", "gt", NOON)) == []


async def test_no_value_leaves_and_null_value_empties() -> None:
    """Square arrays need a way to say nothing about an attribute."""
    crm = with_opportunities(2)
    kept = put(1, 0, description=":no_value:", probability="40")
    emptied = put(2, 0, description=":null_value:", probability=":no_value:")

    await crm.write(kept, emptied)

    rows = [crm.world.opportunities.get(one) for one in (1, 2)]
    assert [(row["description"], row["probability"]) for row in rows] == [
        ("Deal 1", 40),
        (None, None),
    ]


async def test_creates_updates_and_deletes_answer_in_the_order_of_the_request() -> None:
    """Results are matched by position; a deletion answers the version that was sent (A28)."""
    crm = with_opportunities(2)
    gone = {"__method": "DELETE", "id": 2, "lock_version": 0, "description": "ignored"}

    answer = await crm.write(post(description="New"), put(1, 0, description="Changed"), gone)

    made, changed, deleted = answer["affected_objects"]
    assert (made["id"], made["lock_version"], made["description"]) == (3, 0, "New")
    assert made["created_through"] == "tester"
    assert changed["description"] == "Changed"
    assert deleted == {"id": 2, "lock_version": 0}
    assert crm.world.opportunities.ids() == [1, 3]
    (tombstone,) = (await crm.read(("is_deleted", "true", "")))["data"]
    assert (tombstone["id"], tombstone["lock_version"], tombstone["description"]) == (
        2,
        1,
        "Deal 2",
    )
    assert tombstone["updated_at"] == "Sun Mar 09 13:00:00 UTC 2025"


@pytest.mark.parametrize(
    ("shape", "has_failures", "has_objects"),
    [("failures", True, False), ("objects", False, True), ("both", True, True)],
)
async def test_a_stale_version_saves_nothing_of_the_whole_request(
    shape: str, has_failures: bool, has_objects: bool
) -> None:
    """One transaction by default; the body that says so is not documented in full (A6)."""
    crm = with_opportunities(2, stale_shape=shape)
    crm.world.opportunities.update(2, comment="edited by a person")

    answer = await crm.write(put(1, 0, comment="mine"), put(2, 0, comment="mine"))

    assert answer["success"] is False
    assert answer.get("failures") == ([STALE] if has_failures else None)
    assert ("affected_object_information" in answer) is has_objects
    assert crm.world.opportunities.value(1, "comment") is None
    assert crm.world.opportunities.value(2, "comment") == "edited by a person"


@pytest.mark.parametrize("flag", [True, False])
async def test_objects_with_their_own_transactions_fail_alone(flag: bool) -> None:
    """A batch of write-backs must not be lost for one record that a person edited (A7, A8)."""
    crm = with_opportunities(4, partial_success_flag=flag)
    crm.world.opportunities.update(2, comment="edited")
    crm.world.opportunities.delete(3)
    crm.world.opportunities.hide(4)

    answer = await crm.write(*(put(one, 0, comment="mine") for one in (1, 2, 3, 4)), **PER_OBJECT)

    errors = [one["errors"] for one in answer["affected_object_information"]]
    missing = {"base": ["Record not found"]}
    assert answer["success"] is flag
    assert errors == [{}, {"base": [STALE]}, missing, missing]
    assert answer["affected_objects"][0]["comment"] == "mine"
    assert answer["affected_objects"][1:] == [{"id": one, "lock_version": 0} for one in (2, 3, 4)]


async def test_a_second_object_for_the_same_record_comes_too_late() -> None:
    """Its version was used up by the first object of the same request."""
    crm = with_opportunities(1)
    twice = [put(1, 0, comment="first"), put(1, 0, comment="second")]

    whole = await crm.write(*twice)
    own = await crm.write(*twice, **PER_OBJECT)

    assert whole["failures"] == [STALE]
    assert [one["success"] for one in own["affected_object_information"]] == [True, False]
    assert crm.world.opportunities.value(1, "comment") == "first"


async def test_unknown_attributes_are_refused_only_when_that_is_asked_for() -> None:
    """A misspelt custom field is lost in silence without strict checking (§7.6, A9)."""
    crm = with_opportunities(1)

    lenient = await crm.write(put(1, 0, no_such="x", comment="kept"))
    strict = await crm.write(put(1, 1, no_such="x", comment="lost"), **STRICT)

    assert lenient["success"] is True
    assert strict["success"] is False
    (report,) = strict["affected_object_information"]
    assert report["errors"] == {"no_such": ["is not a recognised attribute"]}
    assert crm.world.opportunities.value(1, "comment") == "kept"


@pytest.mark.parametrize(
    ("attributes", "attribute"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": "Jo", "employer_link": "acme"}, "employer_link"),
        ({"name": "Jo", "refcode": "R1"}, "refcode"),
    ],
)
async def test_a_value_that_cannot_be_is_a_validation_failure(
    attributes: dict[str, str], attribute: str
) -> None:
    """Validation answers 200 in one of two shapes, and saves nothing (§7.4.3)."""
    crm = Emulator()
    crm.world.organisations.create(name="Acme", refcode="R1")

    modern = await crm.write(post(**attributes), path="/crm/people.api")
    crm.world.knobs.validation_shape = "manual"
    manual = await crm.write(post(**attributes), path="/crm/people.api")

    assert modern["success"] is manual["success"] is False
    assert list(modern["affected_object_information"][0]["errors"]) == [attribute]
    assert list(manual["errors"]["[]"]) == [attribute]
    assert crm.world.people.ids() == []


@pytest.mark.parametrize(
    "form",
    [
        {"id[]": ["1"], "lock_version[]": ["0"], "comment[]": ["x"]},
        {"__method[]": ["PUT"], "id[]": ["1"], "comment[]": ["x"]},
        {"__method[]": ["PUT"], "id[]": ["1"], "lock_version[]": ["0"], "comment[]": ["x", "y"]},
        {"__method[]": ["PATCH"], "id[]": ["1"], "lock_version[]": ["0"]},
        {"__method[]": ["PUT"], "id[]": ["one"], "lock_version[]": ["0"]},
        {"__method[]": ["PUT"] * 101, "id[]": ["1"] * 101, "lock_version[]": ["0"] * 101},
        {"__method[]": ["PUT"], "id[]": ["1"], "lock_version[]": ["0"], "_ff[]": []},
    ],
    ids=["no method", "no version", "ragged", "odd method", "odd id", "too many", "no filter"],
)
async def test_a_write_that_makes_no_sense_is_406(form: dict[str, Any]) -> None:
    """Arrays that are not square, too many objects (A24), or nothing that selects them (§7.1)."""
    crm = with_opportunities(1)
    filters = {"_ff[]": ["id"], "_ft[]": ["eq"], "_fc[]": ["1"]}
    if form.get("_ff[]") == []:
        filters = {}

    response = await crm.send(PATH, {"_method": "PUT", **filters, **form})

    assert response.status_code == 406
    assert crm.world.opportunities.value(1, "lock_version") == 0


async def test_an_object_that_the_filter_does_not_select_is_not_found() -> None:
    """The filter, not the id alone, decides what a write reaches (§7.1, A7)."""
    crm = with_opportunities(2)
    other: dict[str, Any] = {"_fc[]": ["1", "1"]}

    answer = await crm.write(put(1, 0, comment="x"), put(2, 0, comment="x"), **other)

    assert answer == {"success": False, "failures": ["Record not found"]}


async def test_nested_names_and_value_forms_of_all_bindings_are_taken() -> None:
    """Three spellings of one nested column, and every form of a date, boolean and amount."""
    crm = with_opportunities(1)
    crm.world.people.create(name="Jo")
    filters = {"_ff": "id", "_ft": "eq", "_fc": "1"}
    square = {"_method": "PUT", "__method[]": "PUT", "id[]": "1"}

    for version, name in enumerate(["main_location[email][]", "main_location[email]][]"]):
        form = {**square, **filters, "lock_version[]": str(version), name: f"{version}@x.test"}
        response = await crm.send("/crm/people.api", form)
        assert response.json()["affected_objects"][0]["main_location[email]"] == f"{version}@x.test"
    for version, day in enumerate(["22 May 2009", " 2 May 2010", "01 Oct 2010", "2018-01-31"]):
        await crm.write(put(1, version, document_date=day))
    await crm.write(put(1, 4, cf_opportunity_sync_to_outreach="Yes"))

    row = crm.world.opportunities.get(1)
    assert row["document_date"] == date(2018, 1, 31)
    assert row["cf_opportunity_sync_to_outreach"] is True


async def test_the_people_tab_is_set_through_two_parallel_arrays() -> None:
    """One person may stand on the tab twice; each write bumps the opportunity (§15)."""
    crm = with_opportunities(1)
    for name in ("Jo", "Al"):
        crm.world.people.create(name=name)
    arrays = {"opportunity_contact_ids": "[1,2,1]"}

    roles = {"opportunity_contact_roles": "[Partner,Buyer,'Influencer']"}
    set_up = await crm.write(put(1, 0, **arrays, **roles))
    ragged = await crm.write(put(1, 1, **arrays, opportunity_contact_roles="[Partner]"))
    unknown = await crm.write(put(1, 1, opportunity_contact_ids="[99]"))

    assert set_up["affected_objects"][0]["lock_version"] == 1
    assert set_up["affected_objects"][0]["opportunity_contact_ids"] == "[1, 2, 1]"
    assert [ragged["success"], unknown["success"]] == [False, False]
    assert crm.world.people_on(1) == [(1, "Partner"), (2, "Buyer"), (1, "Influencer")]


@pytest.mark.parametrize("touches", [False, True])
async def test_an_edit_of_the_people_tab_shows_on_its_relationships(touches: bool) -> None:
    """Whether the opportunity counts it as its own modification is open (A15, A18)."""
    crm = Emulator(contact_edit_touches_opportunity=touches)
    world = crm.world
    opportunity = world.opportunities.create(description="Deal")
    jo, al = world.people.create(name="Jo"), world.people.create(name="Al")
    world.set_people(opportunity, [(jo, "Partner")])
    crm.now += 60
    since = ("updated_at", "gt", NOON)

    world.set_people(opportunity, [(jo, "Buyer"), (al, "Partner")])
    answer = await crm.read(since, path="/crm/opportunity_contacts.api", sort="id")

    seen = [(one["id"], one["party_id"], one["opportunity_contact_role"]) for one in answer["data"]]
    assert seen == [(1, jo, "Buyer"), (2, al, "Partner")]
    assert await crm.ids(since) == ([opportunity] if touches else [])


async def test_relationships_are_written_as_records_of_their_own() -> None:
    """The relationship resource and the two arrays are one tab seen from two ends."""
    crm = with_opportunities(1)
    world = crm.world
    world.people.create(name="Jo")
    link = {"opportunity_id": 1, "party_id": 1, "opportunity_contact_role": "Partner"}
    path = "/crm/opportunity_contacts.api"

    await crm.write(post(**link), path=path)
    assert world.people_on(1) == [(1, "Partner")]
    await crm.write(put(1, 0, opportunity_contact_role="Buyer"), path=path)
    assert world.people_on(1) == [(1, "Buyer")]
    await crm.write({"__method": "DELETE", "id": 1, "lock_version": 1}, path=path)
    assert world.people_on(1) == []
    world.knobs.opportunity_contacts_resource = False
    assert (await crm.http.get(f"{path}?api_key={KEY}")).status_code == 404


async def test_a_deleted_person_leaves_every_tab() -> None:
    """The id vanishes from the arrays and the relationship stays as a tombstone (A35)."""
    crm = with_opportunities(1)
    jo = crm.world.people.create(name="Jo")
    crm.world.set_people(1, [(jo, "Partner")])

    crm.world.people.delete(jo)

    assert crm.world.people_on(1) == []
    deleted = ("is_deleted", "true", "")
    contacts = await crm.read(deleted, path="/crm/opportunity_contacts.api")
    assert [one["party_id"] for one in contacts["data"]] == [jo]
