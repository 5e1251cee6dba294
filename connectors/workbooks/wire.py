"""Shapes as they stand on the wire, and the fixed names of the service.

Models take what they need and ignore the rest: Workbooks adds keys freely, and their order means
nothing (workbooks-api §1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from connectors.workbooks.paths import OPPORTUNITIES, PEOPLE
from engine import Json, RecordType

Row = dict[str, Json]
"""One record of a listing, by column name."""

OPPORTUNITY_CLASS = "Private::Crm::Opportunity"
PERSON_CLASS = "Private::Crm::Person"
ORGANISATION_CLASS = "Private::Crm::Organisation"

Entry = TypeVar("Entry")
# More than any answer has. A list of millions of wrong
# entries would otherwise become as many mistakes, each larger than an entry.
ENTRIES_MAX = 10_000
Entries = Annotated[list[Entry], Field(max_length=ENTRIES_MAX)]

PATHS = {RecordType.OPPORTUNITY: OPPORTUNITIES, RecordType.PERSON: PEOPLE}
CLASSES = {RecordType.OPPORTUNITY: OPPORTUNITY_CLASS, RecordType.PERSON: PERSON_CLASS}

# The People tab of an opportunity: two parallel arrays (§14, §15).
TAB_IDS, TAB_ROLES = "opportunity_contact_ids", "opportunity_contact_roles"

SESSION_COOKIE = "Workbooks-Session"

# Objects in one write, and ids in one comma list: "100 can be expected to work" (§7.1).
OBJECTS_MAX = 100

# Leaves an attribute of a square array as it is (§7.1).
NO_VALUE = ":no_value:"

# Login refusals that pass by themselves (§3.3, A1).
WAIT_REASONS = frozenset(
    {
        "requested_database_not_available",
        "no_available_database",
        "database_being_migrated",
        "database_archived",
    }
)

# Refusals that a fresh login cures (§3.3, A1).
LOGIN_AGAIN_REASONS = frozenset({"session_expired", "no_session", "no_session_found"})


@dataclass(frozen=True, slots=True)
class PluginColumns:
    """API names of the columns the Outreach plugin installs on one record type (§18.2).

    `duplicate` is the checkbox that keeps a person out of the sync; opportunities have none.
    """

    sync: str
    error: str
    outreach_id: str
    outreach_url: str
    error_message: str | None = None
    duplicate: str | None = None


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Refusal(_Wire):
    """A body that says why a request was refused (§3.3, §7.4); every part may be absent."""

    failure_reason: Json = None
    failure_message: Json = None
    failures: Json = None
    errors: Json = None
    databases: Json = None

    @property
    def reason(self) -> str:
        """The machine-readable reason, or blank."""
        return self.failure_reason if isinstance(self.failure_reason, str) else ""

    @property
    def text(self) -> str:
        """Everything the body says about the refusal, on one line; blank when it says nothing."""
        said = (self.failure_reason, self.failure_message, self.failures, self.errors)
        return "; ".join(line for part in said for line in messages(part))


class Login(_Wire):
    """A successful login (§3.1)."""

    authenticity_token: str
    session_id: str | None = None
    person_name: str | None = None
    login_name: str | None = None
    database_name: str | None = None


class Listing(_Wire):
    """A successful read (§4)."""

    success: StrictBool
    data: Entries[Row | None]


class AffectedObject(_Wire):
    """One object after a write (§7.2)."""

    id: int | None = None
    lock_version: int | None = None


class ObjectInformation(_Wire):
    """How one object of a write ended (§7.2, §7.4)."""

    success: StrictBool | None = None
    errors: Json = None


class WriteEnvelope(_Wire):
    """The answer of a write in all its known forms (§7.2-§7.5).

    `affected_object_errors` is the form of older samples.
    """

    success: StrictBool
    failures: Json = None
    errors: Json = None
    affected_objects: Entries[AffectedObject | None] | None = None
    affected_object_information: Entries[ObjectInformation | None] | None = None
    affected_object_errors: Entries[Json] | None = None


class CustomField(_Wire):
    """A row of `admin/custom_fields` (§13)."""

    id: int
    title: str | None = None
    value_column_name: str | None = None
    data_type: str | None = None


class TypeField(_Wire):
    """A field in the description of a record type (§12)."""

    name: str
    title: str | None = None
    datatype: str | None = None


class TypeDescription(_Wire):
    """A row of `metadata/types` (§12)."""

    class_name: str
    fields: Entries[TypeField]


class CustomRecordType(_Wire):
    """A row of `admin/custom_record_types` (§13)."""

    id: int
    name: str | None = None
    name_plural: str | None = None
    route_suffix: str | None = None
    resource_type: str | None = None


def messages(value: Json, attribute: str = "") -> list[str]:
    """Flatten any error container into lines such as `refcode: is already used`.

    Containers seen: text, list of texts, and attribute to either (§7.4). The attributes `base`
    and `[]` stand for the object itself and are left out.
    """
    if isinstance(value, Mapping):
        named = cast(Mapping[str, Json], value)
        return [
            line
            for key, inner in named.items()
            for line in messages(inner, attribute if key in ("base", "[]") else key)
        ]
    if isinstance(value, list):
        return [line for inner in cast(list[Json], value) for line in messages(inner, attribute)]
    if value is None or value == "":
        return []
    return [f"{attribute}: {value}" if attribute else str(value)]
