"""Whether an answer refuses the access token, without I/O.

The documented form is a 401 of the gateway. Public clients of the service have seen an expired
token answered 403 as well, in the error envelope or as a bare object; so what the answer calls
itself counts, and not its status alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import cast

from connectors.outreach.problems import is_page
from engine import Answer, Json

# Statuses of a refused token. A 422 speaks of a record, whatever words it uses.
STATUSES = frozenset({400, 401, 403, 419, 440, 498})

# Those under which nothing is said of a record.
SPOKEN = STATUSES - {400}
# A missing permission has names of its own, and no other token cures it.
OTHERWISE_NAMED = frozenset({"unauthorizedRequest", "unauthorizedOauthScope"})
# Of a refusal so much is looked at.
TEXTS_MAX = 100
TEXT_CHARS_MAX = 500

_NAMES = re.compile(
    r"(expired|invalid|revoked)[^.]{0,40}token|token[^.]{0,40}(expired|invalid|revoked)",
    re.IGNORECASE,
)
_EXPIRED = re.compile(r"expired[^.]{0,40}token|token[^.]{0,40}expired", re.IGNORECASE)


def token_refused(answer: Answer) -> bool:
    """Whether another access token may help: any 401, and what speaks of the token as the reason.

    What is only said in words is reason enough to try another token, and proves nothing.
    """
    return answer.status == 401 or names_token(answer) or _says_expired(answer)


def names_token(answer: Answer) -> bool:
    """Whether an answer names the access token as its reason.

    Only what identifies a problem is looked at; a text about a record may speak of anything.
    """
    if answer.status not in STATUSES:
        return False
    challenge = answer.headers.get("WWW-Authenticate", "")
    return any(_NAMES.search(name) for name in (*_names(_json(answer)), challenge))


def _says_expired(answer: Answer) -> bool:
    """Whether any text of an answer says that a token has expired, a page for people excepted."""
    if answer.status not in SPOKEN:
        return False
    value = _json(answer)
    if not OTHERWISE_NAMED.isdisjoint(_names(value)):
        return False
    texts = _texts(answer.text if value is None and not is_page(answer) else value)
    return any(_EXPIRED.search(text[:TEXT_CHARS_MAX]) for text in islice(texts, TEXTS_MAX))


def _texts(value: Json) -> Iterator[str]:
    """Every text in a body, in no order."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            left += cast("dict[str, Json]", one).values()
        elif isinstance(one, list):
            left += cast("list[Json]", one)


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
