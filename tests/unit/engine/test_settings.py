"""Secrets: referred to, never written down, never shown."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from engine.settings import FileSecret, Secret, Settings, resolve_secret


class Keyed(Settings):
    """A table with a secret."""

    key: Secret


def homeless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run as a user of whom the system knows nothing."""

    def unknown(_: int) -> None:
        raise KeyError

    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", unknown)


def test_each_form_of_reference_gives_the_text_without_its_line_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Editors end files with a line break, and a key with a line break is refused."""
    (tmp_path / "key").write_text("from-file\n")
    monkeypatch.setenv("A_KEY", " from-env ")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))

    def text(reference: dict[str, str]) -> str:
        return Keyed.model_validate({"key": reference}).key.get_secret_value()

    assert text({"env": "A_KEY"}) == "from-env"
    assert text({"file": str(tmp_path / "key")}) == "from-file"
    assert text({"credential": "key"}) == "from-file"
    assert resolve_secret(SecretStr("x")) == SecretStr("x")


def test_a_secret_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    """New credentials must not need a restart in the middle of the night."""
    path = tmp_path / "key"
    path.write_text("old", encoding="utf-8")
    key = Keyed.model_validate({"key": {"file": str(path)}}).key
    told: list[str] = []
    FileSecret.watchers.append(told.append)

    try:
        path.write_text("newer", encoding="utf-8")
        assert key.get_secret_value() == "newer"
        path.unlink()
        assert key.get_secret_value() == "newer"
        path.write_text("", encoding="utf-8")
        assert key.get_secret_value() == "newer"
    finally:
        FileSecret.watchers.remove(told.append)

    assert told == ["newer"]
    assert "newer" not in repr(key)


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("plain text", "never written in the file"),
        ({}, "never written in the file"),
        ({"env": "A", "file": "B"}, "never written in the file"),
        ({"env": ""}, "needs a name"),
        ({"env": 7}, "needs a name"),
        ({"env": "SURELY_NOT_SET"}, "SURELY_NOT_SET is not set"),
        ({"file": "/no/such/file"}, "/no/such/file cannot be read"),
        ({"credential": "key"}, "CREDENTIALS_DIRECTORY"),
        ({"vault": "key"}, "unknown secret form"),
    ],
)
def test_an_unusable_reference_says_why(
    reference: Any, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first start of an installation usually fails here."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)

    with pytest.raises(ValueError, match=words):
        resolve_secret(reference)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("~/key", "the secret file ~/key cannot be read: its ~ stands for no directory: HOME is"),
        ("~no-such-user/key", "its ~ names a user whom this system does not know; write the whole"),
    ],
)
def test_a_secret_below_a_home_that_nobody_knows_is_refused(
    name: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container with a user id of its own has neither HOME nor an entry for it."""
    homeless(monkeypatch)

    with pytest.raises(ValueError, match=words):
        resolve_secret({"file": name})


def test_a_secret_in_a_variable_that_is_no_text_is_refused_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What it would be sent as nobody can say, and whoever tried would fail."""
    monkeypatch.setenv("A_KEY", os.fsdecode(b"abcdefgh\xffij"))

    with pytest.raises(ValueError, match="variable A_KEY is not readable as text") as refused:
        resolve_secret({"env": "A_KEY"})

    assert refused.value.__cause__ is refused.value.__context__ is None
    assert "abcdefgh" not in str(refused.value)


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe"])
def test_a_secret_file_without_text_is_refused(tmp_path: Path, content: bytes) -> None:
    """An empty key would be sent and refused much later, for a reason nobody sees."""
    path = tmp_path / "key"
    path.write_bytes(content)

    with pytest.raises(ValueError, match=r"is empty|not readable as text"):
        resolve_secret({"file": str(path)})


def test_a_secret_shows_as_asterisks_and_a_refused_one_not_at_all() -> None:
    """Settings end up in logs and error texts."""
    keyed = Keyed.model_validate({"key": SecretStr("very-secret")})
    with pytest.raises(ValidationError) as refused:
        Keyed.model_validate({"key": "very-secret"})

    assert "very-secret" not in f"{keyed!r} {keyed}"
    assert keyed.key.get_secret_value() == "very-secret"
    assert "very-secret" not in str(refused.value.errors(include_input=False))
