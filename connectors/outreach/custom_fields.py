"""What an organisation has laid down for its custom fields, without I/O (outreach-api §10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import cast

from connectors.outreach.protocol import Request, Requests
from connectors.outreach.spelling import normalised
from connectors.outreach.wire import Types, Validation
from engine import FieldKind, Json, TargetField

# The kinds of rule that are more than text; any other, known or not, is plain text.
_KINDS: Mapping[str, FieldKind] = MappingProxyType(
    {
        "boolean": FieldKind.BOOLEAN,
        "currency": FieldKind.DECIMAL,
        "numerical": FieldKind.DECIMAL,
        "percentage": FieldKind.DECIMAL,
        "date": FieldKind.DATE,
        "date_time": FieldKind.DATETIME,
        "multi_inclusion": FieldKind.LIST,
    }
)
_WITH_CHOICES = frozenset({"inclusion", "multi_inclusion"})


def request(requests: Requests) -> Request:
    """GET the rules of every record type."""
    return requests.read("/types", "types", {})


def rules_of(types: Types, resource_type: str) -> Mapping[str, Validation]:
    """The rules of one record type by attribute; none when the answer does not describe it."""
    wanted = resource_type.casefold()
    rules: dict[str, Validation] = {}
    for described in types.data:
        if (described.type or "").casefold() == wanted:
            rules.update(described.meta.validations)
    return rules


def ruled(
    fields: Mapping[str, TargetField], rules: Mapping[str, Validation]
) -> Mapping[str, TargetField]:
    """The fields, with label, kind, need and choices of those custom fields that have a rule."""
    return MappingProxyType(
        {
            name: _ruled(field, rules[name]) if field.as_text and name in rules else field
            for name, field in fields.items()
        }
    )


def _ruled(field: TargetField, rule: Validation) -> TargetField:
    kind = (rule.type or "").strip().casefold()
    return replace(
        field,
        kind=_KINDS.get(kind, FieldKind.TEXT),
        label=" ".join((rule.label or "").split()) or None,
        required=rule.required,
        choices=_choices(rule.definition) if kind in _WITH_CHOICES else (),
    )


def _choices(definition: Json) -> tuple[str, ...]:
    if not isinstance(definition, list):
        return ()
    texts = (normalised(str(one)) for one in cast("list[object]", definition))
    return tuple(dict.fromkeys(text for text in texts if text))
