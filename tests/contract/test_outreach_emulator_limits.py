"""The Outreach emulator's rate limit, its headers, and maintenance."""

import pytest

from tests.contract.test_outreach_emulator import NOON, Emulator, error_of

pytestmark = pytest.mark.anyio


async def test_rate_limit_headers_count_down_per_user_and_refill_each_window() -> None:
    """The budget governor steers by these headers."""
    outreach = Emulator(rate_limit=3)
    colleague = outreach.world.users.create({"username": "Bo_Li"})
    first = await outreach.get("/users")
    missing = await outreach.get("/users/99")
    own_bearer, outreach.bearer = (
        outreach.bearer,
        outreach.world.issue_access_token("client", colleague),
    )
    colleagues = await outreach.get("/users")
    outreach.bearer = own_bearer
    outreach.now += 3599
    last = await outreach.get("/users")
    refused = await outreach.get("/users")
    outreach.now += 1
    fresh = await outreach.get("/users")

    limits = [
        [each.headers[f"X-RateLimit-{name}"] for name in ("Limit", "Remaining", "Reset")]
        for each in (first, missing, colleagues, last, refused, fresh)
    ]
    reset, next_reset = str(int(NOON) + 3600), str(int(NOON) + 7200)
    assert limits == [
        ["3", "2", reset],
        ["3", "1", reset],
        ["3", "2", reset],
        ["3", "0", reset],
        ["3", "0", reset],
        ["3", "2", next_reset],
    ]
    assert refused.status_code == 429
    assert error_of(refused)["id"] == "rateLimitExceeded"


@pytest.mark.parametrize(
    ("form", "header"),
    [
        ("epoch", str(int(NOON) + 3600)),
        ("delta", "3000"),
        ("iso", "2026-08-01T13:00:00"),
        ("absent", None),
    ],
)
async def test_a_429_says_when_in_each_form_seen_or_suspected(
    form: str, header: str | None
) -> None:
    """The form is not settled, so the client must read them all."""
    outreach = Emulator(rate_limit=0, retry_after=form)
    outreach.now += 600

    response = await outreach.get("/users")

    assert response.status_code == 429
    assert response.headers.get("Retry-After") == header
    assert "X-RateLimit-Reset" in response.headers
    outreach.world.knobs.reset_on_429 = False
    assert "X-RateLimit-Reset" not in (await outreach.get("/users")).headers


async def test_remaining_may_come_as_two_values() -> None:
    """Seen since 2023: a parser that expects one integer stops working."""
    outreach = Emulator(remaining_two_values=True)
    outreach.world.limits.spend(outreach.user_id, 8)
    response = await outreach.get("/users")
    assert response.headers["X-RateLimit-Remaining"] == "9991, 19991"


async def test_maintenance_answers_503_with_its_end() -> None:
    """The engine pauses until then; this Retry-After is a date, not a number."""
    outreach = Emulator(maintenance_until=NOON + 1800)

    api = await outreach.get("/users")
    token = await outreach.http.post("/oauth/token")
    outreach.now += 1800
    after = await outreach.get("/users")

    assert api.status_code == token.status_code == 503
    assert api.headers["Retry-After"] == "2026-08-01T12:30:00"
    assert error_of(api)["id"] == "scheduledServerMaintenance"
    assert after.status_code == 200
