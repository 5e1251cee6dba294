"""Token answers, read without I/O and as leniently as they can be (outreach-api §3.1).

A refresh token works once, and its successor is in this one answer. So whatever else is odd in it,
the successor is read, and judged by nobody: from the JSON object it should be, or from what looks
like a member of one where the whole is damaged, cut off or wrapped in something else.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from typing import cast

from engine import Answer, Json

# Lifetime of an access token in seconds (outreach-api §3.2), for answers that do not tell it. One
# that ends before costs one refused request, and is replaced then.
EXPIRES_IN_S = 7200.0
# What is shorter would not outlive the minute between two mints; what is longer is no lifetime.
LIFETIME_MIN_S = 120.0
LIFETIME_MAX_S = 86_400.0

_JUNK = "\ufeff\0 \t\r\n"
# A member with a text that ends; what replaces an undecodable byte is in no token.
_TOKEN = re.compile(r'"(access_token|refresh_token)"\s*:\s*("(?:[^"\\\ufffd]|\\.)*")')
_ERROR = re.compile(r'"error"\s*:')


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token answer holds; None for what is missing or cannot be used."""

    refresh_token: str | None = field(repr=False)
    access_token: str | None = field(repr=False)
    lifetime_s: float
    scopes: tuple[str, ...] | None = None


def granted(answer: Answer) -> Grant:
    """Everything that can be made of a token answer; of one that cannot be read, nothing.

    An answer that is no success may hold a grant as well, if a front has changed its status; one
    that names an error holds none, whatever it repeats of the request.
    """
    text = _decoded(answer.body)
    members = _members(text)
    well = 200 <= answer.status < 300
    refused = "error" in members if members else _ERROR.search(text) is not None
    looks = {} if refused and not well else _looks_of_tokens(text)
    if refused and not well:
        members = {}
    return Grant(
        refresh_token=_text(members.get("refresh_token")) or _text(looks.get("refresh_token")),
        access_token=(
            _sendable(members.get("access_token")) or _sendable(looks.get("access_token"))
            if well
            else None
        ),
        lifetime_s=lifetime_s(members.get("expires_in")),
        scopes=_scopes(members.get("scope")),
    )


def refusal(answer: Answer) -> str | None:
    """The reason of a refused token request, by RFC 6749; None when it names none.

    Its description stays out, since it may quote a token.
    """
    return _text(_members(_decoded(answer.body)).get("error"))


def lifetime_s(told: Json) -> float:
    """Seconds that an access token may be used, for an `expires_in` of any form."""
    if isinstance(told, str):
        try:
            told = float(told)
        except ValueError:
            return EXPIRES_IN_S
    if isinstance(told, bool) or not isinstance(told, int | float):
        return EXPIRES_IN_S
    # An integer of a thousand digits is no float.
    if told <= 0 or told > LIFETIME_MAX_S or math.isnan(told):
        return EXPIRES_IN_S
    return max(LIFETIME_MIN_S, float(told))


def _scopes(told: Json) -> tuple[str, ...] | None:
    """The granted scopes, told as one text or as a list; None where they are not told."""
    if isinstance(told, list):
        told = " ".join(one for one in cast("list[Json]", told) if isinstance(one, str))
    if not isinstance(told, str):
        return None
    return tuple(dict.fromkeys(told.replace(",", " ").split())) or None


def _decoded(body: bytes) -> str:
    return body.decode(json.detect_encoding(body), errors="replace").strip(_JUNK)


def _members(text: str) -> dict[str, Json]:
    """The first JSON object in the text; what stands behind it, of no use, is ignored."""
    try:
        found, _ = json.JSONDecoder(strict=False).raw_decode(text)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Json]", found) if isinstance(found, dict) else {}


def _looks_of_tokens(text: str) -> dict[str, Json]:
    """What looks like a token's member, wherever it stands; the first of each name."""
    tokens: dict[str, Json] = {}
    for name, quoted in _TOKEN.findall(text):
        try:
            tokens.setdefault(name, json.loads(quoted, strict=False))
        except ValueError:
            continue
    return tokens


def _text(value: Json) -> str | None:
    """A token that a form can carry."""
    if not isinstance(value, str):
        return None
    token = value.strip()
    try:
        token.encode()
    except UnicodeEncodeError:
        return None
    return token or None


def _sendable(value: Json) -> str | None:
    """A token that a header can carry: visible characters of ASCII alone."""
    token = _text(value)
    if token is None or not token.isascii() or not token.isprintable() or " " in token:
        return None
    return token
