"""The Workbooks emulator answers reads as workbooks-api §4, §5, §6 and §8 describe.

`Emulator` is shared with the other `test_workbooks_emulator_*` files.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from connectors.sandbox.workbooks import Money, WorkbooksKnobs, WorkbooksWorld, workbooks_app

pytestmark = pytest.mark.anyio

NOON = int(datetime(2025, 3, 9, 12, 0, tzinfo=UTC).timestamp())
KEY = "aaaaa-bbbbb"
PATH = "/crm/opportunities.api"
Triple = tuple[str, str, object]


class Emulator:
    """One world with one API key, a clock to turn, and a client that keeps no cookies."""

    def __init__(self, **knobs: Any) -> None:
        self.now = NOON + 0.75
        self.world = WorkbooksWorld(lambda: self.now, WorkbooksKnobs(**knobs))
        self.world.add_api_key(KEY)
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=workbooks_app(self.world)),
            base_url="http://workbooks.test",
            headers={"User-Agent": "tester/1.0"},
        )

    async def send(self, path: str, form: dict[str, Any], **more: Any) -> httpx.Response:
        """POST a form, keyed, which with `_method` serves every verb; cookies are dropped."""
        response = await self.http.post(path, data={"api_key": KEY, **form}, **more)
        self.http.cookies.clear()
        return response

    async def read(self, *filters: Triple, path: str = PATH, **more: Any) -> dict[str, Any]:
        """Read with grouped filters; `select`, `sort` and `dir` stand for their array names."""
        form: dict[str, Any] = {"_method": "GET", "_start": "0", "_limit": "100"}
        form["_ff[]"] = [one[0] for one in filters]
        form["_ft[]"] = [one[1] for one in filters]
        form["_fc[]"] = [str(one[2]) for one in filters]
        names = {"select": "_select_columns[]", "sort": "_sort[]", "dir": "_dir[]"}
        form |= {names.get(name, name): value for name, value in more.items()}
        response = await self.send(path, form)
        assert response.status_code == 200, response.text
        return response.json()

    async def ids(self, *filters: Triple, **more: Any) -> list[int]:
        """Ids that a read finds, in id order unless another is asked for."""
        answer = await self.read(*filters, **{"sort": "id", **more})
        return [one["id"] for one in answer["data"]]

    async def get(self, query: str) -> httpx.Response:
        """GET opportunities with this query, keyed."""
        return await self.http.get(f"{PATH}?api_key={KEY}&{query}")

    async def write(
        self, *objects: dict[str, Any], path: str = PATH, **more: Any
    ) -> dict[str, Any]:
        """PUT objects as square arrays, with a filter for their ids."""
        form: dict[str, Any] = {"_method": "PUT", "_fm": "or"}
        form |= {f"{name}[]": [str(one[name]) for one in objects] for name in objects[0]}
        form["_ff[]"], form["_ft[]"] = ["id"] * len(objects), ["eq"] * len(objects)
        form["_fc[]"] = form["id[]"]
        response = await self.send(path, {**form, **more})
        assert response.status_code == 200, response.text
        return response.json()


def seeded() -> Emulator:
    """Five opportunities that differ in every kind of column."""
    crm = Emulator()
    create = crm.world.opportunities.create
    day = datetime(2025, 3, 1, 10, 30, tzinfo=UTC)
    create(description="Alpha, big", probability=10, updated_at=day)
    create(description="alphabet", probability=50, document_date=date(2025, 5, 9))
    create(description="Beta", document_currency_net_value=Money(Decimal("12.5"), "GBP", 1))
    create(cf_opportunity_sync_to_outreach=True, cf_opportunity_outreach_id="77")
    create(description="Ålesund", probability=0, document_date=date(2025, 3, 9))
    return crm


async def test_a_page_is_limited_only_where_a_start_is_given() -> None:
    """A client that forgets _start must meet the default page of 100, as on the real service."""
    crm = Emulator()
    for _ in range(120):
        crm.world.opportunities.create()

    async def rows(query: str) -> int:
        return len((await crm.get(query)).json()["data"])

    assert await rows("") == 100
    assert await rows("_limit=5") == 100
    assert await rows("_start=0&_limit=5") == 5
    assert await rows("_start=0&_limit=0") == 0
    assert await rows("_start=115&_limit=10") == 5


@pytest.mark.parametrize("spelling", ["_skip_total_rows", "__skip_total_rows"])
async def test_a_skipped_total_is_the_number_of_rows_returned(spelling: str) -> None:
    """Both spellings are in the manual; a total taken for a full count would end a walk early."""
    crm = Emulator()
    for _ in range(7):
        crm.world.opportunities.create()

    full = await crm.read(_limit="3")
    skipped = await crm.read(_limit="3", **{spelling: "True"})

    assert (full["total"], len(full["data"])) == (7, 3)
    assert (skipped["total"], len(skipped["data"])) == (3, 3)


async def test_an_envelope_of_a_read_without_match_is_still_complete() -> None:
    """Bindings treat any missing key, or any errors key, as failure."""
    crm = Emulator()
    answer = await crm.read(("id", "eq", 1))

    assert answer == {"success": True, "data": [], "total": 0, "flash": "", "updates": {}}


async def test_columns_are_exactly_those_asked_for_in_any_spelling() -> None:
    """Unknown columns are dropped in silence, so only what comes back can be trusted."""
    crm = Emulator()
    crm.world.opportunities.create(
        opportunity_stage_name="(3) Proposal", assigned_to_name="Jo Example"
    )
    select = ["id", "opportunity_stage[name]", "queue_entry[queue][name]", "no_such_column"]

    (row,) = (await crm.read(select=select))["data"]
    (full,) = (await crm.read())["data"]

    assert row == {
        "id": 1,
        "opportunity_stage[name]": "(3) Proposal",
        "queue_entry[queue[name]]": "Jo Example",
    }
    assert full["_can_modify"] is True
    assert full["assigned_to_name"] == "Jo Example"
    assert full["object_ref"] == "OPP-1"


async def test_wire_formats_are_those_of_the_service() -> None:
    """Padded days, currency strings, the empty currency and arrays in a string trip parsers."""
    crm = Emulator()
    jo, al = crm.world.people.create(name="Jo"), crm.world.people.create(name="Al")
    money = Money(Decimal("12500"), "GBP", 1)
    crm.world.opportunities.create(
        id=901, document_date=date(2025, 5, 9), probability=60, document_currency_net_value=money
    )
    crm.world.set_people(901, [(jo, "Decision Maker"), (al, "Partner"), (jo, "Influencer")])
    crm.world.opportunities.create(id=902)

    first, second = (await crm.read(sort="id"))["data"]

    assert first["document_date"] == " 9 May 2025"
    assert first["probability"] == 60
    assert first["document_currency_net_value"] == "12500.0 GBP 1"
    assert first["document_currency_weighted_value"] == "7500.0 GBP 1"
    assert first["updated_at"] == "Sun Mar 09 12:00:00 UTC 2025"
    assert first["opportunity_contact_ids"] == "[1, 2, 1]"
    assert first["opportunity_contact_roles"] == "[Decision Maker, Partner, Influencer]"
    assert second["document_currency_net_value"] == "  0"
    assert second["opportunity_contact_ids"] == "[]"
    assert second["cf_opportunity_sync_to_outreach"] is False


async def test_output_formats_can_be_chosen_for_one_request() -> None:
    """Epoch seconds are the only form without a calendar to parse; they come as text or number."""
    crm = Emulator()
    crm.world.people.create(name="Jo")
    crm.world.opportunities.create(document_date=date(2025, 5, 9))
    crm.world.set_people(1, [(1, "Partner")])
    chosen = {"_json_output_datetime_format": "%s", "_json_output_date_format": "%Y-%m-%d"}

    (text,) = (await crm.read(**chosen))["data"]
    crm.world.knobs.epoch_as_number, crm.world.knobs.array_output = True, "json"
    (number,) = (await crm.read(**chosen))["data"]

    assert (text["updated_at"], text["document_date"]) == (str(NOON), "2025-05-09")
    assert number["updated_at"] == NOON
    assert (number["opportunity_contact_ids"], number["opportunity_contact_roles"]) == (
        [1],
        ["Partner"],
    )


async def test_deleted_and_hidden_records_are_not_shown_by_accident() -> None:
    """A tombstone is seen only by who asks for it; a record out of reach by nobody."""
    crm = seeded()
    crm.world.opportunities.delete(2)
    crm.world.opportunities.hide(3)

    assert await crm.ids() == [1, 4, 5]
    assert await crm.ids(("id", "eq", "2,3")) == []
    assert await crm.ids(("is_deleted", "eq", "true")) == [2]
    either: list[Triple] = [
        ("updated_at", "ge", NOON),
        ("is_deleted", "true", ""),
        ("is_deleted", "false", ""),
    ]
    assert await crm.ids(*either, _fm="1 AND (2 OR 3)") == [2, 4, 5]


async def test_rows_are_sorted_by_several_columns_with_their_own_directions() -> None:
    """Pairs of _sort[] and _dir[] go by position; nulls count as lowest."""
    crm = seeded()

    assert await crm.ids(sort=["probability", "id"], dir=["DESC", "ASC"]) == [2, 1, 5, 3, 4]
    assert await crm.ids(sort=["probability", "id"], dir=["ASC", "DESC"]) == [4, 3, 5, 1, 2]
    assert await crm.ids(sort=["updated_at", "id"], dir=["DESC", "DESC"]) == [5, 4, 3, 2, 1]
    assert await crm.ids(sort=["updated_at", "id"], dir=["DESC", "ASC"]) == [2, 3, 4, 5, 1]


async def test_reliance_on_an_order_nobody_asked_for_can_be_shaken() -> None:
    """Without _sort the order is undocumented; the knob makes that felt (A33)."""
    crm = seeded()
    unsorted = [row["id"] for row in (await crm.read())["data"]]
    crm.world.knobs.shuffle_unsorted = True

    seen = {tuple(row["id"] for row in (await crm.read())["data"]) for _ in range(20)}

    assert unsorted == [1, 2, 3, 4, 5]
    assert len(seen) > 1
