"""Knobs: every behaviour of Workbooks that nobody has documented, each at its assumed value."""

from dataclasses import dataclass
from typing import Literal


@dataclass(slots=True)
class WorkbooksKnobs:
    """Behaviour of one emulated Workbooks database; may be changed while it is being served.

    Defaults are the assumptions of workbooks-api §21, whose numbers are given where they apply.
    """

    # Wire formats.
    array_output: Literal["string", "json"] = "string"  # A4
    array_quote: str = ""  # A4: put around the strings of an array in string form
    epoch_as_number: bool = False  # §6.2: "%s" may answer a JSON number or a numeric string
    zone_offset_minutes: int = 0  # §6.1: the zone of dates and times that name none
    gzip: bool = True  # §1: bodies are compressed for callers that accept it

    # Clocks: what is stamped, and what answers tell of the time.
    date_header: bool = True  # answers carry `Date`
    servers_apart_s: float = 0.0  # two servers take turns by chance, one so far ahead of the other

    # Columns and resources. The first and the last count only when the world is made.
    assigned_to_name_column: bool = True  # A13
    opportunity_contacts_resource: bool = True  # A15
    custom_records_licensed: bool = True  # §18.1

    # Reads.
    reject_unknown_fields: bool = True  # A23: 406; otherwise such a filter matches everything
    false_matches_unset: bool = True  # A21: otherwise a never-set checkbox is null
    case_sensitive: bool = False  # A22
    shuffle_unsorted: bool = False  # A33
    page_rows_max: int | None = None  # §4: a `_limit` of 200 is known to be honoured in full

    # Writes.
    objects_max: int = 100  # A24
    stale_shape: Literal["failures", "objects", "both"] = "failures"  # A6
    validation_shape: Literal["modern", "manual"] = "modern"  # §7.4.3
    partial_success_flag: bool = True  # A8
    contact_edit_touches_opportunity: bool = False  # A18
    token_refusal: str = "invalid_authenticity_token"  # noqa: S105 - A26, a reason and no secret

    # Sessions.
    session_ttl_s: float = 8 * 3600.0  # §3.2: inactivity
    rotate_session_every: int = 0  # responses of one session between new ids; 0 = never
    rotation_grace_s: float = 60.0  # how long a replaced id is still taken

    # Delaying redirects (A10).
    delay_every: int = 0  # every n-th request is delayed; 0 = none
    delay_hops: int = 1  # redirects before the answer
    delay_s: float = 0.0  # each hop blocks this long
