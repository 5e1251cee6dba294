"""What to do after `wosync unit install`: other steps on a new machine than after an upgrade."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.about import PROGRAM
from engine.cli.services import FILE, HOME

_STATE = Path("/var/lib")
_ENABLED = "multi-user.target.wants"
_SEVERAL = "For several pairs: wosync@PAIR, with /etc/wosync/PAIR in place of /etc/wosync.\n"


@dataclass(frozen=True, slots=True)
class Service:
    """One service of this machine.

    Args:
        pair: what the template is started with; empty for the service of a single pair.
    """

    pair: str = ""

    @property
    def name(self) -> str:
        """The unit, as systemctl takes it."""
        return f"{PROGRAM}@{self.pair}" if self.pair else PROGRAM

    @property
    def home(self) -> Path:
        """Where its configuration is."""
        return HOME / self.pair

    def check(self, command: Path) -> str:
        """What checks its configuration, with the two variables that systemd gives otherwise."""
        state = _STATE / self.name.replace("@", "-")
        return (
            f"CREDENTIALS_DIRECTORY={self.home}/credentials STATE_DIRECTORY={state}"
            f" {command} check --config {self.home / FILE}"
        )


@dataclass(frozen=True, slots=True)
class Installed:
    """What `wosync unit install` has left.

    Args:
        top: the machine's directory tree.
        units: where its units are.
        command: the program that they start.
        credentials: what they load.
        plain: the service of a single pair is among them.
        template: that of several pairs is.
        reload: systemd has yet to be told.
    """

    top: Path
    units: Path
    command: Path
    credentials: Sequence[str]
    plain: bool
    template: bool
    reload: bool

    def of(self, service: Service) -> Path:
        """The directory of its configuration, in this tree."""
        return self.top / service.home.relative_to("/")

    def enabled(self, service: Service) -> bool:
        """Whether it starts with the machine."""
        return (self.units / _ENABLED / f"{service.name}.service").is_symlink()


def next_steps(installed: Installed) -> str:
    """The steps in order, to be printed."""
    steps = ["systemctl daemon-reload"] if installed.reload else []
    configured = list(_configured(installed))
    steps += _upgrade(installed, configured) if configured else _beginning(installed)
    numbered = "".join(f"  {number}. {step}\n" for number, step in enumerate(steps, 1))
    both = installed.plain and installed.template and not configured
    return f"\nWhat to do next:\n{numbered}{_SEVERAL if both else ''}"


def _configured(installed: Installed) -> Iterator[Service]:
    single = Service()
    if installed.plain and (installed.of(single) / FILE).exists():
        yield single
    if installed.template:
        for path in sorted(installed.of(single).glob(f"*/{FILE}")):
            yield Service(path.parent.name)


def _upgrade(installed: Installed, configured: Sequence[Service]) -> Iterator[str]:
    """The configuration is left alone; what is not enabled may be so on purpose."""
    services = [one for one in configured if installed.enabled(one)]
    names = " ".join(one.name for one in services or configured)
    for service in services or configured:
        # The check reads plain files only.
        if not any((installed.of(service) / "credentials").glob("*.cred")):
            yield service.check(installed.command)
    if not services:
        yield f"systemctl enable {names}"
    yield f"systemctl restart {names}"
    yield f"systemctl status {names}"


def _beginning(installed: Installed) -> Iterator[str]:
    service = Service() if installed.plain else Service("PAIR")
    home = service.home
    if service.pair:
        yield f"install -d -m 0755 {home} && install -d -m 0700 {home}/credentials"
    yield f"sed '/^state_dir/d' config.toml | install -m 0644 /dev/stdin {home / FILE}"
    yield f'editor {home / FILE}    # each secret as {{ credential = "NAME" }}'
    yield (
        f"install -m 0600 /dev/stdin {home}/credentials/NAME    # paste, Enter, Ctrl-D; for each"
        f" of {', '.join(installed.credentials)}"
    )
    yield service.check(installed.command)
    yield f"systemctl enable --now {service.name}"
    yield f"systemctl status {service.name}"
