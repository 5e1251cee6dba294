"""A token endpoint with a script, and a vault and a clock that outlive restarts."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import pytest

from connectors.outreach.oauth import Tokens
from engine import Answer, EngineError
from engine.flow.governor import Governor
from tests.unit.connectors.outreach.stand_ins import World, answer, settings


def granted(number: int, **changes: Any) -> Answer:
    """A token answer; the refresh token rotates with the number."""
    grant = {"access_token": f"AT{number}", "refresh_token": f"RT{number}", "expires_in": 7200}
    return answer(200, grant | changes)


def refused(error: str, status: int = 400) -> Answer:
    """A refusal by RFC 6749, with a description that must not be repeated."""
    return answer(status, {"error": error, "error_description": "RT0 is no good"})


INVALID_GRANT = refused("invalid_grant")
Reply = Answer | EngineError | Callable[[], Answer]


@dataclass
class Bench:
    """One vault and one clock that outlive restarts, and a scripted token endpoint."""

    monkeypatch: pytest.MonkeyPatch
    world: World = field(default_factory=World)
    script: list[Reply] = field(default_factory=list[Reply])
    sent: list[dict[str, list[str]]] = field(default_factory=list[dict[str, list[str]]])
    sent_at: list[float] = field(default_factory=list[float])
    slept: list[float] = field(default_factory=list[float])

    def start(self, *script: Reply, **changes: Any) -> Tokens:
        """A process that has just started."""
        self.script = list(script)

        async def wait_out(governor: Governor, seconds: float, reason: str) -> None:
            governor.pause(seconds, reason)
            self.slept.append(seconds)
            self.world.clock.time += seconds

        self.monkeypatch.setattr(Governor, "wait_out", wait_out)
        return Tokens(settings(**changes), self.world.environment, self._request)

    async def _request(self, content: bytes) -> Answer:
        self.sent.append(parse_qs(content.decode()))
        self.sent_at.append(self.world.clock.time)
        reply = self.script.pop(0)
        if isinstance(reply, EngineError):
            raise reply
        return reply if isinstance(reply, Answer) else reply()

    def forget_process(self) -> None:
        """Let a new process begin: all but the vault and the clock is its own."""
        self.world.__post_init__()

    def kept(self) -> dict[str, Any]:
        """What the vault holds now."""
        return json.loads(self.world.vault.texts["oauth"])

    def later(self, seconds: float) -> None:
        """Let time pass."""
        self.world.clock.time += seconds
