"""The project's own source files, each parsed once: all of them take seconds."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Source:
    """What the rules of the house ask of a file.

    `imports` has every (module, name) imported anywhere in it; name is None for the module itself.
    """

    imports: tuple[tuple[str, str | None], ...]
    calls: tuple[ast.Call, ...]
    waits: bool


@cache
def source(path: Path) -> Source:
    """The file, parsed."""
    imports: list[tuple[str, str | None]] = []
    calls: list[ast.Call] = []
    waits = False
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imports += [(alias.name, None) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            imports += [(node.module, alias.name) for alias in node.names]
        elif isinstance(node, ast.Call):
            calls.append(node)
        waits = waits or isinstance(node, ast.AsyncFunctionDef)
    return Source(tuple(imports), tuple(calls), waits)
