"""Halves of characters in an answer: put right before anybody reads it."""

from __future__ import annotations

import json

import httpx
import pytest

from engine.wire.exchange import Exchange
from engine.wire.halves import made_whole
from tests.unit.engine.stand_ins import environment

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (r'"a \ud800 b"', "a \ufffd b"),
        (r'"\uDC00"', "\ufffd"),
        (r'"\ud83d\ude00"', "\U0001f600"),
        (r'"\uD83D\uDE00\ud83d"', "\U0001f600\ufffd"),
        (r'"\ud800\ud800\udc00"', "\ufffd\U00010000"),
        (r'"\ud800\u0041"', "\ufffdA"),
        (r'"\\ud800"', r"\ud800"),
        (r'"\\\ud800"', "\\\ufffd"),
        (r'"\n\ud800\""', '\n\ufffd"'),
        (r'"\ud7ff\ue000"', "\ud7ff\ue000"),
    ],
)
def test_only_a_half_is_replaced(sent: str, read: str) -> None:
    """A whole pair is an emoji, and a backslash may be meant."""
    assert json.loads(made_whole(sent.encode())) == read


def test_a_half_written_as_it_is_is_replaced_too() -> None:
    """The library that reads JSON lets it through."""
    assert json.loads(made_whole(b'"a \xed\xa0\x80 b \xed\x9f\xbf"')) == "a \ufffd b \ud7ff"


@pytest.mark.parametrize("body", [rb'{"name": "a \ud800"}', b'{"name": "a \xed\xbf\xbf"}'])
async def test_every_answer_can_be_stored_and_sent_on(body: bytes) -> None:
    """A create would be carried out, and what came of it could not be kept."""
    reply = httpx.MockTransport(lambda _: httpx.Response(200, content=body))
    async with Exchange("crm", environment(reply), timeout_s=5) as exchange:
        answer = await exchange.send("GET", "https://crm.example/x", route="/x", operation="read")

    found = answer.json()
    assert found == {"name": "a \ufffd"}
    answer.body.decode()
