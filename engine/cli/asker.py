"""Who answers the questions of `wosync init`: a person at a terminal, or the flags of a script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import click

from engine.cli.exits import Misused, complain, paragraph
from engine.connector import Question
from engine.errors import EngineError
from engine.home import with_home

AGAIN, ON, LEAVE = "again", "on", "leave"


class Asker(Protocol):
    """Gets answers."""

    def answer(self, table: str, question: Question, present: str | None) -> str:
        """The answer to one question; `present` is the one there is already.

        Raises:
            Misused: there is none.
        """
        ...

    def chosen(self, text: str, choices: Mapping[int, str]) -> int:
        """One of several.

        Raises:
            Misused: none was.
        """
        ...

    def after(self, error: EngineError) -> str:
        """What to do about a part that did not work: AGAIN, ON or LEAVE.

        Raises:
            EngineError: the error itself, where nobody can be asked.
        """
        ...

    def agrees(self, text: str, *, default: bool = True) -> bool:
        """Yes or no."""
        ...


class Terminal:
    """A person. What is secret is typed without being shown."""

    def answer(self, table: str, question: Question, present: str | None) -> str:
        """Ask until there is an answer."""
        click.echo(f"\n{question.text}: {question.hint}.")
        while True:
            if question.secret:
                kept = "; Enter keeps the one there is" if present else ""
                text: str = click.prompt(
                    f"{table}.{question.key} (nothing is shown{kept})",
                    default=present or "",
                    hide_input=True,
                    show_default=False,
                )
            else:
                text = click.prompt(f"{table}.{question.key}", default=present or question.default)
            text = text.strip()
            if text and (not question.choices or text in question.choices):
                return text
            complain(f"wosync: {_wanted(question)}\n")

    def chosen(self, text: str, choices: Mapping[int, str]) -> int:
        """Ask until it is one of them."""
        click.echo(f"\n{text}:")
        for one, name in choices.items():
            click.echo(f"  {one}  {name}")
        while True:
            given: str = click.prompt("Which")
            if given.strip().isdecimal() and int(given) in choices:
                return int(given)
            complain(f"wosync: one of {', '.join(map(str, choices))} is wanted\n")

    def after(self, error: EngineError) -> str:
        """Say what is wrong, and ask."""
        complain(f"{paragraph(error)}\n")
        while True:
            given: str = click.prompt(f"What now: {AGAIN}, {ON} or {LEAVE}", default=AGAIN)
            if given.strip() in (AGAIN, ON, LEAVE):
                return given.strip()

    def agrees(self, text: str, *, default: bool = True) -> bool:
        """Ask."""
        return click.confirm(text, default=default)


@dataclass(frozen=True, slots=True)
class Flags:
    """What a script has given; nothing is asked, and what does not work ends the command.

    Args:
        answers: by `table.key`.
        secrets: files with them, by `table.key`.
    """

    answers: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)

    def answer(self, table: str, question: Question, present: str | None) -> str:
        """The one given, the one there is, or the usual one."""
        name = f"{table}.{question.key}"
        if question.secret and name in self.secrets:
            return _secret_in(Path(self.secrets[name]), name)
        given = self.answers.get(name) or present or question.default
        if given is None or (question.secret and name in self.answers):
            # Not as it is typed: what stands behind the name of a secret is masked everywhere.
            way = "the file it is in with --secret" if question.secret else "it with --answer"
            raise Misused(f"{name} is missing: {question.text}", remedy=f"give {way}")
        if question.choices and given not in question.choices:
            raise Misused(f"{name}: {_wanted(question)}", remedy=f"give --answer {name}=VALUE")
        return given

    def chosen(self, text: str, choices: Mapping[int, str]) -> int:
        """Nobody can be asked."""
        named = ", ".join(f"{one} ({name})" for one, name in choices.items())
        raise Misused(f"{text}: {named}", remedy="give it as --answer TABLE.KEY=NUMBER")

    def after(self, error: EngineError) -> str:
        """Nobody can be asked."""
        raise error

    def agrees(self, text: str, *, default: bool = True) -> bool:  # noqa: ARG002 # as a port has it
        """A browser needs a person."""
        return False


def pairs(given: Sequence[str], flag: str) -> dict[str, str]:
    """The flags `TABLE.KEY=VALUE` as they are meant.

    Raises:
        Misused: one of them is none.
    """
    found: dict[str, str] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or "." not in name:
            # What was given may be a secret.
            raise Misused(
                f"{flag} wants TABLE.KEY=VALUE", remedy=f"see: wosync init --help for {flag}"
            )
        found[name.strip()] = value.strip()
    return found


def _wanted(question: Question) -> str:
    if question.choices:
        return f"one of {', '.join(question.choices)} is wanted"
    return "an answer is wanted"


def _secret_in(path: Path, name: str) -> str:
    try:
        text = with_home(path).read_text(encoding="utf-8").strip()
    except UnicodeDecodeError as error:
        raise _unreadable(name, "it is no text") from error
    except (OSError, ValueError) as error:
        raise _unreadable(name, getattr(error, "strerror", None) or str(error)) from error
    if not text:
        raise Misused(f"the file of --secret {name} is empty", remedy="name another file")
    return text


def _unreadable(name: str, reason: str) -> Misused:
    return Misused(
        f"the file of --secret {name} cannot be read: {reason}", remedy="name another file"
    )
