"""The Outreach emulator's writes: merging, refusals, amounts."""

from typing import Any

import pytest

from tests.contract.test_outreach_emulator import Emulator, error_of

pytestmark = pytest.mark.anyio


async def test_a_patch_changes_only_what_it_names_and_null_clears() -> None:
    """The client sends differences; anything else it would overwrite by accident."""
    outreach = Emulator()
    opportunity = outreach.world.opportunities.create(
        {"name": "Deal", "probability": 10, "nextStep": "Call", "tags": ["a", "b"]},
        {"owner": outreach.user_id},
    )
    outreach.now += 5

    response = await outreach.patch(
        "opportunities",
        opportunity,
        {"probability": 60, "nextStep": None, "tags": ["c"]},
        owner=("user", None),
    )

    assert response.status_code == 200
    data = response.json()["data"]
    assert data["attributes"]["name"] == "Deal"
    assert data["attributes"]["probability"] == 60
    assert data["attributes"]["nextStep"] is None
    assert data["attributes"]["tags"] == ["c"]
    assert data["attributes"]["createdAt"] == "2026-08-01T12:00:00.000Z"
    assert data["attributes"]["updatedAt"] == "2026-08-01T12:00:05.000Z"
    assert data["relationships"]["owner"] == {"data": None}
    assert data["relationships"]["updater"]["data"] == {"type": "user", "id": outreach.user_id}


async def test_a_repeated_post_makes_a_second_record() -> None:
    """There is no idempotency key; hiding that would hide the client's duplicates."""
    outreach = Emulator()
    for _ in range(2):
        assert (await outreach.post("opportunities", {"name": "D", "customId": "k"})).is_success
    assert [row.id for row in outreach.world.find_opportunities("k")] == [1, 2]


async def test_one_person_may_hold_several_roles_on_one_opportunity() -> None:
    """Different relationships exist side by side; exact repeats are let through by default."""
    outreach = Emulator()
    opportunity = outreach.world.opportunities.create({"name": "Deal"})
    prospect = outreach.world.prospects.create({})
    links = {"opportunity": ("opportunity", opportunity), "prospect": ("prospect", prospect)}

    statuses = [
        (await outreach.post("opportunityProspectRoles", {"role": role}, **links)).status_code
        for role in ("Buyer", "Lawyer", "Buyer")
    ]
    outreach.world.knobs.duplicate_role = "422"
    refused = await outreach.post("opportunityProspectRoles", {"role": "Buyer"}, **links)

    assert statuses == [201, 201, 201]
    assert refused.status_code == 422
    path = f"/opportunityProspectRoles?filter[opportunity][id]={opportunity}&page[size]=1000"
    assert await outreach.ids(path) == [1, 2, 3]


@pytest.mark.parametrize(
    ("plural", "attributes", "pointer"),
    [
        ("opportunities", {}, "/data/attributes/name"),
        ("opportunities", {"name": "  "}, "/data/attributes/name"),
        ("accounts", {"name": ""}, "/data/attributes/name"),
        ("opportunities", {"name": "x", "amount": 12.5}, "/data/attributes/amount"),
        ("opportunities", {"name": "x", "amount": "12"}, "/data/attributes/amount"),
        ("opportunities", {"name": "x", "probability": True}, "/data/attributes/probability"),
        ("opportunities", {"name": "x", "amountPrecise": "much"}, "/data/attributes/amountPrecise"),
        ("opportunities", {"name": "x", "closeDate": "30/09/2026"}, "/data/attributes/closeDate"),
        ("opportunities", {"name": "x", "tags": "a"}, "/data/attributes/tags"),
        ("opportunities", {"name": "x", "tags": [1]}, "/data/attributes/tags"),
        ("opportunities", {"name": "x", "custom1": 7}, "/data/attributes/custom1"),
        ("opportunities", {"name": "x", "custom151": "7"}, "/data/attributes/custom151"),
        ("opportunities", {"name": "x", "createdAt": "2026-01-01"}, "/data/attributes/createdAt"),
        ("opportunities", {"name": "x", "healthScore": 7}, "/data/attributes/healthScore"),
        ("prospects", {"customId": "k"}, "/data/attributes/customId"),
        ("opportunityProspectRoles", {"role": "Buyer"}, "/data/relationships/opportunity"),
    ],
)
async def test_bad_attributes_are_refused_with_a_pointer(
    plural: str, attributes: dict[str, Any], pointer: str
) -> None:
    """A record with such a value needs a human, who is told the field."""
    response = await Emulator().post(plural, attributes)
    assert response.status_code == 422
    assert error_of(response)["id"] == "validationError"
    assert error_of(response)["source"] == {"pointer": pointer}


async def test_a_blank_name_is_worded_as_the_vendor_does() -> None:
    """Operators search for this text."""
    response = await Emulator().post("opportunities", {"name": ""})
    assert error_of(response)["detail"] == "Name can't be blank."


async def test_too_long_values_are_refused_without_saying_which() -> None:
    """The client must know the lengths itself."""
    outreach = Emulator()
    fits = await outreach.post("opportunities", {"name": "x" * 255})
    long = await outreach.post("opportunities", {"name": "x" * 256})
    assert (fits.status_code, long.status_code) == (201, 422)
    assert error_of(long)["id"] == "validationDataTooLongError"
    assert "source" not in error_of(long)


async def test_unknown_members_can_be_ignored_instead() -> None:
    """What the real service does with them is not published."""
    outreach = Emulator(unknown_attr="ignore")
    response = await outreach.post(
        "opportunities",
        {"name": "x", "mood": "good", "createdAt": "2020-01-01"},
        stage=("opportunityStage", 1),
        prospects=("prospect", 1),
        boss=("user", 1),
    )
    assert response.status_code == 201
    assert response.json()["data"]["attributes"]["createdAt"] == "2026-08-01T12:00:00.000Z"


@pytest.mark.parametrize(
    ("name", "link"),
    [
        ("owner", ("user", 99)),
        ("opportunityStage", ("opportunityStage", 99)),
        ("account", ("account", 99)),
        ("territory", ("territory", 1)),
        ("owner", ("account", 1)),
        ("stage", ("opportunityStage", 1)),
        ("prospects", ("prospect", 1)),
        ("boss", ("user", 1)),
    ],
)
async def test_bad_relationships_are_refused_with_a_pointer(
    name: str, link: tuple[str, int]
) -> None:
    """A vanished stage or user must not be mistaken for a bad record."""
    outreach = Emulator()
    outreach.world.stages.create({"name": "Open"})
    response = await outreach.post("opportunities", {"name": "x"}, **{name: link})
    assert response.status_code == 422
    assert error_of(response)["source"] == {"pointer": f"/data/relationships/{name}"}


async def test_ids_may_be_sent_as_digits_in_text() -> None:
    """The vendor's own sample code does so; answers still carry integers."""
    outreach = Emulator()
    opportunity = outreach.world.opportunities.create({"name": "Deal"})
    data = {
        "type": "opportunity",
        "id": str(opportunity),
        "relationships": {"owner": {"data": {"type": "user", "id": str(outreach.user_id)}}},
    }
    response = await outreach.send("PATCH", f"/opportunities/{opportunity}", {"data": data})
    assert response.status_code == 200
    assert response.json()["data"]["relationships"]["owner"]["data"]["id"] == outreach.user_id


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        ({"type": "opportunity", "id": 2}, "/data/id"),
        ({"type": "opportunity"}, "/data/id"),
        ({"type": "Opportunity", "id": 1}, "/data/type"),
        ({"id": 1}, "/data/type"),
        ({"type": "opportunity", "id": 1, "attributes": []}, "/data/attributes"),
    ],
)
async def test_the_document_must_match_its_address(data: dict[str, Any], pointer: str) -> None:
    """A mix-up of records must never reach the wrong one."""
    outreach = Emulator()
    outreach.world.opportunities.create({"name": "Deal"})
    response = await outreach.send("PATCH", "/opportunities/1", {"data": data})
    assert response.status_code == 422
    assert error_of(response)["source"] == {"pointer": pointer}


async def test_writes_need_the_media_type_and_readable_json() -> None:
    """The 415 is the one error that spells its text `details`."""
    outreach = Emulator()
    document = {"data": {"type": "opportunity", "attributes": {"name": "x"}}}

    plain = await outreach.send("POST", "/opportunities", document, "application/json")
    tolerant = await outreach.send(
        "POST", "/opportunities", document, "application/vnd.api+json; charset=utf-8"
    )
    headers = {"Authorization": f"Bearer {outreach.bearer}"}
    garbled = await outreach.http.post(
        "/api/v2/opportunities",
        content=b"{",
        headers={**headers, "Content-Type": "application/vnd.api+json"},
    )

    assert plain.status_code == 415
    assert error_of(plain)["id"] == "unsupportedMediaType"
    expected = "Expected Content-Type header to be 'application/vnd.api+json'."
    assert error_of(plain)["details"] == expected
    assert tolerant.status_code == 201
    assert garbled.status_code == 400


@pytest.mark.parametrize(
    ("sent", "amount", "precise"),
    [
        ({"amount": 12500}, 12500, "12500.00"),
        ({"amountPrecise": "12500.5"}, 12501, "12500.50"),
        ({"amountPrecise": "-0.4"}, 0, "-0.40"),
        ({"amount": None}, None, None),
        ({"amountPrecise": None}, None, None),
    ],
)
async def test_writing_one_amount_sets_both(
    sent: dict[str, Any], amount: int | None, precise: str | None
) -> None:
    """Two views of one number must not drift apart."""
    outreach = Emulator()
    opportunity = outreach.world.opportunities.create({"name": "Deal", "amount": 1})
    response = await outreach.patch("opportunities", opportunity, sent)
    attributes = response.json()["data"]["attributes"]
    assert (attributes["amount"], attributes["amountPrecise"]) == (amount, precise)
