"""Settings: what an operator may write, and what is refused before anything is sent."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from tests.unit.connectors.outreach.stand_ins import settings


def test_a_trailing_slash_of_the_base_address_makes_no_difference() -> None:
    """Operators paste addresses with and without it."""
    assert settings(base_url="https://api.outreach.io/").base_url == "https://api.outreach.io"


def test_plain_http_is_allowed_for_local_emulators() -> None:
    """Trying out a configuration on loopback needs no certificate."""
    assert settings(base_url="http://127.0.0.1:8080").base_url == "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("HTTPS://API.Outreach.io/", "https://api.outreach.io"),
        ("https://api.outreach.io:443/", "https://api.outreach.io"),
        ("http://localhost:80", "http://localhost"),
        ("https://proxy.example.com/out%20reach/", "https://proxy.example.com/out%20reach"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_one_origin_is_written_in_one_way(address: str, origin: str) -> None:
    """Refresh tokens belong to it: another way to write it is no other account."""
    assert settings(base_url=address).base_url == origin


@pytest.mark.parametrize(
    "address",
    [
        "api.outreach.io",
        "ftp://api.outreach.io",
        "https://",
        "https://user:pw@api.outreach.io",
        "https://api.outreach.io?x=1",
        "https://api.outreach.io/api/v2/",
        "https://api.outreach.io:port",
        "https://api.outreach.io:65536",
        "https://api outreach.io",
    ],
)
def test_an_unusable_base_address_is_refused(address: str) -> None:
    """A wrong address must fail at start and name its key, not at the first record."""
    with pytest.raises(ValidationError, match="base_url"):
        settings(base_url=address)


@pytest.mark.parametrize("key", ["record_url", "prospect_url"])
def test_a_record_address_without_the_id_is_refused(key: str) -> None:
    """Every record would otherwise get the same link written back."""
    with pytest.raises(ValidationError, match=key):
        settings(**{key: "https://web.outreach.io/opportunities/"})


@pytest.mark.parametrize("places", [0, 65])
def test_requests_in_flight_stay_within_reason(places: int) -> None:
    """Zero would stop the service, and hundreds would only earn refusals."""
    with pytest.raises(ValidationError, match="requests_in_flight_max"):
        settings(requests_in_flight_max=places)


def test_secrets_do_not_show_when_settings_are_printed() -> None:
    """Settings end up in logs and error reports."""
    assert "SECRET" not in repr(settings())
    assert "RT0" not in repr(settings())


@pytest.mark.parametrize("key", ["record_url", "prospect_url", "redirect_uri"])
def test_an_address_with_credentials_is_refused(key: str) -> None:
    """It is shown to people, and written into every record."""
    with pytest.raises(ValidationError, match="must not carry credentials"):
        settings(**{key: "https://u:s3cr3t@web.example/{id}"})
