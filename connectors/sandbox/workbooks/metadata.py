"""`metadata/types`: the record types as they describe themselves (workbooks-api §12)."""

from connectors.sandbox.workbooks.fields import Field, RecordType
from connectors.sandbox.workbooks.params import Params
from connectors.sandbox.workbooks.world import WorkbooksWorld


def read_types(world: WorkbooksWorld, params: Params) -> dict[str, object]:
    """Answer with one object per record type, for the classes and columns asked for."""
    wanted_classes = params.every("class_names")
    wanted_columns = params.every("_select_columns")
    described = [
        _described(table.type)
        for table in world.tables()
        if not wanted_classes or table.type.class_name in wanted_classes
    ]
    if wanted_columns:
        described = [
            {name: value for name, value in one.items() if name in wanted_columns}
            for one in described
        ]
    return {
        "success": True,
        "total": len(described),
        "flash": "",
        "updates": {},
        "data": described,
    }


def _described(record_type: RecordType) -> dict[str, object]:
    actions = ("create", "read", "update", "delete") if record_type.writable else ("read",)
    return {
        "class_name": record_type.class_name,
        "base_class_name": record_type.class_name,
        "controller_path": record_type.path,
        "human_class_name": record_type.human_name,
        "human_class_name_plural": record_type.human_plural,
        "human_class_description": f"{record_type.human_plural} of this database",
        "instances_described_by": "name",
        "icon": "",
        "help_url": "",
        "actions": [{"name": name, "permitted": True} for name in actions],
        "fields": [_described_field(one, record_type) for one in record_type.by_name.values()],
        "associations": [],
    }


def _described_field(column: Field, record_type: RecordType) -> dict[str, object]:
    may_write = column.updateable and record_type.writable
    described: dict[str, object] = {
        "name": column.name,
        "title": column.title,
        "datatype": column.wire_datatype,
        "default_value": False if column.datatype == "boolean" else None,
        "is_createable": may_write,
        "is_updateable": may_write,
        "is_filterable": True,
        "is_nullable": not column.required and column.datatype != "boolean",
        "required": column.required,
    }
    if column.picklist_id:
        described["picklist"] = {
            "picklist_id": column.picklist_id,
            "path": "picklist_data/Private_PicklistEntry/id/value",
            "value_field": "value",
            "display_field": "value",
        }
    return described
