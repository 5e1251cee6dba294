"""The emulated Workbooks describes itself truly and stays fast when it is full (§12, §13, §18)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.contract.test_workbooks_emulator import KEY, NOON, PATH, Emulator

pytestmark = pytest.mark.anyio

TYPES = "/metadata/types.api"
CUSTOM_FIELDS = "/admin/custom_fields.api"
OPPORTUNITY = "Private::Crm::Opportunity"


async def described(crm: Emulator, class_name: str = OPPORTUNITY) -> dict[str, Any]:
    """Fields of a class in the metadata, by name."""
    form = {"_method": "GET", "class_names[]": class_name, "_select_columns[]": "fields"}
    (one,) = (await crm.send(TYPES, form)).json()["data"]
    assert list(one) == ["fields"]
    return {field["name"]: field for field in one["fields"]}


async def names_by_title(crm: Emulator, title: str) -> list[str]:
    """What discovery by title finds on opportunities."""
    answer = await crm.read(
        ("resource_type", "eq", OPPORTUNITY), ("title", "eq", title), path=CUSTOM_FIELDS, sort="id"
    )
    return [one["value_column_name"] for one in answer["data"]]


async def test_metadata_custom_fields_and_served_columns_agree() -> None:
    """A client proves its field names against the one and uses them on the other."""
    crm = Emulator()
    crm.world.opportunities.create()

    (row,) = (await crm.read())["data"]
    fields = await described(crm)

    assert set(row) == set(fields)
    assert fields["cf_opportunity_sync_to_outreach"]["datatype"] == "boolean"
    assert fields["opportunity_contact_ids"]["datatype"] == "array"
    assert not fields["document_currency_net_value"]["is_updateable"]
    for title in ("Sync to Outreach", "Outreach Sync Error", "Outreach Id", "Outreach URL"):
        (name,) = await names_by_title(crm, title)
        assert fields[name]["title"] == title


async def test_a_renamed_field_keeps_its_title_and_values() -> None:
    """Names with a numeric suffix exist; discovery by title must find them (§13)."""
    crm = Emulator()
    crm.world.opportunities.create(cf_opportunity_outreach_id="77")
    old, new = "cf_opportunity_outreach_id", "cf_opportunity_outreach_id_4711"

    crm.world.custom_fields.rename(old, new)
    (row,) = (await crm.read())["data"]

    assert await names_by_title(crm, "Outreach Id") == [new]
    assert row[new] == "77"
    assert old not in row
    assert old not in await described(crm)
    assert (await crm.write({"__method": "PUT", "id": 1, "lock_version": 0, new: "78"}))["success"]
    assert crm.world.opportunities.value(1, old) == "78"


async def test_a_removed_or_doubled_field_shows_in_every_description() -> None:
    """A missing or ambiguous field is a reason not to start (A5)."""
    crm = Emulator()

    second = crm.world.custom_fields.add("Opportunity", "Outreach Id")
    crm.world.custom_fields.remove("cf_opportunity_outreach_url")
    fields = await described(crm)

    assert await names_by_title(crm, "Outreach Id") == ["cf_opportunity_outreach_id", second]
    assert second.startswith("cf_opportunity_outreach_id_")
    assert second in fields
    assert await names_by_title(crm, "Outreach URL") == []
    assert "cf_opportunity_outreach_url" not in fields


async def test_the_assigned_to_name_may_be_missing_as_on_people() -> None:
    """Then the name is found through the queue (A13)."""
    crm = Emulator(assigned_to_name_column=False)
    crm.world.opportunities.create(assigned_to_name="Jo Example")
    select = ["assigned_to_name", "queue_entry[queue[name]]", "assigned_to"]

    (row,) = (await crm.read(select=select))["data"]
    queues = await crm.read(("id", "eq", row["assigned_to"]), path="/crm/opportunity_queues.api")

    assert "assigned_to_name" not in row
    assert row["queue_entry[queue[name]]"] == "Jo Example"
    assert [one["name"] for one in queues["data"]] == ["Jo Example"]


async def test_mappings_are_found_where_custom_records_are_licensed() -> None:
    """The mapping type, its columns and its picklists are discovered, not assumed (A16)."""
    crm = Emulator()
    crm.world.add_mapping("custom3", "cf_opportunity_region", enabled=False)
    named = ("name", "eq", "Outreach Mapping")

    (kind,) = (await crm.read(named, path="/admin/custom_record_types.api"))["data"]
    (row,) = (await crm.read(path=f"/custom_record/{kind['route_suffix']}.api"))["data"]
    picklist = (await described(crm, kind["resource_type"]))["cf_outreach_mapping_sync_direction"][
        "picklist"
    ]
    entries = await crm.read(
        ("picklist_id", "eq", f"{picklist['picklist_id']},999"), path="/admin/picklist_entries.api"
    )

    assert row["cf_outreach_mapping_outreach_field_name"] == "custom3"
    assert row["cf_outreach_mapping_enabled"] is False
    assert [one["value"] for one in entries["data"]] == ["Send", "Receive"]


async def test_without_the_licence_there_is_no_mapping_type() -> None:
    """Then only the standard mapping applies, and the client must say so (§18.1)."""
    crm = Emulator(custom_records_licensed=False)
    path = "/custom_record/outreach_mappings.api"

    assert (await crm.read(path="/admin/custom_record_types.api"))["data"] == []
    assert (await crm.http.get(f"{path}?api_key={KEY}")).status_code == 404


async def test_set_up_records_cannot_be_written_through_the_api() -> None:
    """The answer is 200 with failures, not an error status (§7.4.5)."""
    crm = Emulator()

    answer = await crm.write({"__method": "DELETE", "id": 1, "lock_version": 0}, path=CUSTOM_FIELDS)

    assert answer["failures"][0].startswith("Update or Delete Operation not supported for")


async def test_the_hands_of_a_crm_user_leave_their_own_traces() -> None:
    """An edit by a person must look different from an echo of the API user's write."""
    crm = Emulator()
    table = crm.world.opportunities
    table.create(description="Deal", created_at=NOON - 60, updated_at=NOON - 60)

    unchanged = table.update(1, description="Deal")
    changed = table.update(1, description="Bigger deal", opportunity_stage_name="(2) Qualified")
    row = table.get(1)

    assert (unchanged, changed) == (False, True)
    assert (row["lock_version"], row["updated_by"]) == (1, crm.world.crm_user_id)
    assert row["updated_at"] == datetime.fromtimestamp(NOON, UTC)
    assert row["created_at"] == datetime.fromtimestamp(NOON - 60, UTC)
    assert row["opportunity_stage[name]"] == "(2) Qualified"


async def test_people_and_organisations_share_their_ids() -> None:
    """`party_id` names either, so no id may mean both (§15)."""
    crm = Emulator()
    world = crm.world
    jo, acme = world.people.create(name="Jo"), world.organisations.create(name="Acme")
    world.opportunities.create(party_id=acme)
    world.opportunities.create(party_id=jo)

    rows = (await crm.read(sort="id", select="party_name"))["data"]

    assert jo != acme
    assert [row["party_name"] for row in rows] == ["Acme", "Jo"]


def keyset(since: int, last_id: int) -> dict[str, Any]:
    """The poll of §5: everything after (since, last_id), a page at a time."""
    return {
        "_method": "GET",
        "_start": "0",
        "_limit": "100",
        "_skip_total_rows": "1",
        "_sort[]": ["updated_at", "id"],
        "_dir[]": ["ASC", "ASC"],
        "_ff[]": [
            "cf_opportunity_sync_to_outreach",
            "cf_opportunity_outreach_sync_error",
            "updated_at",
            "updated_at",
            "id",
        ],
        "_ft[]": ["true", "false", "gt", "eq", "gt"],
        "_fc[]": ["", "", str(since), str(since), str(last_id)],
        "_fm": "(1 AND 2) AND (3 OR (4 AND 5))",
        "_json_output_datetime_format": "%s",
        "_select_columns[]": ["id", "updated_at"],
    }


async def test_a_keyset_walk_sees_every_row_of_one_second_once() -> None:
    """A bulk import puts more rows in one second than a page holds (§9)."""
    crm = Emulator()
    for number in range(1, 1001):
        crm.world.opportunities.create(
            cf_opportunity_sync_to_outreach=True, updated_at=NOON - number % 3
        )
    seen: list[int] = []
    since, last_id = 0, 0

    while page := (await crm.send(PATH, keyset(since, last_id))).json()["data"]:
        seen += [row["id"] for row in page]
        since, last_id = int(page[-1]["updated_at"]), page[-1]["id"]

    assert sorted(seen) == list(range(1, 1001))
    assert seen[:3] == [2, 5, 8]


async def test_a_page_reads_about_a_page_of_rows_however_many_there_are() -> None:
    """A hundred thousand rows in one second must not make paging quadratic."""
    crm = Emulator()
    reads = 0
    for _ in range(3000):
        crm.world.opportunities.create(cf_opportunity_sync_to_outreach=True, updated_at=NOON)
    column = crm.world.opportunities.type.named("cf_opportunity_sync_to_outreach")
    original = column.read

    def counted(row: Any) -> Any:
        nonlocal reads
        reads += 1
        return original(row)

    column.read = counted
    page = (await crm.send(PATH, keyset(NOON, 2500))).json()["data"]
    await crm.ids(("id", "eq", "5,2999"), ("cf_opportunity_sync_to_outreach", "true", ""),
                  select=["id"])  # fmt: skip

    assert [row["id"] for row in page] == list(range(2501, 2601))
    assert reads == 102
