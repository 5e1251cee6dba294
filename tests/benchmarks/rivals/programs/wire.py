"""What every rival is given: the records, an address and a token.

A record is `{"body": the opportunity's document, "people": [[prospect id, role], ...]}`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MEDIA_TYPE = "application/vnd.api+json"
OPPORTUNITIES = os.environ["BENCH_OUTREACH"] + "/api/v2/opportunities"
ROLES = os.environ["BENCH_OUTREACH"] + "/api/v2/opportunityProspectRoles"
HEADERS = {
    "Authorization": f"Bearer {os.environ['BENCH_TOKEN']}",
    "Content-Type": MEDIA_TYPE,
    "Accept": MEDIA_TYPE,
}
TIMEOUT_S = 30.0
TRIES = 5


def records() -> Iterator[dict[str, Any]]:
    """The records to create, one a line of the file."""
    with Path(os.environ["BENCH_RECORDS"]).open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def role_body(opportunity_id: int, prospect_id: int, role: str) -> dict[str, Any]:
    """One role as Outreach takes it."""
    return {
        "data": {
            "type": "opportunityProspectRole",
            "attributes": {"role": role},
            "relationships": {
                "opportunity": {"data": {"type": "opportunity", "id": opportunity_id}},
                "prospect": {"data": {"type": "prospect", "id": prospect_id}},
            },
        }
    }
