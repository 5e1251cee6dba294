"""Answering a shell that completes a command line: in its own words, and at once."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from click.shell_completion import CompletionItem, ShellComplete, split_arg_string

from engine import streams
from engine.about import PROGRAM
from engine.cli.commands import application
from engine.cli.scripts import SCRIPTS

VARIABLE = "_WOSYNC_COMPLETE"
_ESCAPES = str.maketrans({'"': '""', "'": "''", "$": "\\$", "`": "\\`", ":": r"\\:"})


class _Line(NamedTuple):
    """What somebody is typing: the words before the cursor, and what the next begins with."""

    words: list[str]
    beginning: str


def completed(environment: Mapping[str, str]) -> int:
    """Answer the shell that asks; returns the exit code.

    Args:
        environment: by its variables a shell says what is typed.
    """
    does, _, shell = environment.get(VARIABLE, "").partition("_")
    if shell not in SCRIPTS or does not in ("complete", "source"):
        return 1
    if does == "source":
        streams.say(sys.stdout, f"{SCRIPTS[shell].strip()}\n")
        return 0
    line = _typed(environment, shell)
    found = ShellComplete(application(), {}, PROGRAM, VARIABLE).get_completions(*line)
    # A place for the name of a file is left to the shell, which knows the files.
    items = [item for item in found if item.type == "plain"]
    if shell == "fish" and environment.get("_TYPER_COMPLETE_FISH_ACTION") == "is-args":
        # Nothing to offer leaves the place to the names of files.
        return 0 if items else 1
    streams.say(sys.stdout, f"{_as_shown(items, shell)}\n")
    return 0


def _typed(environment: Mapping[str, str], shell: str) -> _Line:
    """What stands on the line, the program's name left out."""
    if shell == "bash":
        words = split_arg_string(environment.get("COMP_WORDS", ""))
        at = environment.get("COMP_CWORD", "")
        cursor = int(at) if at.isdecimal() else len(words)
        return _Line(words[1:cursor], words[cursor] if cursor < len(words) else "")
    text = environment.get("_TYPER_COMPLETE_ARGS", "")
    words = split_arg_string(text)[1:]
    if not words or text.endswith(" "):
        return _Line(words, "")
    return _Line(words[:-1], words[-1])


def _as_shown(items: Sequence[CompletionItem[str]], shell: str) -> str:
    if shell == "zsh":
        words = "\n".join(map(_for_zsh, items))
        return f"_arguments '*: :(({words}))'" if words else "_files"
    if shell == "fish":
        return "\n".join(
            f"{item.value}\t{' '.join(item.help.split())}" if item.help else item.value
            for item in items
        )
    return "\n".join(item.value for item in items)


def _for_zsh(item: CompletionItem[str]) -> str:
    word = f'"{item.value.translate(_ESCAPES)}"'
    return f'{word}:"{item.help.translate(_ESCAPES)}"' if item.help else word
