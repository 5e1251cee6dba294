"""The answer of a consent page: what is a code, what is a refusal, and what is neither."""

from __future__ import annotations

import pytest

from engine.decide.consent import NotTheAnswer, code_in, code_of
from engine.errors import EngineError, Misconfigured, Unauthorized

STATE = "the-state"
ADDRESS = f"http://localhost:9465/callback?code=abc-123&state={STATE}"


@pytest.mark.parametrize(
    "pasted",
    [
        ADDRESS,
        f"  {ADDRESS}\n",
        f"<{ADDRESS}>",
        f'"{ADDRESS}"',
        f"?code=abc-123&state={STATE}",
        f"code=abc-123&state={STATE}",
        f"https://app.example/cb?state={STATE}&code=abc-123#",
        "abc-123",
        " abc-123 \r\n",
    ],
)
def test_a_code_is_found_in_whatever_a_person_copies(pasted: str) -> None:
    """An address bar gives the address, a page the code, and a mail client adds its own signs."""
    assert code_in(pasted, STATE) == "abc-123"


@pytest.mark.parametrize(
    "pasted",
    [
        "",
        "\n",
        "two words",
        "http://localhost:9465/callback",
        f"http://localhost:9465/callback?state={STATE}",
        f"http://localhost:9465/callback?code=&state={STATE}",
        "http://localhost:9465/callback?code=abc-123&state=another",
        "http://localhost:9465/callback?code=abc-123",
        "abc\x1b[31m",
        "x" * 5000,
    ],
)
def test_what_holds_no_answer_is_asked_for_again(pasted: str) -> None:
    """The consent itself may still be good, and what to paste is said."""
    with pytest.raises(NotTheAnswer) as caught:
        code_in(pasted, STATE)

    assert caught.value.remedy
    assert "abc" not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        ("access_denied", Unauthorized, "was cancelled"),
        ("invalid_scope", Misconfigured, "permissions"),
        ("unsupported_response_type", Misconfigured, "unsupported_response_type"),
    ],
)
def test_a_refusal_is_told_as_what_it_is(error: str, kind: type[EngineError], words: str) -> None:
    """Each has a cure of its own."""
    with pytest.raises(kind) as caught:
        code_in(f"http://localhost/?error={error}&state={STATE}", STATE)

    assert words in str(caught.value)
    assert "nothing has changed" in str(caught.value)
    assert "wosync auth" in str(caught.value.remedy)


def test_a_state_that_was_never_asked_for_is_refused_before_anything_is_believed() -> None:
    """Not even a refusal: anybody can lead a browser here."""
    with pytest.raises(NotTheAnswer):
        code_of({"error": "access_denied", "state": "another"}, STATE)


def test_without_a_state_of_our_own_the_code_is_taken_at_its_word() -> None:
    """A person who gives it on the command line vouches for it."""
    assert code_in("http://localhost/?code=abc-123&state=whatever", None) == "abc-123"
