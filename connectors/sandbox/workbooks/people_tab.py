"""The People tab of opportunities: relationship rows, seen from both ends (§15)."""

from collections.abc import Sequence

from connectors.sandbox.workbooks.fields import Row
from connectors.sandbox.workbooks.formats import Value
from connectors.sandbox.workbooks.knobs import WorkbooksKnobs
from connectors.sandbox.workbooks.tables import DESKTOP, Table

IDS, ROLES = "opportunity_contact_ids", "opportunity_contact_roles"
ROLE = "opportunity_contact_role"
TabEntry = tuple[int, str]


class PeopleTab:
    """Keeps the relationship rows of each opportunity in the order of its tab."""

    def __init__(self, opportunities: Table, contacts: Table, knobs: WorkbooksKnobs) -> None:
        self._opportunities = opportunities
        self._contacts = contacts
        self._knobs = knobs
        self._tabs: dict[int, list[int]] = {}
        self._quiet = False
        opportunities.before_save.append(self._take_arrays)
        opportunities.after_delete.append(self._clear)
        contacts.before_save.append(self._enter)
        contacts.after_delete.append(self._leave)

    def people_on(self, opportunity_id: int) -> list[TabEntry]:
        """`(party id, role)` of each relationship, in order."""
        rows = (self._contacts.find(row_id) for row_id in self._tabs.get(opportunity_id, ()))
        return [_entry(row) for row in rows if row]

    def replace(
        self, opportunity_id: int, wanted: Sequence[TabEntry], user_id: int, *, touch: bool = True
    ) -> None:
        """Make the tab hold exactly these entries, keeping the rows of those already there.

        `touch` says whether the opportunity counts this as a modification, where the knob of A18
        lets it count at all; however many entries change, it is one.
        """
        if self.people_on(opportunity_id) == list(wanted):
            return
        self._quiet = True
        try:
            self._rearrange(opportunity_id, wanted, user_id)
        finally:
            self._quiet = False
        if touch:
            self._touch(opportunity_id, user_id)

    def _rearrange(self, opportunity_id: int, wanted: Sequence[TabEntry], user_id: int) -> None:
        spare = [self._contacts.find(row_id) for row_id in self._tabs.get(opportunity_id, ())]
        left = [row for row in spare if row]
        kept: list[Row | None] = [_take(left, entry) for entry in wanted]
        # A person who stays with another role keeps the row: that is an edit of a relationship.
        for place, (party_id, role) in enumerate(wanted):
            if kept[place] is None:
                kept[place] = row = _take_person(left, party_id)
                if row:
                    self._contacts.save(row, {ROLE: role}, user_id)
        for row in left:
            self._contacts.flag_deleted(row, user_id)
        order = [
            row.id if row else self._add(opportunity_id, entry, user_id)
            for row, entry in zip(kept, wanted, strict=True)
        ]
        if order:
            self._tabs[opportunity_id] = order

    def forget_party(self, row: Row, user_id: int) -> None:
        """A deleted person's relationships are deleted too (A35)."""
        for opportunity_id in [
            key
            for key, tab in self._tabs.items()
            if any(
                (found := self._contacts.find(one)) and _entry(found)[0] == row.id for one in tab
            )
        ]:
            stay = [entry for entry in self.people_on(opportunity_id) if entry[0] != row.id]
            self.replace(opportunity_id, stay, user_id)

    def _add(self, opportunity_id: int, entry: TabEntry, user_id: int) -> int:
        row = self._contacts.new_row(None, user_id, DESKTOP)
        values: dict[str, Value] = {
            "opportunity_id": opportunity_id,
            "party_id": entry[0],
            ROLE: entry[1],
        }
        self._contacts.insert(row, values)
        return row.id

    def _take_arrays(self, row: Row, changes: dict[str, Value], user_id: int) -> None:
        """Turn the two arrays, if among the changes, into rows."""
        if IDS not in changes and ROLES not in changes:
            return
        entries = merged(self.people_on(row.id), changes.pop(IDS, None), changes.pop(ROLES, None))
        # The save under way counts the modification already.
        self.replace(row.id, entries, user_id, touch=False)

    def _enter(self, row: Row, changes: dict[str, Value], user_id: int) -> None:
        opportunity_id = changes.get("opportunity_id", row.values.get("opportunity_id"))
        if not isinstance(opportunity_id, int):
            return
        before = row.values.get("opportunity_id")
        if isinstance(before, int) and before != opportunity_id:
            self._tabs[before].remove(row.id)
        tab = self._tabs.setdefault(opportunity_id, [])
        if row.id not in tab:
            tab.append(row.id)
        self._touch(opportunity_id, user_id)

    def _leave(self, row: Row, user_id: int) -> None:
        opportunity_id = row.values.get("opportunity_id")
        if isinstance(opportunity_id, int) and opportunity_id in self._tabs:
            self._tabs[opportunity_id].remove(row.id)
            if not self._tabs[opportunity_id]:
                del self._tabs[opportunity_id]
            self._touch(opportunity_id, user_id)

    def _touch(self, opportunity_id: int, user_id: int) -> None:
        opportunity = self._opportunities.find(opportunity_id)
        if not self._knobs.contact_edit_touches_opportunity or self._quiet:
            return
        if opportunity and not opportunity.is_deleted:
            self._opportunities.touch(opportunity, user_id)

    def _clear(self, row: Row, user_id: int) -> None:
        self.replace(row.id, [], user_id, touch=False)


def merged(now: list[TabEntry], ids: Value, roles: Value) -> list[TabEntry]:
    """The tab after one or both arrays are written; a role not given stays, or is blank."""
    new_ids = [int(one) for one in ids] if isinstance(ids, tuple) else None
    new_roles = [str(one) for one in roles] if isinstance(roles, tuple) else None
    if new_ids is None:
        new_ids = [] if new_roles is None else [party_id for party_id, _ in now]
    if new_roles is None:
        new_roles = [role for _, role in now]
    new_roles += [""] * (len(new_ids) - len(new_roles))
    return list(zip(new_ids, new_roles[: len(new_ids)], strict=True))


def _entry(row: Row) -> TabEntry:
    party_id = row.values.get("party_id")
    return (party_id if isinstance(party_id, int) else 0), str(row.values.get(ROLE) or "")


def _take(rows: list[Row], entry: TabEntry) -> Row | None:
    for place, row in enumerate(rows):
        if _entry(row) == entry:
            return rows.pop(place)
    return None


def _take_person(rows: list[Row], party_id: int) -> Row | None:
    for place, row in enumerate(rows):
        if _entry(row)[0] == party_id:
            return rows.pop(place)
    return None
