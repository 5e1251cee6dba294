"""What to do after `wosync unit install`: other steps on a new machine than after an upgrade."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.cli.services import FILE, HOME
from engine.cli.unit.texts import FLEET, command, fleet_begun
from engine.cli.unit.tree import Service, Tree
from engine.config import places

_ENABLED = "multi-user.target.wants"
_SEVERAL = "For several pairs: wosync@PAIR, with /etc/wosync/PAIR in place of /etc/wosync.\n"


@dataclass(frozen=True, slots=True)
class Installed:
    """What `wosync unit install` has left.

    Args:
        tree: where it is.
        plain: the service of a single pair is among it.
        template: that of several pairs is.
        fleet: that of a fleet is.
        reload: systemd has yet to be told.
        untouched: the configuration as it begins, before anybody filled it in.
    """

    tree: Tree
    plain: bool
    template: bool
    fleet: bool
    reload: bool
    untouched: str

    def enabled(self, name: str) -> bool:
        """Whether the service of this name starts with the machine."""
        return (self.tree.units / _ENABLED / f"{name}.service").is_symlink()

    def configured(self) -> list[Service]:
        """Every service that somebody has configured."""
        return [
            one
            for one in self.tree.configured()
            if (self.template if one.pair else self.plain)
            and self.tree.text(self.tree.config(one)) != self.untouched
        ]


def next_steps(installed: Installed) -> str:
    """The steps in order, to be printed, and how to undo what was done."""
    steps = ["systemctl daemon-reload"] if installed.reload else []
    configured = installed.configured()
    if installed.plain or installed.template:
        steps += _upgrade(installed, configured) if configured else _beginning(installed)
    if installed.fleet:
        steps += _of_a_fleet(installed)
    numbered = "".join(f"  {number}. {step}\n" for number, step in enumerate(steps, 1))
    both = installed.plain and installed.template and not configured
    undo = f"To undo all of it: {installed.tree.again('--uninstall')}\n"
    return f"\nWhat to do next:\n{numbered}{_SEVERAL if both else ''}{undo}"


def _upgrade(installed: Installed, configured: Sequence[Service]) -> Iterator[str]:
    """The configuration is left alone; what is not enabled may be so on purpose."""
    services = [one for one in configured if installed.enabled(one.name)]
    names = " ".join(one.name for one in services or configured)
    for service in services or configured:
        # The check reads plain files only.
        if not any(installed.tree.credentials(service).glob("*.cred")):
            yield service.line("check")
    if not services:
        yield f"systemctl enable {names}"
    yield f"systemctl restart {names}"
    yield f"systemctl status {names}"


def _beginning(installed: Installed) -> Iterator[str]:
    service = Service() if installed.plain else Service("PAIR")
    home = service.home
    if service.pair:
        yield f"install -d -m 0755 {home} && install -d -m 0700 {home}/credentials"
    yield f"{command()} init --config {home / FILE}"
    yield service.line("check")
    yield _start(installed, service.name)
    yield f"systemctl status {service.name}"


def _of_a_fleet(installed: Installed) -> Iterator[str]:
    tree = installed.tree
    if tree.text(tree.fleet) != fleet_begun():
        yield f"systemctl restart {FLEET}"
    else:
        pairs = HOME / places.PAIRS
        yield f"fill in {HOME / places.FLEET}, and put a file for each pair into {pairs}"
        yield f"{command()} pair list --config {HOME / places.FLEET}"
        yield _start(installed, FLEET)
    yield f"systemctl status {FLEET}"


def _start(installed: Installed, name: str) -> str:
    return f"systemctl {'start' if installed.enabled(name) else 'enable --now'} {name}"
