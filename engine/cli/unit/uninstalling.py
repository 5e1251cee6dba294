"""`wosync unit install --uninstall`: what was installed goes; configuration and state stay."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from engine.about import PROGRAM
from engine.cli.exits import Exit
from engine.cli.services import HOME, STATES
from engine.cli.unit.installing import telling
from engine.cli.unit.steps import Step, carry_out, changes, removal, run
from engine.cli.unit.texts import FLEET, command
from engine.cli.unit.tree import Tree
from engine.errors import Misconfigured
from engine.store.statedir import FILE_NAME, MARK_NAME

# What tells a state directory from any other; a state in a database leaves the latter alone there.
_OF_A_STATE = (FILE_NAME, MARK_NAME)
_DRY = "Nothing is changed. This would be done:\n"
_FILES = (f"{PROGRAM}.service", f"{PROGRAM}@.service", f"{FLEET}.service", f"{PROGRAM}.target")


def uninstall(root: Path | None = None, *, purge: bool = False, dry: bool = False) -> int:
    """Take away what `install` has put there, and say what stays.

    Args:
        purge: the configuration with its secrets, and the states, go as well.
        dry: only say what would be done.

    Raises:
        StateUnusable: a file cannot be removed.
        EngineError: a service cannot be stopped; nothing was removed.
    """
    tree = Tree.at(root)
    if not dry:
        tree.ensure_writable("--uninstall")
    user, kept, schemas = tree.user(), list(_kept(tree)), list(_schemas(tree))
    try:
        removed = list(_removed(tree))
        steps = [*_stopping(tree), *removed, *telling(tree, told=changes(removed))]
        if purge:
            steps += [step for path in kept for step in removal(path)]
        sys.stdout.write(_DRY if dry else "")
        carry_out(steps, dry=dry)
    except OSError as error:
        raise tree.refused(error) from error
    sys.stdout.write(_rest(tree, [] if purge else kept, user) + "".join(schemas))
    return Exit.DONE


def _schemas(tree: Tree) -> Iterator[str]:
    """What is left in databases, which nothing here takes away."""
    for service in tree.configured():
        with suppress(Misconfigured):
            schema = tree.schema(service)
            if schema is not None:
                yield (
                    f"The state of {service.name} is still in its database:"
                    f" DROP SCHEMA {schema} CASCADE\n"
                )
    if tree.fleet.exists():
        yield (
            "The states of a fleet are still in its database, in a schema for each pair, and in the"
            " one of the fleet itself\n"
        )


def _stopping(tree: Tree) -> Iterator[Step]:
    """Every unit of ours, those of pairs included: stopped in order, and never started again."""
    systemctl = shutil.which("systemctl")
    if not tree.told or systemctl is None or not any(map(tree.ours, _FILES)):
        return
    # Of one that is not there it would be said that it cannot be stopped.
    names = [one.replace("@", "@*") for one in _FILES if tree.ours(one)]
    yield run([systemctl, "stop", *names], f"stop them yourself: systemctl stop {' '.join(names)}")


def _removed(tree: Tree) -> Iterator[Step]:
    for wanting in sorted(tree.units.glob("*.wants")):
        ours = [
            one
            for name in (f"{PROGRAM}.*", f"{PROGRAM}@*", f"{FLEET}.*")
            for one in wanting.glob(name)
        ]
        for link in sorted(ours):
            yield from removal(link)
    for name in _FILES:
        path = tree.units / name
        if tree.ours(name):
            yield from removal(path)
        elif path.exists():
            yield Step("left", f"{path}, which somebody else wrote")
    yield from removal(tree.accounts)
    if tree.on_path.is_symlink() and tree.on_path.readlink() == command():
        yield from removal(tree.on_path)


def _kept(tree: Tree) -> Iterator[Path]:
    """Configuration and states; of directories with such a name only those with a state in it."""
    if tree.of(HOME).exists():
        yield tree.of(HOME)
    for above in (tree.of(STATES), tree.of(STATES) / "private"):
        for path in sorted([*above.glob(PROGRAM), *above.glob(f"{PROGRAM}-*")]):
            if path.name in {PROGRAM, FLEET} or any((path / name).exists() for name in _OF_A_STATE):
                yield path


def _rest(tree: Tree, kept: list[Path], user: str | None) -> str:
    """What is still there, and the commands that remove it."""
    lines = [f"kept     {path}\n" for path in kept]
    if kept:
        lines.append(f"To remove these too: {tree.again('--uninstall --purge')}\n")
    if user is not None:
        lines.append(f"The user {user} is still there: userdel {user}\n")
    if tree.here:
        lines.append(f"The program is still there: rm -r {sys.prefix}\n")
    return "".join(lines)
