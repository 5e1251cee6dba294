"""The advice that ends in another command: it must reach the service it is about."""

from __future__ import annotations

import os
from pathlib import Path

import click
import pytest

from engine.cli.services import CONFIG, FLEET, as_its_unit, option, restart


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


GIVEN_BY_SYSTEMD = ("CREDENTIALS_DIRECTORY", "STATE_DIRECTORY")


def looked_for(
    monkeypatch: pytest.MonkeyPatch, *words: str, fleet: bool = False
) -> list[str | None]:
    """Where secrets and state are, once a command was told which configuration it is about."""
    for name in GIVEN_BY_SYSTEMD:
        # Put back at the end, whatever the command sets.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    wanted = FLEET if fleet else CONFIG
    click.Command("looks", params=[wanted]).main(list(words), standalone_mode=False)
    return [os.environ.get(name) for name in GIVEN_BY_SYSTEMD]


def test_a_command_finds_what_systemd_gives_an_installed_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each pair its own, without a word; somebody else's place has none."""
    home, units = tmp_path / "etc", tmp_path / "units"
    monkeypatch.setattr("engine.cli.services.HOME", home)
    monkeypatch.setattr("engine.cli.services.UNITS", units)
    for place in (home, home / "prod", tmp_path / "mine", units):
        place.mkdir()
        (place / "config.toml").touch()
    monkeypatch.setattr("engine.config.places.CONFIGURATIONS", [home / "config.toml"])

    assert looked_for(monkeypatch) == [None, None], "no unit is installed"

    (units / "wosync.service").touch()
    own = [str(home / "credentials"), "/var/lib/wosync"]
    assert looked_for(monkeypatch) == own
    assert looked_for(monkeypatch, "--config", str(home / "config.toml")) == own
    pair = str(home / "prod" / "config.toml")
    assert looked_for(monkeypatch, "--config", pair) == [None, None], "the template is not there"

    (units / "wosync@.service").touch()
    others = [str(home / "prod" / "credentials"), "/var/lib/wosync-prod"]
    assert looked_for(monkeypatch, "--config", pair) == others
    assert looked_for(monkeypatch, "--config", str(tmp_path / "mine" / "config.toml")) == [None] * 2


def test_a_command_finds_what_systemd_gives_an_installed_fleet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its secrets lie with those of a single pair; its state is its own."""
    for name in ("HOME", "UNITS"):
        monkeypatch.setattr(f"engine.cli.services.{name}", tmp_path)
    config = tmp_path / "fleet.toml"
    config.touch()
    monkeypatch.setattr("engine.config.places.FLEETS", [config])
    (tmp_path / "wosync.service").touch()
    assert looked_for(monkeypatch, fleet=True) == [None, None], "no unit of a fleet is installed"

    (tmp_path / "wosync-fleet.service").touch()

    own = [str(tmp_path / "credentials"), "/var/lib/wosync-fleet"]
    assert looked_for(monkeypatch, fleet=True) == own
    assert looked_for(monkeypatch, "--config", str(config), fleet=True) == own
    assert restart(config) == "systemctl restart wosync-fleet"


def test_what_systemd_or_an_operator_says_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service itself is started with the same option."""
    for name in ("HOME", "UNITS"):
        monkeypatch.setattr(f"engine.cli.services.{name}", tmp_path)
    (tmp_path / "wosync.service").touch()
    for name in GIVEN_BY_SYSTEMD:
        monkeypatch.setenv(name, "/run/given")

    as_its_unit(tmp_path / "config.toml")

    assert {os.environ[name] for name in GIVEN_BY_SYSTEMD} == {"/run/given"}


def test_a_configuration_is_named_to_the_next_command_only_if_it_was_to_this_one() -> None:
    """What is printed is pasted into a shell."""
    assert option(None) == ""
    assert option(Path("my config.toml")) == " --config 'my config.toml'"
