"""Shapes exactly as on the wire: resources, collections, error envelopes, token answers.

Unknown members are ignored, since live payloads carry more than the vendor's schema says
(outreach-api §1). Validation errors never show the input: it may be a token or a customer's record.
"""

from __future__ import annotations

from typing import Annotated, TypeVar, cast

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PositiveInt,
    ValidationError,
    model_validator,
)

from engine import Json


def _text_or_none(value: Json) -> str | None:
    return str(value) if isinstance(value, str | int) else None


def _mapping_or_none(value: Json) -> dict[str, Json] | None:
    return cast("dict[str, Json]", value) if isinstance(value, dict) else None


def _entries(value: Json) -> dict[str, Json]:
    named = _mapping_or_none(value) or {}
    return {name: entry for name, entry in named.items() if isinstance(entry, dict)}


def _mapping(value: Json) -> dict[str, Json]:
    return _mapping_or_none(value) or {}


Entry = TypeVar("Entry")
# More than any page has. A list of millions of wrong
# entries would otherwise become as many mistakes, each larger than an entry.
ENTRIES_MAX = 10_000
Entries = Annotated[list[Entry], Field(max_length=ENTRIES_MAX)]

LenientText = Annotated[str | None, BeforeValidator(_text_or_none)]


class Wire(BaseModel):
    """Base of every shape."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Resource(Wire):
    """One resource object; ids are JSON integers, digit strings are tolerated (§1, §2)."""

    id: PositiveInt
    type: LenientText = None
    attributes: dict[str, Json] = Field(default_factory=dict[str, Json])
    relationships: dict[str, Json] = Field(default_factory=dict[str, Json])


class Document(Wire):
    """Envelope of a single resource (§2)."""

    data: Resource


class Validation(Wire):
    """What an organisation has laid down for one custom field (§10)."""

    type: LenientText = None
    label: LenientText = None
    required: Annotated[bool, BeforeValidator(lambda value: value is True)] = False
    definition: Json = None


class TypeMeta(Wire):
    """The rules of one record type, by attribute (§10)."""

    validations: Annotated[dict[str, Validation], BeforeValidator(_entries)] = Field(
        default_factory=dict[str, Validation]
    )


class RecordKind(Wire):
    """One record type as `/types` describes it; the letter case of `type` is not settled (§10)."""

    type: LenientText = None
    meta: Annotated[TypeMeta, BeforeValidator(_mapping)] = Field(default_factory=TypeMeta)


class Types(Wire):
    """Envelope of `/types` (§10)."""

    data: Entries[RecordKind]


class Links(Wire):
    """Paging links; `next` is absent or null on the last page (§6.1)."""

    next: str | None = None


class Collection(Wire):
    """Envelope of a collection; `links` is missing when it is empty (§6.1)."""

    data: Entries[Resource]
    links: Links | None = None


class ReadableCollection(Collection):
    """A collection of which one odd row does not spoil the others; why it is odd is kept."""

    unreadable: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _skip_unreadable(cls, found: Json) -> Json:
        given = _mapping_or_none(found)
        if given is None or not isinstance(given.get("data"), list):
            return found
        if len(given["data"]) > ENTRIES_MAX:
            return found
        shown: list[Resource] = []
        odd: list[str] = []
        for number, row in enumerate(given["data"], start=1):
            try:
                shown.append(Resource.model_validate(row))
            except ValidationError as error:
                # The place and what is expected there, never the value.
                [first, *_] = error.errors(include_url=False)
                place = ".".join(map(str, first["loc"])) or "all of it"
                odd.append(f"row {number} of the page: {place}: {first['msg']}")
        return {**given, "data": shown, "unreadable": tuple(odd)}


class Source(Wire):
    """Where in the request an error lies, as a JSON Pointer (§5)."""

    pointer: LenientText = None


class Problem(Wire):
    """One member of an error envelope (§5).

    The 415 body spells the detail `details`; `code` is unpublished, but seen by one live client.
    """

    id: LenientText = None
    code: LenientText = None
    title: LenientText = None
    detail: LenientText = None
    details: LenientText = None
    source: Annotated[Source | None, BeforeValidator(_mapping_or_none)] = None


class GatewayProblem(Wire):
    """The bare object some failures are answered with by the gateway in front (§5)."""

    error: str
    description: LenientText = None
    error_description: LenientText = None
