"""Redaction: no secret in any line, whatever form it comes in and whatever field it stands in."""

from __future__ import annotations

import base64
import io
import json
import logging
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from engine import logs
from engine.redaction import PASSING_MAX

SECRET = 'pass/word+with "odd" sígns&more'


def logged(level: str = "info", **fields: Any) -> dict[str, Any]:
    """The one line about these facts."""
    out = io.StringIO()
    logs.configure(level, "json", out)
    structlog.get_logger(component="test").warning("happened", **fields)
    [line] = out.getvalue().splitlines()
    return json.loads(line)


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_known_secret_never_comes_out(form: str) -> None:
    """Not in the event, not in a fact, not in a stack trace."""
    secret = "a-secret-nobody-may-see"
    logs.keep_secret([secret, "short"])
    out = io.StringIO()
    logs.configure("debug", "json" if form == "json" else "console", out)
    log = structlog.get_logger("test")

    event = f"key {secret}"
    log.info(event, detail=f"header {secret}; short")
    try:
        raise ValueError(f"refused {secret}")
    except ValueError:
        log.exception("failed")
    logging.getLogger("uvicorn.error").error("failed with %s", secret)

    assert secret not in out.getvalue()
    assert logs.MASK in out.getvalue()
    assert "short" in out.getvalue()


@pytest.mark.parametrize(
    "spelled",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        urlencode({"x": SECRET}),
        json.dumps({"x": SECRET}),
        json.dumps({"x": json.dumps({"y": SECRET})}),
        repr({"x": SECRET}),
        base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(f"u:{SECRET}".encode()).decode(),
        base64.b64encode(f"user:{SECRET}".encode()).decode(),
        base64.b64encode(f"users:{SECRET}".encode()).decode(),
        base64.urlsafe_b64encode(f"me:{SECRET}:".encode()).decode(),
    ],
)
def test_a_known_secret_is_known_in_every_spelling(spelled: str) -> None:
    """A URL, a JSON body and a header each write it their own way."""
    logs.keep_secret([SECRET])

    shown = logs.redact(f"answered: {spelled} and more")

    assert logs.MASK in shown
    for part in ("word", "odd", base64.b64encode(SECRET.encode()).decode()[4:16]):
        assert part not in shown


@given(
    secret=st.text("abcdefgh01234567", min_size=12, max_size=60),
    before=st.binary(max_size=5),
    after=st.binary(max_size=5),
)
def test_base64_shows_no_secret_whatever_stands_around_it(
    secret: str, before: bytes, after: bytes
) -> None:
    """A secret stands in base64 in one of three ways, by what stands before it."""
    logs.keep_secret([secret], passing=True)
    carried = base64.b64encode(before + secret.encode() + after).decode()

    assert logs.MASK in logs.redact(carried)


def test_a_secret_is_masked_wherever_it_is_nested() -> None:
    """A structure is as readable as a text; so is an object, and what is cut."""
    logs.keep_secret(["known-secret-77"])
    nested = {"rows": [{"text": "a known-secret-77"}, ("known-secret-77",), b"known-secret-77"]}

    facts = logged(
        nested=nested,
        error=ValueError("known-secret-77"),
        keys={"known-secret-77": 1},
        long="x" * (logs.FIELD_CHARS_MAX - 5) + "known-secret-77",
    )

    assert "known-secret" not in json.dumps(facts)
    assert not facts["long"].endswith("known…")


def test_what_is_named_like_a_secret_is_masked_whatever_it_is() -> None:
    """A token nobody told us of is one all the same; a number is none."""
    facts = logged(
        refresh_token="abc",
        api_key=["x"],
        headers=[("Set-Cookie", "session=1"), ("Accept", "*/*")],
        sent={"Authorization": "x", "X-Api-Key": b"x", "page": 1, "deeper": {"password": "x"}},
        tokens_saved=5,
        token_known=True,
    )

    assert facts["refresh_token"] == facts["api_key"] == logs.MASK
    assert facts["headers"] == [["Set-Cookie", logs.MASK], ["Accept", "*/*"]]
    assert facts["sent"] == {
        "Authorization": logs.MASK,
        "X-Api-Key": logs.MASK,
        "page": 1,
        "deeper": {"password": logs.MASK},
    }
    assert (facts["tokens_saved"], facts["token_known"]) == (5, True)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "GET https://x.example/a.api?api_key=1&b=2 failed",
            "GET https://x.example/a.api?*** failed",
        ),
        ("'http://user:pw@x.example:80/a?b'", "'http://***@x.example:80/a?***'"),
        ("location /crm/a.api?api_key=abc&_limit=1", "location /crm/a.api?api_key=***&_limit=1"),
        ('body {"refresh_token": "abc", "n": 1}', 'body {"refresh_token": "***", "n": 1}'),
        (r"body {\"access_token\":\"abc\"}", r"body {\"access_token\":\"***\"}"),
        ("{'Cookie': 'a=b; c=d', 'n': 1}", "{'Cookie': '***', 'n': 1}"),
        ("Authorization: Bearer abc", "Authorization: ***"),
        ("sent Bearer 0123456789abc, refused", "sent Bearer ***, refused"),
        ("token eyJhbGciOiJIUzI1NiJ9.eyJhdWQi.c2ln of it", "token *** of it"),
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, shown: str) -> None:
    """An answer may quote what nobody here knows."""
    assert logs.redact(text) == shown
    assert logs.redact(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "[workbooks] api_key: a secret is never written in the file",
        "[outreach] refresh_token: unknown key; did you mean 'refresh_token'?",
        "the refresh token is refused (invalid_grant)",
        "authorise the application again and put the new refresh token into the secret of",
        "https://web.outreach.io/opportunities/{id}",
        "12 tokens saved at http://127.0.0.1:9464/status",
        "a basic understanding of bearer tokens",
    ],
)
def test_prose_about_secrets_stays_readable(text: str) -> None:
    """An operator must be able to read what is wrong."""
    assert logs.redact(text) == text


def test_mail_addresses_are_hashed_unless_somebody_debugs() -> None:
    """Two lines about one person can be matched; who it is stands elsewhere."""
    address = "Jo.Example+crm@mail.example.com"
    first = logged(reason=f"nobody has {address}", rows=[{"email": address}])
    second = logged(reason=f"again {address.lower()}")
    plain = logged("debug", reason=f"again {address}")

    assert "example" not in json.dumps(first).lower()
    hashed = first["rows"][0]["email"]
    assert second["reason"] == f"again {hashed}"
    assert plain["reason"] == f"again {address}"


def test_tokens_that_pass_are_forgotten_in_time_and_settings_never() -> None:
    """A service that runs for a year must not compare each line with every token it ever had."""
    logs.keep_secret(["configured-secret"])
    logs.keep_secret(
        (f"passing-token-{number:04}" for number in range(PASSING_MAX + 1)), passing=True
    )

    assert logs.redact("configured-secret") == logs.MASK
    assert logs.redact(f"passing-token-{PASSING_MAX:04}") == logs.MASK
    assert logs.redact("passing-token-0000") == "passing-token-0000"
