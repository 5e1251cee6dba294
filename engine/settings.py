"""Building blocks of settings models: strict bases and secrets.

A secret is never written in the configuration file. It is a reference: `{ env = "NAME" }`,
`{ file = "PATH" }` or `{ credential = "NAME" }` (a file under $CREDENTIALS_DIRECTORY). A file is
read again when it changes, so that new credentials need no restart.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, ClassVar, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from engine.home import with_home

# A plugin of some other distribution has no say in what is a valid configuration, and to look for
# one in all that are installed is a tenth of what a command costs.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
# Stands in for a secret while the rest is checked, by a command that needs none.
UNREAD = SecretStr("a secret that is not read")
_FORMS = frozenset({"env", "file", "credential"})
REFERENCE_FORMS = '{ env = "NAME" }, { file = "PATH" } or { credential = "NAME" }'


class Settings(BaseModel):
    """Base of every settings model: frozen, unknown keys refused, types taken literally.

    What checks a table is made once it is used: mostly as a part of the whole configuration.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True
    )


# Words with underscores between them, as variables and credentials are called.
_A_NAME = re.compile(
    r"(?:[A-Z]{1,24}(?:_[A-Z0-9]{1,24})*|[a-z]{1,24}(?:_[a-z0-9]{1,24})*)", re.ASCII
)
# A path says where it begins, and holds nothing of what else there is in base64.
_A_PATH = re.compile(r"(?:~|\.{1,2})?/[^+=]*", re.ASCII)
# Stands for a byte of the environment that is part of no character.
_NO_TEXT = re.compile("[\ud800-\udfff]")


class FileSecret(SecretStr):
    """The text of a secret file, as it is now; the last good text while it cannot be read.

    Args:
        path: the file.

    Raises:
        ValueError: it cannot be read, or is empty.
    """

    watchers: ClassVar[list[Callable[[str], None]]] = []
    """Told every new text, so that it can be kept out of the logs too."""

    def __init__(self, path: Path) -> None:
        super().__init__(_read_secret_file(path))
        self._path = path
        self._stamp = _stamp(path)

    def get_secret_value(self) -> str:
        """The text in the file now."""
        stamp = _stamp(self._path)
        if stamp is not None and stamp != self._stamp:
            with suppress(ValueError):
                self._secret_value = _read_secret_file(self._path)
                self._stamp = stamp
                for watcher in self.watchers:
                    watcher(self._secret_value)
        return self._secret_value


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino, status.st_size


def _read_secret_file(path: Path) -> str:
    shown = _shown(str(path), "file")
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not readable as text"
        raise ValueError(f"the secret file {shown} cannot be read: {reason}") from error
    if not text:
        raise ValueError(f"the secret file {shown} is empty")
    return text


def _secret_path(name: str) -> Path:
    try:
        return with_home(Path(name))
    except ValueError as error:
        shown = _shown(name, "file")
        raise ValueError(f"the secret file {shown} cannot be read: {error}") from error


def may_be_shown(form: str, name: str) -> bool:
    """Whether a reference looks like one: somebody may have put the secret itself in its place."""
    shape = _A_PATH if form == "file" else _A_NAME
    return shape.fullmatch(name) is not None


def _shown(name: str, form: str = "env") -> str:
    return name if may_be_shown(form, name) else "that is named there"


def is_reference(raw: Any) -> bool:
    """Whether this value of the file has the form of a reference to a secret."""
    if not isinstance(raw, dict) or len(cast("dict[str, Any]", raw)) != 1:
        return False
    [(form, name)] = cast("dict[str, Any]", raw).items()
    return form in _FORMS and isinstance(name, str) and bool(name)


def resolve_secret(reference: Any) -> Any:
    """Turn a secret reference into its text, or into the secret of a file.

    Raises:
        ValueError: not a reference, or what it names is missing, empty or no text.
    """
    if isinstance(reference, SecretStr):
        return reference
    if not isinstance(reference, Mapping) or len(reference) != 1:  # pyright: ignore[reportUnknownArgumentType] # untyped TOML
        raise ValueError(f"a secret is never written in the file; use {REFERENCE_FORMS}")
    [(form, name)] = reference.items()  # pyright: ignore[reportUnknownVariableType] # untyped TOML
    if not isinstance(name, str) or not name:
        raise ValueError(f"a secret reference needs a name; use {REFERENCE_FORMS}")
    if form == "env":
        text = os.environ.get(name, "").strip()
        if not text:
            raise ValueError(f"the environment variable {_shown(name)} is not set or is empty")
        # Looked for, not tried: the error of an attempt would carry the secret.
        if _NO_TEXT.search(text):
            raise ValueError(f"the environment variable {_shown(name)} is not readable as text")
        return text
    if form == "file":
        return FileSecret(_secret_path(name))
    if form == "credential":
        directory = os.environ.get("CREDENTIALS_DIRECTORY")
        if not directory:
            raise ValueError(
                f"the credential {_shown(name)} needs $CREDENTIALS_DIRECTORY, which systemd sets"
                " for the service; for a command of yours set it to the directory of the credential"
                " files"
            )
        return FileSecret(Path(directory) / name)
    raise ValueError(f"unknown secret form; use {REFERENCE_FORMS}")


Secret = Annotated[SecretStr, BeforeValidator(resolve_secret)]
"""A settings field that holds a secret; printing it shows asterisks."""


def _resolve_reference(raw: Any) -> Any:
    found = resolve_secret(raw) if isinstance(raw, Mapping) else raw
    return found.get_secret_value() if isinstance(found, SecretStr) else found


TextOrReference = Annotated[str, BeforeValidator(_resolve_reference), Field(min_length=1)]
"""A settings field that is no secret itself, but may lie beside one and be named like one."""


class BudgetSettings(Settings):
    """Requests a system may receive from us."""

    per_hour: int = Field(default=0, ge=0)
    reserve: int = Field(default=500, ge=0)
    per_year: int = Field(default=0, ge=0)
    fresh_share: float = Field(default=0.1, ge=0, le=0.9)
    account: str = Field(default="", max_length=200)


def secrets_in(settings: object) -> list[str]:
    """Every secret in a settings model, its tables included."""
    if not isinstance(settings, BaseModel):
        return []
    found: list[str] = []
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            found.append(value.get_secret_value())
        else:
            found += secrets_in(value)
    return found
