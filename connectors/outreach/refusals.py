"""Reads an answer that is no success into the engine's error tree (outreach-api §5), without I/O.

Whose answer it is comes first: something in front of the service can answer for it after a write
was carried out, so only what is recognisably the service's own is taken for its refusal of a write.
Then the status, then the published error ids.
"""

from __future__ import annotations

import re

from connectors.outreach.fields import EMAILS, RELATIONSHIPS
from connectors.outreach.limits import speaks_of_rates
from connectors.outreach.problems import Refusal, field_of, is_page, read, says
from connectors.outreach.protocol import PROSPECT, ROLE, SYSTEM, Request
from connectors.outreach.token_refusals import names_token
from connectors.outreach.wire import Problem
from engine import (
    Answer,
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

MAINTENANCE = "scheduledServerMaintenance"
# Statuses that only a malformed request earns.
MALFORMED = frozenset({400, 405, 406, 415})
# Statuses of a record that somebody else holds just now.
CONFLICTS = frozenset({409, 423, 425})
AUTHORISE_AGAIN = (
    "authorise the application again: wosync auth (a running service goes on by itself); a refresh"
    " token that is not used lives 14 days"
)

_QUOTED_SCOPE = re.compile(r"'([\w.]+)'")
_MISSING_RECORD = re.compile(r"Could not find '(\w+)'")
_DUPLICATE = re.compile(r"already been taken|already exists", re.IGNORECASE)


def error_for(answer: Answer, request: Request) -> EngineError:
    """The error a refusing answer stands for; waiting times are the caller's to add."""
    refusal = read(answer)
    status = answer.status
    if names_token(answer):
        # Credentials are looked at before anything is done, so that no record is concerned.
        return Unauthorized(
            "the access token is refused",
            system=SYSTEM,
            operation=request.operation,
            status=status,
            remedy=AUTHORISE_AGAIN,
        )
    if not request.repeatable and not surely_refused(answer, refusal):
        return _unreachable(refusal, answer, request, ambiguous=True)
    if status == 429 or (status == 503 and MAINTENANCE in refusal.ids):
        # Neither was executed.
        return _named(Throttled, refusal, answer, request)
    if status >= 500 or status == 408:
        return _unreachable(refusal, answer, request, ambiguous=False)
    if request.method != "GET" and not surely_refused(answer, refusal):
        # What stands in front of the API speaks of its own affairs, and of no record; nor does it
        # tell that no other would get through.
        return _named(TheirFault, refusal, answer, request)
    if status < 400:
        return Misconfigured(
            "the answer is a redirect or of an unknown kind",
            system=SYSTEM,
            operation=request.operation,
            status=status,
            remedy="check the scheme and host of [outreach] base_url",
        )
    return _client_error(refusal, answer, request)


def before_execution(answer: Answer, request: Request) -> bool:
    """Whether the request may be sent again after the token in it was refused.

    A page is no word of the service: a create it answers may have been carried out.
    """
    return request.repeatable or names_token(answer) or surely_refused(answer, read(answer))


def surely_refused(answer: Answer, refusal: Refusal) -> bool:
    """Whether the service itself says that it did not do what it was asked for."""
    status = answer.status
    if status == 429:
        return refusal.own or speaks_of_rates(answer.headers, page=is_page(answer))
    if status == 503:
        return MAINTENANCE in refusal.ids
    return 400 <= status < 500 and status != 408 and refusal.own


def _client_error(refusal: Refusal, answer: Answer, request: Request) -> EngineError:
    if answer.status in MALFORMED or "routeNotFound" in refusal.ids:
        return _named(OurFault, refusal, answer, request)
    if answer.status == 401:
        return _named(Unauthorized, refusal, answer, request, remedy=AUTHORISE_AGAIN)
    if answer.status == 403 and "unauthorizedOauthScope" in refusal.ids:
        scope = _QUOTED_SCOPE.search(refusal.text)
        named = f"the scope {scope.group(1)}" if scope else "the scope the message names"
        remedy = f"authorise the application again with {named}: wosync auth"
        return _named(NotGranted, refusal, answer, request, remedy=remedy)
    if answer.status in {404, 410}:
        return _missing(refusal, answer, request)
    if not refusal.own:
        return _named(TheirFault, refusal, answer, request)
    if answer.status in CONFLICTS:
        return _named(Conflict, refusal, answer, request)
    if any(_is_duplicate(problem, request) for problem in refusal.problems):
        field = EMAILS if request.resource == PROSPECT else refusal.field
        return _rejected(refusal, answer, request, field, Taken)
    return _rejected(refusal, answer, request, refusal.field)


def _is_duplicate(problem: Problem, request: Request) -> bool:
    """Whether what was to be written is there already (§5); opportunities may repeat (§8.1)."""
    said, field = says(problem) or "", field_of(problem)
    taken = _DUPLICATE.search(said) is not None
    if not taken and problem.id != "validationDuplicateValueError" and problem.code != "taken":
        return False
    if request.resource == ROLE:
        return True
    if request.resource != PROSPECT or (field is not None and "email" not in field.lower()):
        return False
    # The e-mail address alone is kept unique (§8.5), so only a text that blames another attribute
    # by name tells of something else.
    return "email" in said.lower() or "been taken" not in said.lower()


def _missing(refusal: Refusal, answer: Answer, request: Request) -> EngineError:
    if not refusal.own:
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


def _unreachable(
    refusal: Refusal, answer: Answer, request: Request, *, ambiguous: bool
) -> Unreachable:
    return Unreachable(
        refusal.text,
        ambiguous=ambiguous,
        system=SYSTEM,
        operation=request.operation,
        status=answer.status,
    )


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
