"""Token answers: whatever is odd in one, its refresh token is kept."""

from __future__ import annotations

import json

import pytest

from connectors.outreach.oauth import MINT_INTERVAL_S
from engine import Answer, EngineError, StateUnusable, TheirFault, Unauthorized
from tests.unit.connectors.outreach.stand_ins import answer
from tests.unit.connectors.outreach.token_bench import INVALID_GRANT, Bench, granted

pytestmark = pytest.mark.anyio


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A fresh bench."""
    return Bench(monkeypatch)


def damaged(tail: bytes) -> bytes:
    """A grant that ends in another way."""
    return granted(1).body.removesuffix(b"}") + tail


ODD: dict[str, Answer] = {
    "null lifetime": granted(1, expires_in=None),
    "zero lifetime": granted(1, expires_in=0),
    "negative lifetime": granted(1, expires_in=-5),
    "fraction": granted(1, expires_in=7199.5),
    "digits": granted(1, expires_in="7200"),
    "words": granted(1, expires_in="two hours"),
    "list": granted(1, expires_in=[7200]),
    "true": granted(1, expires_in=True),
    "milliseconds": granted(1, expires_in=7_200_000),
    "huge": granted(1, expires_in=10**400),
    "infinite": answer(200, b'{"access_token":"AT1","refresh_token":"RT1","expires_in":Infinity}'),
    "no number": answer(200, b'{"access_token":"AT1","refresh_token":"RT1","expires_in":NaN}'),
    "byte order mark": answer(200, b"\xef\xbb\xbf" + granted(1).body),
    "utf-16": answer(200, granted(1).body.decode().encode("utf-16")),
    "white space": answer(200, b"\r\n \t" + granted(1).body + b"\n\n"),
    "a trailer": answer(200, granted(1).body + b"<!-- served by proxy 7 -->"),
    "no lifetime": answer(200, {"access_token": "AT1", "refresh_token": "RT1"}),
    "blanks around": granted(1, access_token=" AT1\n", refresh_token="\tRT1 "),
    "odd members": granted(1, token_type=7, scope=None, created_at="yesterday"),
    "a line break in a text": answer(200, damaged(b', "scope": "a\nb"}')),
    "a byte that is no text": answer(200, damaged(b', "scope": "caf\xe9"}')),
    "a number of 5,000 digits": answer(200, damaged(b', "created_at": ' + b"9" * 5000 + b"}")),
    "nested without end": answer(200, damaged(b', "scope": ' + b"[" * 20_000)),
    "a comma too many": answer(200, damaged(b",}")),
    "cut off": answer(200, damaged(b', "sco')),
    "a guard in front": answer(200, b")]}',\n" + granted(1).body),
    "a comment in front": answer(200, b"<!-- proxy -->" + granted(1).body),
    "wrapped": answer(200, b'{"data": [' + granted(1).body + b"]}"),
    "named twice": answer(200, damaged(b', "refresh_token": null}')),
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
async def test_an_odd_answer_is_a_grant_all_the_same(bench: Bench, odd: Answer) -> None:
    """Its refresh token works once and exists nowhere else."""
    tokens = bench.start(odd)

    assert await tokens.bearer() == "AT1"

    assert bench.kept()["refresh_token"] == "RT1"
    assert MINT_INTERVAL_S < tokens.expires_in_s <= 7200
    bench.later(MINT_INTERVAL_S)
    assert await bench.start().bearer() == "AT1"


UNUSABLE: dict[str, Answer] = {
    "blank": granted(1, access_token=" "),
    "null": granted(1, access_token=None),
    "missing": answer(200, {"refresh_token": "RT1"}),
    "a number": granted(1, access_token=17),
    "a line break": granted(1, access_token="AT\r\nX-Evil: 1"),
    "a control character": granted(1, access_token="AT\x00"),
    "no ASCII": granted(1, access_token="ATé"),
    "two words": granted(1, access_token="AT 1"),
    "half a character": answer(200, b'{"access_token":"\\ud800","refresh_token":"RT1"}'),
}


@pytest.mark.parametrize("odd", UNUSABLE.values(), ids=UNUSABLE.keys())
async def test_an_access_token_that_cannot_be_used_leaves_the_refresh_token(
    bench: Bench, odd: Answer
) -> None:
    """The next mint goes on from it, a minute later, and the pause says why."""
    tokens = bench.start(odd, granted(2))
    with pytest.raises(TheirFault):
        await tokens.bearer()

    assert bench.kept()["refresh_token"] == "RT1"
    assert "cannot be understood" in str(bench.world.governor.pause_reason)
    bench.later(MINT_INTERVAL_S)
    bench.forget_process()
    assert await bench.start(granted(2)).bearer() == "AT2"
    assert bench.sent[-1]["refresh_token"] == ["RT1"]


async def test_an_unusable_new_token_takes_nothing_from_the_living_one(bench: Bench) -> None:
    """Renewal starts early exactly for this."""
    tokens = bench.start(granted(1), granted(2, access_token=""))
    await tokens.bearer()
    bench.later(0.95 * 7200)

    assert await tokens.bearer() == "AT1"
    assert (bench.kept()["access_token"], bench.kept()["refresh_token"]) == ("AT1", "RT2")
    assert bench.world.governor.paused_s == 0


@pytest.mark.parametrize("status", [302, 403, 500, 503])
async def test_a_grant_under_another_status_is_kept_and_the_status_believed(
    bench: Bench, status: int
) -> None:
    """A front that changes the status of an answer does not undo what was minted."""
    with pytest.raises(EngineError):
        await bench.start(answer(status, json.loads(granted(1).body))).bearer()

    assert bench.kept()["refresh_token"] == "RT1"


async def test_a_refusal_that_repeats_the_request_is_no_grant(bench: Bench) -> None:
    """The token in it is our own."""
    echo = answer(400, {"error": "invalid_grant", "refresh_token": "RT-other"})
    with pytest.raises(Unauthorized):
        await bench.start(echo).bearer()

    assert bench.kept()["refresh_token"] == ""


async def test_a_damaged_refusal_that_repeats_the_request_is_no_grant(bench: Bench) -> None:
    """Nor is one of which the end is missing."""
    echo = answer(400, b'{"error": "invalid_grant", "refresh_token": "RT-other", "det')
    with pytest.raises(EngineError):
        await bench.start(echo).bearer()

    assert bench.kept()["refresh_token"] == ""


async def test_half_a_token_is_none(bench: Bench) -> None:
    """What is cut off in the middle of it would only be refused; the rest is used."""
    cut = answer(200, b'{"access_token":"AT1","refresh_token":"RT')

    assert await bench.start(cut).bearer() == "AT1"
    assert bench.kept()["refresh_token"] == "RT0"


async def test_a_refusal_under_a_success_is_a_refusal(bench: Bench) -> None:
    """Some gateways say 200 to everything."""
    with pytest.raises(Unauthorized, match="invalid_grant"):
        await bench.start(answer(200, b"\xef\xbb\xbf" + INVALID_GRANT.body)).bearer()


async def test_a_token_that_could_not_be_stored_is_neither_used_nor_lost(bench: Bench) -> None:
    """A full disk is made room on, and the process goes on with what it holds."""
    tokens = bench.start(granted(1), granted(2))
    save = bench.world.vault.save

    async def full(name: str, text: str) -> None:
        if "RT1" in text and "RT2" not in text:
            raise StateUnusable("no space left on the device")
        await save(name, text)

    bench.monkeypatch.setattr(bench.world.vault, "save", full)
    with pytest.raises(StateUnusable):
        await tokens.bearer()
    bench.monkeypatch.setattr(bench.world.vault, "save", save)
    bench.later(MINT_INTERVAL_S)

    assert await tokens.bearer() == "AT2"
    assert bench.sent[-1]["refresh_token"] == ["RT1"]
