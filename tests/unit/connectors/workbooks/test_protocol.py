"""Requests: the parameters that reach the service."""

from urllib.parse import parse_qsl

import pytest

from connectors.workbooks import protocol
from connectors.workbooks.protocol import Call
from connectors.workbooks.settings import WorkbooksSettings
from engine import OurFault
from tests.unit.connectors.workbooks.stand_ins import API_KEY


def every(call: Call, name: str) -> list[str]:
    """All values of one parameter."""
    return [value for key, value in call.form if key == name]


def triples(call: Call) -> list[tuple[str, str, str]]:
    """The filters by position."""
    names = ("_ff[]", "_ft[]", "_fc[]")
    return list(zip(*(every(call, name) for name in names), strict=True))


def test_a_read_travels_as_a_post_that_says_get() -> None:
    """A GET body may be dropped on the way, and a query string ends in access logs."""
    call = protocol.any_opportunity()

    assert (call.method, call.path, call.writes) == ("POST", "crm/opportunities.api", False)
    form = parse_qsl(call.body((("api_key", "k"),)).decode(), keep_blank_values=True)
    assert form[:3] == [("api_key", "k"), ("client", "api"), ("_method", "GET")]


def test_a_write_is_square_and_row_by_row() -> None:
    """A short array would be matched to the wrong object."""
    call = protocol.write(
        "crm/people",
        [(901, 3, {"cf_id": "5501", "cf_url": "https://o/1"}), (902, 8, {"cf_error": "true"})],
    )

    assert (call.method, call.path, call.writes) == ("PUT", "crm/people.api", True)
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
