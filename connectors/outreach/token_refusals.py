"""Whether an answer refuses the access token, without I/O.

The documented form is a 401 of the gateway. Public clients of the service have seen an expired
token answered 403 as well, in the error envelope or as a bare object; so what the answer calls
itself counts, and not its status alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import cast

from engine import Answer, Json

# Statuses of a refused token. A 422 speaks of a record, whatever words it uses.
STATUSES = frozenset({400, 401, 403, 419, 440, 498})

_NAMES = re.compile(
    r"(expired|invalid|revoked)[^.]{0,40}token|token[^.]{0,40}(expired|invalid|revoked)",
    re.IGNORECASE,
)


def token_refused(answer: Answer) -> bool:
    """Whether another access token may help: any 401, and what names the token as the reason."""
    return answer.status == 401 or names_token(answer)


def names_token(answer: Answer) -> bool:
    """Whether an answer names the access token as its reason.

    Only what identifies a problem is looked at; a text about a record may speak of anything.
    """
    if answer.status not in STATUSES:
        return False
    challenge = answer.headers.get("WWW-Authenticate", "")
    return any(_NAMES.search(name) for name in (*_names(_json(answer)), challenge))


def _names(value: Json) -> Iterator[str]:
    """What the problems in a body call themselves."""
    if not isinstance(value, dict):
        return
    members = cast("dict[str, Json]", value)
    for key in ("id", "code", "error"):
        name = members.get(key)
        if isinstance(name, str):
            yield name
        else:
            yield from _names(name)
    problems = members.get("errors")
    for problem in cast("list[Json]", problems) if isinstance(problems, list) else [problems]:
        if isinstance(problem, dict):
            yield from _names(problem)


def _json(answer: Answer) -> Json:
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
