"""The writable fields of an Outreach opportunity, from the vendor's schema (outreach-api §8.1).

Left out on purpose: read-only attributes, `trashedAt`, the mutual action plan's `map*` attributes,
and relationships that are to-many or not known to be writable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from engine import FieldKind, TargetField

CUSTOM_FIELDS = 150
CUSTOM_CHARS_MAX = 32_000

# Fields whose values follow a rule of their own.
CLOSE_DATE = "closeDate"
PRECISE_AMOUNT = "amountPrecise"
EMAILS = "emails"

# To-one relationships we write, with the resource type each points at; a name means the same on
# every resource. `opportunityStage` is the writable one; `stage` only mirrors it.
RELATIONSHIPS: Mapping[str, str] = MappingProxyType(
    {
        "owner": "user",
        "opportunityStage": "opportunityStage",
        "account": "account",
        "opportunity": "opportunity",
        "prospect": "prospect",
    }
)

# Typed by the organisation itself, so plain text until its rules are known (outreach-api §10).
_CUSTOMS = tuple(
    TargetField(f"custom{number}", FieldKind.TEXT, chars_max=CUSTOM_CHARS_MAX, as_text=True)
    for number in range(1, CUSTOM_FIELDS + 1)
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
}

_OTHERS = (
    TargetField("name", FieldKind.TEXT, chars_max=255, required=True),
    TargetField("amount", FieldKind.INTEGER),
    TargetField(PRECISE_AMOUNT, FieldKind.DECIMAL, chars_max=15),
    TargetField(CLOSE_DATE, FieldKind.DATE),
    TargetField("probability", FieldKind.INTEGER),
    TargetField("externalCreatedAt", FieldKind.DATETIME),
    TargetField("externalUpdatedAt", FieldKind.DATETIME),
    TargetField("tags", FieldKind.LIST),
    TargetField("owner", FieldKind.USER),
    TargetField("opportunityStage", FieldKind.STAGE),
    TargetField("account", FieldKind.ACCOUNT),
)


def with_customs(
    texts: Mapping[str, int | None], others: Iterable[TargetField]
) -> Mapping[str, TargetField]:
    """All fields of a record by name: texts with their most characters, the others, the customs."""
    plain = (TargetField(name, FieldKind.TEXT, chars_max=most) for name, most in texts.items())
    return MappingProxyType({field.name: field for field in (*others, *plain, *_CUSTOMS)})


FIELDS = with_customs(_TEXTS, _OTHERS)
