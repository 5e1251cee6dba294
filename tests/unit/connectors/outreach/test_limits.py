"""Rate headers and waits: every observed form, and growth when nothing is said."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.outreach.limits import Patience, RateLimit, rate_limit, retry_after_s, told_s
from tests.unit.connectors.outreach.stand_ins import seeded

NOW = 1_785_542_400.0  # 2026-08-01T00:00:00Z
# A busy machine must not fail a test.
unhurried = settings(deadline=None)


def test_the_first_of_two_joined_remaining_values_counts() -> None:
    """Since 2023 the header sometimes carries a second number that is not ours."""
    headers = httpx.Headers(
        {
            "x-ratelimit-limit": "10000",
            "x-ratelimit-remaining": "9999, 19988",
            "x-ratelimit-reset": "1785546000",
        }
    )

    assert rate_limit(headers, NOW) == RateLimit(10000, 9999, 1785546000.0)


def test_a_reset_in_seconds_is_added_to_the_present() -> None:
    """The unit is only known from production parsers, so both are read."""
    assert rate_limit(httpx.Headers({"X-RateLimit-Reset": "30"}), NOW).reset_at == NOW + 30


@pytest.mark.parametrize(
    "text",
    [
        "1785546000",
        "1785546000000",
        "1785546000000000",
        "1785546000000000000",
        "2026-08-01T01:00:00Z",
        "2026-08-01T01:00:00",
        "Sat, 01 Aug 2026 01:00:00 GMT",
        "1785546000, 1785549600",
    ],
)
def test_the_end_of_the_window_is_read_in_every_unit(text: str) -> None:
    """Milliseconds taken for seconds are a wait of fifty thousand years."""
    assert rate_limit(httpx.Headers({"X-RateLimit-Reset": text}), NOW).reset_at == 1785546000


@pytest.mark.parametrize("ahead_s", [-7200, -31, 31, 7200, 86_400 * 365])
def test_a_moment_is_one_of_the_services_own_clock(ahead_s: int) -> None:
    """What counts is how far it is from the answer's own date."""
    date = format_datetime(datetime.fromtimestamp(NOW + ahead_s, UTC), usegmt=True)
    headers = httpx.Headers(
        {
            "Date": date,
            "X-RateLimit-Reset": str(int(NOW) + ahead_s + 600),
            "Retry-After": str(int(NOW) + ahead_s + 60),
        }
    )

    assert rate_limit(headers, NOW).reset_at == NOW + 600
    assert told_s(headers, NOW) == 60


def test_clocks_that_are_about_equal_are_taken_as_equal() -> None:
    """Answers travel, and a date has whole seconds."""
    date = format_datetime(datetime.fromtimestamp(NOW - 7, UTC), usegmt=True)
    headers = httpx.Headers({"Date": date, "X-RateLimit-Reset": str(int(NOW) + 600)})

    assert rate_limit(headers, NOW).reset_at == NOW + 600


@pytest.mark.parametrize("text", ["", "soon", "-1", "٣", "9" * 5000, "1.5"])
def test_unreadable_headers_count_as_absent(text: str) -> None:
    """A header is never worth a crash."""
    headers = httpx.Headers([(b"X-RateLimit-Remaining", text.encode())])

    assert rate_limit(headers, NOW) == RateLimit()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1785546000", 3600.0),
        ("1785546000000", 3600.0),
        ("120", 120.0),
        ("0", 0.0),
        (" 5 ", 5.0),
        ("2026-08-01T04:00:00", 4 * 3600.0),
        ("2026-08-01T04:00:00Z", 4 * 3600.0),
        ("2026-08-01T04:00:00+02:00", 2 * 3600.0),
        ("Sat, 01 Aug 2026 00:10:00 GMT", 600.0),
        ("Sat, 01 Aug 2026 00:10:00 -0000", 600.0),
    ],
)
def test_every_form_of_retry_after_is_understood(text: str, seconds: float) -> None:
    """The vendor documents one form and production saw others."""
    assert retry_after_s(text, NOW) == seconds


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "later",
        "1785542000",
        "2017-01-01T00:00:00",
        "9" * 400,
        "-5",
        "Mon, 1 Jan 99999999999999999999 00:00:00",
        "0001-01-01T00:00:00+23:59",
    ],
)
def test_a_useless_retry_after_says_nothing(text: str | None) -> None:
    """A moment already past would mean asking again at once."""
    assert retry_after_s(text, NOW) is None


@unhurried
@given(st.text(max_size=40) | st.from_regex(r"[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d+ [\d:+-]+"))
def test_no_header_is_worth_a_crash(text: str) -> None:
    """Headers come from gateways of every make."""
    wait = retry_after_s(text, NOW)

    assert wait is None or wait >= 0


def test_untold_waits_double_from_one_minute_to_fifteen() -> None:
    """Refusals without a time are common enough to need a plan of our own."""
    patience = Patience(seeded(1))
    now = NOW
    waits: list[float] = []

    for _ in range(6):
        waits.append(patience.wait_s(None, now))
        now += waits[-1]

    for wait, least in zip(waits, [60, 120, 240, 480, 900, 900], strict=True):
        assert least <= wait <= least * 1.1


def test_refusals_of_requests_under_way_together_count_as_one() -> None:
    """Four requests in flight would otherwise turn one minute into eight."""
    patience = Patience(seeded(1))

    waits = [patience.wait_s(None, NOW + second) for second in range(4)]

    assert max(waits) <= 66


def test_a_success_makes_the_next_wait_short_again() -> None:
    """A refusal of last week says nothing about today."""
    patience = Patience(seeded(1))
    patience.wait_s(None, NOW)
    patience.wait_s(None, NOW + 100)

    patience.rest()

    assert patience.wait_s(None, NOW + 101) <= 66


def test_a_wait_is_never_shorter_than_told_and_never_much_over_an_hour() -> None:
    """After an hour it is worth looking again, whatever was said."""
    patience = Patience(seeded(1))

    assert 120 <= patience.wait_s(120, NOW) <= 132
    assert 3600 <= patience.wait_s(86_400, NOW) <= 3630
    assert patience.wait_s(0, NOW) >= 1
