"""The scripts of a page, typed one after the other by somebody without root.

What a machine has in /etc, /opt and /var lies below a directory of its own, beside a sandbox. What
cannot be run here is left out line by line, and `ELSEWHERE` says why.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.sandbox.sandbox import Addresses
from connectors.sandbox.serving import free_port
from tests.end_to_end import program, reader, warm
from tests.end_to_end.documents import PROGRAM, ROOT
from tests.operations import built
from tests.waiting import DEADLINE_S

# Why a line is not run, by what it is known by.
ELSEWHERE = {
    r"^make \w+": "installs from a registry, or runs these tests; what it would do, and the demo"
    " of the wheel, are looked at by tests/operations/test_wheel.py",
    r"--require-hashes": "asks a registry",
    r"^apt-get ": "changes this machine",
    r"^uv ": "fetches an interpreter",
    r"^wosync init( --config \S+)?$": "asks, and test_initialising.py answers at a terminal",
    r"^systemctl ": "needs a booted systemd, such as tests/operations/test_boot.py makes",
    r"^journalctl ": "needs the journal of a booted systemd",
    r"^systemd-creds ": "needs the key of a host",
    r"\bwosync unit install(?! --root)": "changes this machine; tests/operations/test_installing.py"
    " has it change another root, and test_boot.py a machine of its own",
    r"^podman ": "needs an engine; tests/operations/test_containers.py does what the Containerfile"
    " says",
    r"^kubectl ": "needs a cluster; tests/operations/test_kubernetes.py asks the published schemas",
    r"^wosync pair ": "needs a database that a fleet shares; its own tests have one",
    r"-0\.2\.0-py3|state\.db\.schema-": "needs the former version and its state;"
    " tests/operations/test_installing.py has one migrated",
    r"\bpostgresql://": "needs a database of that name; tests of each command have their own",
    r"^promtool query ": "asks a server, as tests/operations/test_live_dashboards.py does",
}
if os.geteuid() != 0:
    ELSEWHERE[r"--root \S+ --user "] = "makes a user of that root, which needs root"
# What is there before a page begins, where its scripts rely on it: what other pages, packages or
# an operator have left.
BEFORE = {
    "docs/commands.md": "mkdir -p /etc/bash_completion.d",
    "docs/installing.md": "mkdir -p /etc/wosync && cp config.toml /etc/wosync",
    "docs/monitoring.md": "mkdir -p /etc/prometheus /etc/grafana/provisioning/datasources"
    " /etc/grafana/provisioning/dashboards",
    "docs/state.md": "wosync once",
    "docs/upgrading.md": "python3 -m venv /opt/wosync",
    "docs/watching.md": "mkdir -p /etc/wosync/credentials",
}
# What every machine has.
DIRECTORIES = ("etc/default", "opt", "usr/local/bin", "var/backups", "var/lib")
# What a reader sees to, and all else, which need not import what the reader needs.
_TYPED = f"""\
case "$1" in
{"|".join(reader.SEEN_TO)}) exec {shlex.join([sys.executable, reader.__file__])} "$@" ;;
*) exec {shlex.join([sys.executable, "-IS", program.__file__])} "$@" ;;
esac
"""
# An environment to install into has our pip: to unpack another takes several seconds.
_PYTHON = f"""\
[ $# -eq 3 ] && [ "$1 $2" = "-m venv" ] || exec {sys.executable} "$@"
{sys.executable} -m venv --without-pip "$3" || exit
cat >"$3/bin/pip" <<END
#!/bin/sh
exec {sys.executable} -m pip --python $3/bin/python "\\$@"
END
chmod 755 "$3/bin/pip"
"""
_BELOW = re.compile(r"(?<![\w./])/(etc|opt|var)/")
# Ends where a command ends with anything but 0, or with 3: the sandbox has records in error.
_STRICT = """
set -o errtrace -o pipefail
trap 'code=$?; [ $code -eq 3 ] || { echo "ended with $code: $BASH_COMMAND"; exit $code; }' ERR
"""


def elsewhere(line: str) -> str | None:
    """Why a line is not run here; None for one that is."""
    return next((why for known, why in ELSEWHERE.items() if re.search(known, line)), None)


@dataclass(frozen=True, slots=True)
class Desk:
    """Where somebody sits: at the top of a checkout, with a sandbox to connect.

    Args:
        top: what stands in the place of /.
        home: where the configuration for the sandbox is.
    """

    top: Path
    home: Path
    addresses: Addresses

    def prepare(self, page: str) -> None:
        """Make what is there before the page begins."""
        for name in DIRECTORIES:
            (self.top / name).mkdir(parents=True)
        venv.create(self.home / ".venv")
        for place in (self.top / "usr/local/bin", self.home / ".venv/bin"):
            _put(place / PROGRAM, _TYPED)
        _put(self.top / "usr/local/bin/python3", _PYTHON)
        for name in ("grafana", "requirements.lock", "requirements-postgres.lock"):
            (self.home / name).symlink_to(ROOT / name)
        if "installing" in page or "upgrading" in page:
            wheel = built.wheel(built.source(self.top / "checkout"))
            (self.home / wheel.name).symlink_to(wheel)
        if page in BEFORE:
            self.follow([BEFORE[page]])

    def follow(self, lines: Sequence[str]) -> str:
        """Type the lines, all in one shell; returns what they show.

        Raises:
            AssertionError: one of them fails.
        """
        script = "\n".join([_STRICT, *(self._below(line) for line in lines)])
        variables = {
            "HOME": str(self.top / "root"),
            "LANG": "C.UTF-8",
            # Nobody runs what pip has put somewhere.
            "PIP_COMPILE": "0",
            "PATH": f"{self.top}/usr/local/bin{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            program.WARM: str(warm.descriptor()),
        }
        ended = subprocess.run(
            ["bash", "-c", script],
            cwd=self.home,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DEADLINE_S,
            pass_fds=[warm.descriptor()],
            check=False,
        )
        assert ended.returncode in {0, 3}, ended.stdout
        return ended.stdout

    def _below(self, line: str) -> str:
        """The line with places of a machine below the top, and the sandbox as the two systems."""
        own = tomllib.loads((self.home / "config.toml").read_text(encoding="utf-8"))["outreach"]
        line = _BELOW.sub(rf"{self.top}/\1/", line)
        outreach = f"--answer outreach.base_url={self.addresses.outreach}"
        for known, here in {
            "https://secure.workbooks.com": f"{self.addresses.workbooks} {outreach}",
            "outreach.client_id=ID": f"outreach.client_id={own['client_id']}",
            "=./key": f"={self.home}/api_key",
            "=./secret": f"={self.home}/client_secret",
            "--control-port 9470": f"--control-port {free_port()}",
            # Of zsh; an array of bash counts from 0.
            '"${fpath[1]}/': f'"{self.top}/',
        }.items():
            line = line.replace(known, here)
        return line


def _put(place: Path, script: str) -> None:
    place.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    place.chmod(0o755)
