"""The record types of the emulated database and their columns (workbooks-api §6.3, §13-§18)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Protocol

from connectors.sandbox.workbooks.fields import Field, Read, RecordType, Row, calculated, stored
from connectors.sandbox.workbooks.formats import HOME_CURRENCY, Money, Value

OPPORTUNITY = "Private::Crm::Opportunity"
PERSON = "Private::Crm::Person"
ORGANISATION = "Private::Crm::Organisation"
CONTACT = "Private::Crm::OpportunityContact"
OPPORTUNITY_QUEUE = "Private::Crm::OpportunityQueue"
MAPPING = "Private::CustomRecord::OutreachMapping"

# What the plugin installs: title, datatype (§18.2). Its API name follows the rule of §13.
PLUGIN_FIELDS = (
    ("Sync to Outreach", "boolean"),
    ("Outreach Sync Error", "boolean"),
    ("Outreach Id", "string"),
    ("Outreach URL", "string"),
)
PARTY_PLUGIN_FIELDS = (*PLUGIN_FIELDS, ("Outreach Duplicate", "boolean"))
MAPPING_FIELDS = (
    ("Outreach Record Type", "picklist"),
    ("Outreach Field Name", "string"),
    ("Workbooks Record Type", "picklist"),
    ("Workbooks Field Name", "string"),
    ("Enabled", "boolean"),
    ("Sync Direction", "picklist"),
)


class Directory(Protocol):
    """What a calculated column may look up elsewhere in the database."""

    def user_name(self, user_id: Value) -> str | None: ...
    def user_login(self, user_id: Value) -> str | None: ...
    def queue_name(self, queue_id: Value) -> str | None: ...
    def queue_id(self, name: str) -> int: ...
    def stage_name(self, stage_id: Value) -> str | None: ...
    def stage_id(self, name: str) -> int: ...
    def party_value(self, party_id: Value, key: str) -> Value: ...
    def people_on(self, opportunity_id: int) -> list[tuple[int, str]]: ...
    def object_url(self, object_ref: str) -> str: ...


def opportunity_type(directory: Directory) -> RecordType:
    """Opportunities (§14)."""
    fields = [
        *_common("OPP", OPPORTUNITY, directory, "description"),
        *_assignment(directory),
        *_opportunity_money(),
        stored("description", "Description", "string"),
        stored("document_date", "Close date", "date"),
        stored("document_currency", "Currency", "string"),
        stored("comment", "Comment", "text"),
        stored("fao", "For the attention of", "string"),
        stored("refcode", "Reference code", "string"),
        stored("probability", "Probability", "percentage"),
        stored("party_id", "Customer", "integer"),
        _of_party("party_name", "Customer name", "party_id", "name", directory),
        _of_party("party[name]", "Customer name", "party_id", "name", directory),
        _of_party("party_refcode", "Customer code", "party_id", "refcode", directory),
        stored("opportunity_stage_id", "Stage id", "integer"),
        _stage(directory),
        *_people_arrays(directory),
    ]
    return RecordType(
        OPPORTUNITY, "crm/opportunities", "Opportunity", "OPP", fields, human_plural="Opportunities"
    )


def person_type(directory: Directory) -> RecordType:
    """People (§16)."""
    fields = [
        *_common("PERS", PERSON, directory, None),
        *_assignment(directory, has_name_column=False),
        stored("name", "Name", "string", required=True),
        stored("person_first_name", "First name", "string"),
        stored("person_middle_name", "Middle name", "string"),
        stored("person_last_name", "Last name", "string"),
        stored("person_personal_title", "Title", "string"),
        stored("person_job_title", "Job title", "string"),
        stored("person_job_role", "Job role", "string"),
        stored("employer_link", "Employer", "integer"),
        _of_party("employer_name", "Employer name", "employer_link", "name", directory),
        _of_party("employer[name]", "Employer name", "employer_link", "name", directory),
        stored("refcode", "Reference code", "string"),
        *_location("main_location", "Main"),
        *_location("home_location", "Home"),
        stored("no_email_soliciting", "No email", "boolean"),
        stored("no_phone_soliciting", "No phone", "boolean"),
        stored("no_post_soliciting", "No post", "boolean"),
        stored("website", "Website", "string"),
        stored("linkedin_url", "LinkedIn", "string"),
        stored("industry", "Industry", "string"),
        stored("party_notes", "Notes", "text"),
    ]
    return RecordType(PERSON, "crm/people", "Person", "PERS", fields, human_plural="People")


def organisation_type(directory: Directory) -> RecordType:
    """Organisations (§17)."""
    fields = [
        *_common("ORG", ORGANISATION, directory, None),
        *_assignment(directory),
        stored("name", "Name", "string", required=True),
        stored("industry", "Industry", "string"),
        stored("website", "Website", "string"),
        stored("refcode", "Reference code", "string"),
        stored("currency", "Currency", "string"),
        *_location("main_location", "Main"),
        stored("no_phone_soliciting", "No phone", "boolean"),
        stored("no_post_soliciting", "No post", "boolean"),
        stored("organisation_annual_revenue", "Annual revenue", "currency"),
        stored("organisation_category", "Category", "string"),
        stored("organisation_company_number", "Company number", "string"),
        stored("organisation_num_employees", "Employees", "integer"),
        stored("organisation_vat_number", "VAT number", "string"),
    ]
    return RecordType(ORGANISATION, "crm/organisations", "Organisation", "ORG", fields)


def contact_type(directory: Directory) -> RecordType:
    """Relationships between opportunities and parties (§15, A15)."""
    fields = [
        *_common("OPPC", CONTACT, directory, None),
        stored("opportunity_id", "Opportunity", "integer", required=True),
        stored("party_id", "Party", "integer", required=True),
        _of_party("party_name", "Party name", "party_id", "name", directory),
        stored("opportunity_contact_role", "Relationship", "string"),
    ]
    return RecordType(CONTACT, "crm/opportunity_contacts", "Opportunity Contact", "OPPC", fields)


def mapping_type(directory: Directory) -> RecordType:
    """The plugin's "Outreach Mapping" custom record type (§18.1, A16)."""
    fields = [*_common("OMAP", MAPPING, directory, None), stored("name", "Name", "string")]
    path = "custom_record/outreach_mappings"
    return RecordType(MAPPING, path, "Outreach Mapping", "OMAP", fields)


def reference_types(directory: Directory) -> dict[str, RecordType]:
    """Set-up records that are read through the API and changed in the Desktop (§13)."""
    return {
        one.path: one
        for one in (
            _reference("crm/opportunity_queues", OPPORTUNITY_QUEUE, directory, "queue_type"),
            _reference("admin/picklists", "Private::Picklist", directory, "description"),
            _picklist_entries(directory),
            _custom_fields(directory),
            _reference(
                "admin/custom_record_types",
                "Private::CustomRecordType",
                directory,
                *("name_plural", "object_ref_prefix", "route_suffix", "description"),
                "resource_type",
            ),
        )
    }


def _reference(path: str, class_name: str, directory: Directory, *texts: str) -> RecordType:
    human_name = class_name.rsplit("::", 1)[1]
    fields = [
        *_common("SET", class_name, directory, None),
        *(stored(name, name.replace("_", " ").title(), "string") for name in ("name", *texts)),
    ]
    return RecordType(class_name, path, human_name, "SET", fields, writable=False)


def _picklist_entries(directory: Directory) -> RecordType:
    made = _reference("admin/picklist_entries", "Private::PicklistEntry", directory, "value")
    made.fields += [
        stored("picklist_id", "Picklist", "integer"),
        stored("display_order", "Display order", "integer"),
        stored("default_value", "Default", "boolean"),
    ]
    made.index()
    return made


def _custom_fields(directory: Directory) -> RecordType:
    texts = ("title", "resource_type", "data_type", "status", "description", "value_column_name")
    made = _reference("admin/custom_fields", "Private::CustomField", directory, *texts)
    made.fields += [
        stored("picklist_id", "Picklist", "integer"),
        stored("is_searchable", "Searchable", "boolean"),
        stored("is_indexed", "Indexed", "boolean"),
        stored("decimal_places", "Decimal places", "integer"),
        stored("default_value_boolean", "Default", "boolean"),
    ]
    made.index()
    return made


def _common(prefix: str, class_name: str, directory: Directory, naming: str | None) -> list[Field]:
    """Columns of every record (§6.3); `naming` is the column a calculated name shows."""

    def reference(row: Row) -> str:
        return f"{prefix}-{row.id}"

    def name(row: Row) -> Value:
        shown = row.values.get(naming or "name")
        return f"{reference(row)} - {shown}" if naming else shown

    fields = [
        calculated("id", "Id", "integer", lambda row: row.id),
        calculated("lock_version", "Lock version", "integer", lambda row: row.lock_version),
        calculated("created_at", "Created at", "datetime", lambda row: row.created_at),
        calculated("created_by", "Created by", "integer", lambda row: row.created_by),
        calculated("updated_at", "Updated at", "datetime", lambda row: row.updated_at),
        calculated("updated_by", "Updated by", "integer", lambda row: row.updated_by),
        calculated("created_through", "Created through", "string", lambda row: row.created_through),
        stored("created_through_reference", "External reference", "string"),
        calculated("is_deleted", "Deleted", "boolean", lambda row: row.is_deleted),
        calculated("object_ref", "Object reference", "string", reference),
        calculated("type", "Type", "string", lambda _: class_name),
        calculated("descriptor", "Descriptor", "string", name, (naming or "name",)),
        calculated("imported", "Imported", "boolean", lambda _: False),
        calculated("watched", "Watched", "boolean", lambda _: False),
        calculated("object_url", "Link", "string", lambda r: directory.object_url(reference(r))),
        *_users(directory),
    ]
    if naming:
        fields.append(calculated("name", "Name", "string", name, (naming,)))
    for right in ("chaccess", "chown", "delete", "modify", "read"):
        fields.append(calculated(f"_can_{right}", f"May {right}", "boolean", lambda _: True))
    return fields


def _users(directory: Directory) -> list[Field]:
    def owner(row: Row) -> Value:
        return row.values.get("owner_id") or row.created_by

    fields = [stored("owner_id", "Owner", "integer")]
    fields[0].read = owner
    people: tuple[tuple[str, Read, tuple[str, ...]], ...] = (
        ("created_by_user", lambda row: row.created_by, ()),
        ("updated_by_user", lambda row: row.updated_by, ("updated_by",)),
        ("owner", owner, ("owner_id",)),
    )
    for name, user, after in people:
        fields.append(_of_user(f"{name}[person_name]", user, directory.user_name, after))
        fields.append(_of_user(f"{name}[login_name]", user, directory.user_login, after))
    return fields


def _of_user(
    name: str, user: Read, look_up: Callable[[Value], str | None], depends_on: tuple[str, ...]
) -> Field:
    return calculated(name, name, "string", lambda row: look_up(user(row)), depends_on)


def _of_party(name: str, title: str, link: str, key: str, directory: Directory) -> Field:
    def read(row: Row) -> Value:
        return directory.party_value(row.values.get(link), key)

    return calculated(name, title, "string", read, (link,))


def _assignment(directory: Directory, *, has_name_column: bool = True) -> list[Field]:
    """*Assigned To*: a queue id with its name beside it (§14, A13); people lack the name (§16)."""

    def queue(row: Row) -> Value:
        return row.values.get("assigned_to")

    def name(row: Row) -> Value:
        return directory.queue_name(queue(row))

    def choose(value: Value) -> tuple[str, Value]:
        return "assigned_to", directory.queue_id(str(value)) if value else None

    after = ("assigned_to",)
    plain = calculated("assigned_to_name", "Assigned to", "string", name, after, by_hand=choose)
    plain.served = has_name_column
    return [
        stored("assigned_to", "Assigned to", "integer"),
        plain,
        calculated("queue_entry[queue_id]", "Queue", "integer", queue, after),
        calculated("queue_entry[queue[name]]", "Queue name", "string", name, after, by_hand=choose),
        calculated("queue_entry[updated_at]", "Queued at", "datetime", lambda row: row.updated_at),
    ]


def _stage(directory: Directory) -> Field:
    def read(row: Row) -> Value:
        return directory.stage_name(row.values.get("opportunity_stage_id"))

    def choose(value: Value) -> tuple[str, Value]:
        return "opportunity_stage_id", directory.stage_id(str(value)) if value else None

    after = ("opportunity_stage_id",)
    return calculated("opportunity_stage[name]", "Stage", "string", read, after, by_hand=choose)


def _opportunity_money() -> list[Field]:
    """Sums over line items: calculated for the API, set directly by the emulator's CRM users."""
    net = "document_currency_net_value"

    def value(row: Row) -> Value:
        return row.values.get(net)

    def weighted(row: Row) -> Value:
        amount, chance = row.values.get(net), row.values.get("probability")
        if not isinstance(amount, Money) or not isinstance(chance, int | float | Decimal):
            return None
        return Money(amount.amount * Decimal(str(chance)) / 100, amount.code, amount.flags)

    both = (net, "probability")
    return [
        stored(net, "Net value", "currency", updateable=False),
        calculated("home_currency_net_value", "Net value", "currency", value, (net,)),
        calculated("document_currency_gross_value", "Gross value", "currency", value, (net,)),
        calculated("document_currency_weighted_value", "Weighted", "currency", weighted, both),
        calculated("home_currency_weighted_value", "Weighted", "currency", weighted, both),
        calculated("home_currency", "Home currency", "string", lambda _: HOME_CURRENCY),
    ]


def _people_arrays(directory: Directory) -> list[Field]:
    """The People tab as two parallel arrays; writing them edits the tab (§15)."""

    def ids(row: Row) -> Value:
        return tuple(person_id for person_id, _ in directory.people_on(row.id))

    def roles(row: Row) -> Value:
        return tuple(role for _, role in directory.people_on(row.id))

    fields = [
        calculated("opportunity_contact_ids", "People", "id_array", ids),
        calculated("opportunity_contact_roles", "Relationships", "text_array", roles),
    ]
    for one in fields:
        one.updateable = True
    return fields


def _location(prefix: str, title: str) -> list[Field]:
    parts = ("email", "telephone", "mobile", "fax", "street_address", "town", "postcode", "country")
    return [
        stored(f"{prefix}[{part}]", f"{title} {part.replace('_', ' ')}", "string")
        for part in (*parts, "county_province_state")
    ]
