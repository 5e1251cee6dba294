"""Start-up: what a command costs that prints a line, completes a word, or looks into a state.

CPU time of whole processes, next to that of an interpreter that does nothing.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from connectors.sandbox.serving import free_port
from engine.store.sqlite import statefile
from tests.benchmarks.report import Figure
from tests.benchmarks.stage import BenchmarkFailed

BARE = ("-c", "pass")
# As bash asks for a word, by the variables of the script that it was given.
ASKED = {"_WOSYNC_COMPLETE": "complete_bash", "COMP_WORDS": "wosync why --o", "COMP_CWORD": "2"}
# Nobody answers; nothing is known of the record; there are no credentials.
ENDS = frozenset({0, 1, 69, 78})
PATIENCE_S = 60.0
CONFIG = """
[service]
http = "127.0.0.1:{port}"
state_dir = "{state}"
[workbooks]
api_key = {{ env = "NOT_READ" }}
[outreach]
client_id = {{ env = "NOT_READ" }}
client_secret = {{ env = "NOT_READ" }}
refresh_token = {{ env = "NOT_READ" }}
"""


def measure(rounds: int) -> list[Figure]:
    """Run each of them `rounds` times, in turn, so that a busy moment hits all of them."""
    with TemporaryDirectory(prefix="wosync-bench-") as home:
        path = Path(home) / "config.toml"
        path.write_text(CONFIG.format(port=free_port(), state=Path(home) / "state"))
        commands = {
            "version": ("--version",),
            "help": ("--help",),
            "help_of_one": ("why", "--help"),
            "completion": (),
            "explain": ("explain", "owner-unknown"),
            "status": ("status", "--config", str(path)),
            "why_offline": ("why", "--offline", "OPP-1", "--config", str(path)),
            "check": ("check", "--config", str(path)),
        }
        state = Path(home) / "state"
        state.mkdir(mode=0o700)
        statefile.prepare(state / statefile.FILE_NAME)
        # Once for nothing: what is compiled then is kept.
        for command in commands.values():
            _command_ms(*command)
        bare: list[float] = []
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(rounds):
            bare.append(_cpu_ms(*BARE))
            for name, command in commands.items():
                taken[name].append(_command_ms(*command))
    bare_ms = median(bare)
    figures = [Figure("bare", "CPU of an interpreter that does nothing", bare_ms, "ms")]
    for name, command in commands.items():
        used_ms = median(taken[name])
        figures += [
            Figure(
                name,
                f"CPU of wosync {_title(command)}",
                used_ms,
                "ms",
            ),
            Figure(f"{name}_ratio", "… to the bare interpreter", used_ms / bare_ms, "ratio"),
        ]
    return figures


def _title(command: Sequence[str]) -> str:
    return " ".join(command).partition(" --config")[0] or "with a word to complete"


def _command_ms(*arguments: str) -> float:
    return _cpu_ms("-m", "engine", *arguments, **({} if arguments else ASKED))


def _cpu_ms(*arguments: str, **variables: str) -> float:
    """What one process takes from beginning to end, in milliseconds of CPU."""
    before = _of_children_s()
    ended = subprocess.run(
        [sys.executable, *arguments],
        env={
            **{name: text for name, text in os.environ.items() if name != "STATE_DIRECTORY"},
            **variables,
        },
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    if ended.returncode not in ENDS:
        raise BenchmarkFailed(f"{arguments} failed: {ended.stderr.decode()}")
    return (_of_children_s() - before) * 1000


def _of_children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
