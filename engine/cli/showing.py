"""`wosync status`: how the running service does, and what its state holds."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.cli.asking import ask_service
from engine.cli.exits import Exit, complain, paragraph
from engine.cli.services import option
from engine.config.places import find, stamp_of
from engine.errors import Misconfigured


def status(path: Path | None, *, as_json: bool, everything: bool) -> int:
    """0 healthy, 3 degraded or records in error, 69 when no service answers, 74 state unusable.

    One that stands by is healthy where the state can be read, which is what there is to show.

    Args:
        everything: show every record in error; they are read from the state itself.

    Raises:
        StateUnusable: beside a running service, the state with every record cannot be read.
    """
    found = find(path)
    live = ask_service(found, "/status")
    if live is None:
        from engine.cli.status_offline import without_service

        document, code = without_service(found, everything=everything)
    elif live.get("standby"):
        from engine.cli.status_offline import beside_a_standby

        document, code = beside_a_standby(found, live, everything=everything)
    else:
        document, code = dict(live), _verdict(live)
        if everything:
            from engine.cli.status_offline import every_refused

            document |= every_refused(found)
    if as_json:
        sys.stdout.write(json.dumps({"running": live is not None, **document}) + "\n")
    else:
        # What draws tables is no use to a program.
        from engine.cli.showing_tables import printed

        printed(document, running=live is not None, named=option(path))
    if live is not None:
        _say_mistakes(found, live.get("config_stamp"))
    return code


def _verdict(live: Mapping[str, Any]) -> Exit:
    refused = live["records"]["refused"] or live["people"]["refused"]
    return Exit.DONE if live["ready"] and not refused else Exit.ATTENTION


def _say_mistakes(path: Path, stamp: str | None) -> None:
    """The service runs on what it read before; what stands in the file now may not.

    Args:
        stamp: of the file as the service read it.
    """
    if stamp and stamp == stamp_of(path):
        return
    from engine.cli.reading import look

    try:
        look(path)
    except Misconfigured as error:
        complain(f"{paragraph(error)}\n")
