"""`wosync` as somebody types it who follows a page: what lasts is ended, what asks is answered.

A command that serves until Ctrl-C gets that once it works; where `wosync auth` waits, somebody
opens its address in a browser and allows what it asks for.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable

from tests.end_to_end import program

# What a command that lasts shows once it works.
LASTING = {"run": r'("event": "started")', "sandbox": "(Ctrl-C ends)"}
ASKING = "auth"
SEEN_TO = (ASKING, *LASTING)
_CONSENT = r"^(http\S+authorize\S+)$"


def main(words: list[str]) -> int:
    """Type it; returns how it ended."""
    if words[0] == ASKING:
        # What lasts can do without.
        from connectors.sandbox.serving import free_port

        where = f"http://localhost:{free_port()}/callback"
        return _seen_through([*words, "--redirect-uri", where], _CONSENT, _allow)
    return _seen_through(words, LASTING[words[0]], _interrupt)


Act = Callable[[int, str], None]
"""Called with the process id of the command, and the sign."""


def _seen_through(words: list[str], sign: str, act: Act) -> int:
    """Act once the command shows the sign, and wait for its end."""
    shown, acted = "", False
    screen, written = os.pipe()
    nothing = os.open(os.devnull, os.O_RDONLY)
    with os.fdopen(program.begin(words, [nothing, written, written], PYTHONUNBUFFERED="1")) as told:
        os.close(written)
        process = int(told.readline())
        with os.fdopen(screen, encoding="utf-8") as lines:
            for line in lines:
                shown += line
                if not acted and (found := re.search(sign, line.rstrip("\n"))):
                    act(process, found[1])
                    acted = True
        code = int(told.readline())
    sys.stdout.write(shown)
    return code if acted else 1


def _interrupt(process: int, sign: str) -> None:
    del sign
    os.kill(process, signal.SIGINT)


def _allow(process: int, address: str) -> None:
    del process
    import anyio

    from tests.end_to_end import browsing

    async def person() -> None:
        await browsing.visited(await browsing.answered(address))

    anyio.run(person)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
