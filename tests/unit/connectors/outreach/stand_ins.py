"""Stand-ins for the connector's surroundings, and a scripted server in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx
from pydantic import SecretStr

from connectors.outreach.settings import OutreachSettings
from engine import Answer, ConnectorEnvironment
from engine.flow.governor import Governor
from tests.ways import ThroughHttpx

NOW = 1_790_000_000.0
BASE = "https://api.outreach.test"
TOKEN_OK: dict[str, Any] = {
    "access_token": "AT1",
    "token_type": "Bearer",
    "expires_in": 7200,
    "refresh_token": "RT1",
    "scope": "opportunities.all users.read",
    "created_at": int(NOW),
}


def seeded(seed: int) -> Random:
    """A random source that draws the same numbers in every run."""
    return Random(seed)  # noqa: S311 # jitter is no secret


@dataclass
class FakeClock:
    """A wall clock that stands still until it is moved."""

    time: float = NOW

    def now(self) -> float:
        """Unix seconds."""
        return self.time


@dataclass
class MemoryVault:
    """Keeps texts and the order in which they were saved."""

    texts: dict[str, str] = field(default_factory=dict[str, str])
    saves: list[str] = field(default_factory=list[str])

    async def load(self, name: str) -> str | None:
        """The saved text."""
        return self.texts.get(name)

    async def save(self, name: str, text: str) -> None:
        """Save a text."""
        self.texts[name] = text
        self.saves.append(text)


Reply = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


@dataclass
class Server:
    """Answers the token endpoint by itself and everything else from a script, in order."""

    script: list[Reply] = field(default_factory=list[Reply])
    requests: list[httpx.Request] = field(default_factory=list[httpx.Request])
    mints: int = 0
    no_token: Exception | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Handle one request."""
        if request.url.path == "/oauth/token":
            if self.no_token is not None:
                raise self.no_token
            self.mints += 1
            grant = TOKEN_OK | {
                "access_token": f"AT{self.mints}",
                "refresh_token": f"RT{self.mints}",
            }
            return httpx.Response(200, json=grant)
        self.requests.append(request)
        reply = self.script.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, httpx.Response) else reply(request)

    def query(self, index: int = -1) -> dict[str, str]:
        """The decoded query of one request."""
        return dict(self.requests[index].url.params)

    def body(self, index: int = -1) -> Any:
        """The JSON body of one request."""
        return json.loads(self.requests[index].content)


@dataclass
class World:
    """An environment with every part within reach."""

    server: Server = field(default_factory=Server)
    clock: FakeClock = field(default_factory=FakeClock)
    vault: MemoryVault = field(default_factory=MemoryVault)
    observed: list[tuple[str, str, str, float]] = field(
        default_factory=list[tuple[str, str, str, float]]
    )
    environment: ConnectorEnvironment = field(init=False)

    def __post_init__(self) -> None:
        self.environment = ConnectorEnvironment(
            clock=self.clock,
            rng=seeded(7),
            governor=Governor(self.clock, seeded(7), in_flight_max=4),
            vault=self.vault,
            observe=self._observe,
            way=ThroughHttpx(httpx.MockTransport(self.server)),
            user_agent="test",
        )

    @property
    def governor(self) -> Governor:
        """The governor the connector reports to."""
        return self.environment.governor

    def _observe(self, method: str, route: str, status: str, duration_s: float) -> None:
        self.observed.append((method, route, status, duration_s))


def settings(**changes: Any) -> OutreachSettings:
    """Settings as an operator would give them, secrets already read."""
    given: dict[str, Any] = {
        "base_url": BASE,
        "client_id": "CID",
        "client_secret": secret("SECRET"),
        "refresh_token": secret("RT0"),
    }
    return OutreachSettings.model_validate(given | changes)


def secret(text: str) -> Any:
    """A secret that needs no environment."""
    return SecretStr(text)


def answer(status: int, body: Any = b"", headers: Mapping[str, str] | None = None) -> Answer:
    """An answer with a JSON body, or with these bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, httpx.Headers(headers), content)


def document(resource_id: int, **members: Any) -> httpx.Response:
    """A single opportunity as the API returns it."""
    return httpx.Response(200, json={"data": resource(resource_id, **members)})


def resource(resource_id: int, **members: Any) -> dict[str, Any]:
    """A resource object."""
    bare: dict[str, Any] = {"attributes": {}, "relationships": {}}
    return {"type": "opportunity", "id": resource_id, **bare, **members}


def page(*resources: dict[str, Any], following: str | None = None) -> httpx.Response:
    """One page of a collection."""
    links = {"first": f"{BASE}/first"} | ({"next": following} if following else {})
    return httpx.Response(200, json={"data": list(resources), "links": links})


def problem(
    status: int,
    error_id: str,
    detail: str = "refused",
    pointer: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    """An error envelope."""
    source = {"source": {"pointer": pointer}} if pointer else {}
    envelope = {"errors": [{"id": error_id, "title": error_id, "detail": detail} | source]}
    return httpx.Response(status, json=envelope, headers=headers)
