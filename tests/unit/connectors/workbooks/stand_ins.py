"""What the tests put in the place of the world: a scripted service, a fixed clock, a vault."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import parse_qsl

import httpx

from connectors.workbooks.settings import WorkbooksSettings
from connectors.workbooks.source import WorkbooksSource, open_source
from connectors.workbooks.wire import PluginColumns
from engine import ConnectorEnvironment, RecordType, WriteBack
from engine.flow.governor import Governor
from tests.ways import ThroughHttpx

API_KEY = "aaaaa-bbbbb-ccccc-ddddd-eeeee-fffff-00000-11111"
NOW = 1_741_522_152.0
"""2025-03-09 12:09:12 UTC."""

COLUMNS = PluginColumns(
    sync="cf_opportunity_sync_to_outreach",
    error="cf_opportunity_outreach_sync_error",
    outreach_id="cf_opportunity_outreach_id",
    outreach_url="cf_opportunity_outreach_url",
)

PERSON_COLUMNS = PluginColumns(
    sync="cf_person_sync_to_outreach",
    error="cf_person_outreach_sync_error",
    outreach_id="cf_person_outreach_id",
    outreach_url="cf_person_outreach_url",
    duplicate="cf_person_outreach_duplicate",
)

CONFIGURED = {
    "sync": COLUMNS.sync,
    "error": COLUMNS.error,
    "outreach_id": COLUMNS.outreach_id,
    "outreach_url": COLUMNS.outreach_url,
}

PEOPLE_CONFIGURED = {
    "sync": PERSON_COLUMNS.sync,
    "error": PERSON_COLUMNS.error,
    "outreach_id": PERSON_COLUMNS.outreach_id,
    "outreach_url": PERSON_COLUMNS.outreach_url,
    "duplicate": PERSON_COLUMNS.duplicate,
}

ENTRY = WriteBack(901, 3, target_id="5501")
SAVED: dict[str, Any] = {
    "success": True,
    "affected_objects": [{"id": 901, "lock_version": 4}],
    "affected_object_information": [{"success": True, "errors": {}, "warnings": {}}],
}
"""The answer of a delivered ENTRY."""


class FixedClock:
    """A wall clock that stands still."""

    def now(self) -> float:
        """Always NOW."""
        return NOW


@dataclass
class MemoryVault:
    """A vault in memory."""

    texts: dict[str, str] = field(default_factory=dict[str, str])

    async def load(self, name: str) -> str | None:
        """What was saved, or None."""
        return self.texts.get(name)

    async def save(self, name: str, text: str) -> None:
        """Keep it."""
        self.texts[name] = text


@dataclass(frozen=True, slots=True)
class Arrived:
    """One request as the service saw it."""

    method: str
    path: str
    query: str
    headers: httpx.Headers
    body: bytes
    form: list[tuple[str, str]]

    def every(self, name: str) -> list[str]:
        """All values of a form parameter, in order."""
        return [value for key, value in self.form if key == name]

    def one(self, name: str) -> str | None:
        """The only value of a form parameter; None when it is absent."""
        values = self.every(name)
        assert len(values) < 2
        return values[0] if values else None

    @property
    def filters(self) -> list[tuple[str, str, str]]:
        """Filter triples by position."""
        return list(zip(self.every("_ff[]"), self.every("_ft[]"), self.every("_fc[]"), strict=True))


Respond = Callable[[Arrived], httpx.Response]


@dataclass
class Service:
    """A Workbooks that answers as the test says and keeps what arrived."""

    respond: Respond
    arrived: list[Arrived] = field(default_factory=list[Arrived])

    async def handle(self, request: httpx.Request) -> httpx.Response:
        """Record the request and answer it."""
        body = await request.aread()
        arrived = Arrived(
            method=request.method,
            path=request.url.path,
            query=request.url.query.decode(),
            headers=request.headers,
            body=body,
            form=parse_qsl(body.decode(), keep_blank_values=True),
        )
        self.arrived.append(arrived)
        return self.respond(arrived)


@dataclass
class World:
    """A source over a scripted service, and the governor in between."""

    service: Service
    governor: Governor
    source: WorkbooksSource
    observed: list[tuple[str, str, str]]

    async def ready(self) -> None:
        """Run every start-up step, and forget the requests that took."""
        for step in self.source.steps():
            await step.run()
        self.service.arrived.clear()


@asynccontextmanager
async def opened(
    respond: Respond, *, columns: tuple[str, ...] = (), **settings: Any
) -> AsyncGenerator[World]:
    """A source over a service that answers with `respond`.

    Args:
        columns: columns the mapping of opportunities needs.
    """
    service = Service(respond)
    observed: list[tuple[str, str, str]] = []
    environment = surroundings_of(service, observed)
    given = {"base_url": "https://workbooks.test", **settings}
    if "username" not in given:
        given["api_key"] = {"env": "TEST_WORKBOOKS_API_KEY"}
    async with open_source(WorkbooksSettings.model_validate(given), environment) as source:
        source.select(RecordType.OPPORTUNITY, columns)
        yield World(service, environment.governor, source, observed)


def surroundings_of(service: Service, observed: list[tuple[str, str, str]]) -> ConnectorEnvironment:
    """The world outside the connector."""
    clock = FixedClock()

    def observe(method: str, route: str, status: str, duration_s: float) -> None:
        assert duration_s >= 0
        observed.append((method, route, status))

    return ConnectorEnvironment(
        clock=clock,
        rng=Random(1),  # noqa: S311 # a seed, not a secret
        governor=Governor(clock, Random(2), in_flight_max=5),  # noqa: S311 # as above
        vault=MemoryVault(),
        observe=observe,
        way=ThroughHttpx(httpx.MockTransport(service.handle)),
        user_agent="wosync/0 (gzip)",
    )


def a_row(record_id: int = 901, /, **columns: Any) -> dict[str, Any]:
    """An eligible, unlinked opportunity with nobody on its People tab."""
    return {
        "id": record_id,
        "lock_version": 3,
        "updated_at": 1_741_522_152,
        "object_ref": f"OPP-{record_id}",
        COLUMNS.sync: True,
        COLUMNS.error: False,
        COLUMNS.outreach_id: "",
        COLUMNS.outreach_url: None,
        "opportunity_contact_ids": "[]",
        "opportunity_contact_roles": "[]",
        **columns,
    }


def a_person(record_id: int = 1201, /, **columns: Any) -> dict[str, Any]:
    """An eligible, unlinked person."""
    return {
        "id": record_id,
        "lock_version": 5,
        "updated_at": 1_741_522_152,
        "object_ref": f"PERS-{record_id}",
        PERSON_COLUMNS.sync: True,
        PERSON_COLUMNS.error: False,
        PERSON_COLUMNS.outreach_id: "",
        PERSON_COLUMNS.outreach_url: None,
        "cf_person_outreach_duplicate": False,
        **columns,
    }


def custom(titles: dict[str, str], *, first_id: int = 1, **data_types: str) -> list[dict[str, Any]]:
    """Rows of admin/custom_fields."""
    return [
        {
            "id": first_id + at,
            "title": title,
            "value_column_name": name,
            "data_type": data_types.get(name, _datatype(title)),
        }
        for at, (title, name) in enumerate(titles.items())
    ]


def fields(titles: dict[str, str]) -> list[dict[str, Any]]:
    """Fields as metadata/types describes them."""
    return [
        {"name": name, "title": title, "datatype": _datatype(title)}
        for title, name in titles.items()
    ]


def listed(*rows: dict[str, Any]) -> httpx.Response:
    """A listing."""
    return as_json({"success": True, "data": list(rows), "total": len(rows), "flash": ""})


def as_json(document: object, status: int = 200, /, **headers: str) -> httpx.Response:
    """A JSON answer."""
    return httpx.Response(
        status,
        headers={"Content-Type": "application/json; charset=utf-8", **headers},
        content=json.dumps(document).encode(),
    )


def redirected(location: str, status: int = 302) -> httpx.Response:
    """A redirect with the usual HTML body."""
    return httpx.Response(status, headers={"Location": location}, html="<html>moved</html>")


def logged_in(number: int = 1) -> httpx.Response:
    """A successful login, with cookie `c<number>` and token `t<number>`."""
    cookie = f"c{number}"
    document = {
        "session_id": cookie,
        "authenticity_token": f"t{number}",
        "person_name": "API User",
        "database_name": "Main",
    }
    line = f"Workbooks-Session={cookie}; path=/; secure; HttpOnly"
    return as_json(document, **{"Set-Cookie": line})


def described(*fields: dict[str, Any], class_name: str) -> httpx.Response:
    """The description of one record type."""
    return listed({"class_name": class_name, "fields": list(fields)})


def prepared(respond: Respond) -> Respond:
    """A service that lets the start-up steps find configured columns, then does as told."""

    def answer(arrived: Arrived) -> httpx.Response:
        if arrived.path in ("/admin/custom_fields.api", "/metadata/types.api"):
            return as_json({"success": False}, 404)
        return respond(arrived)

    return answer


def catalogues(
    custom_rows: dict[str, list[dict[str, Any]] | None] | None = None,
    type_fields: dict[str, list[dict[str, Any]] | None] | None = None,
) -> Respond:
    """A service whose catalogues hold these by class name; None is not readable.

    A class that is not named has no custom fields, and is described without any field. Every
    other resource is empty.
    """

    def respond(arrived: Arrived) -> httpx.Response:
        if arrived.path == "/admin/custom_fields.api":
            filters = {field: criterion for field, _, criterion in arrived.filters}
            rows = (custom_rows or {}).get(filters["resource_type"], [])
            if rows is None:
                return as_json({"success": False}, 404)
            after = int(filters["id"])
            return listed(*[row for row in rows if row["id"] > after][:100])
        if arrived.path == "/metadata/types.api":
            [class_name] = arrived.every("class_names[]")
            found = (type_fields or {}).get(class_name, [])
            if found is None:
                return as_json({"success": False, "failures": ["no"]}, 406)
            return described(*found, class_name=class_name)
        return listed()

    return respond


def _datatype(title: str) -> str:
    checkbox = "Sync" in title and "Message" not in title
    also = ("Outreach Duplicate", "Outreach Error", "Enabled")
    return "boolean" if checkbox or title in also else "string"


async def find_columns(world: World) -> None:
    """Only the step that finds the columns."""
    await world.source.steps()[1].run()
    world.service.arrived.clear()
