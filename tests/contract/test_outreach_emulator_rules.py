"""The Outreach emulator's rules about records: uniqueness, custom fields, deletion."""

import pytest

from connectors.sandbox.outreach import Validation
from tests.contract.test_outreach_emulator import Emulator, error_of

pytestmark = pytest.mark.anyio


async def test_an_e_mail_address_belongs_to_one_prospect() -> None:
    """A concurrent create of the same person shows up as this refusal."""
    outreach = Emulator(excluded_email_domains=frozenset({"blocked.test"}))
    first = await outreach.post("prospects", {"emails": ["ada@x.test"]})
    second = await outreach.post("prospects", {"emails": ["new@x.test", "ADA@x.test"]})
    blocked = await outreach.post("prospects", {"emails": ["ada@blocked.test"]})
    nameless = await outreach.post("prospects", {})
    own = await outreach.patch("prospects", 1, {"emails": ["ada@x.test", "king@x.test"]})

    assert [each.status_code for each in (first, nameless, own)] == [201, 201, 200]
    assert second.status_code == blocked.status_code == 422
    assert error_of(second)["detail"] == "Contacts email hash has already been taken."
    assert error_of(second)["source"] == {"pointer": "/data"}
    assert "excluded email address" in error_of(blocked)["detail"]


async def test_a_patch_that_changes_nothing_moves_nothing_and_may_be_refused() -> None:
    """The client diffs first; where it does not, prospects can answer 422."""
    outreach = Emulator()
    prospect = outreach.world.prospects.create({"firstName": "Ada"})
    outreach.now += 5

    quiet = await outreach.patch("prospects", prospect, {"firstName": "Ada"})
    outreach.world.knobs.noop_patch = "422 on prospects"
    refused = await outreach.patch("prospects", prospect, {"firstName": "Ada"})

    assert quiet.json()["data"]["attributes"]["updatedAt"] == "2026-08-01T12:00:00.000Z"
    assert error_of(refused)["id"] == "validationDuplicateValueError"


async def test_user_names_are_unique_and_user_addresses_fixed() -> None:
    """Owners are matched by user name, which therefore cannot be ambiguous."""
    outreach = Emulator()
    twin = await outreach.post("users", {"username": "Ada_King"})
    moved = await outreach.patch("users", outreach.user_id, {"email": "new@x.test"})
    locked = await outreach.patch("users", outreach.user_id, {"locked": True})
    assert (twin.status_code, moved.status_code, locked.status_code) == (422, 422, 200)


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        (Validation("inclusion", definition=("EMEA", "AMER")), "EMEA", "APAC"),
        (Validation("multi_inclusion", definition=("a", "b")), "a;b", "a;c"),
        (Validation("currency", definition="USD"), "12.50", "12,50"),
        (Validation("numerical"), "-3", "three"),
        (Validation("percentage"), "40", "40%"),
        (Validation("boolean"), "true", "yes"),
        (Validation("date"), "2026-08-01", "01.08.2026"),
        (Validation("date_time"), "2026-08-01T10:00:00", "2026-08-01"),
        (Validation("phone_number"), "+44 20 7946 0000", "call me"),
        (Validation("url"), "https://x.test/", "x.test"),
        (Validation("string", required=True), "anything", ""),
    ],
)
async def test_custom_fields_obey_their_rules(rule: Validation, good: str, bad: str) -> None:
    """An org's own rules make records fail that are fine anywhere else."""
    outreach = Emulator()
    outreach.world.define_custom_field("opportunity", "custom3", rule)

    accepted = await outreach.post("opportunities", {"name": "x", "custom3": good})
    refused = await outreach.post("opportunities", {"name": "x", "custom3": bad})

    assert accepted.status_code == 201
    assert refused.status_code == 422
    assert error_of(refused)["detail"].startswith("Custom3 ")
    assert error_of(refused)["source"] == {"pointer": "/data/attributes/custom3"}


async def test_a_required_custom_field_makes_creates_fail_that_omit_it() -> None:
    """Updates of other members still pass, as long as they do not clear it."""
    outreach = Emulator()
    opportunity = outreach.world.opportunities.create({"name": "Deal", "custom1": "x"})
    outreach.world.define_custom_field(
        "opportunity", "custom1", Validation("string", required=True)
    )

    omitted = await outreach.post("opportunities", {"name": "x"})
    other = await outreach.patch("opportunities", opportunity, {"probability": 1})
    cleared = await outreach.patch("opportunities", opportunity, {"custom1": None})

    assert [each.status_code for each in (omitted, other, cleared)] == [422, 200, 422]
    assert error_of(omitted)["detail"] == "Custom1 can't be blank."


async def test_deleting_an_opportunity_takes_its_roles_along() -> None:
    """By id it is gone at once; the person stays."""
    outreach = Emulator()
    world = outreach.world
    prospect = world.prospects.create({})
    doomed, kept = (world.opportunities.create({"name": name}) for name in ("A", "B"))
    for opportunity in (doomed, kept):
        world.roles.create({}, {"opportunity": opportunity, "prospect": prospect})

    response = await outreach.send("DELETE", f"/opportunities/{doomed}")
    again = await outreach.send("DELETE", f"/opportunities/{doomed}")

    assert (response.status_code, response.content) == (204, b"")
    assert again.status_code == 404
    assert [row.relationships["opportunity"] for row in world.roles.rows()] == [kept]
    assert world.roles_on(doomed) == []
    assert world.prospects.get(prospect) is not None


async def test_a_soft_deleting_org_keeps_the_record_and_marks_it() -> None:
    """Only one reading of the vendor's silence; the client must survive both."""
    outreach = Emulator(soft_delete=True)
    opportunity = outreach.world.opportunities.create({"name": "Deal"})
    assert (await outreach.send("DELETE", f"/opportunities/{opportunity}")).status_code == 204
    attributes = (await outreach.data(f"/opportunities/{opportunity}"))["attributes"]
    assert attributes["trashedAt"] == "2026-08-01T12:00:00.000Z"


async def test_deleting_what_others_refer_to_only_unlinks_them() -> None:
    """A stage or account removed by an admin leaves opportunities without it."""
    outreach = Emulator()
    world = outreach.world
    account = world.accounts.create({"name": "Acme"})
    stage = world.stages.create({"name": "Open"})
    opportunity = world.opportunities.create(
        {"name": "Deal"}, {"account": account, "opportunityStage": stage, "owner": outreach.user_id}
    )

    world.accounts.delete(account)
    assert (await outreach.send("DELETE", f"/opportunityStages/{stage}")).status_code == 204

    row = world.opportunities.get(opportunity)
    assert row is not None
    assert row.relationships == {"owner": outreach.user_id}


async def test_an_org_may_demand_a_close_date() -> None:
    """Public connectors believe so; a later edit must not clear it either."""
    outreach = Emulator(close_date_required=True)
    refused = await outreach.post("opportunities", {"name": "Crane"})
    made = await outreach.post("opportunities", {"name": "Crane", "closeDate": "2027-01-01"})
    renamed = await outreach.patch("opportunities", 1, {"name": "Harbour crane"})
    cleared = await outreach.patch("opportunities", 1, {"closeDate": None})

    assert [each.status_code for each in (made, renamed)] == [201, 200]
    assert refused.status_code == cleared.status_code == 422
    assert error_of(refused)["detail"] == "Close date can't be blank."
    assert error_of(refused)["source"] == {"pointer": "/data/attributes/closeDate"}


async def test_an_org_may_take_one_role_for_each_person() -> None:
    """Another text makes no difference; the one that is there may be changed."""
    outreach = Emulator(one_role_per_person=True)
    opportunity = outreach.world.opportunities.create({"name": "Crane"})
    prospect = outreach.world.prospects.create({"firstName": "Ada"})
    links = {"opportunity": ("opportunity", opportunity), "prospect": ("prospect", prospect)}

    first = await outreach.post("opportunityProspectRoles", {"role": "Buyer"}, **links)
    second = await outreach.post("opportunityProspectRoles", {"role": "User"}, **links)
    changed = await outreach.patch("opportunityProspectRoles", 1, {"role": "User"})

    assert [each.status_code for each in (first, second, changed)] == [201, 422, 200]
    assert error_of(second)["detail"] == "Role has already been taken."
