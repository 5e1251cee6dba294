"""What a process of a fleet says of itself and of each pair, for people and programs."""

from __future__ import annotations

from typing import Any

from engine.about import about
from engine.service.fleet.runner import Condition
from engine.service.fleet.standing import Standing


def document(process: Standing) -> dict[str, Any]:
    """A fleet as this process sees it, as JSON can carry it."""
    roster = process.roster
    members = () if roster is None else roster.members
    return {
        "schema_version": 1,
        "version": about().version,
        "fleet": process.fleet.table.name,
        "ready": process.trouble is None and roster is not None,
        "reason": None if process.trouble is None else process.trouble.message,
        "members": [
            {"holder": one.holder, "weight": one.weight, "here": one.id == process.id}
            for one in members
        ],
        "pairs": [pair_document(process, name) for name in names(process)],
    }


def names(process: Standing) -> list[str]:
    """Of all pairs that anybody knows."""
    roster = process.roster
    told = set(process.known) | set(process.runners)
    if roster is not None:
        told |= {name for member in roster.members for name in member.pairs}
    return sorted(told)


def pair_document(process: Standing, name: str) -> dict[str, Any]:
    """One pair, as JSON can carry it."""
    runner, known = process.runners.get(name), process.known.get(name)
    ready, reason, remedy = False, reason_of(process, name), None
    if runner is not None:
        ready, remedy = runner.ready, runner.remedy
    elif known is not None and known.trouble is not None:
        remedy = known.trouble.remedy
    return {
        "name": name,
        "here": runner is not None,
        "ready": ready,
        "condition": condition_of(process, name),
        "reason": reason,
        "remedy": remedy,
        "weight": None if known is None else known.weight,
    }


def condition_of(process: Standing, name: str) -> str:
    """How it is with a pair, in a word."""
    runner, known = process.runners.get(name), process.known.get(name)
    if runner is not None:
        return "ready" if runner.ready else runner.condition.value
    if _paused(process, name):
        return "paused"
    if name in process.owners():
        return "elsewhere"
    return "broken" if known is not None and known.trouble is not None else "unassigned"


def reason_of(process: Standing, name: str) -> str | None:
    """Why a pair is not worked on here, or not ready; None for one that nobody knows, or is."""
    runner, known = process.runners.get(name), process.known.get(name)
    if runner is not None:
        if runner.condition is Condition.WORKING and runner.working is not None:
            return runner.working.status.not_ready()
        return runner.reason or f"the pair is {runner.condition.value}"
    if _paused(process, name):
        return "the pair is paused; wosync pair pause --resume has it go on"
    owner = _owner(process, name)
    if owner is not None:
        return f"{owner} works on the pair"
    if known is None:
        return None
    return known.trouble.message if known.trouble is not None else "no process has taken it yet"


def _paused(process: Standing, name: str) -> bool:
    row = None if process.roster is None else process.roster.rows.get(name)
    return row is not None and row.paused


def _owner(process: Standing, name: str) -> str | None:
    """Which process is to work on a pair, for a person."""
    members = () if process.roster is None else process.roster.members
    id_ = process.owners().get(name)
    return next((member.holder for member in members if member.id == id_), None)
