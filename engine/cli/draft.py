"""A configuration that is being written: each answer is kept at once, so that it can be left.

Secrets go into files of their own beside it, for their owner alone; the configuration only names
them. An existing file keeps its comments and all that nobody asked about.
"""

from __future__ import annotations

import os
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from engine.cli.services import CREDENTIALS, FILE, state_of, unit_of
from engine.config import file as config_file
from engine.config.editing import edited
from engine.config.keys import Keys
from engine.config.loading import Connectors, read
from engine.config.values import toml
from engine.connector import Question, SourceConnector, TargetConnector
from engine.errors import EngineError, Misconfigured
from engine.redaction import keep_secret
from engine.settings import resolve_secret

SECRETS = "secrets"
WIDTH = 98
OWNER_ONLY, FOR_OWNER = 0o600, 0o700
FOR_ALL_TO_READ, FOR_ALL_TO_PASS = 0o644, 0o755


@dataclass(slots=True)
class Draft:
    """One configuration file and the secrets beside it.

    Args:
        stored: whether secrets are put into files; where not, they are kept for this run alone.
    """

    path: Path
    connectors: Connectors
    stored: bool = True
    _unstored: dict[str, str] = field(default_factory=dict[str, str], init=False, repr=False)

    @property
    def installed(self) -> bool:
        """Whether a unit of systemd is started with this file."""
        return unit_of(self.path) is not None

    def begin(self) -> bool:
        """Make the file where there is none; whether there was none.

        Raises:
            Misconfigured: what is there cannot be read, or nothing can be put there.
        """
        if self.installed:
            # What systemd gives the service, for what this command goes on to do.
            os.environ.setdefault("STATE_DIRECTORY", str(state_of(self.path)))
            os.environ.setdefault("CREDENTIALS_DIRECTORY", str(self._directory))
        if self.path.exists():
            read(self.path)
            return False
        try:
            if not self.path.parent.exists():
                self.path.parent.mkdir(parents=True)
                self._open(self.path.parent, FOR_ALL_TO_PASS)
            self.path.write_text(self._template(), encoding="utf-8")
            self._open(self.path, FOR_ALL_TO_READ)
        except OSError as error:
            raise _unwritable(self.path, error) from error
        return True

    def _open(self, made: Path, mode: int) -> None:
        """Let the service's own user read it, whatever the umask of whoever types."""
        if self.installed:
            made.chmod(mode)

    @property
    def answered(self) -> bool:
        """Whether any secret is there, without which nothing has run with this file."""
        systems = (self.connectors.source, self.connectors.target)
        return any(
            self.secret(one.name, question.key) is not None
            for one in systems
            for question in one.questions
            if question.secret
        )

    def value(self, table: str, key: str) -> Any:
        """What stands there now; None for nothing."""
        found = self._tables().get(table)
        return found.get(key) if isinstance(found, Mapping) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType] # untyped TOML

    def put(self, table: str, key: str, value: Any) -> None:
        """Write one value, which is there already or has a place of its own by now.

        Raises:
            EngineError: the file cannot be written, or its layout does not allow it.
        """
        if self.value(table, key) == value:
            return
        before = self.path.read_bytes()
        known = Keys(self.connectors).find(f"{table}.{key}")
        after = edited(before.decode("utf-8"), known, value)
        config_file.replace(self.path, before, after.encode())

    def secret(self, table: str, key: str) -> str | None:
        """The secret as it is kept by now; None where it is not, or not within reach."""
        if (found := self._unstored.get(_name(table, key))) is not None:
            return found
        try:
            secret = resolve_secret(self.value(table, key))
        except ValueError:
            return None
        return secret.get_secret_value() if isinstance(secret, SecretStr) else secret

    def put_secret(self, table: str, key: str, text: str) -> None:
        """Keep a secret, and name it in the configuration.

        Raises:
            EngineError: it cannot be written.
        """
        keep_secret([text])
        name = _name(table, key)
        if not self.stored:
            self._unstored[name] = text
            self.put(table, key, {"credential": name})
            return
        path = self._directory / name
        _write(path, text)
        self.put(table, key, {"credential": name} if self.installed else {"file": str(path)})

    def settings(self, connector: SourceConnector | TargetConnector) -> Any:
        """A connector's settings as they stand, secrets that were not stored included.

        Raises:
            ValueError: something is missing or wrong.
        """
        given = dict(self._tables().get(connector.name, {}))
        for question in connector.questions:
            name = _name(connector.name, question.key)
            if question.secret and name in self._unstored:
                given[question.key] = SecretStr(self._unstored[name])
        return connector.settings.model_validate(given)

    @property
    def _directory(self) -> Path:
        """Where the secrets are."""
        return self.path.parent.resolve() / (CREDENTIALS if self.installed else SECRETS)

    def _tables(self) -> dict[str, Any]:
        return read(self.path)

    def _template(self) -> str:
        state = "" if self.installed else 'state_dir = "state"\n'
        parts = [
            "# wosync configuration. What is left out has its default; every key, with its default"
            " and\n# its meaning, is shown by: wosync config show --all\n",
            "[service]\n# Directory of the durable state, relative to this file; left out under"
            f" systemd.\n{state}",
        ]
        for connector in (self.connectors.source, self.connectors.target):
            parts.append(f"[{connector.name}]\n{_commented(connector.questions)}")
        return "\n".join(parts)


def _commented(questions: Sequence[Question]) -> str:
    """The keys that are asked for, each with what it is, to be followed by its value."""
    lines: list[str] = []
    for question in questions:
        lines += textwrap.wrap(
            f"{question.text}: {question.hint}.",
            WIDTH,
            initial_indent="# ",
            subsequent_indent="# ",
        )
        example = {"file": "PATH"} if question.secret else question.default or "..."
        lines.append(f"# {question.key} = {toml(example)}")
    return "".join(f"{line}\n" for line in lines)


def _name(table: str, key: str) -> str:
    return f"{table}_{key}"


def _write(path: Path, text: str) -> None:
    """Made with its mode, so that there is no moment at which others could read it."""
    try:
        path.parent.mkdir(mode=FOR_OWNER, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        fresh = path.with_name(f".{path.name}.new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, flags, OWNER_ONLY), "w", encoding="utf-8") as file:
            file.write(f"{text}\n")
        fresh.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> EngineError:
    return Misconfigured(
        f"{path} cannot be written: {error.strerror or error}",
        remedy="run the command as a user who may write there, or name another file with --config"
        f" DIRECTORY/{FILE}",
    )
