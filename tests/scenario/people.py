"""The hands of those who know people: on tabs in Workbooks, and on records in Outreach."""

from __future__ import annotations

from typing import Any

from connectors.sandbox.outreach import OutreachWorld, Row
from connectors.sandbox.workbooks import WorkbooksWorld

Line = tuple[int, str]
"""(person or prospect id, relationship)"""

ROLES = "/api/v2/opportunityProspectRoles"
LIST_ROLES = ("GET", ROLES)
CREATE_ROLE = ("POST", ROLES)
CHANGE_ROLE = ("PATCH", f"{ROLES}/{{id}}")
REMOVE_ROLE = ("DELETE", f"{ROLES}/{{id}}")
PROSPECTS = "/api/v2/prospects"
FIND_PROSPECTS = ("GET", PROSPECTS)
CREATE_PROSPECT = ("POST", PROSPECTS)
WRITE_PEOPLE = ("PUT", "/crm/people.api")


class PeopleHands:
    """What a bench can do with people. Persons are ids in Workbooks, prospects in Outreach."""

    workbooks: WorkbooksWorld
    outreach: OutreachWorld

    def knows(self, name: str = "Ada Byron", email: str | None = "", **columns: Any) -> int:
        """A person ticked for sync; the address is made of the name unless it is given."""
        address = f"{name.lower().replace(' ', '.')}@customer.example" if email == "" else email
        first, _, last = name.partition(" ")
        given = {
            "person_first_name": first,
            "person_last_name": last,
            "cf_person_sync_to_outreach": True,
        } | columns
        if address is not None:
            given["main_location_email"] = address
        return self.workbooks.people.create(name=name, **given)

    def knows_all(self, *names: str) -> list[int]:
        """Several people."""
        return [self.knows(name) for name in names]

    def mends(self, person: int, **columns: Any) -> None:
        """Edit a person."""
        assert self.workbooks.people.update(person, **columns)

    def puts(self, record: int, *lines: Line) -> None:
        """Make the People tab hold these lines; the opportunity itself does not change by it."""
        before = self.workbooks.opportunities.value(record, "lock_version")
        self.workbooks.set_people(record, lines)
        if not self.workbooks.knobs.contact_edit_touches_opportunity:
            assert self.workbooks.opportunities.value(record, "lock_version") == before

    def person(self, person: int) -> dict[str, object]:
        """A person's columns, the plugin's own by short names."""
        value = self.workbooks.people.value
        return self.workbooks.people.get(person) | {
            "error": value(person, "cf_person_outreach_sync_error"),
            "outreach_id": value(person, "cf_person_outreach_id"),
            "outreach_url": value(person, "cf_person_outreach_url"),
        }

    def prospect(self, email: str, **attributes: Any) -> int:
        """A prospect that somebody enters in Outreach."""
        return self.outreach.prospects.create({"emails": [email], **attributes})

    def told(self, person: int) -> int:
        """The prospect that a person is told to be, checked to be there and free of the flag."""
        held = self.person(person)
        assert held["error"] is False
        prospect = int(str(held["outreach_id"]))
        assert held["outreach_url"] == f"https://outreach.example/prospects/{prospect}"
        assert self.outreach.prospects.get(prospect) is not None
        return prospect

    def role_rows(self, record: int) -> list[Row]:
        """The roles on a record's Outreach opportunity, by id."""
        [twin] = self.outreach.find_opportunities(f"OPP-{record}")
        return self.outreach.roles_on(twin.id)

    def roles(self, record: int) -> list[Line]:
        """The same as sorted (prospect id, relationship)."""
        return sorted(
            (row.relationships["prospect"], str(row.attributes.get("role") or ""))
            for row in self.role_rows(record)
        )

    def wanted(self, *lines: Line) -> list[Line]:
        """These lines of a tab in the terms of Outreach, everybody being told their prospect."""
        return sorted((self.told(person), role) for person, role in lines)

    def relates(self, record: int, prospect: int, role: str) -> int:
        """A role that somebody makes by hand in Outreach."""
        [twin] = self.outreach.find_opportunities(f"OPP-{record}")
        links = {"opportunity": twin.id, "prospect": prospect}
        return self.outreach.roles.create({"role": role}, links)
