"""The manual of the configuration, as the service of a machine begins with it."""

from __future__ import annotations

import re
from collections.abc import Collection
from importlib.metadata import distribution
from pathlib import Path

import engine
from engine.about import about
from engine.cli.services import FILE
from engine.errors import Misconfigured

_SHARED = f"share/wosync/{FILE}"
_FROM_ENVIRONMENT = re.compile(r'\{ env = "(\w+)" \}')


def manual() -> str:
    """Every key at its default, with its meaning.

    Raises:
        Misconfigured: the installation lacks it.
    """
    checkout = Path(engine.__file__).parents[1] / FILE
    path = checkout if checkout.exists() else _installed()
    if path is None:
        raise Misconfigured(
            f"this installation lacks its {_SHARED}", remedy="install the wheel again, with pip"
        )
    return path.read_text(encoding="utf-8")


def beginning(credentials: Collection[str]) -> str:
    """The manual with each secret that systemd hands over named as such."""

    def named(found: re.Match[str]) -> str:
        name = found[1].lower()
        return f'{{ credential = "{name}" }}' if name in credentials else found[0]

    return _FROM_ENVIRONMENT.sub(named, manual())


def _installed() -> Path | None:
    files = distribution(about().distribution).files or []
    found = (Path(str(one.locate())) for one in files if one.as_posix().endswith(_SHARED))
    return next((path.resolve() for path in found if path.exists()), None)
