"""Refusals: every published answer, and several unpublished ones, in the engine's error tree."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.outreach import prospects, roles
from connectors.outreach.protocol import Request, Requests
from connectors.outreach.refusals import error_for
from engine import (
    Conflict,
    EngineError,
    Gone,
    Misconfigured,
    NotGranted,
    OurFault,
    Rejected,
    Taken,
    TheirFault,
    Throttled,
    Unauthorized,
    Unreachable,
)
from tests.unit.connectors.outreach.stand_ins import BASE, answer

requests = Requests(BASE)
CREATE = requests.create({"name": "a"})
UPDATE = requests.update(17, {"name": "a"})
GET = requests.get(17, ["name"])
REMOVE = requests.remove(17)
HTML = b"<html><body>Bad Gateway</body></html>"


def envelope(error_id: str, detail: str = "refused", pointer: str | None = None) -> Any:
    """An error envelope with one member."""
    source = {"source": {"pointer": pointer}} if pointer else {}
    return {"errors": [{"id": error_id, "title": "Title", "detail": detail} | source]}


@pytest.mark.parametrize(
    ("request_", "status", "body", "kind"),
    [
        (CREATE, 400, HTML, Unreachable),
        (CREATE, 400, envelope("badRequest"), OurFault),
        (UPDATE, 400, HTML, TheirFault),
        (UPDATE, 405, b"", TheirFault),
        (GET, 400, HTML, OurFault),
        (CREATE, 401, b"", Unreachable),
        (GET, 401, b"", Unauthorized),
        (UPDATE, 302, b"", TheirFault),
        (CREATE, 401, HTML, Unreachable),
        (UPDATE, 401, HTML, TheirFault),
        (CREATE, 401, {"error": "Invalid JWT token.", "description": "d"}, Unauthorized),
        (CREATE, 403, envelope("unauthorizedOauthScope"), NotGranted),
        (CREATE, 403, envelope("unauthorizedRequest"), Rejected),
        (CREATE, 403, HTML, Unreachable),
        (UPDATE, 403, HTML, TheirFault),
        (UPDATE, 403, {"message": "Forbidden"}, TheirFault),
        (UPDATE, 404, envelope("resourceNotFound", "Could not find 'opportunity'"), Gone),
        (GET, 404, envelope("resourceNotFound"), Gone),
        (GET, 410, envelope("somethingNew"), Gone),
        (GET, 404, envelope("routeNotFound"), OurFault),
        (GET, 404, {"error": "404", "error_description": "route not found"}, OurFault),
        (UPDATE, 404, HTML, TheirFault),
        (CREATE, 404, envelope("resourceNotFound", "Could not find 'user' with ID '9'"), Rejected),
        (CREATE, 404, {"error": "not found"}, Unreachable),
        (REMOVE, 404, HTML, TheirFault),
        (CREATE, 409, envelope("somethingNew"), Conflict),
        (UPDATE, 423, envelope("somethingNew"), Conflict),
        (UPDATE, 425, {"id": "tooEarly", "title": "Too early"}, Conflict),
        (UPDATE, 409, HTML, TheirFault),
        (CREATE, 413, HTML, Unreachable),
        (UPDATE, 451, b"", TheirFault),
        (CREATE, 413, envelope("somethingNew"), Rejected),
        (CREATE, 415, {"errors": [{"details": "Expected Content-Type"}]}, OurFault),
        (CREATE, 422, envelope("validationError"), Rejected),
        (CREATE, 422, b"", Unreachable),
        (UPDATE, 422, HTML, TheirFault),
        (CREATE, 429, envelope("rateLimitExceeded"), Throttled),
        (CREATE, 429, b"Retry later\n", Unreachable),
        (UPDATE, 429, b"Retry later\n", Throttled),
        (CREATE, 503, envelope("scheduledServerMaintenance"), Throttled),
        (CREATE, 302, b"", Unreachable),
        (GET, 302, b"", Misconfigured),
    ],
)
def test_a_refusal_becomes_the_error_that_tells_what_to_do(
    request_: Request, status: int, body: Any, kind: type[EngineError]
) -> None:
    """The engine acts on the class alone."""
    error = error_for(answer(status, body), request_)

    assert type(error) is kind
    assert (error.system, error.operation, error.status) == (
        "outreach",
        request_.operation,
        status,
    )


def bodies_in_front() -> list[Any]:
    """What stands in front of a service answers with, whatever the service did."""
    others = [{"code": 1020, "message": "Access denied"}], [{"code": "AccessDenied"}]
    envelopes: list[Any] = [{"errors": errors} for errors in ([], [None], *others)]
    return [HTML, b"", b"blocked", {"blocked": True}, *envelopes, ["x", 1]]


@pytest.mark.parametrize("body", bodies_in_front(), ids=repr)
def test_a_create_is_in_doubt_unless_the_service_itself_refuses_it(body: Any) -> None:
    """A firewall may put its page in the place of the answer to a create that was executed."""
    for request in (CREATE, roles.create(requests, 1, 2, "Buyer"), prospects.create(requests, {})):
        for status in range(300, 600):
            error = error_for(answer(status, body), request)
            assert isinstance(error, Unreachable), status
            assert error.ambiguous, status


@pytest.mark.parametrize(
    ("headers", "body", "sure"),
    [
        ({"X-RateLimit-Remaining": "0"}, HTML, True),
        ({"Retry-After": "10"}, b"Retry later", True),
        ({"Retry-After": "10"}, HTML, False),
        ({"Content-Type": "text/html", "Retry-After": "10"}, b"slow down", False),
    ],
)
def test_only_who_counts_requests_turns_a_create_away_for_their_number(
    headers: dict[str, str], body: bytes, sure: bool
) -> None:
    """A page with this status may come from anybody, and after anything."""
    error = error_for(answer(429, body, headers), CREATE)

    assert isinstance(error, Throttled) is sure
    assert isinstance(error, Unreachable) is not sure


def test_the_reason_of_a_doubt_says_what_was_seen() -> None:
    """An operator must learn that something in front answers, and with what."""
    seen = {
        HTML: "HTML page",
        b"": "empty answer",
        b"no": "text of no known form",
        b"{}": "JSON of no known form",
    }
    for body, kind in seen.items():
        error = error_for(answer(404, body), CREATE)
        assert kind in error.message
        assert "404" in str(error)
        assert "Bad Gateway" not in error.message


@pytest.mark.parametrize(
    ("body", "said", "field"),
    [
        ({"id": "validationError", "title": "T", "detail": "Name is odd."}, "Name is odd.", None),
        ({"message": "Name is odd."}, "Name is odd.", None),
        ({"name": ["is odd", None, "is blank"]}, "name: is odd; name: is blank", "name"),
        ({"name": "is odd", "tags": None}, "name: is odd", "name"),
        ({"errors": {"amount": ["is odd"]}}, "amount: is odd", "amount"),
        ({"errors": {"message": "Name is odd."}}, "Name is odd.", None),
        (["Name is odd.", None, {"detail": "And blank."}], "Name is odd.; And blank.", None),
        ({"errors": ["Name is odd.", None]}, "Name is odd.", None),
        ({"errors": [None, {"detail": "Name is odd."}]}, "Name is odd.", None),
        ({"errors": [{"code": "taken"}]}, "taken", None),
    ],
)
def test_a_validation_says_its_reason_in_any_of_the_known_forms(
    body: Any, said: str, field: str | None
) -> None:
    """Whoever mends the record needs the service's own words."""
    for request in (CREATE, UPDATE):
        error = error_for(answer(422, body), request)
        assert isinstance(error, Rejected)
        assert (error.message, error.field) == (said, field)


@pytest.mark.parametrize(
    "body",
    [
        {"emails": ["has already been taken"]},
        {"email": "has already been taken"},
        {"message": "Contacts email hash has already been taken."},
        ["Contacts email hash has already been taken."],
        {"id": "validationError", "title": "T", "detail": "Email hash has already been taken."},
    ],
)
def test_a_taken_address_is_recognised_in_any_form(body: Any) -> None:
    """The prospect who has it is the person's."""
    error = error_for(answer(422, body), prospects.create(requests, {}))

    assert isinstance(error, Taken)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 520])
def test_a_server_failure_leaves_a_create_in_doubt_and_nothing_else(status: int) -> None:
    """There is no idempotency key: only a POST cannot simply be repeated."""
    for request, ambiguous in ((CREATE, True), (UPDATE, False), (GET, False)):
        error = error_for(answer(status, HTML), request)
        assert isinstance(error, Unreachable)
        assert error.ambiguous is ambiguous


@pytest.mark.parametrize(
    ("pointer", "field"),
    [
        ("/data/attributes/name", "name"),
        ("/data/attributes/custom1", "custom1"),
        ("/data/relationships/owner", "owner"),
        ("/data/relationships/owner/data/id", "owner"),
        ("/data", None),
        (None, None),
    ],
)
def test_a_validation_error_names_its_field_when_the_pointer_does(
    pointer: str | None, field: str | None
) -> None:
    """An operator reads the field's name, and the engine may drop one relationship."""
    body = envelope("validationError", "Name can't be blank.", pointer)

    error = error_for(answer(422, body), CREATE)

    assert isinstance(error, Rejected)
    assert error.field == field
    assert error.message == "Name can't be blank."


def test_a_missing_owner_on_an_update_is_not_the_loss_of_the_opportunity() -> None:
    """Taking it for that could recreate a record that still exists."""
    body = envelope("resourceNotFound", "Could not find 'user' with ID '9'.")

    error = error_for(answer(404, body), UPDATE)

    assert isinstance(error, Rejected)
    assert error.field == "owner"


def test_a_missing_owner_on_a_create_is_named() -> None:
    """The engine may look the owner up again and leave it out."""
    body = envelope("resourceNotFound", "Could not find 'user' with ID '9'.")

    error = error_for(answer(404, body), CREATE)

    assert isinstance(error, Rejected)
    assert error.field == "owner"


def test_an_opportunity_is_never_taken() -> None:
    """The vendor keeps nothing of it unique, so there would be no other record to adopt."""
    body = envelope("validationDuplicateValueError", "Name has already been taken.")

    assert type(error_for(answer(422, body), CREATE)) is Rejected


def test_a_missing_scope_is_named_in_the_remedy() -> None:
    """The operator must know what to tick before authorising again."""
    detail = "Your authorization does not include the required scope 'users.read'."

    error = error_for(answer(403, envelope("unauthorizedOauthScope", detail)), GET)

    assert error.remedy is not None
    assert "users.read" in error.remedy


def test_several_problems_are_told_together_and_cut() -> None:
    """One log line must hold them, whatever their length."""
    body = {"errors": [{"detail": "first"}, {"title": "second"}, {"detail": "x" * 900}]}

    message = error_for(answer(422, body), CREATE).message

    assert message.startswith("first; second; xxx")
    assert len(message) <= 300


def test_a_body_of_unknown_shape_is_never_quoted() -> None:
    """It may hold anything, tokens and records included."""
    error = error_for(answer(500, b"dump: secret=42"), GET)

    assert "42" not in str(error)
