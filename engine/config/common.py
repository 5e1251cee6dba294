"""What a fleet says for all its pairs, and what each pair says for itself. Pure but for places."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from engine.config.places import PAIRS, home_of_fleet
from engine.errors import Misconfigured
from engine.settings import is_reference

SERVICE, FLEET_TABLE = "service", "fleet"
# All that a pair says of the service; the rest is the process's own, which works on many.
OF_A_PAIR = frozenset({"instance", "state_schema", "shutdown_s", "weight"})


def in_common(
    fleet: Path, common: Mapping[str, Any], path: Path, own: Mapping[str, Any]
) -> dict[str, Any]:
    """The tables of a pair, with those of its fleet where it says nothing itself.

    Raises:
        Misconfigured: it says what is for the fleet to say.
    """
    named = own.get(SERVICE, {})
    if isinstance(named, Mapping):
        _ensure_its_own(cast("Mapping[str, Any]", named), fleet, path)
    tables = _joined({name: one for name, one in common.items() if name != FLEET_TABLE}, own)
    service = tables.setdefault(SERVICE, {})
    if isinstance(service, dict):
        table = cast("dict[str, Any]", service)
        table.setdefault("instance", path.stem)
        table.setdefault("state_schema", schema_of(path.stem))
        home = table.get("state_dir")
        table["state_dir"] = str(
            home_of_fleet(fleet, home if isinstance(home, str) else None) / PAIRS / path.stem
        )
    return tables


def schema_of(pair: str) -> str:
    """The schema of a pair that names none."""
    return f"wosync_{pair.replace('-', '_')}"


def _ensure_its_own(service: Mapping[str, Any], fleet: Path, path: Path) -> None:
    strange = sorted(service.keys() - OF_A_PAIR)
    if strange:
        raise Misconfigured(
            f"{path} sets [service] {', '.join(strange)}, which a fleet sets for all its pairs",
            remedy=f"take it out there; what all pairs are to have belongs into {fleet}",
        )


def _joined(common: Mapping[str, Any], own: Mapping[str, Any], depth: int = 2) -> dict[str, Any]:
    """Tables laid over tables; what is within a setting, such as a line of the mapping, is whole.

    Args:
        depth: so deep tables lie in tables.
    """
    joined = dict(common)
    for name, value in own.items():
        below = joined.get(name)
        both = depth and _is_table(below) and _is_table(value)
        joined[name] = _joined(cast("Any", below), value, depth - 1) if both else value
    return joined


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping) and not is_reference(value)
