"""The writable fields of a prospect, from the vendor's schema (outreach-api §8.5).

Left out on purpose: read-only attributes, `trashedAt`, and relationships other than owner and
account.
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.outreach.fields import EMAILS, with_customs
from engine import FieldKind, TargetField

# An address longer than this cannot be delivered to, let alone be stored.
EMAIL_CHARS_MAX = 255

_SHORT = (
    "firstName",
    "middleName",
    "lastName",
    "nickname",
    "title",
    "occupation",
    "preferredContact",
    "gender",
    "addressStreet",
    "addressStreet2",
    "addressCity",
    "addressState",
    "addressZip",
    "addressCountry",
    "region",
    "timeZone",
    "source",
    "campaignName",
    "eventName",
    "externalId",
    "externalOwner",
    "externalSource",
    "emailsOptStatus",
    "callsOptStatus",
    "school",
    "degree",
    "sharingTeamId",
    "linkedInId",
    "twitterUsername",
    "githubUsername",
    "stackOverflowId",
    "facebookUrl",
    "googlePlusUrl",
    "angelListUrl",
    "quoraUrl",
)

_TEXTS: Mapping[str, int | None] = {
    **dict.fromkeys(_SHORT, 255),
    **dict.fromkeys(("linkedInUrl", "twitterUrl", "githubUrl", "stackOverflowUrl"), 1000),
    **dict.fromkeys(("websiteUrl1", "websiteUrl2", "websiteUrl3"), 65_535),
    **dict.fromkeys(("personalNote1", "personalNote2", "specialties"), 65_535),
    "company": None,
}

_KINDS: Mapping[FieldKind, tuple[str, ...]] = {
    FieldKind.LIST: (
        "workPhones",
        "mobilePhones",
        "homePhones",
        "otherPhones",
        "voipPhones",
        "tags",
    ),
    FieldKind.BOOLEAN: ("emailOptedOut", "callOptedOut", "optedOut"),
    FieldKind.DECIMAL: ("score",),
    FieldKind.INTEGER: ("linkedInConnections",),
    FieldKind.DATE: ("dateOfBirth", "graduationDate", "jobStartDate"),
    FieldKind.DATETIME: ("addedAt", "availableAt"),
    FieldKind.USER: ("owner",),
    FieldKind.ACCOUNT: ("account",),
}

PROSPECT_FIELDS = with_customs(
    _TEXTS,
    (
        TargetField(EMAILS, FieldKind.LIST, chars_max=EMAIL_CHARS_MAX),
        *(TargetField(name, kind) for kind, names in _KINDS.items() for name in names),
    ),
)
