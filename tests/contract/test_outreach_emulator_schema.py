"""The Outreach emulator's schema against facts of the vendor's document, restated here."""

import pytest

from connectors.sandbox.outreach.schema import RESOURCES


@pytest.mark.parametrize(
    ("type_name", "name", "length_max", "flags"),
    [
        ("opportunity", "name", 255, "FS"),
        ("opportunity", "amountPrecise", 15, "S"),
        ("opportunity", "customId", 255, "FS"),
        ("opportunity", "description", 65535, ""),
        ("opportunity", "leadSource", 32000, "FS"),
        ("opportunity", "externalCreatedAt", None, "F"),
        ("opportunity", "custom150", 32000, ""),
        ("opportunity", "updatedAt", None, "RFS"),
        ("opportunityProspectRole", "role", 255, "FS"),
        ("opportunityProspectRole", "primary", None, ""),
        ("opportunityStage", "isClosed", None, "FS"),
        ("user", "username", 255, "FS"),
        ("user", "custom5", 225, ""),
        ("user", "userGuid", None, "R"),
        ("prospect", "emails", None, "F"),
        ("prospect", "externalId", 255, ""),
        ("prospect", "linkedInUrl", 1000, ""),
        ("account", "domain", 255, "FS"),
    ],
)
def test_the_schema_agrees_with_the_vendor_on(
    type_name: str, name: str, length_max: int | None, flags: str
) -> None:
    """A wrong length or flag here would let a client's mistake pass unseen."""
    attribute = RESOURCES[type_name].attributes[name]
    read = (("R", attribute.readonly), ("F", attribute.filterable), ("S", attribute.sortable))
    assert attribute.length_max == length_max
    assert "".join(letter for letter, present in read if present) == flags


def test_the_schema_knows_what_is_not_there() -> None:
    """Roles and stages have no custom fields, prospects no customId, users no DELETE."""
    assert not [
        each for each in RESOURCES["opportunityProspectRole"].attributes if "custom" in each
    ]
    assert "customId" not in RESOURCES["prospect"].attributes
    assert "custom6" not in RESOURCES["user"].attributes
    assert "custom151" not in RESOURCES["opportunity"].attributes
    assert RESOURCES["user"].methods == {"GET", "POST", "PATCH"}
