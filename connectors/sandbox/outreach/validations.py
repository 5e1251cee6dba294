"""Rules an org puts on its custom fields, published at `/types` and enforced on writes (§10)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal

from connectors.sandbox.outreach.envelope import invalid
from connectors.sandbox.outreach.moments import stored_date

Kind = Literal[
    "boolean",
    "currency",
    "date",
    "date_time",
    "inclusion",
    "multi_inclusion",
    "numerical",
    "percentage",
    "phone_number",
    "string",
    "url",
]

#: Objects that `/types` describes (§10).
DESCRIBED: Final = (
    "account",
    "opportunity",
    "opportunityLineItem",
    "opportunityProspectRole",
    "product",
    "prospect",
    "purchase",
)

_PHONE: Final = re.compile(r"\+?[0-9 ().\-/x]{3,}")
_URL: Final = re.compile(r"https?://\S+")
_MOMENT: Final = "%Y-%m-%dT%H:%M:%S"


@dataclass(frozen=True, slots=True)
class Validation:
    """One custom field's rule; `definition` holds choices, or the currency code."""

    kind: Kind
    label: str = ""
    required: bool = False
    definition: tuple[str, ...] | str | None = None

    def published(self) -> dict[str, Any]:
        """The rule as `/types` shows it."""
        choices = self.definition
        return {
            "type": self.kind,
            "required": self.required,
            "label": self.label,
            "definition": list(choices) if isinstance(choices, tuple) else choices,
        }


def document(rules: Mapping[str, Mapping[str, Validation]], pascal_case: bool) -> dict[str, Any]:
    """The body of `GET /types`; the casing of `type` is not settled, hence the choice."""
    return {
        "data": [
            {
                "type": name[0].upper() + name[1:] if pascal_case else name,
                "meta": {
                    "validations": {
                        field: rule.published() for field, rule in rules.get(name, {}).items()
                    }
                },
            }
            for name in DESCRIBED
        ]
    }


def check(name: str, rule: Validation, value: str | None) -> None:
    """Refuse a value that breaks the rule.

    Raises:
        Refused: 422 `validationError`, Rails style, pointing at the field.
    """
    complaint = _complaint(rule, value)
    if complaint:
        label = name[0].upper() + name[1:]
        raise invalid(f"{label} {complaint}.", f"/data/attributes/{name}")


def _complaint(rule: Validation, value: str | None) -> str | None:
    if value is None or not value.strip():
        return "can't be blank" if rule.required else None
    choices = rule.definition if isinstance(rule.definition, tuple) else ()
    match rule.kind:
        case "inclusion":
            return None if value in choices else "is not included in the list"
        case "multi_inclusion":
            parts = [part.strip() for part in value.split(";")]
            return None if set(parts) <= set(choices) else "is not included in the list"
        case "currency" | "numerical" | "percentage":
            return None if _is_number(value) else "is not a number"
        case "boolean":
            return None if value in ("true", "false") else "is not a boolean"
        case "date" | "date_time":
            return None if _is_moment(rule.kind, value) else "is not a valid date"
        case "phone_number":
            return None if _PHONE.fullmatch(value) else "is not a valid phone number"
        case "url":
            return None if _URL.fullmatch(value) else "is not a valid URL"
        case "string":
            return None


def _is_number(value: str) -> bool:
    try:
        return Decimal(value).is_finite()
    except InvalidOperation:
        return False


def _is_moment(kind: Kind, value: str) -> bool:
    try:
        if kind == "date":
            stored_date(value)
        else:
            datetime.strptime(value, _MOMENT)  # noqa: DTZ007 - the format has no zone
    except ValueError:
        return False
    return True
