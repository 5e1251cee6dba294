"""What is built and what it holds: the wheel, and what each target of the Makefile installs."""

from __future__ import annotations

import os
import subprocess
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.operations import built
from tests.waiting import DEADLINE_S

ROOT = built.ROOT
SHARED = "data/share/wosync/"

# One wheel serves them all, and takes long to build.
pytestmark = pytest.mark.xdist_group("wheel")


@pytest.fixture(scope="module")
def distribution(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel."""
    return built.wheel(built.source(tmp_path_factory.mktemp("source") / "checkout"))


def names(distribution: Path) -> set[str]:
    """Every file of the wheel; of those for people, the path below their directory."""
    with ZipFile(distribution) as archive:
        return {name.rpartition(SHARED)[2] for name in archive.namelist()}


def committed(*folders: str) -> set[str]:
    """Every file below these that is no compiled module."""
    return {
        str(path.relative_to(ROOT))
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_two_builds_are_the_same_bytes(distribution: Path, tmp_path: Path) -> None:
    """Another machine, another day, another umask: whoever builds it can compare."""
    other = built.source(tmp_path / "elsewhere" / "checkout")
    for path in (other / "engine").rglob("*.py"):
        path.chmod(0o600)
        os.utime(path, (0, 0))
    before = os.umask(0o077)
    try:
        again = built.wheel(other)
    finally:
        os.umask(before)

    assert again.name == distribution.name
    assert again.read_bytes() == distribution.read_bytes()


def test_everything_is_in_the_wheel(distribution: Path) -> None:
    """Units, schemas and sandbox for the program; manual, docs, boards and alerts for people."""
    found = names(distribution)

    expected = committed("engine", "connectors", "docs", "grafana/alerts", "grafana/dashboards")
    expected |= committed("grafana/provisioning")
    expected -= {"engine/README.md"}
    expected |= {"config.toml", "requirements.lock", "requirements-postgres.lock"}
    expected |= {"grafana/METRICS.md", "grafana/RUNBOOK.md"}
    assert expected - found == set()
    assert [name for name in found if name.startswith(("tests/", "grafana/generator"))] == []


@pytest.mark.slow
def test_it_works_from_the_wheel_alone(distribution: Path, tmp_path: Path) -> None:
    """Somebody who installs it has no checkout: the demo runs, and the units find the program."""
    home = tmp_path / "home"
    home.mkdir()
    command = built.environment(tmp_path / "environment", distribution)

    where = built.ran(
        [str(command.with_name("python")), "-c", "import engine; print(engine.__file__)"], home
    )
    assert Path(where.stdout.strip()).is_relative_to(tmp_path / "environment")
    told = built.ran([str(command), "demo"], home)
    assert "Duplicates" in told.stdout
    shown = built.ran([str(command), "unit", "show"], home)
    assert f"ExecStart={command} run --config /etc/wosync/config.toml" in shown.stdout
    assert (tmp_path / "environment" / "share/wosync/config.toml").read_bytes() == (
        ROOT / "config.toml"
    ).read_bytes()


def planned(target: str, environment: Path) -> str:
    """What make would do for the target in a checkout where nothing was installed yet."""
    return subprocess.run(
        ["make", "--dry-run", "--no-print-directory", target, f"VENV={environment}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=True,
    ).stdout


def test_the_demo_installs_what_it_needs_and_no_more(tmp_path: Path) -> None:
    """A type checker and its runtime are no part of a first look."""
    demo = planned("demo", tmp_path / "none")

    assert "--require-hashes -r requirements.lock" in demo
    assert "requirements-dev.lock" not in demo
    assert "requirements-postgres.lock" not in demo


def test_the_demo_of_a_failover_installs_the_driver_on_top(tmp_path: Path) -> None:
    """Which nobody else needs."""
    demo = planned("demo-ha", tmp_path / "none")

    assert demo.index("-r requirements.lock") < demo.index("-r requirements-postgres.lock")
    assert "requirements-dev.lock" not in demo


@pytest.mark.parametrize("target", ["test", "check"])
def test_what_checks_comes_on_top(target: str, tmp_path: Path) -> None:
    """One environment serves both."""
    plan = planned(target, tmp_path / "none")

    assert plan.index("-r requirements.lock") < plan.index("-r requirements-dev.lock")


def test_a_demo_that_was_installed_is_not_installed_again(tmp_path: Path) -> None:
    """The second look takes as long as the demo itself."""
    environment = tmp_path / "there"
    environment.mkdir()
    (environment / ".runs").touch()

    assert "pip install" not in planned("demo", environment)


def test_the_builder_is_the_one_that_is_pinned() -> None:
    """A wheel by another version of it has other bytes, and says so within."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    [builder] = project["build-system"]["requires"]
    pins = (ROOT / "requirements-dev.lock").read_text(encoding="utf-8").splitlines()

    assert f"{builder} \\" in pins
