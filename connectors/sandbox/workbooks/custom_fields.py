"""Custom fields: what an administrator adds, renames and removes (workbooks-api §13, §18).

Each change is made once to the record type, from which metadata and served columns follow, and to
the row of `admin/custom_fields` that describes it.
"""

from connectors.sandbox.workbooks import catalogue
from connectors.sandbox.workbooks.fields import Field, RecordType, snake_case, stored
from connectors.sandbox.workbooks.tables import Table

_PICKLISTS = {
    "Outreach Record Type": ("Prospect", "Account", "Opportunity"),
    "Workbooks Record Type": ("Person", "Organisation", "Opportunity"),
    "Sync Direction": ("Send", "Receive"),
}


class CustomFields:
    """The custom fields of every record type."""

    def __init__(self, tables: dict[str, Table]) -> None:
        self._tables = tables
        self._described = tables["admin/custom_fields"]

    def install(self, *, licensed: bool) -> None:
        """Do what the Outreach plugin's installation does; custom records need a licence."""
        for title, datatype in catalogue.PLUGIN_FIELDS:
            self.add("Opportunity", title, datatype)
        for title, datatype in catalogue.PARTY_PLUGIN_FIELDS:
            self.add("Person", title, datatype)
            self.add("Organisation", title, datatype)
        if licensed:
            self._install_mappings()

    def add(
        self, record_type: str, title: str, datatype: str = "string", name: str | None = None
    ) -> str:
        """Add a field to a record type (`Opportunity`, …) and return its API name.

        The name is `cf_<record>_<title>`; where that is taken, as with a second field of the same
        title, a number is appended (§13).

        Raises:
            StopIteration: no such record type.
        """
        described_type = self._type(record_type)
        made = name or f"cf_{snake_case(record_type).replace(' ', '_')}_{snake_case(title)}"
        row_id = self._described.create(
            name=title,
            title=title,
            resource_type=described_type.class_name,
            data_type=datatype,
            status="Available",
        )
        if made in described_type.by_name or made in described_type.by_key:
            made = f"{made}_{row_id}"
        self._described.update(row_id, value_column_name=made)
        column = stored(made, title, datatype)
        column.custom_field_id = row_id
        described_type.fields.append(column)
        described_type.index()
        return made

    def rename(self, name: str, new_name: str) -> None:
        """Change a field's API name, title and values staying as they are (§13).

        Raises:
            KeyError: no such custom field.
        """
        record_type, column = self._find(name)
        column.name = new_name
        record_type.index()
        self._described.update(column.custom_field_id, value_column_name=new_name)

    def retitle(self, name: str, title: str) -> None:
        """Change a field's title, its API name staying as it is.

        Raises:
            KeyError: no such custom field.
        """
        record_type, column = self._find(name)
        column.title = title
        record_type.index()
        self._described.update(column.custom_field_id, title=title, name=title)

    def remove(self, name: str) -> None:
        """Take a field away with all its values.

        Raises:
            KeyError: no such custom field.
        """
        record_type, column = self._find(name)
        record_type.fields.remove(column)
        record_type.index()
        self._described.delete(column.custom_field_id)

    def _find(self, name: str) -> tuple[RecordType, Field]:
        for table in self._tables.values():
            for column in table.type.fields:
                if column.custom_field_id and name in (column.name, column.key):
                    return table.type, column
        raise KeyError(f"no custom field {name}")

    def _type(self, human_name: str) -> RecordType:
        return next(
            table.type for table in self._tables.values() if table.type.human_name == human_name
        )

    def _install_mappings(self) -> None:
        for title, datatype in catalogue.MAPPING_FIELDS:
            name = self.add("Outreach Mapping", title, datatype)
            if title in _PICKLISTS:
                self._install_picklist(name, title)
        self._tables["admin/custom_record_types"].create(
            name="Outreach Mapping",
            name_plural="Outreach Mappings",
            object_ref_prefix="OMAP",
            route_suffix="outreach_mappings",
            description="Which Workbooks field fills which Outreach field",
            resource_type=catalogue.MAPPING,
        )

    def _install_picklist(self, name: str, title: str) -> None:
        picklist_id = self._tables["admin/picklists"].create(name=title)
        entries = self._tables["admin/picklist_entries"]
        for order, value in enumerate(_PICKLISTS[title], start=1):
            entries.create(
                name=value,
                value=value,
                picklist_id=picklist_id,
                display_order=order,
                default_value=order == 1,
            )
        _, column = self._find(name)
        column.picklist_id = picklist_id
        self._described.update(column.custom_field_id, picklist_id=picklist_id)
