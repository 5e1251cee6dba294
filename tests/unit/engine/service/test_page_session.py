"""Who may press a button of the page: whoever has shown the token, from a form of ours."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from engine.service.page.session import LASTS_S, Sessions

NOW = 1_790_000_000.0
TOKEN = "a token that nobody guesses"
OURS = Sessions(SecretStr(TOKEN))
OTHERS = Sessions(SecretStr("another token that nobody guesses"))
NOBODY = Sessions(None)
COOKIE = OURS.begun(NOW, "a" * 32)


def test_only_the_token_is_admitted() -> None:
    """Where none is configured nothing is."""
    assert OURS.admits(TOKEN)
    assert OURS.admits(f" {TOKEN}\n")
    assert not OURS.admits("")
    assert not OURS.admits(TOKEN[:-1])
    assert not OURS.admits("\udc80")
    assert not NOBODY.admits("")
    assert TOKEN not in repr(OURS)
    assert TOKEN not in COOKIE


def test_a_session_holds_until_it_ends_or_the_token_is_another() -> None:
    """Nothing is kept, so nothing else could end it."""
    assert OURS.holds(COOKIE, NOW)
    assert OURS.holds(COOKIE, NOW + LASTS_S - 1)
    assert not OURS.holds(COOKIE, NOW + LASTS_S)
    assert not OTHERS.holds(COOKIE, NOW)
    assert not NOBODY.holds(COOKIE, NOW)


@pytest.mark.parametrize(
    "forged",
    [
        None,
        "",
        "..",
        COOKIE[:-1],
        COOKIE + "0",
        COOKIE.replace("a" * 32, "b" * 32),
        f"9{COOKIE}",
        f"9999999999.{'a' * 32}.",
        "1.2.3.4",
        "\udc80.\udc80.\udc80",
        NOBODY.begun(NOW, "a" * 32),
    ],
)
def test_a_forged_session_is_none(forged: str | None) -> None:
    """Also one that was made without a token."""
    assert not OURS.holds(forged, NOW)
    assert not NOBODY.holds(forged, NOW)


def test_a_form_belongs_to_its_session() -> None:
    """A page of somebody else has neither, and the key of one session is none of another."""
    key, other = OURS.form_key(COOKIE), OURS.begun(NOW, "b" * 32)

    assert OURS.is_of(COOKIE, key, NOW)
    assert not OURS.is_of(other, key, NOW)
    assert not OURS.is_of(COOKIE, "", NOW)
    assert not OURS.is_of(None, key, NOW)
    assert not OURS.is_of(COOKIE, key, NOW + LASTS_S)
