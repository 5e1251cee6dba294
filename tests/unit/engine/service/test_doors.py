"""For which names the HTTP port answers, and whom it obeys."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import StateUnusable
from engine.service.control import FILE_NAME, token_for, tokens_in
from engine.service.doors import Doors

LOOPBACK = Doors("127.0.0.1", "secret")
EVERYWHERE = Doors("0.0.0.0", "secret")  # what an operator may configure
NAMED = Doors("Wosync.internal", "secret")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:9464",
        "localhost",
        "LocalHost:9464",
        "localhost.",
        "[::1]",
        "[::1]:9464",
        "::1",
        "192.0.2.7:9464",
    ],
)
@pytest.mark.parametrize("doors", [LOOPBACK, EVERYWHERE, NAMED])
def test_addresses_and_the_name_of_this_machine_are_ours(doors: Doors, host: str) -> None:
    """No page of the web can have an address of ours, or this name."""
    assert doors.knows(host, only_shows=True)
    assert doors.knows(host, only_shows=False)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:9464",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example:127.0.0.1",
        "127.0.0.1@evil.example",
        "[evil.example]",
        "",
        ":9464",
        "127.1",
        "0x7f000001",
    ],
)
def test_a_name_somebody_pointed_here_is_not(host: str) -> None:
    """A page under it would be as good as local."""
    assert not LOOPBACK.knows(host, only_shows=True)
    assert not LOOPBACK.knows(host, only_shows=False)
    assert not EVERYWHERE.knows(host, only_shows=False)


def test_beyond_the_machine_it_may_be_looked_at_under_any_name() -> None:
    """A scraper asks for the name it was told; to change something there is the token as well."""
    assert EVERYWHERE.knows("metrics.example:9464", only_shows=True)
    assert NAMED.knows("metrics.example:9464", only_shows=True)
    assert NAMED.knows("wosync.INTERNAL:9464", only_shows=False)


def test_a_request_without_a_host_may_look() -> None:
    """Old health checks send none, and browsers always do."""
    assert LOOPBACK.knows(None, only_shows=True)
    assert not LOOPBACK.knows(None, only_shows=False)


@pytest.mark.parametrize("token", [None, "", "wosync", "secre", "secrets", "s\xe9cret", "\udc80"])
def test_only_the_token_is_obeyed(token: str | None) -> None:
    """Also with characters that no token has."""
    assert LOOPBACK.obeys("secret")
    assert not LOOPBACK.obeys(token)
    assert "secret" not in repr(LOOPBACK)


def test_each_start_has_a_token_of_its_own_and_takes_it_away(tmp_path: Path) -> None:
    """One that somebody has seen is worth nothing after a restart."""
    with token_for(tmp_path) as first:
        assert tokens_in([tmp_path / "nowhere", tmp_path]) == [first]
        assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert tokens_in([tmp_path]) == []
    with token_for(tmp_path) as second:
        assert second != first


def test_a_token_is_never_written_through_a_link(tmp_path: Path) -> None:
    """Whoever may write into the directory must not choose which file root writes."""
    victim = tmp_path / "victim"
    victim.write_text("precious", encoding="utf-8")
    (tmp_path / FILE_NAME).symlink_to(victim)
    with token_for(tmp_path):
        assert not (tmp_path / FILE_NAME).is_symlink()

    assert victim.read_text(encoding="utf-8") == "precious"


@pytest.mark.parametrize("text", ["", "short", "x" * 44, "x" * 5000, "\xe4" * 43, "a b" * 15])
def test_what_is_no_token_is_not_sent_on(tmp_path: Path, text: str) -> None:
    """Nor is what a link leads to."""
    (tmp_path / FILE_NAME).write_text(text, encoding="utf-8")
    assert tokens_in([tmp_path]) == []
    (tmp_path / "elsewhere").write_text("x" * 43, encoding="utf-8")
    (tmp_path / FILE_NAME).unlink()
    (tmp_path / FILE_NAME).symlink_to(tmp_path / "elsewhere")

    assert tokens_in([tmp_path]) == []


def test_a_directory_that_takes_no_token_is_named(tmp_path: Path) -> None:
    """The service could not be told anything."""
    with pytest.raises(StateUnusable, match=FILE_NAME), token_for(tmp_path / "missing"):
        pass
