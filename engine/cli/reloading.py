"""`wosync reload`: the running service reads its configuration again."""

from __future__ import annotations

import sys
from pathlib import Path

from engine.cli.asking import StandsBy, address, ask_service
from engine.cli.exits import Exit
from engine.cli.reading import look
from engine.config.places import find
from engine.errors import Misconfigured, Unreachable


def reload(path: Path | None) -> int:
    """Ask the service; 0 applied, 78 refused, 69 when none answers.

    The file may have any mistake: it is the service that judges it, and says so in its own log,
    metrics and status too.
    """
    found = find(path)
    try:
        answer = ask_service(found, "/reload", "POST")
    except StandsBy as error:
        look(found)
        raise StandsBy(
            error.message, remedy="restart it, and reload the one that works, on its machine"
        ) from error
    if answer is None:
        look(found)
        raise Unreachable(
            f"no service answers at {address(found)}",
            remedy="start it; the settings are read at every start",
        )
    if not answer["applied"]:
        raise Misconfigured(
            f"the reload was refused, the old settings stay in force: {answer['reason']}",
            remedy=answer["remedy"],
        )
    changes: list[str] = answer["changes"]
    sys.stdout.write("".join(f"{change}\n" for change in changes) or "nothing has changed\n")
    return Exit.DONE
