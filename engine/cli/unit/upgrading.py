"""`wosync unit install --upgrade`: the units and states of an earlier version, as of this one."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from engine.about import PROGRAM, about
from engine.cli.exits import Exit
from engine.cli.unit import sound, texts
from engine.cli.unit.installing import account_steps, telling, unit_steps
from engine.cli.unit.steps import Step, carry_out, changes, run
from engine.cli.unit.tree import Service, Tree
from engine.errors import Misconfigured
from engine.store import statedir
from engine.store.sqlite import before, statefile

_DRY = "Nothing is changed. This would be done:\n"
_TABLES_OF_A_FLEET = (
    "the tables of the fleet and of its pairs in their database, which are brought up to date as"
    " its processes start"
)


def upgrade(root: Path | None = None, *, dry: bool = False) -> int:
    """Bring what is installed to this version; a state as it was is kept beside the new one.

    Raises:
        Misconfigured: nothing is installed.
        StateUnusable: a state cannot be migrated; it is as it was, and the services stay stopped.
    """
    tree = Tree.at(root)
    sound.judge(strict=tree.here)
    if not dry:
        tree.ensure_writable("--upgrade")
    plain, template, fleets = (tree.ours(f"{PROGRAM}{at}.service") for at in ("", "@", "-fleet"))
    if not plain and not template and not fleets:
        raise Misconfigured(
            f"there is no service of {PROGRAM} in {tree.units}",
            remedy=f"install one: {tree.again('')}",
        )
    services = list(tree.configured())
    running = [one.name for one in services if tree.told and _runs(tree, one)]
    if fleets and tree.told and _is_active(texts.FLEET):
        running.append(texts.FLEET)
    try:
        user = tree.user()
        units = texts.wanted(plain=plain, template=template, fleets=fleets, user=user)
        replacing = unit_steps(tree, units, force=False)
        steps = [*_at_once(running, "stop"), *replacing, *account_steps(tree, user)]
        steps += telling(tree, told=changes(replacing))
        states = [step for one in services for step in _migrated(tree, one)]
        if fleets:
            states.append(Step("left", _TABLES_OF_A_FLEET))
        steps += [*states, *_at_once(running, "start")]
        sys.stdout.write(_DRY if dry else "")
        carry_out(steps, dry=dry)
    except OSError as error:
        raise tree.refused(error) from error
    sys.stdout.write(f"{PROGRAM} {about().version}\n")
    return Exit.DONE


def _runs(tree: Tree, service: Service) -> bool:
    """Whether it does; one that stands by holds nothing of its own."""
    if statedir.held(tree.state(service)):
        return True
    return tree.schema(service) is not None and _is_active(service.name)


def _is_active(name: str) -> bool:
    systemctl = shutil.which("systemctl")
    if systemctl is None:
        return False
    asked = [systemctl, "is-active", "--quiet", name]
    return subprocess.run(asked, check=False).returncode == 0  # noqa: S603 # nothing in it comes from outside


def _at_once(names: Sequence[str], verb: str) -> list[Step]:
    if not names:
        return []
    words = [shutil.which("systemctl") or "systemctl", verb, *names]
    return [run(words, f"look why: systemctl status {' '.join(names)}")]


def _migrated(tree: Tree, service: Service) -> list[Step]:
    """The state with this version's schema, and how to go back."""
    schema = tree.schema(service)
    if schema is not None:
        return [
            Step(
                "left",
                f"the tables of {service.name} in schema {schema} of their database, which are"
                " brought up to date by the next start",
            )
        ]
    state = tree.state(service) / statefile.FILE_NAME
    if not state.exists():
        return []
    with statedir.entered(state.parent):
        version = statefile.version_of(state)
    now = len(statefile.migrations())
    if version == now:
        return [Step("kept", f"{state}, schema {version}")]

    def migrate() -> None:
        with statedir.lease(state.parent):
            statefile.prepare(state)

    kept = before.path_of(state, version)
    back = service.line_of_any_version(f"state restore {kept}")
    return [
        Step("migrated", f"{state}, from schema {version} to {now}", migrate),
        Step("kept", f"{kept}, as it was; to go back, install the version before and run: {back}"),
    ]
