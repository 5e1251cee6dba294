"""How to call the program again from where the demo or the sandbox was started."""

import shlex
import shutil
import sys
from pathlib import Path

PROGRAM = "wosync"


def program() -> str:
    """What the person in front of the shell types for `wosync`, ready to be copied.

    That is the name where the shell finds this program by it, otherwise the path that was used.
    """
    started = Path(sys.argv[0])
    if started.name != PROGRAM:
        return f"{shlex.quote(sys.executable)} -m engine"
    found = shutil.which(PROGRAM)
    if found and Path(found).resolve() == started.resolve():
        return PROGRAM
    return shlex.quote(str(started))
