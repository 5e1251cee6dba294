"""No rival but the bound: sixteen tasks of aiohttp that send the same bytes, and nothing else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import aiohttp
from wire import HEADERS, OPPORTUNITIES, ROLES, TRIES, records, role_body

TASKS = 16


async def post(session: aiohttp.ClientSession, url: str, body: bytes) -> int:
    """Send one document until an answer comes; returns the id of what was created."""
    for _ in range(TRIES):
        try:
            async with session.post(url, data=body, headers=HEADERS) as answer:
                answer.raise_for_status()
                return json.loads(await answer.read())["data"]["id"]
        except aiohttp.ClientConnectionError:
            continue
    raise SystemExit("no answer came")


async def send_on(session: aiohttp.ClientSession, those: Iterator[dict[str, Any]]) -> None:
    """Create record after record."""
    for record in those:
        created = await post(session, OPPORTUNITIES, json.dumps(record["body"]).encode())
        for prospect_id, role in record["people"]:
            body = json.dumps(role_body(created, prospect_id, role)).encode()
            await post(session, ROLES, body)


async def main() -> None:
    """Share the records among the tasks."""
    those = records()
    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(send_on(session, those) for _ in range(TASKS)))


asyncio.run(main())
