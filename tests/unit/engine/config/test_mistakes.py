"""What an operator is told to do about a configuration with mistakes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.config.loading import load
from engine.errors import Misconfigured
from tests.end_to_end.test_config_command import MANUAL, SECRETS, with_secrets


def refused(directory: Path, text: str) -> Misconfigured:
    """The error about a configuration with this text."""
    path = directory / "config.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Misconfigured) as error:
        load(path)
    return error.value


def test_missing_variables_are_set_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manual was copied, and nothing exported yet: the very first run."""
    for name in SECRETS:
        monkeypatch.delenv(name, raising=False)

    error = refused(tmp_path, MANUAL)

    words = " ".join(f"{name}='<value>'" for name in SECRETS)
    assert error.remedy == f"set what is missing, in the shell with: export {words}"


def test_a_missing_variable_does_not_hide_what_to_do_about_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two kinds of mistakes have two remedies."""
    with_secrets(monkeypatch)
    monkeypatch.delenv("WORKBOOKS_API_KEY")

    error = refused(tmp_path, MANUAL.replace("interval_s = 60", "intervall_s = 60", 1))

    assert error.remedy is not None
    assert "export WORKBOOKS_API_KEY='<value>'; for the rest, the comments in" in error.remedy


@pytest.mark.parametrize("pair", ["", "prod"])
def test_a_service_of_systemd_gets_nothing_from_a_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pair: str
) -> None:
    """Whoever starts it before the configuration was filled in is told what fills it in."""
    monkeypatch.setattr(
        "engine.config.places.CONFIGURATIONS", (Path("x"), tmp_path / "config.toml")
    )
    with_secrets(monkeypatch)
    monkeypatch.delenv("OUTREACH_CLIENT_ID")
    directory = tmp_path / pair
    directory.mkdir(exist_ok=True)

    error = refused(directory, MANUAL)

    assert error.remedy is not None
    assert "export" not in error.remedy
    assert f"wosync init --config {directory / 'config.toml'}" in error.remedy


def test_a_secret_file_that_may_not_be_read_is_named_with_its_owner_and_mode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether to change the file or the user cannot be decided without them."""
    with_secrets(monkeypatch)
    secret = tmp_path / "key"
    secret.touch()
    secret.chmod(0o640)
    read = Path.read_text

    def denied(self: Path, encoding: str | None = None) -> str:
        if self == secret:
            raise PermissionError(13, os.strerror(13), str(self))
        return read(self, encoding)

    monkeypatch.setattr(Path, "read_text", denied)
    text = MANUAL.replace('{ env = "WORKBOOKS_API_KEY" }', f'{{ file = "{secret}" }}')
    error = refused(tmp_path, text)

    assert f"the secret file {secret} cannot be read: Permission denied" in error.message
    assert f"; it belongs to {secret.owner()} and has mode 0640" in error.message


def test_a_secret_behind_a_closed_directory_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own mode may be right, and cannot be seen."""
    with_secrets(monkeypatch)
    secret = tmp_path / "key"
    text = MANUAL.replace('{ env = "WORKBOOKS_API_KEY" }', f'{{ file = "{secret}" }}')
    read, look = Path.read_text, Path.stat

    def denied(self: Path, encoding: str | None = None) -> str:
        if self == secret:
            raise PermissionError(13, os.strerror(13), str(self))
        return read(self, encoding)

    def closed(self: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if self == secret:
            raise PermissionError(13, os.strerror(13), str(self))
        return look(self, follow_symlinks=follow_symlinks)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_text", denied)
        patched.setattr(Path, "stat", closed)
        error = refused(tmp_path, text)

    assert "Permission denied; a directory above it is closed to this user" in error.message
    assert error.remedy is not None
    assert error.remedy.startswith("run the command as root, or as the service's user")


def test_a_secret_in_the_place_of_a_variable_is_not_to_be_exported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token in hexadecimal digits could be the name of a variable."""
    with_secrets(monkeypatch)
    secret = "f936ff89ef0b41cc72235654d84112b3"

    error = refused(tmp_path, MANUAL.replace("OUTREACH_CLIENT_SECRET", secret, 1))

    assert secret not in f"{error.message} {error.remedy}"


def test_a_name_that_was_not_looked_for_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reference in two forms at once may be a secret in the wrong place."""
    with_secrets(monkeypatch)
    wrong = '{ env = "perhaps-a-secret", file = "perhaps-a-secret" }'

    error = refused(tmp_path, MANUAL.replace('{ env = "WORKBOOKS_API_KEY" }', wrong, 1))

    assert "perhaps-a-secret" not in f"{error.message} {error.remedy}"
