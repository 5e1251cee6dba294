"""What each resource looks like: the shapes that every other room of this emulator reads.

`schema.json` is the vendor's OpenAPI document cut down to one line per member:

    attribute      "<type> [<maxLength>] [<flags>]"; flags R read-only, F filterable, S sortable,
                   W write-only; the type `unlisted` is seen live but not in the document
    relationship   "<one|many|link> <target type> <W|R> [<filterable attributes of the target>]"

Source: outreach-api §8, the OpenAPI document.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any, Final

MEDIA_TYPE: Final = "application/vnd.api+json"

#: Collections that stock readers poll and that this emulator holds no records of (§16.11).
EMPTY_COLLECTIONS: Final = frozenset(
    {
        "callDispositions",
        "callPurposes",
        "calls",
        "contentCategories",
        "duties",
        "events",
        "mailboxes",
        "mailings",
        "personas",
        "sequenceStates",
        "sequenceSteps",
        "sequenceTemplates",
        "sequences",
        "snippets",
        "stages",
        "tasks",
        "teams",
        "templates",
    }
)


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute; `length_max` counts characters, None means no limit is stated."""

    name: str
    kind: str
    length_max: int | None = None
    readonly: bool = False
    filterable: bool = False
    sortable: bool = False
    writeonly: bool = False

    @property
    def is_custom(self) -> bool:
        """Whether this is one of the numbered fields that an org defines itself."""
        return self.name.startswith("custom") and self.name[6:].isdigit()


@dataclass(frozen=True, slots=True)
class Relationship:
    """One relationship; `kind` is one, many (embedded) or link (by reference only)."""

    name: str
    kind: str
    target: str
    readonly: bool
    filter_attributes: frozenset[str]


@dataclass(frozen=True)
class Resource:
    """One resource type: its names, its methods and its members."""

    type: str
    plural: str
    methods: frozenset[str]
    attributes: Mapping[str, Attribute]
    relationships: Mapping[str, Relationship]

    @cached_property
    def blank(self) -> dict[str, Any]:
        """Every attribute at its unset value: null, or an empty list (§1). Copy before use."""
        return {
            name: [] if attribute.kind == "strings" else None
            for name, attribute in self.attributes.items()
            if not attribute.writeonly
        }

    @cached_property
    def controller(self) -> str:
        """The server-side name that appears inside cursors (§6.1)."""
        return f"ApiV2::{self.plural[0].upper()}{self.plural[1:]}Controller"


def plural_of(type_name: str) -> str:
    """Collection name of a type, also of types that have no table here."""
    if type_name.endswith("y"):
        return f"{type_name[:-1]}ies"
    return f"{type_name}es" if type_name.endswith(("s", "x", "ch")) else f"{type_name}s"


def _attribute(name: str, line: str) -> Attribute:
    kind, *rest = line.split()
    length = next((int(word) for word in rest if word.isdigit()), None)
    flags = next((word for word in rest if not word.isdigit()), "")
    return Attribute(
        name,
        kind,
        length_max=length,
        readonly="R" in flags,
        filterable="F" in flags,
        sortable="S" in flags,
        writeonly="W" in flags,
    )


def _attributes(lines: Mapping[str, str]) -> dict[str, Attribute]:
    found: dict[str, Attribute] = {}
    for name, line in lines.items():
        stem, dots, last = name.partition("1..")
        names = [f"{stem}{n}" for n in range(1, int(last) + 1)] if dots else [name]
        found |= {one: _attribute(one, line) for one in names}
    return found


def _relationship(name: str, line: str) -> Relationship:
    kind, target, access, *filters = line.split()
    allowed = frozenset(filters[0].split(",")) if filters else frozenset[str]()
    return Relationship(name, kind, target, access == "R", allowed)


def _read() -> dict[str, Resource]:
    text = files("connectors.sandbox.outreach").joinpath("schema.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return {
        type_name: Resource(
            type=type_name,
            plural=entry["plural"],
            methods=frozenset(entry["methods"].split()),
            attributes=_attributes(entry["attributes"]),
            relationships={
                name: _relationship(name, line) for name, line in entry["relationships"].items()
            },
        )
        for type_name, entry in document.items()
    }


RESOURCES: Final[Mapping[str, Resource]] = _read()
BY_PLURAL: Final[Mapping[str, Resource]] = {each.plural: each for each in RESOURCES.values()}

#: Every scope an app may hold for what is served here; `.all` is read, write and delete (§3.3).
ALL_SCOPES: Final = tuple(sorted(f"{plural}.all" for plural in {*BY_PLURAL, *EMPTY_COLLECTIONS}))
