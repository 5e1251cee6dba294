"""The wheel, built as `make dist` builds it, and an environment with nothing else of ours in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping
from pathlib import Path

from tests.waiting import DEADLINE_S

ROOT = Path(__file__).resolve().parents[2]
# What a build reads; the rest of a checkout is not copied.
SOURCES = (
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "config.toml",
    "connectors",
    "docs",
    "engine",
    "grafana",
    "pyproject.toml",
    "requirements.lock",
    "requirements-postgres.lock",
)
# A Tuesday in 2026, as a commit would have it.
EPOCH = "1790000000"


def source(directory: Path) -> Path:
    """A checkout, without what tests and tools left in this one."""
    for name in SOURCES:
        origin, copy = ROOT / name, directory / name
        if origin.is_dir():
            shutil.copytree(origin, copy, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            directory.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(origin, copy)
    return directory


def wheel(directory: Path) -> Path:
    """The wheel of a checkout."""
    ran([sys.executable, "-m", "hatchling", "build", "--target", "wheel"], directory)
    [found] = (directory / "dist").glob("*.whl")
    return found


def environment(directory: Path, distribution: Path) -> Path:
    """The command of an environment in which pip put the wheel; libraries are those of this one."""
    venv.create(directory, with_pip=False)
    python = directory / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python)]
    # Of all modules only those that run here are compiled, when they do.
    given = ["--quiet", "--no-index", "--no-deps", "--no-compile", str(distribution)]
    ran([*pip, "install", *given], directory)
    borrow_libraries(directory)
    return directory / "bin" / "wosync"


def borrow_libraries(environment: Path) -> None:
    """Have it find the libraries of this environment, but not this checkout."""
    # A path that comes from such a file brings modules, but not the links of an editable project.
    [packages] = environment.glob("lib/python3*/site-packages")
    (packages / "libraries.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")


def ran(command: list[str], directory: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """One program that succeeds, in a directory."""
    ended = subprocess.run(
        command,
        cwd=directory,
        env=_without_ours(os.environ) | {"SOURCE_DATE_EPOCH": EPOCH} | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert ended.returncode == 0, f"{command}: {ended.stdout[-2000:]}{ended.stderr[-2000:]}"
    return ended


def _without_ours(variables: Mapping[str, str]) -> dict[str, str]:
    """What a shell has that never heard of this checkout."""
    return {name: value for name, value in variables.items() if not name.startswith("PYTHON")}
