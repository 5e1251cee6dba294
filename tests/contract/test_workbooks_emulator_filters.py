"""The Workbooks emulator filters as workbooks-api §2 and §5 describe."""

import json

import pytest

from tests.contract.test_workbooks_emulator import KEY, NOON, PATH, Triple, seeded

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("triple", "expected"),
    [
        (("id", "eq", "1,3"), [1, 3]),
        (("id", "ne", "3"), [1, 2, 4, 5]),
        (("id", "between", "[2,4]"), [2, 3, 4]),
        (("id", "not_between", "JSON([2,4])"), [1, 5]),
        (("probability", "gt", "10"), [2]),
        (("probability", "ge", "10"), [1, 2]),
        (("probability", "lt", "10"), [5]),
        (("probability", "le", "10.0"), [1, 5]),
        (("probability", "blank", ""), [3, 4]),
        (("probability", "not_blank", "None"), [1, 2, 5]),
        (("description", "eq", "beta"), [3]),
        (("description", "eq", "Alpha\\, big,BETA"), [1, 3]),
        (("description", "bg", "alpha"), [1, 2]),
        (("description", "nbg", "alpha"), [3, 4, 5]),
        (("description", "ct", "BET"), [2, 3]),
        (("description", "nct", "a"), [4, 5]),
        (("description", "bg", "a"), [1, 2]),
        (("document_date", "eq", "2025-05-09"), [2]),
        (("document_date", "today", ""), [5]),
        (("document_date", "gt_today", ""), [2]),
        (("document_currency_net_value", "blank", ""), [1, 2, 4, 5]),
        (("document_currency_net_value", "eq", "12.50"), [3]),
        (("cf_opportunity_sync_to_outreach", "true", ""), [4]),
        (("cf_opportunity_sync_to_outreach", "false", "true"), [1, 2, 3, 5]),
        (("cf_opportunity_sync_to_outreach", "eq", "1"), [4]),
        (("cf_opportunity_outreach_id", "blank", ""), [1, 2, 3, 5]),
        (("updated_at", "eq", "2025-03-01"), [1]),
        (("updated_at", "eq", "Sat Mar 01 10:30:00 UTC 2025"), [1]),
        (("updated_at", "eq", "2025-03-01T10:30:00Z"), [1]),
        (("updated_at", "gt", "2025-03-01"), [2, 3, 4, 5]),
        (("updated_at", "le", str(NOON - 1)), [1]),
        (("created_at", "lt", "Sun Mar 9 12:00:00 UTC 2025"), [1]),
    ],
    ids=str,
)
async def test_an_operator_selects_what_the_manual_says(
    triple: Triple, expected: list[int]
) -> None:
    """Every operator and every form of criterion a client may send."""
    crm = seeded()

    assert await crm.ids(triple) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("", []),
        ("and", []),
        ("OR", [1, 2, 4]),
        ("(1 OR 2) AND NOT 3", [1]),
        ("1 or (2 and !3)", [1]),
        ("2 XOR 3", [4]),
        ("NOT (1 OR (2 OR 3))", [3, 5]),
    ],
)
async def test_filters_combine_as_the_expression_says(expression: str, expected: list[int]) -> None:
    """The whole grammar of _fm; a wrong grouping would sync records nobody asked for."""
    crm = seeded()
    filters: list[Triple] = [("id", "eq", "1"), ("id", "eq", "2"), ("id", "eq", "2,4")]

    assert await crm.ids(*filters, _fm=expression) == expected


@pytest.mark.parametrize(
    "query",
    [
        "_ff[]=probability&_ff[]=id&_ft[]=ge&_ft[]=lt&_fc[]=10&_fc[]=2",
        "_ff[]=probability&_ft[]=ge&_fc[]=10&_ff[]=id&_ft[]=lt&_fc[]=2",
        "_ff%5B%5D=probability&_ff[]=id&_ft%5B%5D=ge&_ft[]=lt&_fc%5B%5D=10&_fc[]=2",
        "_ff=id&_ft=eq&_fc=1",
        "_fm[]=or&_ff[]=id&_ft[]=eq&_fc[]=1&_ff[]=id&_ft[]=eq&_fc[]=1",
        "_fm=2%20AND+1&_filter_json=" + json.dumps([["id", "lt", 2], ["probability", "not_blank"]]),
    ],
)
async def test_filters_may_be_written_in_every_way_the_bindings_write_them(query: str) -> None:
    """The bindings disagree about brackets, encoding and order; the service takes them all."""
    crm = seeded()

    answer = (await crm.get(query)).json()

    assert [row["id"] for row in answer["data"]] == [1]


async def test_parameters_are_merged_from_query_and_body_of_any_verb() -> None:
    """One binding sends GET with a body, another POST with _method, a third splits them."""
    crm = seeded()
    body = "_fc%5B%5D=3&_select_columns[]=id"
    form = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    query = f"{PATH}?api_key={KEY}&_ff[]=id&_ft[]=eq"

    got = await crm.http.request("GET", query, content=body, headers=form)
    posted = await crm.http.post(f"{query}&_method=GET", content=body, headers=form)
    packed = await crm.http.post(
        PATH,
        json={"api_key": KEY, "_method": "GET", "_ff": ["id"], "_ft": ["eq"], "_fc": [3],
              "_select_columns[]": ["id"]},
    )  # fmt: skip

    assert got.json()["data"] == posted.json()["data"] == packed.json()["data"] == [{"id": 3}]


@pytest.mark.parametrize(
    "query",
    [
        "_ff[]=no_such_column&_ft[]=eq&_fc[]=1",
        "_ff[]=id&_ft[]=eq",
        "_ff[]=id&_ft[]=ct&_fc[]=1",
        "_ff[]=id&_ft[]=eq&_fc[]=one",
        "_ff[]=updated_at&_ft[]=ge&_fc[]=yesterday",
        "_fm=(1 AND 2)&_ff[]=id&_ft[]=eq&_fc[]=1",
        "_fm=(1&_ff[]=id&_ft[]=eq&_fc[]=1",
        "_fm=1 1&_ff[]=id&_ft[]=eq&_fc[]=1",
        "_fm=1 PLUS 1&_ff[]=id&_ft[]=eq&_fc[]=1",
        "_filter_json=[1]",
        "_filter_json=nonsense",
        "_sort=no_such_column",
        "_start=one",
    ],
)
async def test_a_read_that_makes_no_sense_is_406_with_failures(query: str) -> None:
    """A configuration error must be told apart from an empty answer (A23)."""
    crm = seeded()

    response = await crm.get(query)

    assert response.status_code == 406
    assert response.json()["success"] is False
    assert len(response.json()["failures"]) == 1


async def test_an_unknown_filter_column_may_be_ignored_instead() -> None:
    """The other reading of A23: the whole table comes back, and a client must notice."""
    crm = seeded()
    crm.world.knobs.reject_unknown_fields = False

    assert len(await crm.ids(("no_such_column", "eq", 1), sort=["no_such_column", "id"])) == 5


async def test_text_is_compared_without_regard_to_case_unless_told_otherwise() -> None:
    """Whether `acme` finds `Acme` decides between a match and a duplicate (A22)."""
    crm = seeded()

    assert await crm.ids(("description", "ct", "ÅLE")) == [5]
    crm.world.knobs.case_sensitive = True
    assert await crm.ids(("description", "ct", "ÅLE")) == []


async def test_a_checkbox_never_set_can_be_null_and_escape_false() -> None:
    """If A21 fails on a live system, a false filter loses records: the client must cope."""
    crm = seeded()
    crm.world.knobs.false_matches_unset = False
    crm.world.opportunities.update(1, cf_opportunity_outreach_sync_error=True)
    crm.world.opportunities.update(1, cf_opportunity_outreach_sync_error=False)
    filters: Triple = ("cf_opportunity_outreach_sync_error", "false", "")

    assert await crm.ids(filters) == [1]
    (row,) = (await crm.read(("id", "eq", 2)))["data"]
    assert row["cf_opportunity_outreach_sync_error"] is None
