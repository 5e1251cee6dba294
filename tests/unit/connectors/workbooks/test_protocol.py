"""Requests: the parameters that reach the service."""

from urllib.parse import parse_qsl

import pytest

from connectors.workbooks import protocol
from connectors.workbooks.protocol import Call
from connectors.workbooks.settings import WorkbooksSettings
from engine import OurFault, Position
from tests.unit.connectors.workbooks.stand_ins import API_KEY, COLUMNS

T = 1_741_522_152


def every(call: Call, name: str) -> list[str]:
    """All values of one parameter."""
    return [value for key, value in call.form if key == name]


def triples(call: Call) -> list[tuple[str, str, str]]:
    """The filters by position."""
    names = ("_ff[]", "_ft[]", "_fc[]")
    return list(zip(*(every(call, name) for name in names), strict=True))


def test_the_first_poll_asks_for_eligible_rows_in_change_order() -> None:
    """Without an order two pages may overlap or leave a gap."""
    call = protocol.changes(COLUMNS, ["id", "lock_version", "id"], None, 100)

    assert triples(call) == [(COLUMNS.sync, "true", ""), (COLUMNS.error, "false", "")]
    assert every(call, "_fm") == ["1 AND 2"]
    assert every(call, "_sort[]") == ["updated_at", "id"]
    assert every(call, "_dir[]") == ["ASC", "ASC"]
    assert every(call, "_start") + every(call, "_limit") == ["0", "100"]
    assert every(call, "_select_columns[]") == ["id", "lock_version"]
    assert every(call, "_skip_total_rows") == ["1"]
    assert every(call, "_json_output_datetime_format") == ["%s"]


def test_a_later_poll_starts_right_behind_its_position() -> None:
    """A bulk import shares one second: the rest of that second is told apart by id."""
    call = protocol.changes(COLUMNS, ["id"], Position(T, 901), 50)

    assert triples(call)[2:] == [
        ("updated_at", "ge", "Sun Mar 09 12:09:13 UTC 2025"),
        ("updated_at", "ge", "Sun Mar 09 12:09:12 UTC 2025"),
        ("id", "gt", "901"),
    ]
    assert every(call, "_fm") == ["(1 AND 2) AND (3 OR (4 AND 5))"]


def test_the_sweep_asks_for_blank_outreach_ids_by_id() -> None:
    """Records missed before the last run are found by rule 2, condition 3."""
    call = protocol.unlinked(COLUMNS, ["id"], 7, 10)

    assert triples(call)[2:] == [(COLUMNS.outreach_id, "blank", ""), ("id", "gt", "7")]
    assert every(call, "_fm") == ["(1 AND 2) AND (3 AND 4)"]
    assert every(call, "_sort[]") == ["id"]


def test_reading_by_id_uses_a_comma_list_and_never_names_is_deleted() -> None:
    """A filter on is_deleted would bring deleted records back into view."""
    call = protocol.opportunities(["id"], [3, 1, 2])

    assert triples(call) == [("id", "eq", "3,1,2")]
    assert every(call, "_limit") == ["3"]
    assert b"is_deleted" not in call.body(())


def test_a_read_travels_as_a_post_that_says_get() -> None:
    """A GET body may be dropped on the way, and a query string ends in access logs."""
    call = protocol.any_opportunity()

    assert (call.method, call.path, call.writes) == ("POST", "crm/opportunities.api", False)
    form = parse_qsl(call.body((("api_key", "k"),)).decode(), keep_blank_values=True)
    assert form[:3] == [("api_key", "k"), ("client", "api"), ("_method", "GET")]


def test_a_write_is_square_and_row_by_row() -> None:
    """A short array would be matched to the wrong object."""
    call = protocol.write(
        [(901, 3, {"cf_id": "5501", "cf_url": "https://o/1"}), (902, 8, {"cf_error": "true"})]
    )

    assert (call.method, call.writes) == ("PUT", True)
    assert triples(call) == [("id", "eq", "901"), ("id", "eq", "902")]
    assert every(call, "_fm") == ["or"]
    assert every(call, "_per_object_transactions") == ["true"]
    assert every(call, "_strict_attribute_checking") == ["true"]
    assert list(call.form[-12:]) == [
        ("__method[]", "PUT"),
        ("cf_error[]", ":no_value:"),
        ("cf_id[]", "5501"),
        ("cf_url[]", "https://o/1"),
        ("id[]", "901"),
        ("lock_version[]", "3"),
        ("__method[]", "PUT"),
        ("cf_error[]", "true"),
        ("cf_id[]", ":no_value:"),
        ("cf_url[]", ":no_value:"),
        ("id[]", "902"),
        ("lock_version[]", "8"),
    ]


def test_a_login_takes_the_key_before_the_name() -> None:
    """A key needs no database and cannot expire with the password."""
    settings = WorkbooksSettings.model_validate(
        {"auth": "session", "api_key": {"env": "TEST_WORKBOOKS_API_KEY"}, "username": "a@b"}
    )
    call = protocol.login(settings)

    assert every(call, "api_key") == [API_KEY]
    assert every(call, "username") == []
    assert every(call, "api_version") == ["1"]
    assert b"_method" not in call.body(())


def test_a_login_by_name_may_choose_its_database() -> None:
    """A user of several databases is refused without a choice."""
    settings = WorkbooksSettings.model_validate(
        {
            "auth": "session",
            "username": "a@b.example",
            "password": {"env": "TEST_WORKBOOKS_PASSWORD"},
            "logical_database_id": 12,
        }
    )
    call = protocol.login(settings)

    assert every(call, "username") == ["a@b.example"]
    assert every(call, "password") == ["correct horse"]
    assert every(call, "logical_database_id") == ["12"]


def test_a_login_without_credentials_is_our_own_mistake() -> None:
    """Settings refuse that state; sending an empty login would look like a wrong password."""
    with pytest.raises(OurFault):
        protocol.login(
            WorkbooksSettings.model_construct(api_key=None, username=None, password=None)
        )


def test_metadata_is_asked_for_one_record_type() -> None:
    """All types together have thousands of fields."""
    assert every(protocol.record_type("Private::Crm::Opportunity"), "class_names[]") == [
        "Private::Crm::Opportunity"
    ]
