"""What must never be read in an output, and the forms it may come in.

Known secrets are masked by exact match, in plain form and in the forms in which a URL, a JSON
document or an HTTP header carries them. What merely looks like a secret, because of the name in
front of it or its shape, is masked too: a text from elsewhere may quote one nobody here knows.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from urllib.parse import quote

MASK = "***"
# A shorter text would mask ordinary words.
SECRET_CHARS_MIN = 6
# Tokens follow one another for as long as the service runs; of those only the newest are of use.
PASSING_MAX = 32
# A shorter piece of base64 may well stand in a text that has nothing to do with the secret.
_BASE64_CHARS_MIN = 8
_MAIL_HASH_CHARS = 8
# What was made of texts up to this length is remembered.
_WORD_CHARS = 64

_SENSITIVE_NAME = re.compile(
    r"token|secret|password|passwd|authorization|cookie|api[_-]?key", re.IGNORECASE
)
# What stays of the text stands in the first group.
_NAMED = (
    re.compile(
        r"((?:token|secret|password|passwd|api[_-]?key)"
        # An equals sign, or the colon of a quoted name: `api_key: must be ...` is prose.
        r"(?:\\*[\"']?\s*=|\\*[\"']\s*:)\s*\\*[\"']?)"
        r"[^\s\\\"'&,;<>(){}\[\]]+",
        re.IGNORECASE,
    ),
    re.compile(
        r"((?:authorization|cookie|x-api-key)\\*[\"']?\s*[:=]\s*\\*[\"']?)[^\r\n\\\"']+",
        re.IGNORECASE,
    ),
    re.compile(r"(\b(?:bearer|basic)\s+)(?=\S*\d)[^\s\\\"',;]{8,}", re.IGNORECASE),
)
# A cheap look that leaves most texts alone: every pattern above needs one of these.
_NAMES = ("token", "secret", "passw", "authorization", "cookie", "bearer", "basic", "key")
_JWT = re.compile(r"\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?")
_URL = re.compile(
    r"\b([a-z][a-z0-9+.-]{1,15}://)([^\s/?#\"'<>@]*@)?([^\s?\"'<>]*)(\?[^\s\"'<>]*)?",
    re.IGNORECASE,
)
_MAIL = re.compile(r"[\w.+'-]{1,64}(?:@|%40)(?:[\w-]{1,63}\.)+[\w-]{2,63}")


class _Known:
    """The secrets, and every form of each; the longest form first."""

    def __init__(self) -> None:
        self._lasting: dict[str, frozenset[str]] = {}
        self._passing: dict[str, frozenset[str]] = {}
        self.forms: tuple[str, ...] = ()
        self.shortest = 0
        """Characters of the shortest form; what is shorter holds none."""
        self.generation = 0
        """How often the forms have changed."""

    def add(self, texts: Iterable[str], *, passing: bool) -> None:
        new = [text for text in texts if len(text) >= SECRET_CHARS_MIN]
        kept = self._passing if passing else self._lasting
        for text in new:
            # Taken out first, so that a text told again counts as the newest.
            kept[text] = kept.pop(text, None) or _forms(text)
        if passing:
            for oldest in list(islice(kept, max(0, len(kept) - PASSING_MAX))):
                del kept[oldest]
        forms = {form for one in (self._lasting, self._passing) for form in one.values()}
        # The longest first: one secret may be part of another, whose rest would be left to read.
        self.forms = tuple(sorted(frozenset[str]().union(*forms), key=len, reverse=True))
        self.shortest = len(self.forms[-1]) if self.forms else 0
        self.generation += 1


_known = _Known()


def keep_secret(texts: Iterable[str], *, passing: bool = False) -> None:
    """Never let these texts out; those of less than SECRET_CHARS_MIN characters are left alone.

    Args:
        passing: tokens that others will replace; the newest PASSING_MAX of them are remembered.
    """
    _known.add(texts, passing=passing)


def redact(text: str, *, mails: bool = False) -> str:
    """The text with every known secret masked, and with it what looks like one.

    Args:
        mails: each e-mail address is replaced by a hash as well, the same one every time.
    """
    # The same names and words come again and again.
    if len(text) <= _WORD_CHARS:
        return _redacted(text, _known.generation, mails)
    return _without_mails(_masked(text)) if mails else _masked(text)


@lru_cache(maxsize=4096)
def _redacted(text: str, _generation: int, mails: bool) -> str:
    return _without_mails(_masked(text)) if mails else _masked(text)


def _masked(text: str) -> str:
    if len(text) >= _known.shortest and any(map(text.__contains__, _known.forms)):
        for form in _known.forms:
            text = text.replace(form, MASK)
    if "://" in text:
        text = _URL.sub(_without_query, text)
    if "eyJ" in text:
        text = _JWT.sub(MASK, text)
    lowered = text.lower()
    if any(map(lowered.__contains__, _NAMES)):
        for pattern in _NAMED:
            text = pattern.sub(rf"\1{MASK}", text)
    return text


@lru_cache(maxsize=1000)
def is_sensitive(name: str) -> bool:
    """Whether what goes by this name is to be masked whatever it is; numbers excepted."""
    return _SENSITIVE_NAME.search(name) is not None


def _without_mails(text: str) -> str:
    if "@" not in text and "%40" not in text:
        return text
    return _MAIL.sub(_hashed, text)


def _hashed(found: re.Match[str]) -> str:
    address = found.group().replace("%40", "@").lower()
    return f"mail-{sha256(address.encode()).hexdigest()[:_MAIL_HASH_CHARS]}"


def _without_query(found: re.Match[str]) -> str:
    scheme, user, rest, query = found.groups()
    return f"{scheme}{f'{MASK}@' if user else ''}{rest}{f'?{MASK}' if query else ''}"


def _quoted(text: str, safe: str = "") -> str:
    # A setting from the environment may hold bytes that are no text.
    return quote(text, safe, errors="surrogateescape")


_SPELLINGS: tuple[Callable[[str], str], ...] = (
    _quoted,
    lambda text: _quoted(text, "/"),
    lambda text: _quoted(text, " ").replace(" ", "+"),
    lambda text: re.sub("%[0-9A-F]{2}", lambda found: found.group().lower(), _quoted(text)),
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: repr(text)[1:-1],
)


def _forms(secret: str) -> frozenset[str]:
    """The secret in every spelling, and in every spelling of those: JSON holds JSON as a text."""
    once = {secret, *(spell(secret) for spell in _SPELLINGS)}
    twice = {spell(text) for text in once for spell in _SPELLINGS}
    return frozenset(once | twice | set(_inside_base64(secret)))


def _inside_base64(secret: str) -> Iterable[str]:
    """What is always the same in the base64 of any bytes around the secret, as in `user:secret`.

    Three bytes make four characters, so there are three ways to stand; the characters that also
    depend on a neighbour are left out.
    """
    carried = secret.encode(errors="surrogateescape")
    for before in range(3):
        last = (before + len(carried)) * 8 // 6
        first = -(-before * 8 // 6)
        for encode in (b64encode, urlsafe_b64encode):
            inside = encode(b"\0" * before + carried).decode()[first:last]
            if len(inside) >= _BASE64_CHARS_MIN:
                yield inside
