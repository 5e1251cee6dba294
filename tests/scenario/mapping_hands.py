"""Hands of those who map fields: administrators of Workbooks and Outreach, and the operator."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from connectors.sandbox.outreach.validations import Kind, Validation
from tests.scenario.bench import Bench, Seen

OPPORTUNITY_LINES = "mapping.opportunity"
PROSPECT_LINES = "mapping.prospect"
USERS = ("GET", "/api/v2/users")
STAGES = ("GET", "/api/v2/opportunityStages")
ACCOUNTS = ("GET", "/api/v2/accounts")


def maps(world: Bench, lines: Mapping[str, Any], table: str = OPPORTUNITY_LINES) -> None:
    """Write these lines, and no others, into the configuration."""
    world.settings[table] = _quoted(lines)


def _quoted(table: Mapping[str, Any]) -> dict[str, Any]:
    """The table with every key quoted, since labels and source texts are no bare TOML keys."""
    return {
        json.dumps(key): _quoted(cast("dict[str, Any]", value))
        if isinstance(value, dict)
        else value
        for key, value in table.items()
    }


def adds_column(
    world: Bench, title: str, datatype: str = "string", record_type: str = "Opportunity"
) -> str:
    """Add a custom field to a record type of Workbooks; returns its API name."""
    return world.workbooks.custom_fields.add(record_type, title, datatype)


def rules(
    world: Bench,
    name: str,
    kind: Kind,
    label: str = "",
    *choices: str,
    on: str = "opportunity",
) -> None:
    """Give a custom field of Outreach a label and a kind, and perhaps choices."""
    world.outreach.define_custom_field(
        on, name, Validation(kind, label, definition=choices or None)
    )


def held(world: Bench, record: int, name: str) -> Any:
    """What Outreach holds in one field of a record."""
    return world.twin(record).attributes.get(name)


def writes(world: Bench) -> list[Seen]:
    """Requests to Outreach that were to change something, tokens aside."""
    return [
        seen
        for seen in world.outreach_seen
        if seen.method != "GET" and seen.path.startswith("/api/")
    ]


def patches(world: Bench) -> list[set[str]]:
    """The names of the fields in each update of an opportunity."""
    return [seen.sent for seen in writes(world) if seen.method == "PATCH"]


def spent(world: Bench) -> int:
    """Requests that count against the budget: all but those for tokens."""
    counts = world.outreach_traffic.counts
    return sum(number for (_, path), number in counts.items() if path.startswith("/api/"))
