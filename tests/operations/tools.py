"""Programs of the system that some tests need: skipped where one is missing, but never in CI."""

from __future__ import annotations

import os
import shutil

import pytest

PACKAGES = {
    "amtool": "prometheus-alertmanager",
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "systemd-analyze": "systemd",
}


def needs(*programs: str) -> pytest.MarkDecorator:
    """Skip the test where a program is missing; in CI, where `.ci/run` installs them, run it."""
    missing = [program for program in programs if shutil.which(program) is None]
    packages = ", ".join(sorted({PACKAGES.get(program, program) for program in missing}))
    return pytest.mark.skipif(
        bool(missing) and not os.environ.get("CI"),
        reason=f"{', '.join(missing)} not found; install the package {packages} to run this",
    )
