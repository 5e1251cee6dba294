"""`wosync unit install`: everything a service needs on a machine, and how to take it away again."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.cli.exits import Exit, Misused
from engine.cli.services import HOME
from engine.cli.unit import sound, texts
from engine.cli.unit.manual import beginning
from engine.cli.unit.next_steps import Installed, next_steps
from engine.cli.unit.steps import Step, carry_out, changes, directory, file, link, run
from engine.cli.unit.texts import MARK, Unit
from engine.cli.unit.tree import SELINUX, Service, Tree
from engine.config.places import PAIRS
from engine.errors import Misconfigured

_USER_NAME = re.compile(r"[a-z_][a-z0-9_-]{0,30}")
_DRY = "Nothing is changed. This would be done:\n"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is to be installed.

    Args:
        plain: `wosync.service` is wanted.
        template: `wosync@.service` is wanted.
        fleet: `wosync-fleet.service` is wanted.
        user: who runs the services; None keeps who does, which at first is a user that systemd
            makes for as long as a service runs.
        enable: whether the service starts with the machine; None for one that is new.
        force: overwrite a unit that this command did not write.
        secrets: files with secrets, by the name of the credential.
    """

    plain: bool = True
    template: bool = True
    fleet: bool = False
    user: str | None = None
    enable: bool | None = None
    force: bool = False
    secrets: Mapping[str, Path] = field(default_factory=dict[str, Path])


def install(root: Path | None = None, wishes: Wishes | None = None, *, dry: bool = False) -> int:
    """Put the service on a machine, and say what was done, what is next and how to undo it.

    Args:
        root: the machine's directory tree; None for this machine itself, which is then told.
        dry: only say what would be done.

    Raises:
        Misconfigured: the sandbox of the unit would hide the program, or a unit is somebody
            else's; nothing was written.
        StateUnusable: a file or directory cannot be written.
    """
    tree, wishes = Tree.at(root), wishes or Wishes()
    _ensure_sensible(wishes)
    sound.judge(strict=tree.here)
    if not dry:
        tree.ensure_writable("")
    try:
        user = wishes.user or tree.user()
        units = texts.wanted(
            plain=wishes.plain, template=wishes.template, fleets=wishes.fleet, user=user
        )
        enabled = [*_to_enable(tree, wishes)]
        replacing = unit_steps(tree, units, force=wishes.force)
        steps = [*replacing, *_placed(tree, wishes), *account_steps(tree, user)]
        steps += telling(tree, told=changes(replacing))
        steps += _enabling(tree, [unit for unit in units if unit.name in enabled])
        sys.stdout.write(_DRY if dry else "")
        carry_out(steps, dry=dry)
    except OSError as error:
        raise tree.refused(error) from error
    reload = changes(replacing) and not tree.told
    installed = Installed(tree, wishes.plain, wishes.template, wishes.fleet, reload, _begun())
    sys.stdout.write("" if dry else next_steps(installed))
    return Exit.DONE


def unit_steps(tree: Tree, units: list[Unit], *, force: bool) -> list[Step]:
    """The units, none of them before every one was looked at.

    Raises:
        Misconfigured: one of them is somebody else's.
    """
    for unit in units:
        path = tree.units / unit.name
        present = tree.text(path)
        if present and not present.startswith(MARK) and not force:
            raise Misconfigured(
                f"{path} was not written by this command",
                remedy="move what you need of it into a drop-in (systemctl edit), then repeat the"
                " command with --force, which overwrites it",
            )
    return [file(tree.units / unit.name, unit.text) for unit in units]


def account_steps(tree: Tree, user: str | None) -> list[Step]:
    """A user of the machine, where one is wanted: made as systemd makes those of a distribution."""
    if user is None:
        return []
    line = f'u {user} - "{Service().name}, opportunities kept in step"\n'
    known = file(tree.accounts, f"{MARK}\n{line}")
    where = [] if tree.here else [f"--root={tree.top}"]
    made = run(
        [_program("systemd-sysusers"), *where, str(tree.accounts.name)],
        f"make the user yourself: useradd --system --user-group {user}; then repeat the command",
    )
    return [known] if known.act is None else [known, made]


def telling(tree: Tree, *, told: bool) -> list[Step]:
    """What the running machine has to hear of new files."""
    steps: list[Step] = []
    if tree.here and told and SELINUX.exists() and (restorecon := shutil.which("restorecon")):
        labelled = [str(tree.units), str(HOME), sys.prefix]
        steps.append(run([restorecon, "-R", *labelled], "label the files as your policy says"))
    if tree.told and told:
        steps.append(run([_program("systemctl"), "daemon-reload"], "say: systemctl daemon-reload"))
    return steps


def _placed(tree: Tree, wishes: Wishes) -> list[Step]:
    service = Service()
    steps = directory(tree.of(HOME), 0o755)
    if wishes.plain or wishes.fleet:
        secrets = tree.credentials(service)
        steps += directory(secrets, 0o700)
        steps += [
            file(secrets / name, path.read_text(encoding="utf-8"), 0o600)
            for name, path in wishes.secrets.items()
        ]
    if wishes.plain and not tree.config(service).exists():
        steps.append(file(tree.config(service), _begun()))
    if wishes.fleet:
        steps += directory(tree.fleet.parent / PAIRS, 0o755)
        if not tree.fleet.exists():
            steps.append(file(tree.fleet, texts.fleet_begun()))
    return [*steps, *link(tree.on_path, texts.command())]


def _to_enable(tree: Tree, wishes: Wishes) -> Iterator[str]:
    """The units that are to start with the machine: a new one does, unless that is not wished."""
    for wished, service in ((wishes.plain, Service().name), (wishes.fleet, texts.FLEET)):
        name = f"{service}.service"
        if wished and (not tree.ours(name) if wishes.enable is None else wishes.enable):
            yield name


def _enabling(tree: Tree, units: list[Unit]) -> Iterator[Step]:
    """The links that systemctl would make; it is not there where an image is made."""
    for unit in units:
        for wanting in unit.wanted_by:
            yield from link(
                tree.units / f"{wanting}.wants" / unit.name,
                Path("/etc/systemd/system") / unit.name,
            )


def _ensure_sensible(wishes: Wishes) -> None:
    if wishes.user is not None and (not _USER_NAME.fullmatch(wishes.user) or wishes.user == "root"):
        raise Misused(
            f"{wishes.user!r} is no name for the user of a service",
            remedy="name one of small letters, digits, - and _, and not root",
        )
    known = texts.credentials()
    for name, path in wishes.secrets.items():
        if name not in known:
            raise Misused(
                f"the service loads no credential {name!r}",
                remedy=f"name one of {', '.join(known)}",
            )
        if not path.is_file():
            raise Misused(f"there is no file {path}", remedy="name a file with one secret in it")


def _begun() -> str:
    return beginning(texts.credentials())


def _program(name: str) -> str:
    return shutil.which(name) or name
