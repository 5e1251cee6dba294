"""The default mapping: which field of Outreach takes which neutral field of the source.

Every line can be changed in the configuration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from connectors.outreach.fields import CLOSE_DATE, EMAILS
from engine import RecordType, StandardField

# The filterable field that finds a create whose answer was lost (outreach-api §9).
CORRELATION_FIELD = "customId"

# What tells one deal from another for people.
ALIKE_FIELDS = ("name", "account", "amount")

STANDARD_MAPPING: Mapping[RecordType, Sequence[StandardField]] = MappingProxyType(
    {
        RecordType.OPPORTUNITY: (
            StandardField("name", "title", "text"),
            StandardField("amount", "value", "money"),
            StandardField("currencyType", "value", "currency_code"),
            StandardField(CLOSE_DATE, "close_date", "date"),
            StandardField("probability", "probability", "percent"),
            StandardField("opportunityStage", "stage", "stage"),
            StandardField("description", "notes", "text"),
            StandardField(CORRELATION_FIELD, "reference", "text"),
            StandardField("externalCreatedAt", "created_at", "datetime"),
            StandardField("owner", "owner", "user"),
            StandardField("account", "customer", "account"),
        ),
        RecordType.PERSON: (
            StandardField("firstName", "first_name", "text"),
            StandardField("middleName", "middle_name", "text"),
            StandardField("lastName", "last_name", "text"),
            StandardField("title", "title", "text"),
            StandardField("company", "company", "text"),
            StandardField(EMAILS, "email", "list"),
            StandardField("workPhones", "telephone", "list"),
            StandardField("mobilePhones", "mobile", "list"),
            StandardField("addressStreet", "street", "text"),
            StandardField("addressCity", "city", "text"),
            StandardField("addressState", "region", "text"),
            StandardField("addressZip", "postcode", "text"),
            StandardField("addressCountry", "country", "text"),
            StandardField("externalId", "reference", "text"),
        ),
    }
)
