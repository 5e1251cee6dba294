"""The service's own HTTP port in the hands of a test: metrics, status, readiness, reload."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx
from prometheus_client.parser import text_string_to_metric_families

from connectors.sandbox.serving import free_port
from engine.service.control import tokens_in
from engine.service.headers import TOKEN
from tests.scenario.bench import Bench, running
from tests.waiting import DEADLINE_S

# Seconds between two questions; more than a look costs, because each is a request.
ASK_S = 1.0

OPENMETRICS = "application/openmetrics-text; version=1.0.0"

Series = tuple[str, frozenset[tuple[str, str]]]
"""Name and labels of one series."""
Values = Mapping[Series, float]


def total(values: Values, name: str, **told: str) -> float:
    """The sum of the series with these labels; `class_` is the label class."""
    wanted = {(key.rstrip("_"), text) for key, text in told.items()}
    return sum(
        value
        for (one, labels), value in values.items()
        if one == f"wosync_{name}" and wanted <= labels
    )


@dataclass(frozen=True, slots=True)
class ServicePort:
    """Asks a running service, whose state lies in `state`."""

    client: httpx.AsyncClient
    state: Path

    async def text(self, accept: str = "text/plain") -> str:
        """The metrics as they are sent."""
        answer = await self.client.get("/metrics", headers={"Accept": accept})
        assert answer.status_code == 200, answer.text
        return answer.text

    async def values(self, *names: str) -> Values:
        """Every series with its value, or those whose names begin so, which takes far less."""
        text = await self.text()
        if names:
            begins = tuple(f"wosync_{name}" for name in names)
            text = "".join(one for one in text.splitlines(True) if one.startswith(begins))
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    async def value(self, name: str, **told: str) -> float:
        """The sum of some series."""
        return total(await self.values(name), name, **told)

    async def status(self) -> dict[str, Any]:
        """The whole status."""
        document: dict[str, Any] = (await self.client.get("/status")).json()
        return document

    async def ready(self) -> tuple[int, str]:
        """Whether it is ready, and why not."""
        answer = await self.client.get("/readyz")
        return answer.status_code, answer.text.strip()

    async def why(self, text: str) -> dict[str, Any]:
        """What `wosync why` is answered."""
        [token] = tokens_in([self.state])
        answer = await self.client.post("/why", headers={TOKEN: token}, json={"x": text})
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    async def lines(self, path: str, asked: dict[str, Any]) -> list[str]:
        """The lines of an answer that takes long, without the signs of life."""
        [token] = tokens_in([self.state])
        answer = await self.client.post(path, headers={TOKEN: token}, json=asked)
        assert answer.status_code == 200, answer.text
        return [one for one in answer.text.splitlines() if not one.startswith('{"working"')]

    async def sends(self, path: str, file: Path) -> list[str]:
        """The same for a file that is sent."""
        [token] = tokens_in([self.state])
        content = await anyio.Path(file).read_bytes()
        answer = await self.client.post(path, headers={TOKEN: token}, content=content)
        assert answer.status_code == 200, answer.text
        return [one for one in answer.text.splitlines() if not one.startswith('{"working"')]

    async def reload(self) -> dict[str, Any]:
        """Have it read its settings again, as `wosync reload` does."""
        [token] = tokens_in([self.state])
        answer = await self.client.post("/reload", headers={TOKEN: token})
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document


@asynccontextmanager
async def served(world: Bench, **poller: float) -> AsyncGenerator[ServicePort]:
    """The service for the block, from the moment its port answers."""
    async with asked(world) as port, running(world, **poller):
        await eventually(lambda: _answers(port.client))
        yield port


@asynccontextmanager
async def drained(world: Bench) -> AsyncGenerator[ServicePort]:
    """As `served`, for a block that tells the service to stop itself; it ends in order."""
    world.settings["poller"] = {"interval_s": 0.5}
    async with asked(world) as port:
        with anyio.fail_after(DEADLINE_S):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(world.run)
                await eventually(lambda: _answers(port.client))
                yield port


@asynccontextmanager
async def asked(world: Bench) -> AsyncGenerator[ServicePort]:
    """A port for the world's service, which runs, or will."""
    address = f"127.0.0.1:{free_port()}"
    world.settings["service"]["http"] = address
    async with httpx.AsyncClient(
        base_url=f"http://{address}", trust_env=False, timeout=DEADLINE_S
    ) as client:
        yield ServicePort(client, world.state)


async def _answers(client: httpx.AsyncClient) -> bool:
    with suppress(httpx.TransportError):
        return (await client.get("/healthz")).status_code == 200
    return False


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something that must be asked for holds."""
    with anyio.fail_after(DEADLINE_S):
        while not await holds():  # noqa: ASYNC110 # what is asked for over HTTP has no event
            await anyio.sleep(ASK_S)
