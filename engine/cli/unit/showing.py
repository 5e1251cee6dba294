"""`wosync unit show`."""

from __future__ import annotations

import sys

from engine.cli.exits import Exit
from engine.cli.unit import sound
from engine.cli.unit.texts import service


def show(*, template: bool) -> int:
    """Print `wosync.service`, or the template unit, as `install` would write it."""
    sound.judge(strict=False)
    sys.stdout.write(service(template=template).text)
    return Exit.DONE
