"""What requests did, entered in the ledger: it is seen behind everything that spoils an answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, cast

import anyio
import httpx
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.simulation.scene import Ledger, Scene

# Where the scope of a request keeps the answer that the emulator itself gave.
KEPT = "simulation.answer"
# A row may be read just before its record is taken back, answer late, and wait for its turn.
UNDER_WAY_S = 240.0
ROLES = "/api/v2/opportunityProspectRoles"


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer of an application; `of` what the emulator itself answered, if it did."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    of: Reply | None = None

    @classmethod
    def made(cls, messages: list[Message], of: Reply | None = None) -> Reply:
        """The answer in the messages of an application."""
        body = b"".join(message.get("body", b"") for message in messages[1:])
        return cls(messages[0]["status"], list(messages[0]["headers"]), body, of)


@dataclass(frozen=True, slots=True)
class Kept:
    """An application around an emulator that keeps each answer in the scope of its request."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)
            await send(message)

        await self.app(scope, receive, keep)
        cast("dict[str, Reply]", scope)[KEPT] = Reply.made(messages)


def enter(scene: Scene, system: str, request: httpx.Request, reply: Reply) -> None:
    """Note in the ledger what the request did."""
    # Workbooks is read and logged in to by POST (workbooks-api §2.2).
    writing = ("PUT",) if system == "workbooks" else ("POST", "PATCH", "DELETE")
    if request.method not in writing or request.url.path == "/oauth/token":
        return
    if reply.of is not None:
        scene.ledger.writes[system] += 1
        _made(scene.ledger, request.method, request.url.path, reply.of)
    elif reply.status == 422:
        _refused(scene, request)


def _made(ledger: Ledger, method: str, path: str, reply: Reply) -> None:
    if method == "POST" and reply.status == 201 and path == "/api/v2/opportunities":
        data = json.loads(reply.body)["data"]
        ledger.created[data["attributes"]["customId"]] += 1
        ledger.custom_ids[int(data["id"])] = data["attributes"]["customId"]
    elif reply.status == 200 and path.startswith("/api/v2/opportunities/"):
        data = json.loads(reply.body)["data"]
        before = ledger.custom_ids.get(int(data["id"]))
        after = data["attributes"].get("customId", before)
        if before is not None and after != before:
            ledger.custom_ids[int(data["id"])] = after
            ledger.handed_over[before] += 1
    elif reply.status == 201 and path == "/api/v2/prospects":
        attributes = json.loads(reply.body)["data"]["attributes"]
        ledger.created_prospects[attributes["externalId"]] += 1


def _refused(scene: Scene, request: httpx.Request) -> None:
    """An answer put in the emulator's place refused a write for good."""
    ledger, path = scene.ledger, request.url.path
    if request.method == "POST" and path == ROLES:
        ledger.refused_roles.add(edge_of(request))
    elif request.method == "POST" and path == "/api/v2/prospects":
        ledger.bad_people.add(_number(_data(request)["attributes"]["externalId"]))
    elif request.method == "POST" and path == "/api/v2/opportunities":
        ledger.bad_records.add(_number(_data(request)["attributes"]["customId"]))
    elif request.method == "PATCH" and path.startswith("/api/v2/opportunities/"):
        row = scene.outreach.opportunities.get(int(path.rpartition("/")[2]))
        if row is not None:
            ledger.bad_records.add(_number(row.attributes["customId"]))


def note_unwanted(scene: Scene, request: httpx.Request) -> None:
    """Note the create of a record that was taken back long before it is sent."""
    if (request.method, request.url.path) != ("POST", "/api/v2/opportunities"):
        return
    record_id = _number(_data(request)["attributes"]["customId"])
    since = scene.ledger.undone.get(record_id)
    known_s = 2 * float(scene.plan.settings["poller"]["interval_s"]) + UNDER_WAY_S
    if since is not None and anyio.current_time() > since + known_s:
        late_s = anyio.current_time() - since
        scene.ledger.unwanted.append(f"OPP-{record_id} is created {late_s:.0f} s after its end")


def edge_of(request: httpx.Request) -> tuple[int, int, str]:
    """Opportunity, prospect and text of a role that is to be created."""
    data = _data(request)
    twin, prospect = (
        int(data["relationships"][name]["data"]["id"]) for name in ("opportunity", "prospect")
    )
    return twin, prospect, str(data["attributes"].get("role") or "")


def _data(request: httpx.Request) -> dict[str, Any]:
    return json.loads(request.content)["data"]


def _number(ref: object) -> int:
    return int(str(ref).rpartition("-")[2])
