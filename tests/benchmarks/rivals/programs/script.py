"""A script as plug-ins are written: one request after the other with `requests`, tried again."""

from __future__ import annotations

from typing import Any

import requests
from wire import HEADERS, OPPORTUNITIES, ROLES, TIMEOUT_S, TRIES, records, role_body


def post(url: str, body: dict[str, Any]) -> int:
    """Send one document until an answer comes; returns the id of what was created."""
    for _ in range(TRIES):
        try:
            answer = requests.post(url, json=body, headers=HEADERS, timeout=TIMEOUT_S)
        except requests.ConnectionError:
            continue
        answer.raise_for_status()
        return answer.json()["data"]["id"]
    raise SystemExit("no answer came")


for record in records():
    created = post(OPPORTUNITIES, record["body"])
    for prospect_id, role in record["people"]:
        post(ROLES, role_body(created, prospect_id, role))
