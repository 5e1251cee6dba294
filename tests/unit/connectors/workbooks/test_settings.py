"""Settings: what an operator may leave out, and the sentences that say what is wrong."""

import pytest
from pydantic import ValidationError

from connectors.workbooks.settings import WorkbooksSettings

KEY = {"env": "TEST_WORKBOOKS_API_KEY"}


def test_an_api_key_is_all_that_must_be_said() -> None:
    """Every other key has a default that suits production."""
    settings = WorkbooksSettings.model_validate({"api_key": KEY})

    assert settings.base_url == "https://secure.workbooks.com"
    assert (settings.page_size, settings.requests_in_flight_max) == (100, 4)
    assert (settings.login_redirect_prefix, settings.delay_hops_max) == ("/login", 20)
    assert settings.fields.sync is None
    assert (settings.person_fields.sync, settings.person_fields.duplicate) == (None, None)
    assert settings.false_matches_unset


def test_a_trailing_slash_in_the_base_url_is_tolerated() -> None:
    """The vendor itself writes the address with one."""
    settings = WorkbooksSettings.model_validate({"api_key": KEY, "base_url": "http://h:3000/wb/"})

    assert settings.base_url == "http://h:3000/wb"


@pytest.mark.parametrize(
    "base_url",
    [
        "secure.workbooks.com",
        "ftp://h",
        "https://",
        "https://u:p@h",
        "https://h?api=1",
        "http://h:x",
        "https://ho\tst",
        "https://host\n",
    ],
)
def test_a_base_url_of_another_form_is_refused(base_url: str) -> None:
    """A wrong address found at start is cheaper than one found at the first request."""
    with pytest.raises(ValidationError, match="base_url"):
        WorkbooksSettings.model_validate({"api_key": KEY, "base_url": base_url})


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "api_key is missing"),
        ({"auth": "session"}, "username and password together"),
        ({"auth": "session", "username": "a@b.example"}, "username and password together"),
        ({"auth": "session", "password": {"env": "TEST_WORKBOOKS_PASSWORD"}}, "username and"),
    ],
)
def test_missing_credentials_are_named(given: dict[str, object], sentence: str) -> None:
    """The message alone must tell the operator what to add."""
    with pytest.raises(ValidationError, match=sentence):
        WorkbooksSettings.model_validate(given)


@pytest.mark.parametrize(
    ("key", "number"), [("page_size", 101), ("requests_in_flight_max", 65), ("timeout_s", 0)]
)
def test_numbers_beyond_what_the_service_takes_are_refused(key: str, number: int) -> None:
    """The service promises 100 rows a page, the vendor's binding 5 requests at once."""
    with pytest.raises(ValidationError):
        WorkbooksSettings.model_validate({"api_key": KEY, key: number})


def test_secrets_do_not_show_when_settings_are_printed() -> None:
    """Settings end up in logs sooner or later."""
    given = {"auth": "session", "username": "a@b", "password": {"env": "TEST_WORKBOOKS_PASSWORD"}}
    settings = WorkbooksSettings.model_validate({**given, "api_key": KEY})

    assert "aaaaa" not in repr(settings)
    assert "horse" not in repr(settings)
