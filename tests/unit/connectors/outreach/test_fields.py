"""Fields: the writable surface of an opportunity."""

from __future__ import annotations

from connectors.outreach.fields import FIELDS, RELATIONSHIPS
from engine import FieldKind


def test_every_custom_field_is_writable_text() -> None:
    """Custom mappings are the reason a configuration names them."""
    for number in (1, 35, 150):
        field = FIELDS[f"custom{number}"]
        assert (field.kind, field.chars_max) == (FieldKind.TEXT, 32_000)
    assert "custom0" not in FIELDS
    assert "custom151" not in FIELDS


def test_fields_that_must_not_be_written_are_absent() -> None:
    """Read-only attributes are refused, and the others belong to somebody else."""
    for name in ("createdAt", "updatedAt", "touchedAt", "trashedAt", "stage", "mapLink"):
        assert name not in FIELDS


def test_kinds_suit_the_conversions_the_engine_offers() -> None:
    """The kind picks the default conversion of a custom mapping."""
    kinds = {
        "closeDate": FieldKind.DATE,
        "externalCreatedAt": FieldKind.DATETIME,
        "amount": FieldKind.INTEGER,
        "probability": FieldKind.INTEGER,
        "amountPrecise": FieldKind.DECIMAL,
        "tags": FieldKind.LIST,
        "owner": FieldKind.USER,
        "opportunityStage": FieldKind.STAGE,
        "account": FieldKind.ACCOUNT,
        "description": FieldKind.TEXT,
    }

    assert {name: FIELDS[name].kind for name in kinds} == kinds
    assert {"owner", "opportunityStage", "account"} <= set(RELATIONSHIPS)


def test_only_the_name_is_required() -> None:
    """A live opportunity exists with everything else blank."""
    assert [field.name for field in FIELDS.values() if field.required] == ["name"]
