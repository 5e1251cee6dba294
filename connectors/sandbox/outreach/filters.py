"""Both filter syntaxes, read into tests on rows (§6.2).

A filter that a look-up can answer also says so, so that finding one record among a hundred thousand
does not visit them all.
"""

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

from connectors.sandbox.outreach.envelope import invalid
from connectors.sandbox.outreach.knobs import OutreachKnobs
from connectors.sandbox.outreach.moments import comparable_instant, epoch
from connectors.sandbox.outreach.query import Query
from connectors.sandbox.outreach.rows import Row, Table, folded
from connectors.sandbox.outreach.schema import RESOURCES, Attribute, Resource

Operator = Literal["", "list", "gte", "lte"]
Test = Callable[[Any], bool]

_SEGMENT: Final = re.compile(r"\[([^\]]*)\]")
_OPERATORS: Final[Mapping[str, Operator]] = {"": "list", "gte": "gte", "lte": "lte"}
_PREFIXED: Final[Mapping[str, tuple[str, ...]]] = {
    "account": ("name", "domain"),
    "prospect": ("name", "firstName", "lastName", "emails"),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A test on rows; `narrow` is a look-up and the values that alone can pass it."""

    test: Callable[[Row], bool]
    narrow: tuple[str, frozenset[Hashable]] | None = None


@dataclass(frozen=True, slots=True)
class Operand:
    """What a value is compared with; `values` only where it must be one of several."""

    test: Test
    values: frozenset[Hashable] | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """How one filter compares: its operator and the texts that follow the equals sign."""

    operator: Operator
    values: tuple[str, ...]
    new_syntax: bool


class Filters:
    """Reads the filters of one resource."""

    def __init__(
        self, resource: Resource, tables: Mapping[str, Table], knobs: OutreachKnobs
    ) -> None:
        self._resource = resource
        self._tables = tables
        self._knobs = knobs

    def read(self, query: Query) -> list[Condition]:
        """Every filter of a request; they combine with AND.

        Raises:
            Refused: 422 for a key that cannot be filtered on, or a value of the wrong type (§15.7).
        """
        new_syntax = query.is_true("newFilterSyntax")
        return [
            self._condition(_SEGMENT.findall(key), values, new_syntax)
            for key, values in query.grouped("filter[")
        ]

    def _condition(self, path: list[str], values: list[str], new_syntax: bool) -> Condition:
        if not path:
            raise invalid("A filter needs the name of an attribute.")
        name, rest = path[0], path[1:]
        if name == "q" and self._resource.type in _PREFIXED and not rest:
            return self._prefix(values[-1])
        attribute = _filterable(self._resource, name)
        if attribute is not None:
            comparison = Comparison(_operator(rest, new_syntax), tuple(values), new_syntax)
            operand = self._operand(attribute, comparison)
            narrow = self._narrow(name, operand)
            return Condition(lambda row: operand.test(row.value(name)), narrow)
        if not rest:
            raise invalid(f"'{name}' is not a filterable attribute.")
        comparison = Comparison(_operator(rest[1:], new_syntax), tuple(values), new_syntax)
        return self._related(name, rest[0], comparison)

    def _prefix(self, start: str) -> Condition:
        names = _PREFIXED[self._resource.type]
        wanted = start.casefold()

        def test(row: Row) -> bool:
            return any(
                text.startswith(wanted)
                for name in names
                for text in _listed(row.value(name))
                if isinstance(text, str)
            )

        return Condition(test)

    def _related(self, name: str, member: str, comparison: Comparison) -> Condition:
        link = _alias(self._resource, name)
        relationship = self._resource.relationships.get(link)
        if member == "id" and (self._resource.type, link) in _REVERSED:
            return self._reversed(link, self._operand(_ID, comparison))
        if relationship is None or member not in relationship.filter_attributes:
            raise invalid(f"'{name}.{member}' is not a filterable attribute.")
        if member == "id":
            wanted = self._operand(_ID, comparison)
            narrow = self._narrow(link, wanted)
            return Condition(lambda row: wanted.test(row.relationships.get(link)), narrow)
        return self._by_related_member(link, relationship.target, member, comparison)

    def _by_related_member(
        self, link: str, target: str, member: str, comparison: Comparison
    ) -> Condition:
        table = self._tables.get(target)
        attribute = _filterable(RESOURCES[target], member) if table is not None else None
        if table is None or attribute is None:
            return Condition(lambda _row: False)
        operand = self._operand(attribute, comparison)

        def test(row: Row) -> bool:
            related = table.get(row.relationships.get(link))
            return related is not None and operand.test(related.value(member))

        return Condition(test)

    def _reversed(self, link: str, wanted: Operand) -> Condition:
        via, parent, child = _REVERSED[self._resource.type, link]
        lookup_values = wanted.values
        if lookup_values is None:
            raise invalid(f"'{link}.id' can only be compared with ids.")
        rows = self._tables[via].seen_among(parent, lookup_values)
        ids = frozenset[Hashable](
            row.relationships[child]
            for row in rows
            if child in row.relationships and wanted.test(_parent_id(row, parent))
        )
        return Condition(lambda row: row.id in ids, ("id", ids))

    def _narrow(self, name: str, operand: Operand) -> tuple[str, frozenset[Hashable]] | None:
        table = self._tables[self._resource.type]
        indexed = name == "id" or name in table.lookups
        return (name, operand.values) if indexed and operand.values is not None else None

    def _operand(self, attribute: Attribute, comparison: Comparison) -> Operand:
        text = comparison.values[-1]
        if text in ("__null__", "__notnull__"):
            wants_null = text == "__null__"
            return Operand(lambda value: (value in (None, [])) is wants_null)
        match comparison.operator:
            case "gte":
                return self._between(attribute, text, None)
            case "lte":
                return self._between(attribute, None, text)
            case "list":
                return _one_of(attribute, comparison.values)
            case "":
                pass
        if comparison.new_syntax:
            return _one_of(attribute, [text])
        if ".." not in text:
            return _one_of(attribute, text.split(","))
        low, _, high = text.partition("..")
        return self._between(
            attribute, None if low == "neginf" else low, None if high == "inf" else high
        )

    def _between(self, attribute: Attribute, low: str | None, high: str | None) -> Operand:
        least = None if low is None else _converted(attribute, low)
        most = None if high is None else _converted(attribute, high)
        if isinstance(most, float):
            most += self._knobs.upper_bound_slack_s

        def test(value: Any) -> bool:
            return any(
                (least is None or each >= least) and (most is None or each <= most)
                for each in _listed(value)
            )

        return Operand(test)


_ID: Final = Attribute("id", "integer", filterable=True, sortable=True)

# Collections reached from the other side, as `links.related` and the prose both write them (§2):
# (resource, relationship) -> (table in between, its look-up, its link to the wanted record).
_REVERSED: Final[Mapping[tuple[str, str], tuple[str, str, str]]] = {
    ("prospect", "opportunities"): ("opportunityProspectRole", "opportunity", "prospect"),
    ("opportunity", "prospects"): ("opportunityProspectRole", "prospect", "opportunity"),
    ("user", "opportunity"): ("opportunity", "id", "owner"),
}
_ALIASES: Final[Mapping[tuple[str, str], str]] = {
    ("prospect", "opportunity"): "opportunities",
    ("opportunity", "prospect"): "prospects",
    ("opportunity", "stage"): "opportunityStage",
    ("user", "opportunities"): "opportunity",
}


def _alias(resource: Resource, name: str) -> str:
    return _ALIASES.get((resource.type, name), name)


def _parent_id(row: Row, parent: str) -> int | None:
    return row.id if parent == "id" else row.relationships.get(parent)


def _listed(value: Any) -> list[Any]:
    if isinstance(value, list):
        return cast("list[Any]", value)
    return [] if value is None else [value]


def _filterable(resource: Resource, name: str) -> Attribute | None:
    if name == "id":
        return _ID
    attribute = resource.attributes.get(name)
    return attribute if attribute is not None and attribute.filterable else None


def _operator(rest: list[str], new_syntax: bool) -> Operator:
    if not rest:
        return ""
    # The bracketed operators belong to the new syntax only; `gt` and `lt` to neither (§6.2).
    operator = _OPERATORS.get(rest[0]) if new_syntax and len(rest) == 1 else None
    if operator is None:
        raise invalid(f"'{'.'.join(rest)}' is not a known filter.")
    return operator


def _one_of(attribute: Attribute, texts: Sequence[str]) -> Operand:
    wanted = frozenset[Hashable](_converted(attribute, text) for text in texts)
    return Operand(lambda value: any(each in wanted for each in _listed(value)), wanted)


def _converted(attribute: Attribute, text: str) -> Any:
    try:
        match attribute.kind:
            case "integer":
                return int(text)
            case "number":
                return float(text)
            case "boolean":
                return {"true": True, "false": False}[text]
            case "date-time" if attribute.name in ("createdAt", "updatedAt"):
                return epoch(text)
            case "date-time":
                return folded(comparable_instant(text))
            case _:
                return folded(text)
    except (KeyError, ValueError) as error:
        raise invalid(f"'{text}' is not a valid value for '{attribute.name}'.") from error
