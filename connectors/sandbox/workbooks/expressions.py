"""The boolean grammar of `_fm` (workbooks-api §5): `(1 OR NOT 2) AND 3`.

Precedence without parentheses is not documented; here NOT binds closest, then AND, XOR and OR.
"""

import re
from collections.abc import Callable, Sequence

from connectors.sandbox.workbooks.refusals import unsuitable
from connectors.sandbox.workbooks.selections import (
    Selection,
    all_of,
    any_of,
    everything,
    none_of,
    one_of,
)

_TOKEN = re.compile(r"\s*(?:(\d+)|(AND|OR|XOR|NOT)\b|([()!]))", re.IGNORECASE)


def combine(expression: str, filters: Sequence[Selection]) -> Selection:
    """Join filters as `_fm` says: `and` (also when blank), `or`, or an expression of numbers.

    Raises:
        Refusal: 406, the expression is not one, or names a filter that is not there.
    """
    word = expression.strip().lower()
    if word in ("", "and", "or") and not filters:
        return everything()
    if word in ("", "and"):
        return all_of(filters)
    if word == "or":
        return any_of(filters)
    return _Parser(_tokens(expression), filters).whole()


def _tokens(expression: str) -> list[str]:
    tokens: list[str] = []
    place, end = 0, len(expression.rstrip())
    while place < end:
        found = _TOKEN.match(expression, place)
        if not found:
            raise unsuitable(f"Cannot read filter expression at '{expression[place : place + 20]}'")
        tokens.append(found[0].strip().upper().replace("!", "NOT"))
        place = found.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[str], filters: Sequence[Selection]) -> None:
        self._tokens = tokens
        self._filters = filters
        self._place = 0

    def whole(self) -> Selection:
        made = self._any()
        if self._place != len(self._tokens):
            raise unsuitable(f"Unexpected '{self._tokens[self._place]}' in filter expression")
        return made

    def _any(self) -> Selection:
        return any_of(self._joined("OR", self._exclusive))

    def _exclusive(self) -> Selection:
        parts = self._joined("XOR", self._all)
        made = parts[0]
        for part in parts[1:]:
            made = one_of(made, part)
        return made

    def _all(self) -> Selection:
        return all_of(self._joined("AND", self._one))

    def _joined(self, word: str, inner: Callable[[], Selection]) -> list[Selection]:
        parts = [inner()]
        while self._take(word):
            parts.append(inner())
        return parts

    def _one(self) -> Selection:
        if self._take("NOT"):
            return none_of(self._one())
        if self._take("("):
            inner = self._any()
            if not self._take(")"):
                raise unsuitable("Unclosed parenthesis in filter expression")
            return inner
        token = self._tokens[self._place] if self._place < len(self._tokens) else "its end"
        if not token.isdigit() or not 1 <= int(token) <= len(self._filters):
            raise unsuitable(f"Filter expression has no filter at '{token}'")
        self._place += 1
        return self._filters[int(token) - 1]

    def _take(self, token: str) -> bool:
        if self._place < len(self._tokens) and self._tokens[self._place] == token:
            self._place += 1
            return True
        return False
