"""The code of a consent: exchanged once, kept before use, never at the cost of what there is."""

from __future__ import annotations

import base64
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from connectors.outreach.authority import OutreachAuthority, allows, subject_of
from connectors.outreach.kept_tokens import REFRESH_TOKEN_LIFETIME_S
from connectors.outreach.oauth import MINT_INTERVAL_S, Tokens
from engine import (
    EngineError,
    Misconfigured,
    Permission,
    TheirFault,
    Throttled,
    Unauthorized,
    Unreachable,
    Use,
)
from tests.unit.connectors.outreach.stand_ins import NOW, answer, secret, settings
from tests.unit.connectors.outreach.token_bench import INVALID_GRANT, Bench, granted, refused

if TYPE_CHECKING:
    from connectors.outreach.client import OutreachClient

pytestmark = pytest.mark.anyio
WHERE = "http://localhost:9465/callback"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A fresh bench."""
    return Bench(monkeypatch)


async def test_a_code_is_exchanged_in_the_documented_form(bench: Bench) -> None:
    """With the redirect address it was asked for with, and without any refresh token."""
    tokens = bench.start(granted(1), refresh_token=None)

    await tokens.redeem("C0", WHERE)

    assert bench.sent == [
        {
            "client_id": ["CID"],
            "client_secret": ["SECRET"],
            "grant_type": ["authorization_code"],
            "code": ["C0"],
            "redirect_uri": [WHERE],
        }
    ]
    assert await tokens.bearer() == "AT1"
    assert bench.kept()["refresh_token"] == "RT1"


async def test_a_service_without_any_token_says_so_and_asks_nobody(bench: Bench) -> None:
    """It neither waits nor presents nothing; a consent is what it needs."""
    tokens = bench.start(refresh_token=None)

    with pytest.raises(Unauthorized) as caught:
        await tokens.bearer()

    assert "wosync auth" in str(caught.value.remedy)
    assert bench.sent == []


async def test_a_consent_takes_the_place_of_a_configured_token_for_good(bench: Bench) -> None:
    """The configured one is never presented again, also not after a restart."""
    tokens = bench.start(granted(1), granted(2))
    await tokens.bearer()
    bench.later(3600)

    await tokens.redeem("C0", WHERE)
    bench.forget_process()
    tokens = bench.start(granted(3))

    assert await tokens.bearer() == "AT2"
    bench.later(7200)
    assert await tokens.bearer() == "AT3"
    assert bench.sent[-1]["refresh_token"] == ["RT2"]


async def test_a_configured_token_that_was_never_used_is_replaced_as_well(bench: Bench) -> None:
    """It may be the wrong one, which is why somebody has consented."""
    await bench.start(granted(1)).redeem("C0", WHERE)
    bench.forget_process()
    tokens = bench.start()

    assert await tokens.bearer() == "AT1"


async def test_another_configured_token_is_a_newer_authorisation_still(bench: Bench) -> None:
    """An operator who changes the secret has a reason."""
    await bench.start(granted(1)).redeem("C0", WHERE)
    bench.later(3600)
    tokens = bench.start(granted(2), refresh_token=secret("RT9"))

    assert await tokens.bearer() == "AT2"
    assert bench.sent[-1]["refresh_token"] == ["RT9"]


async def test_a_configured_token_that_is_taken_out_changes_nothing(bench: Bench) -> None:
    """What is in the state goes on."""
    await bench.start(granted(1)).bearer()
    tokens = bench.start(refresh_token=None)

    assert await tokens.bearer() == "AT1"


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (INVALID_GRANT, Unauthorized),
        (refused("invalid_client", 401), Unauthorized),
        (refused("invalid_request"), Misconfigured),
        (answer(200, b"<html>portal</html>"), TheirFault),
        (answer(200, {"access_token": "AT9", "expires_in": 7200}), TheirFault),
        (answer(503, b""), Unreachable),
        (answer(429, b"Retry later\n"), Throttled),
    ],
)
async def test_a_failed_exchange_leaves_what_there_is_in_use(
    bench: Bench, reply: Any, kind: type[EngineError]
) -> None:
    """The service goes on with the old tokens, and the refusal has a remedy where one is needed."""
    tokens = bench.start(granted(1), reply, granted(2))
    await tokens.bearer()
    bench.later(3600)

    with pytest.raises(kind) as caught:
        await tokens.redeem("C0", WHERE)

    assert await tokens.bearer() == "AT1"
    bench.later(7200)
    await tokens.bearer()
    assert bench.sent[-1]["refresh_token"] == ["RT1"]
    assert caught.value.remedy or isinstance(caught.value, Unreachable | Throttled)


async def test_a_refused_code_is_not_told_as_a_refused_refresh_token(bench: Bench) -> None:
    """Nor as another service that has used it."""
    tokens = bench.start(INVALID_GRANT, refresh_token=None)

    with pytest.raises(Unauthorized) as caught:
        await tokens.redeem("C0", WHERE)

    assert "the code of the consent is refused" in str(caught.value)
    assert "second service" not in str(caught.value.remedy)
    assert "C0" not in str(caught.value)


async def test_within_a_minute_of_the_last_mint_a_code_is_put_off(bench: Bench) -> None:
    """Whoever waits for a person can tell them; the code is not spent."""
    tokens = bench.start(granted(1), granted(2))
    await tokens.bearer()
    bench.later(20)

    with pytest.raises(Throttled) as caught:
        await tokens.redeem("C0", WHERE)

    assert caught.value.retry_after_s == MINT_INTERVAL_S - 20
    bench.later(41)
    await tokens.redeem("C0", WHERE)
    assert len(bench.sent) == 2


async def test_a_pause_for_a_refusal_is_over_once_a_person_has_acted(bench: Bench) -> None:
    """Otherwise the consent that ends the refusal would be held back by it."""
    tokens = bench.start(granted(1), refresh_token=None)
    governor = bench.world.governor
    governor.pause(60, "credentials", cause=Unauthorized("refused"))

    await tokens.redeem("C0", WHERE)

    assert governor.paused_s == 0


async def test_what_was_granted_and_until_when_is_known_from_each_answer(bench: Bench) -> None:
    """Until one has told it, nothing is claimed."""
    tokens = bench.start(granted(1, scope="users.read b.all"), granted(2, scope=None))
    before = await tokens.standing()
    await tokens.bearer()
    first = await tokens.standing()
    bench.later(7200)
    await tokens.bearer()
    second = await tokens.standing()

    assert (before.authorised, before.granted, before.ends_at) == (False, None, None)
    assert first.granted == second.granted == {"users.read", "b.all"}
    assert first.ends_at == NOW + REFRESH_TOKEN_LIFETIME_S
    assert second.ends_at == NOW + 7200 + REFRESH_TOKEN_LIFETIME_S


async def test_tokens_of_an_earlier_version_end_as_their_mint_tells(bench: Bench) -> None:
    """They were kept without the time of their issue."""
    kept = {"access_token": "AT1", "refresh_token": "RT1", "minted_at": NOW - 100}
    bench.world.vault.texts["oauth"] = json.dumps(kept)

    standing = await bench.start(refresh_token=None).standing()

    assert standing.ends_at == NOW - 100 + REFRESH_TOKEN_LIFETIME_S
    assert standing.granted is None


def test_scopes_are_granted_by_name_or_by_all_of_their_resource() -> None:
    """They are not additive: write gives no read."""
    assert allows({"users.read"}, "users.read")
    assert allows({"users.all"}, "users.read")
    assert not allows({"users.write"}, "users.read")
    assert not allows({"usersX.all"}, "users.read")


def test_the_consent_page_is_asked_for_exactly_these_scopes() -> None:
    """Space separated, in the order of what they are for, each once."""
    authority = OutreachAuthority(settings(), client=None)  # type: ignore[arg-type] # asked nothing
    needed = authority.needed([Use.OWNERS, Use.OPPORTUNITIES])

    address = authority.consent_address(needed, "the state", WHERE)

    assert [one.name for one in needed] == [
        "opportunities.read",
        "opportunities.write",
        "users.read",
    ]
    assert address == (
        "https://api.outreach.test/oauth/authorize?client_id=CID"
        "&redirect_uri=http%3A%2F%2Flocalhost%3A9465%2Fcallback&response_type=code"
        "&scope=opportunities.read+opportunities.write+users.read&state=the+state"
    )
    missing = authority.missing(needed, {"opportunities.all"})
    assert missing == [Permission("users.read", Use.OWNERS)]


@pytest.mark.parametrize(
    ("claims", "subject"),
    [
        ({"sub": "12"}, "12"),
        ({"sub": 12}, "12"),
        ({"sub": "half \ud800 a character"}, "half \ufffd a character"),
        ({"sub": True}, None),
        ({}, None),
        ([], None),
    ],
)
def test_whom_a_token_acts_for_is_read_where_it_tells(claims: Any, subject: str | None) -> None:
    """What is no such token tells nothing, and breaks nothing."""
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")

    assert subject_of(f"e30.{body}.x") == subject
    assert subject_of(body) is None
    assert subject_of("a.%%%.c") is None


async def test_pairs_that_act_as_one_user_have_one_account_which_does_not_say_whose(
    bench: Bench,
) -> None:
    """Their budget is shared by it, in a database that others may read; nobody is asked for it."""

    async def account(subject: str | None, **changes: str) -> str | None:
        claims = {} if subject is None else {"sub": subject}
        body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        kept = {"access_token": f"e30.{body}.x", "refresh_token": "RT1", "minted_at": NOW - 9000}
        bench.world.vault.texts["oauth"] = json.dumps(kept)
        return await asked(bench.start(refresh_token=None), **changes)

    async def asked(tokens: Tokens, **changes: str) -> str | None:
        client = cast("OutreachClient", SimpleNamespace(tokens=tokens))
        return await OutreachAuthority(settings(**changes), client).account()

    ours = await account("12")
    assert ours is not None
    assert (len(ours), ours) == (32, await account("12"))
    others = {await account("13"), await account("12", base_url="https://eu.outreach.test")}
    assert len({ours, None, *others}) == 4
    assert await account(None) is None
    bench.world.vault.texts.clear()
    assert await asked(bench.start()) is None
    assert bench.sent == []
