"""Field values as they are sent and kept: plain JSON, which costs nobody the classes of records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = Any
"""A JSON value as the standard parser returns it."""

Scalar = str | int | float | bool | list[str] | None
"""A target field's value in its canonical wire form: comparable with ==, storable as JSON."""

Fields = Mapping[str, Scalar]
"""Target field name to canonical value."""
