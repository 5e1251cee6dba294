"""Answers: each status and body becomes the error class that says what to do."""

import json

import httpx
import pytest

from connectors.workbooks import answers
from connectors.workbooks.wire import ENTRIES_MAX
from engine import (
    Answer,
    EngineError,
    Json,
    Misconfigured,
    TheirFault,
    Throttled,
    Unauthorized,
    Unreachable,
)
from tests.unit.connectors.workbooks.stand_ins import NOW


def an_answer(status: int, document: object = None, **headers: str) -> Answer:
    """A complete response with a JSON body."""
    return Answer(status, httpx.Headers(headers), json.dumps(document).encode())


def refusal(reason: str) -> dict[str, object]:
    """A login refusal's body."""
    return {"success": False, "failure_reason": reason, "failure_message": "a sentence"}


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, refusal("unrecognised_name_or_password"), Unauthorized),
        (401, None, Unauthorized),
        (403, refusal("no_permission_for_api"), Unauthorized),
        (403, refusal("something_new"), Unauthorized),
        (403, refusal("database_being_migrated"), Throttled),
        (403, refusal("no_available_database"), Throttled),
        (403, refusal("requested_database_not_available"), Throttled),
        (403, refusal("database_archived"), Throttled),
        (200, refusal("database_archived"), Throttled),
        (200, refusal("login_disabled"), Unauthorized),
        (404, None, Misconfigured),
        (405, None, Misconfigured),
        (406, {"failures": ["Unknown column cf_x"]}, Misconfigured),
        (429, None, Throttled),
        (503, None, Throttled),
        (500, None, Unreachable),
        (501, None, Unreachable),
        (502, None, Unreachable),
        (204, None, TheirFault),
        (200, [1], TheirFault),
    ],
)
def test_each_refusal_has_its_class(status: int, body: object, error: type[EngineError]) -> None:
    """The class decides whether the engine waits, stops, or asks an operator."""
    with pytest.raises(EngineError) as raised:
        answers.document(an_answer(status, body), "changes", NOW)

    assert type(raised.value) is error
    assert raised.value.system == "workbooks"
    assert raised.value.operation == "changes"
    assert raised.value.status == status


def test_a_refusal_quotes_the_reason_and_names_a_remedy() -> None:
    """The operator acts on what the message says."""
    with pytest.raises(Unauthorized) as raised:
        answers.document(an_answer(403, refusal("no_permission_for_api")), "login", NOW)

    assert "no_permission_for_api; a sentence" in str(raised.value)
    assert raised.value.remedy == "give the user the API capability in Workbooks"


def test_an_open_choice_of_database_lists_the_choices() -> None:
    """The ids are shown nowhere else in the product."""
    body = refusal("no_database_selection_made") | {"databases": [{"id": 12, "name": "Main"}]}
    with pytest.raises(Unauthorized) as raised:
        answers.document(an_answer(403, body), "login", NOW)

    assert raised.value.remedy == "set [workbooks] logical_database_id to one of 12 (Main)"


def test_an_unknown_column_is_quoted_with_where_to_correct_it() -> None:
    """A 406 is a mistake in the configuration until shown otherwise."""
    with pytest.raises(Misconfigured, match="Unknown column cf_x") as raised:
        answers.document(an_answer(406, {"failures": ["Unknown column cf_x"]}), "changes", NOW)

    assert "[workbooks.fields]" in str(raised.value.remedy)


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("17", 17.0),
        ("0", 1.0),
        ("Sun, 09 Mar 2025 12:10:12 GMT", 60.0),
        ("Sun, 09 Mar 2025 12:00:00 GMT", 1.0),
        ("999999", 3600.0),
        ("soon", 60.0),
        ("", 60.0),
    ],
)
def test_the_wait_asked_for_is_honoured(retry_after: str, seconds: float) -> None:
    """Nothing is documented, so both standard forms count and a minute stands in."""
    with pytest.raises(Throttled) as raised:
        answers.document(an_answer(429, None, **{"Retry-After": retry_after}), "changes", NOW)

    assert raised.value.retry_after_s == seconds


@pytest.mark.parametrize("date", ["Sun, 09 Mar 2025 07:00:00 GMT", "Mon, 09 Mar 2026 12:00:00 GMT"])
def test_the_wait_asked_for_is_one_by_the_services_own_clock(date: str) -> None:
    """Clocks differ; how far a moment is away from the answer's own date does not."""
    until = date.replace(":00 GMT", ":45 GMT")
    with pytest.raises(Throttled) as raised:
        answers.document(
            an_answer(503, None, **{"Retry-After": until, "Date": date}), "changes", NOW
        )

    assert raised.value.retry_after_s == 45


def test_a_maintenance_page_is_called_that() -> None:
    """An HTML page with status 200 is what a front end shows while the service is away."""
    answer = Answer(200, httpx.Headers(), b"<html><p>secret content</p></html>")
    with pytest.raises(TheirFault, match="maintenance page") as raised:
        answers.document(answer, "changes", NOW)

    assert "secret" not in str(raised.value)


def test_a_number_that_json_does_not_have_is_a_text_that_fits_nowhere() -> None:
    """As a number it would reach the state, where nothing could read its record again."""
    body = b'{"success": true, "data": [{"id": 1, "amount": NaN}]}'

    found = answers.document(Answer(200, httpx.Headers(), body), "read", NOW)

    assert answers.rows(found, "read") == ([{"id": 1, "amount": "NaN"}], 0)


@pytest.mark.parametrize(
    "document",
    [
        {"success": False, "failures": ["broken"]},
        {"data": []},
        {"success": True},
        {"success": True, "data": {}},
        {"success": True, "data": [1]},
        {"success": "true", "data": []},
    ],
)
def test_a_read_without_rows_is_no_empty_listing(document: dict[str, object]) -> None:
    """Taking a failure for an empty page would end a sweep too early."""
    with pytest.raises(TheirFault):
        answers.rows(document, "changes")


def test_a_null_row_is_skipped_and_counted() -> None:
    """One odd row must not cost a whole page."""
    found: dict[str, object] = {"success": True, "data": [{"id": 1}, None, {"id": 2}]}

    assert answers.rows(found, "read") == ([{"id": 1}, {"id": 2}], 1)


def test_a_shape_error_names_places_and_no_values() -> None:
    """Values are record content."""
    with pytest.raises(TheirFault, match=r"data\.0") as raised:
        answers.rows({"success": True, "data": ["private"]}, "changes")

    assert "private" not in str(raised.value)


@pytest.mark.parametrize(
    ("lines", "cookie"),
    [
        (["Workbooks-Session=abc; path=/; secure; HttpOnly"], "abc"),
        (["other=1", "Workbooks-Session=a", "Workbooks-Session=b; path=/"], "b"),
        (["Workbooks-Session=; path=/"], None),
        (["X-Workbooks-Session=abc"], None),
        ([], None),
    ],
)
def test_the_session_id_is_found_among_cookie_lines(lines: list[str], cookie: str | None) -> None:
    """The id may change with any answer."""
    assert answers.session_cookie(lines) == cookie


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("https://h/wait/1", "https://h/wait/1"),
        ("/wait/1", "https://h/wait/1"),
        ("wait", "https://h/crm/wait"),
    ],
)
def test_a_location_may_be_relative(location: str, target: str) -> None:
    """HTTP allows it, and a proxy may shorten it."""
    answer = an_answer(302, None, Location=location)

    assert answers.redirect_url(answer, "https://h/crm/opportunities.api", "x") == target


@pytest.mark.parametrize(
    "location", ["", "https://[bad", "https://h:port/x", "mailto:a@b", "/a\x7f"]
)
def test_a_redirect_to_nowhere_is_their_fault(location: str) -> None:
    """There is nothing to follow."""
    with pytest.raises(TheirFault, match="Location"):
        answers.redirect_url(an_answer(302, None, Location=location), "https://h/x", "x")


@pytest.mark.parametrize(
    ("url", "base_url", "expected"),
    [
        ("https://h/login", "https://h", True),
        ("https://h/login.html?x=1", "https://h", True),
        ("https://h/wb/login", "https://h/wb", True),
        ("https://other/login", "https://h", True),
        ("https://h/wait/login", "https://h", False),
        ("https://h/delay?to=/login", "https://h", False),
    ],
)
def test_a_login_redirect_is_told_from_a_delay(url: str, base_url: str, expected: bool) -> None:
    """Following the login page as a delay would end in HTML, and a delay as a login in a loop."""
    assert answers.leads_to_login(url, base_url, "/login") is expected


def test_origins_compare_with_default_ports() -> None:
    """`:443` is no other origin."""
    assert answers.origin("https://H:443/a") == answers.origin("https://h/b")
    assert answers.origin("http://h") != answers.origin("https://h")


def test_a_listing_of_countless_rows_is_let_go() -> None:
    """The error may be kept for long, and what it was raised in with it."""
    listed: list[Json] = [1.5] * (ENTRIES_MAX + 1)

    with pytest.raises(TheirFault, match="more than 10,000 rows"):
        answers.rows({"success": True, "data": listed}, "changes")

    assert listed == []
