"""`wosync list`: which records, since when and why, as somebody on call reads it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

import anyio
import pytest

from connectors.sandbox.sample import add_seat
from engine.cli.exits import Misused
from engine.cli.listing import Asked, list_records
from tests.scenario.acting_hands import skip
from tests.scenario.bench import Bench

pytestmark = pytest.mark.anyio

ADA = "Ada King"
TOO_LONG = "x" * 256


async def said(
    world: Bench,
    capsys: pytest.CaptureFixture[str],
    asked: Asked,
    *,
    as_json: bool = False,
    as_csv: bool = False,
) -> str:
    """What the command prints."""
    world.config()
    path = world.directory / "config.toml"

    def type_it() -> None:
        list_records(path, asked, as_json=as_json, as_csv=as_csv)

    capsys.readouterr()
    await anyio.to_thread.run_sync(type_it)
    return capsys.readouterr().out


async def told(
    world: Bench, capsys: pytest.CaptureFixture[str], asked: Asked
) -> dict[str, dict[str, Any]]:
    """The records of the list, by reference."""
    document = json.loads(await said(world, capsys, asked, as_json=True))
    assert document["total"] == len(document["records"])
    return {one["ref"]: one for one in document["records"]}


def codes(listed: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Why each of them is listed."""
    return {ref: one["code"] for ref, one in listed.items()}


async def test_a_blank_field_is_listed_with_why_it_is_blank(
    world: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody has the name, two have it, or nobody is named; who has an owner is not listed."""
    add_seat(world.outreach, ADA)
    twice = "Bob Hill"
    add_seat(world.outreach, twice)
    add_seat(world.outreach, twice)
    unknown = world.has("Unknown", assigned_to_name="Carl Cox")
    ambiguous = world.has("Ambiguous", assigned_to_name=twice)
    nobody = world.has("Nobody", assigned_to_name="")
    world.has("Owned", assigned_to_name=ADA)
    await world.once()

    listed = await told(world, capsys, Asked((), blank="Owner"))

    assert codes(listed) == {
        f"OPP-{unknown}": "owner-unknown",
        f"OPP-{ambiguous}": "owner-ambiguous",
        f"OPP-{nobody}": "source-blank",
    }
    assert listed[f"OPP-{unknown}"]["list"] == "blank"
    assert listed[f"OPP-{unknown}"]["since"] is not None


async def test_a_blank_account_tells_an_unknown_one_from_none(
    world: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """The customer carries an id that leads nowhere, or none at all."""
    organisations = world.workbooks.organisations
    lost = organisations.create(name="Port of Rye", cf_organisation_outreach_id="4711")
    wrong = world.has("Wrong", party_id=lost)
    without = world.has("Without", party_id=organisations.create(name="Port of Hove"))
    await world.once()

    listed = await told(world, capsys, Asked((), blank="account"))

    assert codes(listed) == {
        f"OPP-{wrong}": "account-unknown",
        f"OPP-{without}": "customer-unlinked",
    }


async def test_what_is_filled_again_is_on_the_list_no_more(
    world: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """And for another reason it is listed with that one."""
    record = world.has("Harbour crane", assigned_to_name=ADA)
    await world.once()
    world.edit(record, assigned_to_name="")
    await world.once()
    blank = await told(world, capsys, Asked((), blank="owner"))
    add_seat(world.outreach, "Bob Hill")
    world.clock.advance(4000)
    world.edit(record, assigned_to_name="Bob Hill")
    await world.once()

    assert codes(blank) == {f"OPP-{record}": "source-blank"}
    assert await told(world, capsys, Asked((), blank="owner")) == {}


async def test_a_field_that_is_not_mapped_is_told_with_those_that_are(
    world: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """The nearest ones."""
    world.has("Harbour crane")
    await world.once()

    with pytest.raises(Misused) as error:
        await said(world, capsys, Asked((), blank="ownr"))

    assert "owner" in str(error.value.remedy)


async def test_skipped_records_and_people_are_listed_with_whoever_told_why(
    world: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """Since when, and in whose words."""
    record, bob = world.has(), world.knows("Bob Hill")
    world.puts(record, (bob, "User"))
    await world.once()
    await skip(world, record, f"PERS-{bob}", reason="being merged")

    listed = await told(world, capsys, Asked(("skipped",)))

    assert {one["type"] for one in listed.values()} == {"opportunity", "person"}
    assert {one["reason"] for one in listed.values()} == {"being merged"}
    assert set(codes(listed).values()) == {"skipped"}


async def refused(world: Bench, number: int) -> list[str]:
    """So many records that are refused, by reference."""
    records = [world.has(TOO_LONG, id=98 + place) for place in range(number)]
    await world.once()
    return [f"OPP-{one}" for one in records]


@pytest.mark.parametrize(
    ("descending", "page", "expected"),
    [(False, 1, [0, 1]), (False, 3, [4]), (True, 1, [4, 3]), (False, 4, [])],
)
async def test_a_list_is_read_page_by_page_in_the_order_asked_for(
    world: Bench,
    capsys: pytest.CaptureFixture[str],
    descending: bool,
    page: int,
    expected: Sequence[int],
) -> None:
    """References by their numbers, and not letter by letter."""
    refs = await refused(world, 5)
    asked = Asked(("refused",), sort="ref", descending=descending, limit=2, page=page)

    document = json.loads(await said(world, capsys, asked, as_json=True))

    assert [one["ref"] for one in document["records"]] == [refs[place] for place in expected]
    assert document["total"] == 5
    table = await said(world, capsys, asked)
    assert f"5 in 3 pages of 2; this is page {page}" in table


async def test_a_list_leads_into_both_systems(
    world: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a link for people, and as columns of a sheet."""
    world.settings["workbooks"]["record_url"] = "https://crm.example.com/find?ref={ref}"
    record = world.has("Harbour crane", assigned_to_name=ADA)
    await world.once()
    twin = world.twin(record).id

    table = await said(world, capsys, Asked((), blank="owner"))
    [row] = csv.DictReader(
        io.StringIO(await said(world, capsys, Asked((), blank="owner"), as_csv=True))
    )

    assert row["source_url"] == f"https://crm.example.com/find?ref=OPP-{record}"
    assert row["target_url"] == f"https://outreach.example/opportunities/{twin}"
    assert row["source_url"] in "".join(table.split())
    assert row["target_url"] in "".join(table.split())


@pytest.mark.parametrize(
    ("asked", "remedy"),
    [
        (Asked(()), "--blank FIELD"),
        (Asked(("refused",), sort="age"), "since, ref, reason"),
        (Asked(("refused",), by="age"), "--by reason"),
    ],
)
async def test_what_cannot_be_listed_so_is_told_with_what_can(
    world: Bench, capsys: pytest.CaptureFixture[str], asked: Asked, remedy: str
) -> None:
    """Before anything is read."""
    with pytest.raises(Misused) as error:
        await said(world, capsys, asked)

    assert remedy in str(error.value.remedy)


async def test_a_blank_field_is_counted_by_reason(
    world: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """The cause with the most records first."""
    for place in range(3):
        world.has(f"Unknown {place}", assigned_to_name=ADA)
    world.has("Nobody", assigned_to_name="")
    await world.once()

    document = json.loads(
        await said(world, capsys, Asked((), blank="owner", by="reason"), as_json=True)
    )

    assert [(one["code"], one["records"]) for one in document["reasons"]] == [
        ("owner-unknown", 3),
        ("source-blank", 1),
    ]
