"""What is asked for, by its path: resources as Workbooks names them (workbooks-api §1)."""

from __future__ import annotations

OPPORTUNITIES = "crm/opportunities"
PEOPLE = "crm/people"
ORGANISATIONS = "crm/organisations"
# By analogy with the relationships of cases (§15, A15): not every database need have it.
RELATIONSHIPS = "crm/opportunity_contacts"
CUSTOM_FIELDS = "admin/custom_fields"
CUSTOM_RECORD_TYPES = "admin/custom_record_types"
CUSTOM_RECORDS = "custom_record"
METADATA_TYPES = "metadata/types"
