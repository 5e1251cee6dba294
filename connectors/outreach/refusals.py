"""Reads an answer that is no success into the engine's error tree (outreach-api §5), without I/O.

Status first, then the published error ids, then the shape of the body. Bodies that are neither an
error envelope nor a gateway's object are never quoted: they may be anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import ValidationError

from connectors.outreach.fields import EMAILS, RELATIONSHIPS
from connectors.outreach.protocol import PROSPECT, ROLE, SYSTEM, Request
from connectors.outreach.wire import GatewayProblem, Problem, Problems
from engine import (
    Answer,
    EngineError,
    Gone,
    Misconfigured,
    OurFault,
    Rejected,
    Taken,
    TheirFault,
    Throttled,
    Unauthorized,
    Unreachable,
    excerpt,
)

MAINTENANCE = "scheduledServerMaintenance"
# Statuses that only a malformed request earns.
MALFORMED = frozenset({400, 405, 406, 415})
# Statuses that speak of the record, whatever the body says (§5).
RECORDS_OWN = frozenset({403, 409, 422})
AUTHORISE_AGAIN = (
    "authorise the application again and put the new refresh token into the secret of "
    "[outreach] refresh_token; a refresh token lives 14 days"
)

_QUOTED_SCOPE = re.compile(r"'([\w.]+)'")
_MISSING_RECORD = re.compile(r"Could not find '(\w+)'")
_DUPLICATE = re.compile(r"already been taken|already exists", re.IGNORECASE)
_POINTER = re.compile(r"^/data/(?:attributes|relationships)/([^/]+)")


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a refusing answer says, whatever form it came in."""

    ids: frozenset[str]
    text: str
    field: str | None
    recognised: bool
    problems: tuple[Problem, ...] = ()


def read(answer: Answer) -> Refusal:
    """The error envelope of an answer, or the gateway's object, or neither."""
    try:
        problems = Problems.model_validate_json(answer.body).errors
    except ValidationError:
        return _read_gateway(answer)
    texts = [excerpt(text) for problem in problems if (text := _says(problem))]
    pointed = [field for problem in problems if (field := _field(problem))]
    return Refusal(
        ids=frozenset(problem.id for problem in problems if problem.id),
        text=excerpt("; ".join(texts)) or "no reason given",
        field=pointed[0] if pointed else None,
        recognised=True,
        problems=tuple(problems),
    )


def _read_gateway(answer: Answer) -> Refusal:
    try:
        problem = GatewayProblem.model_validate_json(answer.body)
    except ValidationError:
        return Refusal(frozenset(), "the answer carries no error envelope", None, recognised=False)
    said = problem.description or problem.error_description
    text = excerpt(f"{problem.error} {said}" if said else problem.error)
    # The gateway has no ids of its own; an unknown path is recognised by its words.
    unknown_path = answer.status == 404 and "route not found" in text.lower()
    ids = frozenset({"routeNotFound"}) if unknown_path else frozenset[str]()
    return Refusal(ids, text, None, recognised=True)


def _says(problem: Problem) -> str | None:
    return problem.detail or problem.details or problem.title or problem.id


def _field(problem: Problem) -> str | None:
    pointer = problem.source.pointer if problem.source else None
    found = _POINTER.match(pointer or "")
    return found.group(1) if found else None


def error_for(answer: Answer, request: Request) -> EngineError:
    """The error a refusing answer stands for; waiting times are the caller's to add."""
    refusal = read(answer)
    status = answer.status
    if status == 429 or (status == 503 and MAINTENANCE in refusal.ids):
        # Neither was executed, so not even a create is in doubt.
        return _named(Throttled, refusal, answer, request)
    if status >= 500 or status == 408:
        return Unreachable(
            refusal.text,
            ambiguous=not request.repeatable,
            system=SYSTEM,
            operation=request.operation,
            status=status,
        )
    if status < 400:
        return Misconfigured(
            "the answer is a redirect or of an unknown kind",
            system=SYSTEM,
            operation=request.operation,
            status=status,
            remedy="check the scheme and host of [outreach] base_url",
        )
    return _client_error(refusal, answer, request)


def _client_error(refusal: Refusal, answer: Answer, request: Request) -> EngineError:
    if answer.status in MALFORMED or "routeNotFound" in refusal.ids:
        return _named(OurFault, refusal, answer, request)
    if answer.status == 401:
        return _named(Unauthorized, refusal, answer, request, remedy=AUTHORISE_AGAIN)
    if answer.status == 403 and "unauthorizedOauthScope" in refusal.ids:
        scope = _QUOTED_SCOPE.search(refusal.text)
        named = f"the scope {scope.group(1)}" if scope else "the scope the message names"
        remedy = f"authorise the application again with {named}"
        return _named(Misconfigured, refusal, answer, request, remedy=remedy)
    if answer.status in {404, 410}:
        return _missing(refusal, answer, request)
    if not refusal.recognised and answer.status not in RECORDS_OWN:
        # What stands in front of the API speaks of its own limits, and of no record.
        return _named(TheirFault, refusal, answer, request)
    if any(_is_duplicate(problem, request) for problem in refusal.problems):
        field = EMAILS if request.resource == PROSPECT else refusal.field
        return _rejected(refusal, answer, request, field, Taken)
    return _rejected(refusal, answer, request, refusal.field)


def _is_duplicate(problem: Problem, request: Request) -> bool:
    """Whether what was to be written is there already (§5); opportunities may repeat (§8.1)."""
    said = _says(problem) or ""
    taken = _DUPLICATE.search(said) is not None
    if not taken and problem.id != "validationDuplicateValueError" and problem.code != "taken":
        return False
    if request.resource == ROLE:
        return True
    if request.resource != PROSPECT or _field(problem) not in {None, EMAILS}:
        return False
    # The e-mail address alone is kept unique (§8.5), so only a text that blames another attribute
    # by name tells of something else.
    return "email" in said.lower() or "been taken" not in said.lower()


def _missing(refusal: Refusal, answer: Answer, request: Request) -> EngineError:
    if not refusal.recognised:
        # A proxy's error page must not pass for the loss of a record: it could be created anew.
        return _named(TheirFault, refusal, answer, request)
    named = _MISSING_RECORD.search(refusal.text)
    other = named is not None and named.group(1) != request.resource
    if not request.repeatable or (request.method == "PATCH" and other):
        # What is missing is a record we point at, not the one we write to.
        pointing = [
            name for name, kind in RELATIONSHIPS.items() if named and kind == named.group(1)
        ]
        return _rejected(refusal, answer, request, pointing[0] if pointing else refusal.field)
    return _named(Gone, refusal, answer, request)


def _rejected(
    refusal: Refusal,
    answer: Answer,
    request: Request,
    field: str | None,
    kind: type[Rejected] = Rejected,
) -> EngineError:
    return kind(
        refusal.text,
        field=field,
        system=SYSTEM,
        operation=request.operation,
        status=answer.status,
    )


def _named(
    kind: type[EngineError],
    refusal: Refusal,
    answer: Answer,
    request: Request,
    remedy: str | None = None,
) -> EngineError:
    return kind(
        refusal.text,
        system=SYSTEM,
        operation=request.operation,
        status=answer.status,
        remedy=remedy,
    )
