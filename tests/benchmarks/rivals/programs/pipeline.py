"""A dlt pipeline: a resource of records, a destination function, and the library's own requests."""

from __future__ import annotations

import os
from typing import Any

import dlt
from dlt.sources.helpers import requests
from wire import HEADERS, OPPORTUNITIES, ROLES, TIMEOUT_S, records, role_body


def post(url: str, body: dict[str, Any]) -> int:
    """Send one document, tried again by the library; returns the id of what was created."""
    answer = requests.post(url, json=body, headers=HEADERS, timeout=TIMEOUT_S)
    return answer.json()["data"]["id"]


@dlt.destination(batch_size=100, max_table_nesting=0, name="outreach")
def outreach(items: list[dict[str, Any]], table: dict[str, Any]) -> None:
    """Create one opportunity, and its roles, per item."""
    for record in items:
        created = post(OPPORTUNITIES, record["body"])
        for prospect_id, role in record["people"]:
            post(ROLES, role_body(created, prospect_id, role))


@dlt.resource(name="opportunities", max_table_nesting=0)
def opportunities() -> Any:
    """The records."""
    yield from records()


dlt.pipeline("outreach", destination=outreach, pipelines_dir=os.environ["BENCH_DIRECTORY"]).run(
    opportunities()
)
