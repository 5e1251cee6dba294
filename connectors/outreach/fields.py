"""The writable fields of an Outreach opportunity, from the vendor's schema (outreach-api §8.1).

Left out on purpose: read-only attributes, `trashedAt`, the mutual action plan's `map*` attributes,
and relationships that are to-many or not known to be writable.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from engine import FieldKind, TargetField

CUSTOM_FIELDS = 150
CUSTOM_CHARS_MAX = 32_000

# To-one relationships we write, with the resource type each points at. `opportunityStage` is the
# writable one; `stage` only mirrors it.
RELATIONSHIPS: Mapping[str, str] = MappingProxyType(
    {"owner": "user", "opportunityStage": "opportunityStage", "account": "account"}
)

_TEXTS = {
    "currencyType": 255,
    "description": 65_535,
    "nextStep": 65_535,
    "opportunityType": 255,
    "leadSource": 32_000,
    "lostReason": 32_000,
    "forecastCategory": 32_000,
    "recordType": 32_000,
    "customId": 255,
    "prospectingRepId": 255,
    "sharingTeamId": 255,
} | {f"custom{number}": CUSTOM_CHARS_MAX for number in range(1, CUSTOM_FIELDS + 1)}

_OTHERS = (
    TargetField("name", FieldKind.TEXT, chars_max=255, required=True),
    TargetField("amount", FieldKind.INTEGER),
    TargetField("amountPrecise", FieldKind.DECIMAL, chars_max=15),
    TargetField("closeDate", FieldKind.DATE),
    TargetField("probability", FieldKind.INTEGER),
    TargetField("externalCreatedAt", FieldKind.DATETIME),
    TargetField("externalUpdatedAt", FieldKind.DATETIME),
    TargetField("tags", FieldKind.LIST),
    TargetField("owner", FieldKind.USER),
    TargetField("opportunityStage", FieldKind.STAGE),
    TargetField("account", FieldKind.ACCOUNT),
)

FIELDS: Mapping[str, TargetField] = MappingProxyType(
    {field.name: field for field in _OTHERS}
    | {name: TargetField(name, FieldKind.TEXT, chars_max=most) for name, most in _TEXTS.items()}
)
