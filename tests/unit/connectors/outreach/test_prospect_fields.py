"""Prospect fields: the writable surface of a person, and what each takes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.outreach.mapping import encode, observe
from connectors.outreach.prospect_fields import PROSPECT_FIELDS
from engine import FieldKind, Rejected, Value


@pytest.mark.parametrize(
    ("name", "kind", "chars_max"),
    [
        ("firstName", FieldKind.TEXT, 255),
        ("company", FieldKind.TEXT, None),
        ("linkedInUrl", FieldKind.TEXT, 1000),
        ("websiteUrl2", FieldKind.TEXT, 65_535),
        ("personalNote1", FieldKind.TEXT, 65_535),
        ("custom150", FieldKind.TEXT, 32_000),
        ("externalId", FieldKind.TEXT, 255),
        ("emails", FieldKind.LIST, 255),
        ("voipPhones", FieldKind.LIST, None),
        ("tags", FieldKind.LIST, None),
        ("optedOut", FieldKind.BOOLEAN, None),
        ("score", FieldKind.DECIMAL, None),
        ("dateOfBirth", FieldKind.DATE, None),
        ("availableAt", FieldKind.DATETIME, None),
        ("owner", FieldKind.USER, None),
        ("account", FieldKind.ACCOUNT, None),
    ],
)
def test_a_field_has_the_kind_and_length_of_the_vendors_schema(
    name: str, kind: FieldKind, chars_max: int | None
) -> None:
    """An over-long text earns a refusal that names no field."""
    assert (PROSPECT_FIELDS[name].kind, PROSPECT_FIELDS[name].chars_max) == (kind, chars_max)


@pytest.mark.parametrize(
    "name", ["name", "openCount", "engagedScore", "timeZoneIana", "trashedAt", "stage", "customId"]
)
def test_what_cannot_be_written_is_absent(name: str) -> None:
    """Read-only attributes are refused, and a prospect has no key of ours."""
    assert name not in PROSPECT_FIELDS


def test_a_person_may_be_blank_in_every_field() -> None:
    """The vendor takes a prospect without any attribute."""
    assert [field.name for field in PROSPECT_FIELDS.values() if field.required] == []


@pytest.mark.parametrize(
    ("name", "value", "canonical"),
    [
        ("dateOfBirth", date(1980, 5, 4), "1980-05-04"),
        ("dateOfBirth", datetime(1980, 5, 4, 23, 30, tzinfo=UTC), "1980-05-04"),
        ("dateOfBirth", "1980-05-04", "1980-05-04"),
        ("score", Decimal("7.25"), 7.25),
        ("score", 7, 7.0),
        ("emailOptedOut", False, False),
        ("emails", "ada@x.com", ["ada@x.com"]),
        ("emails", ("b@x.com", " a@x.com ", "", "b@x.com"), ["a@x.com", "b@x.com"]),
        ("emails", ("Ada@x.com", "ada@X.com"), ["Ada@x.com"]),
        ("emails", None, []),
        ("workPhones", ("2", "1"), ["1", "2"]),
        ("addressStreet", "1 High St\r\nFloor 2", "1 High St\nFloor 2"),
        ("owner", 3, 3),
    ],
)
def test_a_value_of_a_person_has_one_canonical_form(
    name: str, value: Value, canonical: Any
) -> None:
    """What is sent is decided here and nowhere else."""
    encoded = encode(PROSPECT_FIELDS[name], value)

    assert encoded == canonical
    assert type(encoded) is type(canonical)


@pytest.mark.parametrize(
    "address",
    ["ada", "ada@", "@x.com", "a@b@x.com", "ada @x.com", "ada@x\n.com", f"{'a' * 250}@x.com"],
)
def test_what_is_no_address_is_rejected_by_its_field_and_not_quoted(address: str) -> None:
    """A person is found by the address, so a wrong one must not get through."""
    with pytest.raises(Rejected) as caught:
        encode(PROSPECT_FIELDS["emails"], ("good@x.com", address))

    assert caught.value.field == "emails"
    assert address not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("firstName", "x" * 256),
        ("score", "high"),
        ("dateOfBirth", "May"),
        ("optedOut", "no"),
        ("mobilePhones", 5),
    ],
)
def test_a_value_outreach_would_refuse_for_a_person_is_rejected(name: str, value: Value) -> None:
    """A refusal costs a request and says less."""
    with pytest.raises(Rejected) as caught:
        encode(PROSPECT_FIELDS[name], value)

    assert caught.value.field == name


@pytest.mark.parametrize(
    ("name", "raw", "canonical"),
    [
        ("dateOfBirth", "1980-05-04", "1980-05-04"),
        ("dateOfBirth", "1980-05-04T00:00:00.000Z", "1980-05-04"),
        ("dateOfBirth", "unknown", "unknown"),
        ("dateOfBirth", 1980, "1980"),
        ("score", 7, 7.0),
        ("score", "7.25", 7.25),
        ("score", "high", "high"),
        ("optedOut", None, None),
        ("emails", ["b@x.com", "a@x.com"], ["a@x.com", "b@x.com"]),
        ("tags", None, []),
    ],
)
def test_what_the_api_returns_of_a_person_reads_in_the_same_form(
    name: str, raw: Any, canonical: Any
) -> None:
    """A different spelling of the same value is no difference."""
    assert observe(PROSPECT_FIELDS[name], raw) == canonical
