"""A machine's directory tree: this machine's own, or one that an image is made of."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.about import PROGRAM
from engine.cli.services import CREDENTIALS, FILE, HOME, STATES
from engine.cli.unit.texts import MARK, command, given_user
from engine.config import loading as configuration
from engine.config.loading import ServiceSettings
from engine.config.places import FLEET, PAIRS
from engine.errors import EngineError, StateUnusable

RUNNING_SYSTEMD = Path("/run/systemd/system")
SELINUX = Path("/sys/fs/selinux/enforce")
ROOT = Path("/")


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

    @property
    def state(self) -> Path:
        """Where systemd keeps its state."""
        return STATES / self.name.replace("@", "-")

    def line(self, words: str) -> str:
        """A command for it."""
        return f"{command()} {words} --config {self.home / FILE}"

    def line_of_any_version(self, words: str) -> str:
        """The same for a version that does not find by itself what systemd gives the service."""
        return (
            f"CREDENTIALS_DIRECTORY={self.home}/{CREDENTIALS} STATE_DIRECTORY={self.state}"
            f" {self.line(words)}"
        )


@dataclass(frozen=True, slots=True)
class Tree:
    """Where everything is, below `top`."""

    top: Path

    @classmethod
    def at(cls, root: Path | None) -> Tree:
        """The tree of an image, or this machine's."""
        return cls((root or ROOT).absolute())

    @property
    def here(self) -> bool:
        """Whether it is this machine's."""
        return self.top == ROOT

    @property
    def told(self) -> bool:
        """Whether systemd runs here and is to be told."""
        return self.here and RUNNING_SYSTEMD.is_dir()

    @property
    def units(self) -> Path:
        """Where units are."""
        return self.top / "etc/systemd/system"

    @property
    def accounts(self) -> Path:
        """What tells systemd which users there are to be."""
        return self.top / f"etc/sysusers.d/{PROGRAM}.conf"

    @property
    def on_path(self) -> Path:
        """Where a shell finds the command."""
        return self.top / "usr/local/bin" / PROGRAM

    def of(self, path: Path) -> Path:
        """The path of this machine, in the tree."""
        return self.top / path.relative_to("/")

    def credentials(self, service: Service) -> Path:
        """Where the secrets of a service are."""
        return self.of(service.home) / CREDENTIALS

    def config(self, service: Service) -> Path:
        """The configuration of a service."""
        return self.of(service.home) / FILE

    @property
    def fleet(self) -> Path:
        """The configuration of a fleet."""
        return self.of(HOME) / FLEET

    def configured(self) -> Iterator[Service]:
        """Every service of a pair that has a configuration, the single one first."""
        if self.config(Service()).exists():
            yield Service()
        for path in sorted(self.of(HOME).glob(f"*/{FILE}")):
            if path.parent.name != PAIRS:
                yield Service(path.parent.name)

    def schema(self, service: Service) -> str | None:
        """Which schema of a database the state of a service is in; None where it is a file."""
        table = configuration.read(self.config(service)).get("service", {})
        if "state" not in table:
            return None
        return str(table.get("state_schema", ServiceSettings().state_schema))

    def state(self, service: Service) -> Path:
        """Where the state directory of a service is, by its configuration or else by its unit."""
        table = configuration.read(self.config(service)).get("service", {})
        named = table.get("state_dir")
        if isinstance(named, str):
            # Below the file that names it, wherever that is; an absolute one is the machine's.
            return self.of(service.home / named)
        return self.of(service.state)

    def ours(self, name: str) -> bool:
        """Whether there is such a unit, written by us."""
        return self.text(self.units / name).startswith(MARK)

    def user(self) -> str | None:
        """Who runs the services by now; None where systemd makes the user, or nothing is there."""
        texts = (self.text(self.units / f"{PROGRAM}{at}.service") for at in ("", "@", "-fleet"))
        return next((found for text in texts if (found := given_user(text))), None)

    @staticmethod
    def text(path: Path) -> str:
        """What stands in a file; nothing where there is none."""
        try:
            return path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""

    def again(self, words: str) -> str:
        """The command line that does something else to this tree."""
        root = "" if self.here else f" --root {shlex.quote(str(self.top))}"
        return f"{command()} unit install{root} {words}".rstrip()

    def ensure_writable(self, words: str) -> None:
        """Raises:
        StateUnusable: it is this machine's, and this user may not change it.
        """
        if self.here and os.geteuid() != 0:
            raise StateUnusable(
                "only root can install a service on this machine",
                remedy=f"as root, with the same options: sudo {self.again(words)}; --dry-run shows"
                " to anybody what it would do",
            )

    def refused(self, error: OSError) -> EngineError:
        """For a file or directory that the system refuses."""
        return StateUnusable(
            f"{error.filename or self.top} cannot be written: {error.strerror}",
            remedy=f"run it as root: sudo {self.again('')}"
            if self.here
            else "choose a --root that you may write to",
        )
