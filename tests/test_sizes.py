"""Functions stay small enough to be read at once."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FUNCTION_LINES_MAX = 60


def test_no_function_is_longer_than_a_screen() -> None:
    """One that is does more than one thing."""
    long = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for folder in ("engine", "connectors", "grafana")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES_MAX
    ]

    assert long == []
