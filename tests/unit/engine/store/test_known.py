"""References are completed from a database as from a file."""

from __future__ import annotations

from typing import Any, cast

import pytest

from engine.store.rows.known import REFERENCES_MAX
from tests.unit.engine.stand_ins import row, take
from tests.unit.engine.store.adapters import known


@pytest.mark.parametrize("connection", ["postgres"], indirect=True)
def test_references_that_begin_so_the_shortest_first(connection: Any) -> None:
    """Of opportunities and people, each once, and no more than anybody reads."""
    take(connection, *(row(one) for one in (1, 10, 2, 11)))
    for number, ref in ((1, "OPP-1"), (2, "PERS-2"), (3, "opp-1"), (4, "OPP-1_\U0010fffe")):
        connection.execute(
            "INSERT INTO person (id, ref, version, read_at) VALUES (?, ?, 0, 0)", (number, ref)
        )

    def references(beginning: str) -> list[str]:
        # To the type checker it is that of SQLite, which takes a path.
        return cast("Any", known).references(connection, beginning)

    assert references("OPP-1") == ["OPP-1", "OPP-10", "OPP-11", "OPP-1_\U0010fffe"]
    assert references("OPP") == ["OPP-1", "OPP-2", "OPP-10", "OPP-11", "OPP-1_\U0010fffe"]
    assert references("PERS") == ["PERS-2"]
    assert references("X") == []

    take(connection, *(row(one) for one in range(1000, 1000 + 2 * REFERENCES_MAX)))
    assert len(references("OPP")) == REFERENCES_MAX
