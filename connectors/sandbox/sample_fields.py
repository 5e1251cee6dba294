"""What the sample organisation has added to opportunities for itself, on both sides; see `sample`.

Nothing of it is in the default mapping: it is there to be mapped.
"""

from collections.abc import Mapping

from connectors.sandbox import sample_words as words
from connectors.sandbox.outreach import OutreachWorld
from connectors.sandbox.outreach.validations import Validation
from connectors.sandbox.workbooks import WorkbooksWorld

# Titles in Workbooks; the names that the columns get follow from them.
_COLUMNS = ("Next Step", "Region", "Tags")
_REGION_FIELD = "custom1"
_REGIONS = ("EMEA", "AMER", "Other")


def add_fields(workbooks: WorkbooksWorld, outreach: OutreachWorld) -> None:
    """Do what an administrator of each system does, before there is any record."""
    for title in _COLUMNS:
        workbooks.custom_fields.add("Opportunity", title)
    rule = Validation("inclusion", "Region", definition=_REGIONS)
    outreach.define_custom_field("opportunity", _REGION_FIELD, rule)


def field_values(place: int) -> Mapping[str, str | None]:
    """What the columns hold in the opportunity at that place; every so often nothing."""
    return {
        "cf_opportunity_next_step": words.NEXT_STEPS[place % len(words.NEXT_STEPS)] or None,
        "cf_opportunity_region": words.REGIONS[place % len(words.REGIONS)] or None,
        "cf_opportunity_tags": words.TAGS[place % len(words.TAGS)] or None,
    }
