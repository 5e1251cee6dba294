"""`wosync unit show`."""

from __future__ import annotations

import sys

from engine.cli.exits import Exit, Misused
from engine.cli.unit import sound
from engine.cli.unit.texts import fleet, service


def show(*, template: bool, fleets: bool = False) -> int:
    """Print `wosync.service`, or the unit that is asked for, as `install` would write it.

    Raises:
        Misused: two are asked for.
    """
    if template and fleets:
        raise Misused("--template and --fleet exclude each other", remedy="give one of them")
    sound.judge(strict=False)
    sys.stdout.write((fleet() if fleets else service(template=template)).text)
    return Exit.DONE
