"""The Outreach emulator's gate: OAuth, tokens, scopes, permissions."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.contract.test_outreach_emulator import NOON, Emulator, error_of

pytestmark = pytest.mark.anyio


async def refresh(outreach: Emulator, token: str, **changes: str) -> httpx.Response:
    """One visit to the token endpoint with a refresh token, as a form."""
    form = {
        "client_id": "client",
        "client_secret": "secret",
        "grant_type": "refresh_token",
        "refresh_token": token,
        **changes,
    }
    return await outreach.http.post("/oauth/token", data=form)


async def authorize(outreach: Emulator, **changes: str) -> httpx.Response:
    """Open the consent page."""
    params = {
        "client_id": "client",
        "redirect_uri": "https://app.test/cb",
        "response_type": "code",
        "scope": "opportunities.all users.read",
        "state": "s1",
        **changes,
    }
    return await outreach.http.get("/oauth/authorize", params=params)


async def test_consent_leads_to_a_code_and_the_code_to_tokens_once() -> None:
    """This is how an operator connects an org; a code must not work twice."""
    outreach = Emulator()

    consent = await authorize(outreach)
    target = urlsplit(consent.headers["location"])
    answer = parse_qs(target.query)
    form = {
        "client_id": "client",
        "client_secret": "secret",
        "grant_type": "authorization_code",
        "redirect_uri": "https://app.test/cb",
        "code": answer["code"][0],
    }
    tokens = await outreach.http.post("/oauth/token", json=form)
    again = await outreach.http.post("/oauth/token", json=form)

    assert consent.status_code == 302
    assert (target.netloc, target.path, answer["state"]) == ("app.test", "/cb", ["s1"])
    assert tokens.status_code == 200
    assert tokens.headers["content-type"] == "application/json"
    body = tokens.json()
    assert body.keys() == {
        "access_token",
        "token_type",
        "expires_in",
        "refresh_token",
        "scope",
        "created_at",
    }
    assert (body["token_type"], body["expires_in"], body["created_at"]) == ("Bearer", 7200, NOON)
    assert body["scope"] == "opportunities.all users.read"
    assert body["access_token"].count(".") == 2
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    outreach.bearer = body["access_token"]
    assert (await outreach.get("/opportunities")).status_code == 200


async def test_a_code_dies_and_belongs_to_its_redirect_uri() -> None:
    """A stolen or stale code must not connect an org."""
    outreach = Emulator()
    codes: list[str] = []
    for _ in range(2):
        query = urlsplit((await authorize(outreach)).headers["location"]).query
        codes.append(parse_qs(query)["code"][0])
    exchange = {"grant_type": "authorization_code", "redirect_uri": "https://app.test/cb"}

    elsewhere = await refresh(
        outreach, "", **{**exchange, "code": codes[0], "redirect_uri": "https://evil.test"}
    )
    outreach.now += 600
    late = await refresh(outreach, "", **{**exchange, "code": codes[1]})

    assert elsewhere.json()["error"] == late.json()["error"] == "invalid_grant"


async def test_the_consent_page_says_no_in_oauth_terms() -> None:
    """The operator's command must explain each of these."""
    outreach = Emulator(consent="deny")
    outreach.world.add_app("strict", "secret", ["https://app.test/only"])

    denied = await authorize(outreach)
    scope = await authorize(outreach, scope="opportunities.everything")
    client = await authorize(outreach, client_id="nobody")
    redirect = await authorize(outreach, client_id="strict")

    assert "error=access_denied" in denied.headers["location"]
    assert "error=invalid_scope" in scope.headers["location"]
    assert (client.status_code, client.json()["error"]) == (401, "invalid_client")
    assert (redirect.status_code, redirect.json()["error"]) == (400, "invalid_request")


async def test_every_refresh_brings_a_new_refresh_token() -> None:
    """The client must store the new one; the old one still works unless the org says otherwise."""
    outreach = Emulator()

    first = (await refresh(outreach, outreach.refresh_token)).json()
    second = (await refresh(outreach, outreach.refresh_token)).json()
    outreach.world.knobs.refresh_reuse = "deny"
    third = await refresh(outreach, first["refresh_token"])
    reused = await refresh(outreach, first["refresh_token"])

    tokens = {outreach.refresh_token, first["refresh_token"], second["refresh_token"]}
    assert len(tokens) == 3
    assert first["access_token"] != second["access_token"]
    assert third.status_code == 200
    assert (reused.status_code, reused.json()["error"]) == (400, "invalid_grant")


async def test_refresh_tokens_last_fourteen_days() -> None:
    """A service that was down longer needs a human, and must say so."""
    outreach = Emulator()
    outreach.now += 14 * 86_400 - 1
    assert (await refresh(outreach, outreach.refresh_token)).status_code == 200
    outreach.now += 1
    assert (await refresh(outreach, outreach.refresh_token)).json()["error"] == "invalid_grant"


async def test_past_a_hundred_refresh_tokens_the_oldest_falls_out() -> None:
    """A client that mints without need loses the token in its configuration."""
    outreach = Emulator()
    tokens = [outreach.world.issue_refresh_token("client", outreach.user_id) for _ in range(100)]

    first = await refresh(outreach, outreach.refresh_token)
    youngest = await refresh(outreach, tokens[-1])

    assert first.json()["error"] == "invalid_grant"
    assert youngest.status_code == 200


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"refresh_token": "wrong"}, 400, "invalid_grant"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
async def test_the_token_endpoint_names_the_mistake(
    changes: dict[str, str], status: int, error: str
) -> None:
    """The client tells a wrong configuration from a lost consent by this."""
    outreach = Emulator()
    response = await refresh(outreach, outreach.refresh_token, **changes)
    assert (response.status_code, response.json()["error"]) == (status, error)


async def test_minting_twice_within_a_minute_is_throttled_in_plain_text() -> None:
    """The one 429 that is not JSON; a throttled visit must not use up the token."""
    outreach = Emulator(mint_interval_s=60, refresh_reuse="deny")

    first = (await refresh(outreach, outreach.refresh_token)).json()
    outreach.now += 59
    throttled = await refresh(outreach, first["refresh_token"])
    outreach.now += 1
    later = await refresh(outreach, first["refresh_token"])

    assert (throttled.status_code, throttled.text) == (429, "Retry later\n")
    assert throttled.headers["content-type"].startswith("text/plain")
    assert later.status_code == 200


async def test_access_tokens_die_on_time_by_expiry_and_by_revocation() -> None:
    """Each of these is a 401 that one refresh cures, or shows to be final."""
    outreach = Emulator(access_token_lifetime_s=100)

    outreach.now += 100
    expired = await outreach.get("/users")
    outreach.bearer = outreach.world.issue_access_token("client", outreach.user_id)
    outreach.world.expire_access_tokens()
    ended = await outreach.get("/users")
    renewed = await refresh(outreach, outreach.refresh_token)
    outreach.world.revoke_all_tokens()
    outreach.bearer = renewed.json()["access_token"]
    revoked = await outreach.get("/users")
    final = await refresh(outreach, outreach.refresh_token)

    assert [each.status_code for each in (expired, ended, revoked)] == [401, 401, 401]
    assert expired.json()["description"] == "The JWT token has expired."
    assert final.json()["error"] == "invalid_grant"


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", "é.é.é"])
async def test_a_token_that_is_no_jwt_is_refused_as_such(token: str) -> None:
    """The recorded body of the gateway; it is no JSON:API error."""
    outreach = Emulator()
    headers = {b"Authorization": f"Bearer {token}".encode()}
    response = await outreach.http.get("/api/v2/opportunities", headers=headers)
    assert response.status_code == 401
    assert response.json() == {
        "error": "Invalid JWT token.",
        "description": "The JWT token could not be decoded.",
    }


@pytest.mark.parametrize(
    ("granted", "read", "write", "delete"),
    [
        ("opportunities.read", 200, 403, 403),
        ("opportunities.write", 403, 201, 403),
        ("opportunities.delete", 403, 403, 204),
        ("opportunities.all", 200, 201, 204),
        ("accounts.all", 403, 403, 403),
    ],
)
async def test_scopes_are_not_additive(granted: str, read: int, write: int, delete: int) -> None:
    """An app with write alone cannot read: the connector's check must find out at start."""
    outreach = Emulator(granted)
    opportunity = outreach.world.opportunities.create({"name": "Deal"})

    responses = [
        await outreach.get(f"/opportunities/{opportunity}"),
        await outreach.post("opportunities", {"name": "Another"}),
        await outreach.send("DELETE", f"/opportunities/{opportunity}"),
    ]

    assert [each.status_code for each in responses] == [read, write, delete]
    for verb, response in zip(("read", "write", "delete"), responses, strict=True):
        if response.status_code == 403:
            assert error_of(response)["id"] == "unauthorizedOauthScope"
            assert f"'opportunities.{verb}'" in error_of(response)["detail"]


@pytest.mark.parametrize(
    ("knobs", "created", "edited_own", "edited_other", "read"),
    [
        ({}, 201, 200, 200, 200),
        ({"governance_create": False}, 403, 200, 200, 200),
        ({"governance_edit": "own"}, 201, 200, 403, 200),
        ({"governance_edit": "none"}, 201, 403, 403, 200),
        ({"governance_use": False}, 403, 403, 403, 403),
        ({"opportunities_sku": False}, 403, 403, 403, 403),
    ],
)
async def test_governance_and_the_plan_forbid_beyond_scopes(
    knobs: dict[str, Any], created: int, edited_own: int, edited_other: int, read: int
) -> None:
    """A refusal of one record and a refusal of everything need different answers from us."""
    outreach = Emulator(**knobs)
    own = outreach.world.opportunities.create({"name": "Own"}, {"owner": outreach.user_id})
    other = outreach.world.opportunities.create({"name": "Other"})

    responses = [
        await outreach.post("opportunities", {"name": "New"}),
        await outreach.patch("opportunities", own, {"probability": 1}),
        await outreach.patch("opportunities", other, {"probability": 1}),
        await outreach.get(f"/opportunities/{own}"),
    ]

    assert [each.status_code for each in responses] == [created, edited_own, edited_other, read]
    refused = [each for each in responses if each.status_code == 403]
    assert {error_of(each)["id"] for each in refused} <= {"unauthorizedRequest"}


async def test_without_the_plan_stages_and_roles_are_closed_too() -> None:
    """The connector's check must tell the operator about the plan, not about one record."""
    outreach = Emulator(opportunities_sku=False)
    for plural in ("opportunityStages", "opportunityProspectRoles"):
        assert (await outreach.get(f"/{plural}")).status_code == 403
    assert (await outreach.get("/users")).status_code == 200


@pytest.mark.parametrize(
    ("form", "status", "bare"),
    [
        ("401", 401, None),
        ("401 bare", 401, True),
        ("403", 403, False),
        ("403 bare", 403, True),
    ],
)
async def test_an_expired_token_is_answered_in_each_form_that_was_seen(
    form: str, status: int, bare: bool | None
) -> None:
    """Documents, and public clients of the service, do not agree."""
    outreach = Emulator(expired_answer=form)
    await outreach.get("/users")
    outreach.world.vault.expire_access_tokens()

    answer = await outreach.get("/users")

    assert answer.status_code == status
    body = answer.json()
    if bare is None:
        assert body["error"] == "Invalid JWT token."
    else:
        assert (body if bare else body["errors"][0])["id"] == "expiredAccessToken"
