"""`wosync unit`: the systemd units, shown or installed.

One text serves both services: `wosync.service` for a single pair of systems, and the template
`wosync@.service` for several on one machine. `wosync.target` holds them together.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from tempfile import mkstemp

import engine
from engine.about import PROGRAM
from engine.cli.exits import Exit, complain, paragraph
from engine.cli.next_steps import Installed, next_steps
from engine.errors import EngineError, Misconfigured, StateUnusable

UNITS = Path("etc/systemd/system")
CONFIGURATION = Path("etc/wosync")
# The first line of every unit begins so; a file that does not is somebody else's.
MARK = f"# Written by {PROGRAM} unit install."
RUNNING_SYSTEMD = Path("/run/systemd/system")
# What ProtectHome and PrivateTmp hide from the service.
HIDDEN = tuple(map(Path, ("/home", "/root", "/run/user", "/tmp", "/var/tmp")))  # noqa: S108 # only compared
RELOAD_TIMEOUT_S = 60
_TEMPLATE = "service.unit"
_CREDENTIAL = re.compile(r"^LoadCredential=(\w+):", re.MULTILINE)
_PLAIN_PATH = re.compile(r"[\w./+~-]+", re.ASCII)
_INSTALL_ELSEWHERE = (
    "install it where every user can read it, in the folder of its source:"
    " python3 -m venv /opt/wosync && /opt/wosync/bin/pip install"
    " -r requirements.lock . ;"
    " then repeat this command as /opt/wosync/bin/wosync"
)


@dataclass(frozen=True, slots=True)
class Unit:
    """One file of ours: its name, and what stands in it."""

    name: str
    text: str


def show(*, template: bool) -> int:
    """Print `wosync.service`, or the template unit, as `install` would write it."""
    _judge(_troubles(), strict=False)
    sys.stdout.write(service(template=template).text)
    return Exit.DONE


def install(
    root: Path | None = None, *, force: bool = False, plain: bool = True, template: bool = True
) -> int:
    """Write the units, with the directories of the configuration, and say what to do next.

    Args:
        root: the machine's directory tree; None for this machine itself, which is then told.
        force: overwrite a unit that this command did not write.
        plain: `wosync.service` is wanted.
        template: `wosync@.service` is wanted.

    Raises:
        Misconfigured: the sandbox of the unit would hide the program, or a unit is somebody
            else's; nothing was written.
        StateUnusable: a file or directory cannot be written.
    """
    top = (root or Path("/")).absolute()
    here = top == Path("/")
    _judge(_troubles(), strict=here)
    units = _wanted(plain=plain, template=template)
    try:
        verdicts = [_verdict(top / UNITS / one.name, one, force=force) for one in units]
        _place(top, units, verdicts)
        _make(top / CONFIGURATION, 0o755)
        if plain:
            _make(top / CONFIGURATION / "credentials", 0o700)
    except OSError as error:
        raise StateUnusable(
            f"{error.filename or top} cannot be written: {error.strerror}",
            remedy=f"run it as root: sudo {_command()} unit install"
            if here
            else "choose a --root that you may write to",
        ) from error
    told = here and _daemon_reload()
    reload = not told and set(verdicts) != {"kept"}
    loaded = _CREDENTIAL.findall(_packaged(_TEMPLATE))
    installed = Installed(top, top / UNITS, _command(), loaded, plain, template, reload)
    sys.stdout.write(next_steps(installed))
    return Exit.DONE


def service(*, template: bool) -> Unit:
    """The service, for one pair of systems or as the template for several."""
    values = {
        "UNIT": "wosync@PAIR" if template else "wosync",
        "NAME": "wosync-%i" if template else "wosync",
        "INSTANCE": "%i" if template else "default",
        "CONFIG": "/etc/wosync/%i" if template else "/etc/wosync",
        "WOSYNC": str(_command()),
    }
    text = _packaged(_TEMPLATE)
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return Unit("wosync@.service" if template else "wosync.service", text)


def _wanted(*, plain: bool, template: bool) -> list[Unit]:
    units = [Unit("wosync.target", _packaged("wosync.target"))]
    if plain:
        units.append(service(template=False))
    if template:
        units.append(service(template=True))
    return units


def _packaged(name: str) -> str:
    return (resources.files("engine.systemd") / name).read_text(encoding="utf-8")


def _command() -> Path:
    """The command of the interpreter that runs this, whichever name it was called by."""
    return Path(sysconfig.get_path("scripts")) / PROGRAM


def troubles(command: Path, *others: Path) -> list[str]:
    """Why a service could not start the command from where it lies; nothing when it can.

    Args:
        command: what the unit starts, by its absolute path.
        others: files it needs besides: the interpreter, the package.
    """
    if not command.exists():
        return [f"there is no command {command}, which the unit would start"]
    if not _PLAIN_PATH.fullmatch(str(command)):
        return [f"the path {command} has characters that mean something else in a unit"]
    found: list[str] = []
    for part in dict.fromkeys((command, *others)):
        if any(part.is_relative_to(directory) for directory in HIDDEN):
            found.append(f"{part} is hidden from the service, which sees no home and no /tmp")
        elif (closed := _closed(part)) is not None:
            found.append(f"{closed} cannot be read by the user of the service")
    return found


def _troubles() -> list[str]:
    package = Path(engine.__file__)
    return troubles(_command(), Path(sys.executable).resolve(), package.resolve())


def _closed(path: Path) -> Path | None:
    """The first part of the path that users other than its owner and group may not read."""
    for part in reversed((path, *path.parents)):
        needed = 0o001 if part.is_dir() else 0o004
        if not part.stat().st_mode & needed:
            return part
    return None


def _judge(found: Iterable[str], *, strict: bool) -> None:
    text = "; ".join(found)
    if not text:
        return
    trouble = Misconfigured(text, remedy=_INSTALL_ELSEWHERE)
    if strict:
        raise trouble
    complain(f"{paragraph(trouble)}\n")


def _verdict(path: Path, unit: Unit, *, force: bool) -> str:
    try:
        present = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return "written"
    if present == unit.text:
        return "kept"
    if not present.startswith(MARK) and not force:
        raise Misconfigured(
            f"{path} was not written by this command",
            remedy="move what you need of it into a drop-in (systemctl edit), then repeat the"
            " command with --force, which overwrites it",
        )
    return "replaced"


def _place(top: Path, units: Sequence[Unit], verdicts: Sequence[str]) -> None:
    (top / UNITS).mkdir(parents=True, exist_ok=True)
    for unit, verdict in zip(units, verdicts, strict=True):
        path = top / UNITS / unit.name
        if verdict != "kept":
            _write(path, unit.text)
        sys.stdout.write(f"{verdict:<9}{path}\n")


def _write(path: Path, text: str) -> None:
    """The whole text or, whatever happens, what was there before."""
    handle, name = mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            os.fchmod(file.fileno(), 0o644)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _make(directory: Path, mode: int) -> None:
    if directory.is_dir():
        return
    directory.mkdir(parents=True)
    directory.chmod(mode)
    sys.stdout.write(f"made     {directory}\n")


def _daemon_reload() -> bool:
    """Tell systemd of the new files; False where none is running to be told."""
    systemctl = shutil.which("systemctl")
    if systemctl is None or not RUNNING_SYSTEMD.is_dir():
        return False
    try:
        subprocess.run(  # noqa: S603 # nothing in it comes from outside
            [systemctl, "daemon-reload"],
            check=True,
            capture_output=True,
            text=True,
            timeout=RELOAD_TIMEOUT_S,
        )
    except subprocess.SubprocessError as error:
        reason = str(getattr(error, "stderr", None) or error).strip()
        raise EngineError(
            f"the units are written, but systemd does not take them up: {reason}",
            remedy="say: systemctl daemon-reload",
        ) from error
    return True
