"""Building blocks of settings models: strict bases and secrets.

A secret is never written in the configuration file. It is a reference: `{ env = "NAME" }`,
`{ file = "PATH" }` or `{ credential = "NAME" }` (a file under $CREDENTIALS_DIRECTORY), and is
read once, at start.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

REFERENCE_FORMS = '{ env = "NAME" }, { file = "PATH" } or { credential = "NAME" }'


class Settings(BaseModel):
    """Base of every settings model: frozen, unknown keys refused, types taken literally."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def _read_secret_file(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not readable as text"
        raise ValueError(f"the secret file {path} cannot be read: {reason}") from error
    if not text:
        raise ValueError(f"the secret file {path} is empty")
    return text


def resolve_secret(reference: Any) -> Any:
    """Turn a secret reference into its text.

    Raises:
        ValueError: not a reference, or what it names is missing or empty.
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
            raise ValueError(f"the environment variable {name} is not set or is empty")
        return text
    if form == "file":
        return _read_secret_file(Path(name).expanduser())
    if form == "credential":
        directory = os.environ.get("CREDENTIALS_DIRECTORY")
        if not directory:
            raise ValueError(
                f"the credential {name} needs $CREDENTIALS_DIRECTORY, which systemd sets"
            )
        return _read_secret_file(Path(directory) / name)
    raise ValueError(f"unknown secret form {form!r}; use {REFERENCE_FORMS}")


Secret = Annotated[SecretStr, BeforeValidator(resolve_secret)]
"""A settings field that holds a secret; printing it shows asterisks."""


def _resolve_reference(raw: Any) -> Any:
    return resolve_secret(raw) if isinstance(raw, Mapping) else raw


TextOrReference = Annotated[str, BeforeValidator(_resolve_reference), Field(min_length=1)]
"""A settings field that is no secret itself, but may lie beside one and be named like one."""


class BudgetSettings(Settings):
    """Requests a system may receive from us."""

    per_hour: int = Field(default=0, ge=0)
    reserve: int = Field(default=500, ge=0)
    per_year: int = Field(default=0, ge=0)
    fresh_share: float = Field(default=0.1, ge=0, le=0.9)
