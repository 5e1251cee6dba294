"""Tokens: minted rarely, kept before use, shared, and honest about refusals."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import pytest

from connectors.outreach.oauth import MINT_INTERVAL_S, REFUSALS_MAX, REFUSED_WAIT
from engine import (
    Answer,
    EngineError,
    Misconfigured,
    TheirFault,
    Throttled,
    Unauthorized,
    Unreachable,
)
from engine.settings import resolve_secret
from tests.unit.connectors.outreach.stand_ins import NOW, answer, secret
from tests.unit.connectors.outreach.token_bench import INVALID_GRANT, Bench, Reply, granted, refused

pytestmark = pytest.mark.anyio


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A fresh bench."""
    return Bench(monkeypatch)


async def test_the_first_mint_uses_the_configured_token_in_a_form(bench: Bench) -> None:
    """The documented form, with the secret in the body."""
    tokens = bench.start(granted(1), redirect_uri="https://app.example/cb")

    assert await tokens.bearer() == "AT1"
    assert bench.sent == [
        {
            "client_id": ["CID"],
            "client_secret": ["SECRET"],
            "grant_type": ["refresh_token"],
            "refresh_token": ["RT0"],
            "redirect_uri": ["https://app.example/cb"],
        }
    ]


async def test_the_rotated_token_is_kept_before_the_access_token_is_used(bench: Bench) -> None:
    """Losing it would cost a visit by a person with a browser."""
    tokens = bench.start(granted(1))

    await tokens.bearer()

    assert bench.kept()["refresh_token"] == "RT1"
    assert bench.kept()["access_token"] == "AT1"
    assert "RT0" not in json.dumps(bench.kept())


async def test_the_attempt_is_stamped_before_it_is_made(bench: Bench) -> None:
    """A crash during the attempt must not lead to a second one within the minute."""
    stamps: list[Any] = []

    def look() -> Answer:
        stamps.append(bench.kept()["attempted_at"])
        return granted(1)

    await bench.start(look).bearer()

    assert stamps == [NOW]


async def test_many_askers_share_one_mint(bench: Bench) -> None:
    """The vendor allows one mint a minute for all of them."""
    tokens = bench.start(granted(1))
    got: list[str] = []

    async def ask() -> None:
        got.append(await tokens.bearer())

    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(ask)

    assert got == ["AT1"] * 10
    assert len(bench.sent) == 1


async def test_a_restart_with_a_living_token_mints_nothing(bench: Bench) -> None:
    """Deployments come in bursts; mints must not."""
    await bench.start(granted(1)).bearer()

    bench.later(3600)
    tokens = bench.start()

    assert await tokens.bearer() == "AT1"
    assert tokens.mints == 0
    assert tokens.expires_in_s == 3600


async def test_a_token_is_renewed_at_nine_tenths_of_its_life(bench: Bench) -> None:
    """A request must not meet the expiry half-way."""
    tokens = bench.start(granted(1), granted(2))
    await tokens.bearer()

    bench.later(0.9 * 7200 - 1)
    assert await tokens.bearer() == "AT1"
    bench.later(1)
    assert await tokens.bearer() == "AT2"
    assert bench.sent[-1]["refresh_token"] == ["RT1"]
    assert bench.slept == []


async def test_trouble_while_renewing_does_not_matter_while_the_old_token_lives(
    bench: Bench,
) -> None:
    """Renewal starts early exactly for this."""
    tokens = bench.start(granted(1), answer(500), granted(2))
    await tokens.bearer()
    bench.later(0.95 * 7200)

    assert await tokens.bearer() == "AT1"
    assert await tokens.bearer() == "AT1"
    assert len(bench.sent) == 2
    assert bench.slept == []
    bench.later(MINT_INTERVAL_S)
    assert await tokens.bearer() == "AT2"


async def test_a_second_mint_waits_out_the_rest_of_the_minute_even_after_a_restart(
    bench: Bench,
) -> None:
    """The throttle is per user and application, whatever process asks."""
    with pytest.raises(Unreachable):
        await bench.start(answer(502)).bearer()

    bench.later(20)
    assert await bench.start(granted(1)).bearer() == "AT1"

    assert bench.slept == [MINT_INTERVAL_S - 20]


@pytest.mark.parametrize(
    "failure",
    [
        refused("invalid_client", 401),
        INVALID_GRANT,
        Unreachable("connection refused", ambiguous=False),
    ],
    ids=["client refused", "grant refused", "no connection"],
)
async def test_what_minted_nothing_makes_nobody_wait(bench: Bench, failure: Reply) -> None:
    """Whoever has just corrected a secret looks at a command that says nothing for a minute."""
    with pytest.raises(EngineError):
        await bench.start(failure).bearer()

    assert bench.kept()["attempted_at"] == 0


async def test_the_wait_for_the_next_mint_shows(bench: Bench) -> None:
    """A service that sends nothing for a minute must say why."""
    tokens = bench.start(granted(1), granted(2))
    first = await tokens.bearer()
    tokens.accepted(first)
    bench.later(20)

    await tokens.replace(first)

    assert bench.world.environment.governor.pause_reason == REFUSED_WAIT


async def test_a_token_that_others_are_answered_with_is_not_replaced_for_one_request(
    bench: Bench,
) -> None:
    """What stands in front of one kind of request must not have a token minted every minute."""
    tokens = bench.start(granted(1), granted(2), granted(3))
    tokens.accepted(await tokens.bearer())
    bench.later(100)
    # Refused with one token and with the next, which then serves for another request.
    second = await tokens.replace("AT1")
    tokens.refused_again(second)
    tokens.accepted(second)
    bench.later(100)

    for _ in range(REFUSALS_MAX - 1):
        with pytest.raises(TheirFault, match="other requests are answered with"):
            await tokens.replace(second)
    # Refused for everybody since then, it is replaced.
    assert await tokens.replace(second) == "AT3"


async def test_a_stamp_from_the_future_holds_up_for_one_interval_only(bench: Bench) -> None:
    """A clock that ran ahead once must not stop the service for days."""
    bench.world.vault.texts["oauth"] = json.dumps({"attempted_at": NOW + 86_400})

    assert await bench.start(granted(1)).bearer() == "AT1"

    assert bench.slept == [MINT_INTERVAL_S]


async def test_a_new_configured_token_replaces_what_is_kept(bench: Bench) -> None:
    """The operator has authorised again, perhaps as another user."""
    await bench.start(granted(1)).bearer()
    bench.later(600)

    tokens = bench.start(granted(9), refresh_token=secret("RT-new"))

    assert await tokens.bearer() == "AT9"
    assert bench.sent[-1]["refresh_token"] == ["RT-new"]


async def test_a_mistyped_configured_token_can_be_corrected_back(bench: Bench) -> None:
    """The tokens of the working authorisation are worth more than a typing error."""
    await bench.start(granted(1)).bearer()
    bench.later(600)
    with pytest.raises(Unauthorized):
        await bench.start(INVALID_GRANT, refresh_token=secret("RT-typo")).bearer()

    assert await bench.start().bearer() == "AT1"


async def test_a_configured_token_that_was_redeemed_is_never_presented_again(
    bench: Bench,
) -> None:
    """Where reuse is detected that ends the authorisation, and nobody would know what did."""
    tokens = bench.start(granted(1), INVALID_GRANT, INVALID_GRANT)
    await tokens.bearer()
    bench.later(7200)

    with pytest.raises(Unauthorized, match="invalid_grant"):
        await tokens.bearer()
    with pytest.raises(Unauthorized, match="invalid_grant"):
        await bench.start(INVALID_GRANT).bearer()

    assert [form["refresh_token"] for form in bench.sent[1:]] == [["RT1"], ["RT1"]]


async def test_an_old_secret_that_is_put_back_is_not_presented(bench: Bench) -> None:
    """A restored configuration must not cost the authorisation; the newest tokens go on."""
    await bench.start(granted(1)).bearer()
    bench.later(600)
    await bench.start(granted(2), refresh_token=secret("RT-new")).bearer()
    bench.later(7200)

    assert await bench.start(granted(3)).bearer() == "AT3"
    bench.later(7200)
    assert await bench.start(granted(4), refresh_token=secret("RT-new")).bearer() == "AT4"

    presented = [form["refresh_token"] for form in bench.sent]
    assert presented == [["RT0"], ["RT-new"], ["RT2"], ["RT3"]]


async def test_a_new_secret_is_picked_up_while_running(bench: Bench, tmp_path: Path) -> None:
    """An operator who authorises again while the service waits for it need not restart it."""
    path = tmp_path / "refresh_token"
    path.write_text("RT0", encoding="utf-8")
    changed = resolve_secret({"file": str(path)})
    tokens = bench.start(granted(1), INVALID_GRANT, granted(9), refresh_token=changed)
    await tokens.bearer()
    bench.later(7200)
    with pytest.raises(Unauthorized):
        await tokens.bearer()

    path.write_text("RT-again", encoding="utf-8")

    assert await tokens.bearer() == "AT9"
    assert bench.sent[-1]["refresh_token"] == ["RT-again"]


async def test_a_secret_that_changes_under_way_is_not_taken_for_redeemed(
    bench: Bench, tmp_path: Path
) -> None:
    """The answer belongs to what was presented."""
    path = tmp_path / "refresh_token"
    path.write_text("RT0", encoding="utf-8")
    changed = resolve_secret({"file": str(path)})

    def change() -> Answer:
        path.write_text("RT-again", encoding="utf-8")
        return granted(1)

    tokens = bench.start(change, granted(9), refresh_token=changed)
    with suppress(EngineError):
        await tokens.bearer()
    bench.later(61)

    assert await tokens.bearer() == "AT9"
    assert bench.sent[-1]["refresh_token"] == ["RT-again"]


async def test_when_every_token_is_refused_the_operator_is_told_to_authorise_again(
    bench: Bench,
) -> None:
    """Nothing but a person with a browser can help."""
    with pytest.raises(Unauthorized, match="refresh token is refused") as caught:
        await bench.start(INVALID_GRANT).bearer()

    assert caught.value.remedy is not None
    assert "14 days" in caught.value.remedy
    assert "RT0" not in str(caught.value)


async def test_a_token_of_our_own_that_somebody_else_has_used_is_told_as_that(
    bench: Bench,
) -> None:
    """A second service on a copy of the state is the likeliest cause, and the worst."""
    tokens = bench.start(granted(1), INVALID_GRANT)
    await tokens.bearer()
    bench.later(7200)

    with pytest.raises(Unauthorized, match="another one with a copy of this state") as caught:
        await tokens.bearer()

    assert "2.0 hours ago" in str(caught.value)
    assert "second service" in (caught.value.remedy or "")
    with pytest.raises(Unauthorized) as first:
        await bench.start(INVALID_GRANT).bearer()
    assert first.value.remedy


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (refused("invalid_client", 401), Unauthorized),
        (answer(401, b"no"), Unauthorized),
        (refused("unauthorized_client"), Unauthorized),
        (refused("invalid_scope"), Misconfigured),
        (answer(403, b"<html>"), TheirFault),
        (answer(302, b""), TheirFault),
        (answer(200, b"<html>"), TheirFault),
        (answer(200, {"access_token": ""}), TheirFault),
        (answer(500, b""), Unreachable),
    ],
)
async def test_every_failure_of_the_token_endpoint_has_its_class(
    bench: Bench, reply: Answer, kind: type[EngineError]
) -> None:
    """The engine acts on the class, and a token never shows in the text."""
    with pytest.raises(EngineError) as caught:
        await bench.start(reply).bearer()

    assert type(caught.value) is kind
    assert "RT0" not in f"{caught.value} {caught.value.remedy}"


async def test_a_throttled_mint_waits_a_minute_at_least(bench: Bench) -> None:
    """The answer is plain text and names no time."""
    with pytest.raises(Throttled) as caught:
        await bench.start(answer(429, b"Retry later\n", {"Retry-After": "5"})).bearer()

    assert caught.value.retry_after_s == 60
    assert bench.world.governor.paused_s > 0


async def test_a_lost_token_answer_never_puts_a_create_in_doubt(bench: Bench) -> None:
    """The create itself was not sent."""
    with pytest.raises(Unreachable) as caught:
        await bench.start(Unreachable("ReadTimeout", ambiguous=True)).bearer()

    assert not caught.value.ambiguous


async def test_a_fresh_token_that_is_refused_is_an_error_at_once(bench: Bench) -> None:
    """Minting another one would meet the same refusal a minute later."""
    tokens = bench.start(granted(1), granted(2))
    token = await tokens.bearer()

    with pytest.raises(Unauthorized):
        await tokens.replace(token)
    assert bench.slept == []

    bench.later(MINT_INTERVAL_S)
    assert await tokens.replace(token) == "AT2"


async def test_a_token_that_worked_and_was_revoked_is_replaced(bench: Bench) -> None:
    """Revocation is not the same as credentials that never worked."""
    tokens = bench.start(granted(1), granted(2))
    token = await tokens.bearer()
    tokens.accepted(token)
    bench.later(10)

    assert await tokens.replace(token) == "AT2"
    assert bench.slept == [MINT_INTERVAL_S - 10]


async def test_a_refused_token_that_others_have_replaced_costs_no_mint(bench: Bench) -> None:
    """Four requests in flight all meet the same expiry."""
    tokens = bench.start(granted(1), granted(2))
    old = await tokens.bearer()
    tokens.accepted(old)

    assert await tokens.replace(old) == "AT2"
    assert await tokens.replace(old) == "AT2"
    assert len(bench.sent) == 2


async def test_a_cancelled_mint_still_keeps_its_token(bench: Bench) -> None:
    """A shutdown in the middle must not lose the rotated refresh token."""
    scope = anyio.CancelScope()

    def cancel() -> Answer:
        scope.cancel()
        return granted(1)

    tokens = bench.start(cancel)
    with scope:
        await tokens.bearer()
        await anyio.lowlevel.checkpoint()

    assert scope.cancelled_caught
    assert bench.kept()["refresh_token"] == "RT1"


async def test_unreadable_state_counts_as_none(bench: Bench) -> None:
    """A damaged text must not need an operator while the configured token works."""
    bench.world.vault.texts["oauth"] = "{"

    assert await bench.start(granted(1)).bearer() == "AT1"


async def test_an_answer_without_a_new_refresh_token_keeps_the_old_one(bench: Bench) -> None:
    """Rotation is the rule, but OAuth lets the server leave it out."""
    await bench.start(granted(1, refresh_token=None)).bearer()

    assert bench.kept()["refresh_token"] == "RT0"


async def test_tokens_do_not_show_when_their_keeper_is_printed(bench: Bench) -> None:
    """Objects end up in logs and error reports."""
    tokens = bench.start(granted(1))
    await tokens.bearer()

    for secret_text in ("AT1", "RT1", "RT0", "SECRET"):
        assert secret_text not in repr(tokens)
