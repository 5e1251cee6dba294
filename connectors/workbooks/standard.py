"""The columns behind each neutral field, by record type; the first that is not blank wins."""

from __future__ import annotations

from collections.abc import Mapping

from engine import RecordType

# workbooks-api §14
OPPORTUNITY_COLUMNS = {
    "title": ("description",),
    "value": ("document_currency_net_value",),
    "close_date": ("document_date",),
    "probability": ("probability",),
    "stage": ("opportunity_stage[name]",),
    "notes": ("comment",),
    "reference": ("object_ref",),
    "created_at": ("created_at",),
    "owner": ("assigned_to_name", "queue_entry[queue[name]]"),
    "customer": ("party_id",),
}

# workbooks-api §16; a person always has a full name, but need not have its parts.
PERSON_COLUMNS = {
    "first_name": ("person_first_name",),
    "middle_name": ("person_middle_name",),
    "last_name": ("person_last_name", "name"),
    "title": ("person_job_title",),
    "company": ("employer_name", "employer[name]"),
    "email": ("main_location[email]",),
    "telephone": ("main_location[telephone]",),
    "mobile": ("main_location[mobile]",),
    "street": ("main_location[street_address]",),
    "city": ("main_location[town]",),
    "region": ("main_location[county_province_state]",),
    "postcode": ("main_location[postcode]",),
    "country": ("main_location[country]",),
    "reference": ("object_ref",),
}

STANDARD_COLUMNS: Mapping[RecordType, Mapping[str, tuple[str, ...]]] = {
    RecordType.OPPORTUNITY: OPPORTUNITY_COLUMNS,
    RecordType.PERSON: PERSON_COLUMNS,
}
