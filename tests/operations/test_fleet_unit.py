"""The unit of a fleet: what differs from that of a pair, and how it gets onto a machine and off."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from engine.cli.commands import application
from engine.cli.exits import Exit, Misused
from engine.cli.unit.installing import Wishes, install
from engine.cli.unit.showing import show
from engine.cli.unit.texts import credentials, fleet, service
from engine.cli.unit.tree import Tree
from engine.cli.unit.uninstalling import uninstall
from engine.cli.unit.upgrading import upgrade
from engine.config import fleet as fleet_config
from engine.config.loading import ServiceSettings
from tests.operations.test_installing import files
from tests.operations.test_units import EXPOSURE_MAX, analysed, inside, mode, steps, units
from tests.operations.tools import needs

UNIT = "wosync-fleet.service"
CONFIG = "etc/wosync/fleet.toml"
# What a process that works on many pairs has of its own; all the rest is that of a single pair.
ITS_OWN = {
    "Description",
    "ExecStart",
    "ExecReload",
    "SyslogIdentifier",
    "LogExtraFields",
    "Environment",
    "User",
    "StateDirectory",
    "LimitNOFILE",
    "TasksMax",
    "MemoryHigh",
    "MemoryMax",
}
Say = pytest.CaptureFixture[str]


def directives(text: str) -> dict[str, list[str]]:
    """Every directive of a unit with its values, in their order."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A root directory with the unit of a fleet, and nothing else."""
    install(tmp_path, Wishes(plain=False, template=False, fleet=True))
    return tmp_path


@needs("systemd-analyze")
def test_systemd_finds_nothing_wrong_and_little_exposed(installed: Path) -> None:
    """It holds the keys of many systems."""
    file = units(installed) / UNIT

    found = analysed("verify", "--man=no", "--recursive-errors=no", file)
    judged = analysed("security", "--offline=true", f"--threshold={EXPOSURE_MAX}", file)

    assert (found.returncode, found.stderr) == (0, "")
    assert judged.returncode == 0, judged.stdout[-500:]


def test_it_is_as_closed_as_that_of_a_pair() -> None:
    """A line of the hardening that one of them lacks would be missed by nobody."""
    ours, pairs = (directives(one.text) for one in (fleet(), service(template=False)))

    differing = {name for name in ours.keys() | pairs.keys() if ours.get(name) != pairs.get(name)}

    assert differing == ITS_OWN


def test_what_the_unit_says_of_the_program_is_so() -> None:
    """Commands, deadlines and places are promises that two files make to each other."""
    ours = directives(fleet().text)
    [start], [stop] = ours["ExecStart"], ours["TimeoutStopSec"]
    words = start.split()[1:]

    assert words == ["fleet", "--config", "/etc/wosync/fleet.toml"]
    assert words[0] in application().commands
    assert ours["Type"] == ["notify"]
    assert float(*ours["WatchdogSec"]) > 0
    assert "kill -HUP $MAINPID" in ours["ExecReload"][0]
    assert ours["StateDirectory"] == ["wosync-fleet"]
    assert float(stop) > ServiceSettings().shutdown_s
    assert re.findall(r"@[A-Z]+@", fleet().text) == []


def test_it_comes_with_a_configuration_and_a_place_for_pairs(tmp_path: Path, capsys: Say) -> None:
    """Beside what a single pair needs there is nothing of it, unless somebody asks for it."""
    install(tmp_path, Wishes(enable=False))
    assert not (tmp_path / CONFIG).exists()
    before = inside(tmp_path)
    capsys.readouterr()

    install(tmp_path, Wishes(plain=False, template=False, fleet=True))

    assert inside(tmp_path) == before | {UNIT: fleet().text}
    assert (tmp_path / CONFIG).parent.joinpath("pairs").is_dir()
    assert mode(tmp_path / "etc/wosync/credentials") == 0o700
    assert (units(tmp_path) / "multi-user.target.wants" / UNIT).is_symlink()
    told = steps(capsys)
    assert told[0] == "systemctl daemon-reload"
    assert told[-2:] == ["systemctl start wosync-fleet", "systemctl status wosync-fleet"]


def test_a_fleet_that_is_configured_stays_so(installed: Path, capsys: Say) -> None:
    """Its file and its pairs are the operator's; a restart takes over another version."""
    (installed / CONFIG).write_text("# Somebody's own.\n", encoding="utf-8")
    pair = installed / "etc/wosync/pairs/acme.toml"
    pair.touch()
    before = files(installed)
    capsys.readouterr()

    install(installed, Wishes(plain=False, template=False, fleet=True))

    assert files(installed) == before
    assert steps(capsys) == ["systemctl restart wosync-fleet", "systemctl status wosync-fleet"]


def test_the_configuration_that_it_begins_with_is_one(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What somebody fills in is an address and a client; the rest loads as it stands."""
    text = (installed / CONFIG).read_text(encoding="utf-8")
    named = re.findall(r'\{ credential = "(\w+)" \}', text)
    secrets = installed / "etc/wosync/credentials"
    for name in named:
        (secrets / name).write_text("secret\n", encoding="utf-8")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(secrets))

    found = fleet_config.load(installed / CONFIG)

    assert set(named) <= set(credentials())
    assert tomllib.loads(text)["fleet"].keys() == fleet_config.FleetTable.model_fields.keys()
    assert found.table == fleet_config.FleetTable()
    assert found.files == installed / "etc/wosync/pairs"


def test_what_is_shown_is_what_is_installed(installed: Path, capsys: Say) -> None:
    """Whoever reviews it must not be shown another one."""
    capsys.readouterr()

    assert show(template=False, fleets=True) == Exit.DONE

    assert capsys.readouterr().out == inside(installed)[UNIT]
    with pytest.raises(Misused):
        show(template=True, fleets=True)


def test_an_upgrade_brings_the_unit_along(installed: Path, capsys: Say) -> None:
    """The tables are brought up to date by whichever process starts first."""
    path = units(installed) / UNIT
    path.write_text(fleet().text.replace("WatchdogSec=20", "WatchdogSec=30"), encoding="utf-8")
    capsys.readouterr()

    upgrade(installed)

    assert inside(installed).keys() == {UNIT, "wosync.target"}
    assert path.read_text(encoding="utf-8") == fleet().text
    said = capsys.readouterr().out
    assert f"replaced {path}" in said
    assert "left     the tables of the fleet" in said


def test_it_goes_again_and_what_is_the_operators_stays(installed: Path, capsys: Say) -> None:
    """What is in a database nobody takes away from here, and it is said."""
    (installed / "var/lib/wosync-fleet/pairs").mkdir(parents=True)
    capsys.readouterr()

    uninstall(installed)

    assert list(files(installed)) == [CONFIG]
    assert "The states of a fleet are still in its database" in capsys.readouterr().out
    uninstall(installed, purge=True)
    assert not (installed / "var/lib/wosync-fleet").exists()
    assert files(installed) == {}


def test_a_pair_of_the_fleet_is_no_service_of_its_own(installed: Path) -> None:
    """It may have any name, also that of the file of a single pair."""
    (installed / "etc/wosync/pairs/config.toml").touch()

    assert list(Tree.at(installed).configured()) == []
