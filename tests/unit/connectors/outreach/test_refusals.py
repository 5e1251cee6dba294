"""Refusals: every published answer, and several unpublished ones, in the engine's error tree."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.outreach.protocol import Request, Requests
from connectors.outreach.refusals import error_for
from engine import (
    EngineError,
    Gone,
    Misconfigured,
    OurFault,
    Rejected,
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
HTML = b"<html><body>Bad Gateway</body></html>"


def envelope(error_id: str, detail: str = "refused", pointer: str | None = None) -> Any:
    """An error envelope with one member."""
    source = {"source": {"pointer": pointer}} if pointer else {}
    return {"errors": [{"id": error_id, "title": "Title", "detail": detail} | source]}


@pytest.mark.parametrize(
    ("request_", "status", "body", "kind"),
    [
        (CREATE, 400, HTML, OurFault),
        (CREATE, 401, {"error": "Invalid JWT token.", "description": "d"}, Unauthorized),
        (CREATE, 403, envelope("unauthorizedOauthScope"), Misconfigured),
        (CREATE, 403, envelope("unauthorizedRequest"), Rejected),
        (CREATE, 403, HTML, Rejected),
        (UPDATE, 404, envelope("resourceNotFound", "Could not find 'opportunity'"), Gone),
        (GET, 404, envelope("resourceNotFound"), Gone),
        (GET, 410, envelope("somethingNew"), Gone),
        (GET, 404, envelope("routeNotFound"), OurFault),
        (GET, 404, {"error": "404", "error_description": "route not found"}, OurFault),
        (UPDATE, 404, HTML, TheirFault),
        (CREATE, 404, envelope("resourceNotFound", "Could not find 'user' with ID '9'"), Rejected),
        (CREATE, 409, envelope("somethingNew"), Rejected),
        (CREATE, 413, HTML, TheirFault),
        (UPDATE, 451, b"", TheirFault),
        (CREATE, 413, envelope("somethingNew"), Rejected),
        (CREATE, 415, {"errors": [{"details": "Expected Content-Type"}]}, OurFault),
        (CREATE, 422, envelope("validationError"), Rejected),
        (CREATE, 422, b"", Rejected),
        (CREATE, 429, envelope("rateLimitExceeded"), Throttled),
        (CREATE, 429, b"Retry later\n", Throttled),
        (CREATE, 503, envelope("scheduledServerMaintenance"), Throttled),
        (CREATE, 302, b"", Misconfigured),
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
