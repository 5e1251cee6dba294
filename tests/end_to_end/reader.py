"""`wosync` as somebody types it who follows a page: what lasts is ended, what asks is answered.

A command that serves until Ctrl-C gets that once it works; where `wosync auth` waits, somebody
opens its address in a browser and allows what it asks for. All else is the command as it is.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable

import anyio

from connectors.sandbox.serving import free_port
from tests.end_to_end import browsing, program

# What a command that lasts shows once it works.
LASTING = {"run": r'("event": "started")', "sandbox": "(Ctrl-C ends)"}
_CONSENT = r"^(http\S+authorize\S+)$"


def main(words: list[str]) -> int:
    """Type it; returns how it ended."""
    first = "".join(words[:1])
    if first == "auth":
        where = f"http://localhost:{free_port()}/callback"
        return _seen_through([*words, "--redirect-uri", where], _CONSENT, _allow)
    if first in LASTING:
        return _seen_through(words, LASTING[first], _interrupt)
    sys.argv[1:] = words
    return program.main()


Act = Callable[["subprocess.Popen[str]", str], None]


def _seen_through(words: list[str], sign: str, act: Act) -> int:
    """Act once the command shows the sign, and wait for its end."""
    shown = ""
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "engine", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        acted = False
        for line in process.stdout:
            shown += line
            if not acted and (found := re.search(sign, line.rstrip("\n"))):
                act(process, found[1])
                acted = True
    sys.stdout.write(shown)
    return process.returncode if acted else 1


def _interrupt(process: subprocess.Popen[str], sign: str) -> None:
    del sign
    process.send_signal(signal.SIGINT)


def _allow(process: subprocess.Popen[str], address: str) -> None:
    del process

    async def person() -> None:
        await browsing.visited(await browsing.answered(address))

    anyio.run(person)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
