"""Parameters of a request, out of query and body, in every spelling callers use (§2)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import cast
from urllib.parse import unquote_plus

from connectors.sandbox.workbooks.fields import nested_name
from connectors.sandbox.workbooks.formats import is_true
from connectors.sandbox.workbooks.refusals import unsuitable

_FORM = "application/x-www-form-urlencoded"


@dataclass(slots=True)
class Params:
    """Merged parameters: `singles` as `name=value`, `arrays` as `name[]=value`, in order sent."""

    singles: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    arrays: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def text(self, name: str) -> str | None:
        """The last value of a parameter, whether or not it came with brackets."""
        values = self.every(name)
        return values[-1] if values else None

    def credential(self, name: str) -> str | None:
        """As `text`, where missing, empty, null and a literal `None` are all absent (§2.7)."""
        value = self.text(name)
        return None if value in (None, "", "None", ":null_value:") else value

    def every(self, name: str) -> list[str]:
        """All values of a parameter, with and without brackets (§2.3)."""
        return self.arrays.get(name, []) + self.singles.get(name, [])

    def flag(self, *names: str) -> bool | None:
        """A boolean under any of its spellings; None when not given."""
        for name in names:
            value = self.text(name)
            if value is not None:
                return is_true(value)
        return None

    def fingerprint(self) -> str:
        """Equal for two sendings of the same request; the cache-buster `_dc` does not count."""
        kept = {name: value for name, value in self.singles.items() if name != "_dc"}
        return json.dumps([kept, self.arrays], sort_keys=True)


def read_params(query: str, body: bytes, content_type: str) -> Params:
    """Merge query and body; a body is read for every verb, GET included (§2.2).

    Raises:
        Refusal: 406, a body that is neither a form nor JSON.
    """
    params = Params()
    pairs = [*form_pairs(query)]
    kind = content_type.partition(";")[0].strip().lower()
    if body and kind == "application/json":
        pairs += _json_pairs(body)
    elif body and kind == _FORM:
        pairs += form_pairs(body.decode("utf-8", "replace"))
    elif body:
        raise unsuitable(f"Content-Type must be {_FORM}")
    for name, value in pairs:
        _add(params, name, value)
    return params


def form_pairs(text: str) -> Iterator[tuple[str, str]]:
    """Names and values of a form, blank ones too, as `urllib.parse.parse_qsl` reads them."""
    for pair in text.split("&"):
        if pair:
            name, _, value = pair.partition("=")
            yield _name(name), unquote_plus(value)


@lru_cache(maxsize=1024)
def _name(quoted: str) -> str:
    """The same names come with every request."""
    return unquote_plus(quoted)


def _add(params: Params, name: str, value: str) -> None:
    kind = params.arrays if name.endswith("[]") else params.singles
    kind.setdefault(nested_name(name), []).append(value)


def _json_pairs(body: bytes) -> Iterator[tuple[str, str]]:
    try:
        read: object = json.loads(body)
    except ValueError as error:
        raise unsuitable("The body is not JSON") from error
    if not isinstance(read, dict):
        raise unsuitable("The body is not a JSON object")
    for name, value in cast("dict[str, object]", read).items():
        elements = None if name == "_filter_json" else _elements(value)
        if elements is None:
            yield name, json_text(value)
            continue
        array = name if name.endswith("[]") else f"{name}[]"
        yield from ((array, json_text(element)) for element in elements)


def _elements(value: object) -> list[object] | None:
    return cast("list[object]", value) if isinstance(value, list) else None


def json_text(value: object) -> str:
    """A JSON value as the form field it stands for; a flat list is an unquoted array (§6.1)."""
    if isinstance(value, str):
        return value
    if value is None:
        return ":null_value:"
    parts = _elements(value)
    if parts is None or any(isinstance(part, list | dict) for part in parts):
        return json.dumps(value)
    return f"[{','.join(json_text(part) for part in parts)}]"
