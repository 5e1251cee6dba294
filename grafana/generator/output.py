"""The files that are generated: where they stand, and their text."""

from __future__ import annotations

import json
from pathlib import Path

from grafana.generator import (
    apis_board,
    operator_board,
    reasons_page,
    settings_page,
    tuning_board,
)
from grafana.generator.reference import reference

FOLDER = Path(__file__).resolve().parent.parent
BOARDS = {
    "operator": operator_board.BOARD,
    "tuning": tuning_board.BOARD,
    "apis": apis_board.BOARD,
}


def files() -> dict[Path, str]:
    """Every generated file with its text; the same each time."""
    boards = {
        FOLDER / "dashboards" / f"{name}.json": json.dumps(
            board.render(), indent=2, ensure_ascii=False
        )
        + "\n"
        for name, board in BOARDS.items()
    }
    docs = FOLDER.parent / "docs"
    pages = {
        docs / "reasons.md": reasons_page.page(),
        docs / "configuration.md": settings_page.page(),
    }
    return {**boards, **pages, FOLDER / "METRICS.md": reference()}


def write() -> None:
    """Write every generated file.

    Raises:
        OSError: one cannot be written.
    """
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
