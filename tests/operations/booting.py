"""A machine of its own to boot the units on: systemd as process 1 in new namespaces.

It lies on an overlay of this machine's files, has a cgroup of its own and shares only the network.
Nothing of it outlives the test: everything in it is killed with its process 1, which the kernel
kills when the test dies, and its mounts exist nowhere else.
"""

from __future__ import annotations

import compileall
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.waiting import DEADLINE_S

SYSTEMD = Path("/lib/systemd/systemd")
PROGRAMS = ("setpriv", "unshare", "nsenter", "systemctl", "mount", "pivot_root")
NAMESPACES = ("--mount", "--pid", "--uts", "--ipc", "--cgroup")
# Where things are in the machine, whose services see no home and no /tmp.
PYTHON = Path("/opt/python")
VENV = Path("/opt/wosync")
SOURCE = VENV / "source"
LOGS = Path("/var/log/wosync")
ROOT = Path(__file__).resolve().parents[2]
LOOK_S = 0.2
_CGROUP = "wosync-boot-"

# Run as process 1 of the new namespaces; in the end it becomes systemd. The kernel's knobs are
# shared with this machine, so the new one sees them read-only.
_ENTER = f"""
set -eu
home=$1 python=$2 packages=$3
machine=$home/machine
mount -t tmpfs -o mode=755 tmpfs "$machine"
mkdir "$machine/upper" "$machine/work" "$machine/root"
root=$machine/root
mount -t overlay overlay \
    -o "lowerdir=/,upperdir=$machine/upper,workdir=$machine/work" "$root"
mkdir -p "$root{PYTHON}" "$root{VENV}" "$root/etc/wosync" "$root{LOGS}"
mount --bind "$python" "$root{PYTHON}"
mount --bind "$home/venv" "$root{VENV}"
mount --bind "$packages" "$root{VENV}/lib/packages"
mount --bind "$home/etc" "$root/etc/wosync"
mount --bind "$home/logs" "$root{LOGS}"
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$root/sys"
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755,nosuid tmpfs "$root/dev"
for node in null zero full random urandom tty; do
    touch "$root/dev/$node"
    mount --bind "/dev/$node" "$root/dev/$node"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs "$root/run"
mount -t tmpfs -o mode=755 tmpfs "$root/var/lib"
mount -t tmpfs -o mode=755 tmpfs "$root/etc/systemd/system"
cp -r "$home/units/." "$root/etc/systemd/system/"
printf '%032x\\n' 1 > "$root/etc/machine-id"
mkdir -p "$root/run/before"
cd "$root"
pivot_root . run/before
umount -l /run/before
# Without this the credentials of a service end up in a directory it cannot see.
mount --make-rshared /
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=wosync-tests \
    SYSTEMD_UNIT_PATH=/etc/systemd/system SYSTEMD_GENERATOR_PATH=/run/none \
    SYSTEMD_LOG_TARGET=console {SYSTEMD} --system --show-status=0
"""

_CONSOLE_SCRIPT = f"""#!{VENV}/bin/python
import sys
from engine.__main__ import main
sys.exit(main())
"""
# What the units ask of the rest of a distribution is not there; their output goes where the test
# reads it, and nobody waits for a second attempt longer than need be. An interpreter with a shared
# library of its own would look for it where it was built.
_DROP_IN = f"""[Unit]
DefaultDependencies=no
[Service]
StandardOutput=append:{LOGS}/%N.log
StandardError=append:{LOGS}/%N.log
RestartSec=200ms
Environment=LD_LIBRARY_PATH={PYTHON}/lib
"""


def unavailable() -> str | None:
    """Why no machine can be booted here, or None when one can."""
    if os.geteuid() != 0:
        return "booting the units needs root"
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing or not SYSTEMD.exists():
        return f"booting the units needs {', '.join(missing) or SYSTEMD}"
    if _cgroups() is None:
        return "booting the units needs a cgroup2 hierarchy that can be written to"
    probe = (
        "mount -t tmpfs tmpfs /mnt; mkdir /mnt/u /mnt/w /mnt/r;"
        " mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w /mnt/r;"
        " mount -t proc proc /mnt/r/proc"
    )
    command = ["unshare", *NAMESPACES, "--fork", "--kill-child=KILL", "sh", "-ec", probe]
    try:
        found = subprocess.run(
            command, capture_output=True, text=True, timeout=DEADLINE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"booting the units needs namespaces: {error}"
    if found.returncode:
        return f"the kernel refuses what booting the units needs: {found.stderr.strip()}"
    return None


def _cgroups() -> Path | None:
    """Our own directory in the cgroup2 hierarchy, if children can be made in it."""
    mounts = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    points = [line.split()[1] for line in mounts if line.split()[2] == "cgroup2"]
    ours = [
        line[4:].lstrip("/")
        for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
        if line.startswith("0::/")
    ]
    found = [Path(point) / ours[0] for point in points if ours]
    return next((path for path in found if os.access(path / "cgroup.procs", os.W_OK)), None)


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine while it runs.

    Args:
        process: its process 1, as numbered outside.
        home: what it shares with the test: `etc` is its /etc/wosync, `logs` what services print.
    """

    process: int
    home: Path

    def run(
        self, *command: str | Path, within_s: float = DEADLINE_S
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the machine, as its root user; its end is not judged.

        Raises:
            subprocess.TimeoutExpired: it does not end.
        """
        enter = ["nsenter", f"--target={self.process}", *NAMESPACES, "--"]
        return subprocess.run(
            [*enter, *map(str, command)],
            capture_output=True,
            text=True,
            timeout=within_s,
            check=False,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )

    def systemctl(self, *arguments: str, within_s: float = DEADLINE_S) -> str:
        """Run systemctl, which must succeed; returns what it says."""
        told = self.run("systemctl", *arguments, within_s=within_s)
        assert told.returncode == 0, f"systemctl {' '.join(arguments)}: {told.stderr}"
        return told.stdout

    def show(self, unit: str) -> dict[str, str]:
        """What systemd knows of the unit."""
        lines = self.systemctl("show", unit).splitlines()
        return {name: value for name, _, value in (line.partition("=") for line in lines)}

    def wait(
        self, unit: str, met: Callable[[Mapping[str, str]], bool], within_s: float
    ) -> dict[str, str]:
        """Look until the unit is as wanted; returns what systemd knows of it then."""
        end = time.monotonic() + within_s
        while True:
            known = self.show(unit)
            if met(known):
                return known
            if time.monotonic() > end:
                names = ("ActiveState", "Result", "NRestarts", "ExecMainStatus", "StatusText")
                shown = {name: known.get(name) for name in names}
                raise AssertionError(f"{unit} is {shown} and says:\n{self.log(unit)[-3000:]}")
            time.sleep(LOOK_S)

    def log(self, unit: str) -> str:
        """What the service has printed so far, over all its runs."""
        path = self.home / "logs" / f"{unit.removesuffix('.service')}.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""


@contextlib.contextmanager
def booted(home: Path, drop_ins: Mapping[str, str], source: Path = ROOT) -> Generator[Machine]:
    """A machine with the program in /opt/wosync and no unit of ours yet, for the block.

    Args:
        home: an empty directory.
        drop_ins: text of a further drop-in by unit, such as `wosync@frozen.service`.
        source: the checkout whose program it gets.
    """
    _furnish(home, drop_ins, source)
    above = _cgroups()
    assert above is not None
    _forget_the_dead(above)
    cgroup = above / f"{_CGROUP}{os.getpid()}"
    cgroup.mkdir()
    try:
        with (home / "console").open("wb") as console:
            process = subprocess.Popen(
                _command(home, cgroup), stdin=subprocess.DEVNULL, stdout=console, stderr=console
            )
            try:
                yield _up(process, home)
            finally:
                _kill(process, cgroup)
    finally:
        _remove(cgroup)


def _furnish(home: Path, drop_ins: Mapping[str, str], source: Path) -> None:
    """Everything the machine finds in place, as pip and an operator would have left it."""
    for name in ("machine", "etc", "logs", "units", "venv/bin", "venv/lib/packages"):
        (home / name).mkdir(parents=True)
    version = f"python{sysconfig.get_python_version()}"
    venv = home / "venv"
    (venv / "pyvenv.cfg").write_text(f"home = {PYTHON}/bin\n", encoding="utf-8")
    (venv / "bin" / "python").symlink_to(PYTHON / "bin" / version)
    site = venv / "lib" / version / "site-packages"
    site.mkdir(parents=True)
    (site / "wosync.pth").write_text(f"{SOURCE}\n{VENV}/lib/packages\n", encoding="utf-8")
    script = venv / "bin" / "wosync"
    script.write_text(_CONSOLE_SCRIPT, encoding="utf-8")
    script.chmod(0o755)
    for package in ("engine", "connectors"):
        shutil.copytree(source / package, venv / "source" / package)
    # As pip does; the service's own user may not write there, and would compile at every start.
    compileall.compile_dir(venv / "source", quiet=1)
    shutil.copyfile(source / "config.toml", venv / "source" / "config.toml")
    units = home / "units"
    (units / "default.target").write_text("[Unit]\nDefaultDependencies=no\n", encoding="utf-8")
    for unit, name, text in (
        ("wosync.service", "machine", _DROP_IN),
        ("wosync@.service", "machine", _DROP_IN),
        *((unit, "test", text) for unit, text in drop_ins.items()),
    ):
        folder = units / f"{unit}.d"
        folder.mkdir()
        # Of two files with one name, that of the instance would hide that of the template.
        (folder / f"{name}.conf").write_text(text, encoding="utf-8")
    # The service's own user must be able to read it, whatever the umask.
    for path in (venv, *venv.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o644))


def _command(home: Path, cgroup: Path) -> Sequence[str]:
    packages = sysconfig.get_path("purelib")
    enter = 'echo $$ > "$0/cgroup.procs"; exec "$@"'
    unshare = ("unshare", *NAMESPACES, "--fork", "--kill-child=KILL")
    within = ("sh", "-c", _ENTER, "enter", str(home), sys.base_prefix, packages)
    return ("setpriv", "--pdeathsig", "KILL", "sh", "-c", enter, str(cgroup), *unshare, *within)


def _up(process: subprocess.Popen[bytes], home: Path) -> Machine:
    """Wait for systemd to take commands."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end and process.poll() is None:
        for child in children.read_text(encoding="utf-8").split():
            machine = Machine(int(child), home)
            if machine.run("systemctl", "is-system-running").stdout.strip() == "running":
                return machine
        time.sleep(LOOK_S)
    console = (home / "console").read_text(encoding="utf-8", errors="replace")
    raise AssertionError(f"the machine does not come up:\n{console[-3000:]}")


def _kill(process: subprocess.Popen[bytes], cgroup: Path) -> None:
    """End process 1 of the machine, which takes everything in it along."""
    with contextlib.suppress(OSError):
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        for child in children.read_text(encoding="utf-8").split():
            os.kill(int(child), signal.SIGKILL)
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    # Whatever may still be ending, all of it is ours: the cgroup was made for this machine.
    with contextlib.suppress(OSError):
        (cgroup / "cgroup.kill").write_text("1", encoding="utf-8")


def _forget_the_dead(above: Path) -> None:
    """Remove the empty cgroups of tests that were killed, and could not do it themselves."""
    for cgroup in above.glob(f"{_CGROUP}*"):
        if not Path("/proc", cgroup.name.removeprefix(_CGROUP)).exists():
            with contextlib.suppress(AssertionError, OSError):
                _remove(cgroup)


def _remove(cgroup: Path) -> None:
    """Remove the cgroup with those below it, once the kernel has let its processes go."""
    end = time.monotonic() + DEADLINE_S
    while cgroup.exists():
        try:
            for folder, _, _ in os.walk(cgroup, topdown=False):
                Path(folder).rmdir()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(LOOK_S)
