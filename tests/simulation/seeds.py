"""The seeds that once found something, as `seeds.toml` has them."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "seeds.toml"


@cache
def known() -> dict[int, int | None]:
    """Each of them, with the last weather that was drawn when it found it, if others came since."""
    found = tomllib.loads(FILE.read_text(encoding="utf-8"))["seed"]
    return {int(seed["number"]): seed.get("weather") for seed in found}
