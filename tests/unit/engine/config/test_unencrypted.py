"""What is said of addresses without encryption, and of secrets in the place of their names."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from engine.config.unencrypted import unencrypted
from engine.settings import resolve_secret


def config(source: str, target: str = "https://api.outreach.io", state: str | None = None) -> Any:
    """The part of a configuration that is looked at."""
    named = SimpleNamespace(
        source=SimpleNamespace(name="workbooks"), target=SimpleNamespace(name="outreach")
    )
    return cast(
        "Any",
        SimpleNamespace(
            connectors=named,
            source=SimpleNamespace(base_url=source),
            target=SimpleNamespace(base_url=target),
            engine=SimpleNamespace(service=SimpleNamespace(state=state)),
            shadow=False,
        ),
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://crm.example",
        "HTTP://10.0.0.7:8080",
        "http://localhost.evil.example",
        "http://[2001:db8::1]",
    ],
)
def test_plain_http_beyond_the_machine_is_named(url: str) -> None:
    """Every router on the way reads the key."""
    [said] = unencrypted(config(url))

    assert said.startswith("[workbooks] base_url is http://")
    assert unencrypted(config("https://crm.example", url))[0].startswith("[outreach]")


@pytest.mark.parametrize(
    ("address", "hosts"),
    [
        ("postgresql://wosync@db.example.com/wosync", "db.example.com"),
        ("postgresql://wosync@db.example.com/wosync?sslmode=prefer", "db.example.com"),
        ("postgresql://[::1]:1,[2001:db8::1],10.0.0.7:5432/wosync", "2001:db8::1, 10.0.0.7"),
        ("postgresql:///wosync?host=/run/postgresql,db.example.com", "db.example.com"),
        ("postgresql://db.example.com:/wosync?sslmode=require", None),
        ("postgresql://a,b/wosync?sslmode=verify-full&sslrootcert=ca.pem", None),
        ("postgresql://localhost:5432,127.0.0.1,[::1]/wosync", None),
        ("postgresql://%2Frun%2Fpostgresql/wosync", None),
        ("postgresql:///wosync", None),
    ],
)
def test_a_database_beyond_the_machine_is_named_unless_it_must_encrypt(
    address: str, hosts: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By itself the driver goes on without, if the server has none."""
    monkeypatch.delenv("PGSSLMODE", raising=False)
    said = unencrypted(config("https://crm.example", state=address))
    assert [line.partition(" to ")[2].partition(";")[0] for line in said] == (
        [] if hosts is None else [hosts]
    )
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    if "sslmode" not in address:
        assert unencrypted(config("https://crm.example", state=address)) == []


@pytest.mark.parametrize(
    "url",
    [
        "https://crm.example",
        "http://127.0.0.1:9470",
        "http://localhost:1",
        "http://[::1]:2",
        "http://127.8.9.1",
    ],
)
def test_what_stays_on_the_machine_or_is_encrypted_is_not(url: str) -> None:
    """The sandbox has nothing else."""
    assert unencrypted(config(url, url)) == []


@pytest.mark.parametrize(
    "secret",
    ["a-secret-by-mistake", "s3cr3t", "AKIAIOSFODNN7EXAMPLE", "Tr0ub4dor", "a/b+c="],
)
@pytest.mark.parametrize("form", ["env", "credential"])
def test_a_secret_in_the_place_of_a_name_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, form: str, secret: str
) -> None:
    """The message goes to a log, and from there to who knows whom."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(ValueError, match="that is named there") as refused:
        resolve_secret({form: secret})

    assert secret not in str(refused.value)


@pytest.mark.parametrize(
    "secret", ["a-secret-by-mistake", "AKIAIOSFODNN7EXAMPLE", "/b64+x8=", "s3"]
)
def test_a_secret_in_the_place_of_a_file_is_not_repeated(secret: str) -> None:
    """Nor one in the place of the form."""
    for wrong in ({"file": secret}, {secret: "x"}):
        with pytest.raises(ValueError, match=r"that is named there|unknown secret form") as refused:
            resolve_secret(wrong)

        assert secret not in str(refused.value)


def test_a_name_is_named() -> None:
    """A mistyped one is found by it."""
    with pytest.raises(ValueError, match="OUTREACH_CLIENT_SECRET is not set"):
        resolve_secret({"env": "OUTREACH_CLIENT_SECRET"})
