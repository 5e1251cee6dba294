"""The advice that ends in another command: it must reach the service it is about."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.cli.services import option, restart


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/etc/wosync/config.toml", "systemctl restart wosync"),
        ("/etc/wosync/prod/config.toml", "systemctl restart wosync@prod"),
        ("/etc/wosync/prod/../config.toml", "systemctl restart wosync"),
        ("/etc/wosync/other.toml", "restart the service"),
        ("/etc/wosync/prod/old/config.toml", "restart the service"),
        ("/etc/config.toml", "restart the service"),
        ("/srv/wosync/config.toml", "restart the service"),
    ],
)
def test_the_restart_of_a_configuration_is_that_of_its_unit(path: str, expected: str) -> None:
    """Of several pairs the wrong one restarted leaves the change out of force, unnoticed."""
    assert restart(Path(path)) == expected


def test_a_configuration_is_judged_by_where_it_is_read_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file may be a link into a repository, and the operator stand beside it."""
    monkeypatch.setattr("engine.cli.services.HOME", tmp_path)
    (tmp_path / "prod").mkdir()
    (tmp_path / "prod" / "config.toml").symlink_to("/srv/repository/prod.toml")
    monkeypatch.chdir(tmp_path / "prod")

    assert restart(Path("config.toml")) == "systemctl restart wosync@prod"


def test_a_configuration_is_named_to_the_next_command_only_if_it_was_to_this_one() -> None:
    """What is printed is pasted into a shell."""
    assert option(None) == ""
    assert option(Path("my config.toml")) == " --config 'my config.toml'"
