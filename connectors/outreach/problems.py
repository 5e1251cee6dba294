"""Reads what a refusing answer says, in every known form (outreach-api §5), without I/O.

An answer is the service's own when it has one of these forms. Whatever else it holds, such as the
page of something that stands in front, is named by its kind and never quoted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from pydantic import ValidationError

from connectors.outreach.wire import GatewayProblem, Problem
from engine import Answer, Json, excerpt

VALIDATION_STATUS = 422
NOT_OWN = "not a refusal by the service itself"
# Members of a validation answer that hold a text and are no field.
TEXTS = ("message", "error", "detail", "title")
# Of an object without any other member nobody knows whose it is: this is how whatever stands in
# front names its own troubles.
ANYBODYS = frozenset(
    {
        "code",
        "error",
        "path",
        "reason",
        "requestId",
        "request_id",
        "status",
        "timestamp",
        "traceId",
        "trace_id",
        "type",
    }
)

_CODE = re.compile(r"[a-z]+(_[a-z]+)*")
_POINTER = re.compile(r"^/data/(?:attributes|relationships)/([^/]+)")


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a refusing answer says, whatever form it came in; `own` when the service says it."""

    ids: frozenset[str]
    text: str
    field: str | None
    own: bool
    problems: tuple[Problem, ...] = ()


def read(answer: Answer) -> Refusal:
    """The error envelope of an answer, or another form that is the service's own, or neither."""
    value = _json(answer)
    gateway = _gateway(value)
    if gateway is not None:
        return _of_gateway(gateway, answer.status)
    problems = list(_problems(value, validation=answer.status == VALIDATION_STATUS))
    if not problems:
        return Refusal(frozenset(), f"{_kind(answer, value)}, {NOT_OWN}", None, own=False)
    texts = [excerpt(text) for problem in problems if (text := says(problem))]
    pointed = [name for problem in problems if (name := field_of(problem))]
    return Refusal(
        ids=frozenset(problem.id for problem in problems if problem.id),
        text=excerpt("; ".join(texts)) or "no reason given",
        field=pointed[0] if pointed else None,
        own=True,
        problems=tuple(problems),
    )


def is_page(answer: Answer) -> bool:
    """Whether the body is a page for people, which no part of the API answers with."""
    media_type = answer.headers.get("Content-Type", "").lower()
    markup = answer.body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
    return markup or ("html" in media_type and _json(answer) is None)


def says(problem: Problem) -> str | None:
    """The text of a problem."""
    return problem.detail or problem.details or problem.title or problem.id or problem.code


def field_of(problem: Problem) -> str | None:
    """The field that a problem points at."""
    pointer = problem.source.pointer if problem.source else None
    found = _POINTER.match(pointer or "")
    return excerpt(found.group(1)) if found else None


def _json(answer: Answer) -> Json:
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        return None


def _gateway(value: Json) -> GatewayProblem | None:
    try:
        problem = GatewayProblem.model_validate(value)
    except ValidationError:
        return None
    return problem if problem.description or problem.error_description else None


def _of_gateway(problem: GatewayProblem, status: int) -> Refusal:
    text = excerpt(f"{problem.error} {problem.description or problem.error_description}")
    # The gateway has no ids of its own; an unknown path is recognised by its words.
    unknown_path = status == 404 and "route not found" in text.lower()
    ids = frozenset({"routeNotFound"}) if unknown_path else frozenset[str]()
    return Refusal(ids, text, None, own=True)


def _problems(value: Json, *, validation: bool) -> Iterator[Problem]:
    """The problems of the envelope or of a bare problem; a validation has more forms."""
    if isinstance(value, dict):
        members = cast("dict[str, Json]", value)
        enveloped = list(_listed(members.get("errors"), texts=validation))
        bare = _problem(members)
        if enveloped:
            yield from enveloped
        elif bare is not None and bare.id and (bare.title or bare.detail or bare.details):
            yield bare
        elif validation:
            yield from _by_field(members)
    elif validation:
        yield from _listed(value, texts=True)


def _listed(value: Json, *, texts: bool) -> Iterator[Problem]:
    """The problems in a list, which may hold nulls and, where that is known, plain texts."""
    entries = cast("list[Json]", value) if isinstance(value, list) else []
    if texts and not all(entry is None or isinstance(entry, str | dict) for entry in entries):
        # A list of something else.
        return
    for entry in entries:
        if texts and isinstance(entry, str) and entry.strip():
            yield Problem(detail=entry)
        problem = _problem(entry)
        if problem is not None and (_is_worded(problem) or (texts and _has_known_code(problem))):
            yield problem


def _is_worded(problem: Problem) -> bool:
    """Whether it says anything but a code, which is what others call their troubles as well."""
    return bool(problem.id or problem.title or problem.detail or problem.details)


def _has_known_code(problem: Problem) -> bool:
    """Whether its code is of the kind that validations have been seen to give, such as `taken`."""
    return problem.code is not None and _CODE.fullmatch(problem.code) is not None


def _problem(entry: Json) -> Problem | None:
    try:
        problem = Problem.model_validate(entry)
    except ValidationError:
        return None
    return problem if says(problem) else None


def _by_field(members: dict[str, Json]) -> Iterator[Problem]:
    """A message, or a map from field to its texts, itself or below `errors`."""
    nested = members.get("errors")
    if isinstance(nested, dict):
        members = cast("dict[str, Json]", nested)
    message = members.get("message")
    if isinstance(message, str) and message.strip():
        yield Problem(detail=message)
        return
    texts = {name: _texts(entry) for name, entry in members.items() if entry is not None}
    # One member that is no text, and this is some other object; so is one that names no field.
    if None in texts.values() or texts.keys() <= ANYBODYS:
        return
    for name, each in texts.items():
        for text in each or ():
            if name in TEXTS:
                yield Problem(detail=text)
            else:
                pointing = {"pointer": f"/data/attributes/{name}"}
                yield Problem.model_validate({"detail": f"{name}: {text}", "source": pointing})


def _texts(entry: Json) -> list[str] | None:
    """The texts of one field, nulls left out; None when it holds something else."""
    entries: Iterable[Json] = cast("list[Json]", entry) if isinstance(entry, list) else [entry]
    given = [one for one in entries if one is not None]
    if not all(isinstance(one, str) for one in given):
        return None
    return [one for one in cast("list[str]", given) if one.strip()]


def _kind(answer: Answer, value: Json) -> str:
    """What an answer of no known form is, for a person."""
    if not answer.body.strip():
        return "an empty answer"
    if is_page(answer):
        return "an HTML page"
    if value is None:
        return "a text of no known form"
    return "JSON of no known form"
