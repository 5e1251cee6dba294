"""What a command and a group of commands are to the library of the command line.

Help shows arguments with what they mean, and folds what does not fit; a number of the wrong size is
refused before any command is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

# More than any sentence has: the library cuts what is longer.
_SENTENCE_CHARS_MAX = 1000
_SETTINGS = {"help_option_names": ["-h", "--help"]}
_SHOULD_BE, _UNLIKE = "Input should be", "unable to parse string as"
# Nobody has so many of anything, and a page by lines of a page is still a number for the store.
_WHOLE_MAX = 2**31 - 1
Completion = Callable[[click.Context, click.Parameter, str], list[str]]


class AnyPath(click.Path):
    """The path of a file, which the command itself finds out more about."""

    def __init__(self) -> None:
        # That it cannot be read is a wrong configuration, not a mistake in the command line.
        super().__init__(readable=False, path_type=Path)


class Whole(click.IntRange):
    """A whole number within bounds, refused in the words in which the configuration refuses one."""

    def __init__(self, least: int, most: int = _WHOLE_MAX) -> None:
        super().__init__(least, most)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number."""
        try:
            number = int(value)
        except ValueError:
            self.fail(f"{_SHOULD_BE} a valid integer, {_UNLIKE} an integer", param, ctx)
        return number if (why := _beyond(self, number)) is None else self.fail(why, param, ctx)


class Number(click.FloatRange):
    """As `Whole`, for a number that need not be whole."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number."""
        try:
            number = float(value)
        except ValueError:
            self.fail(f"{_SHOULD_BE} a valid number, {_UNLIKE} a number", param, ctx)
        return number if (why := _beyond(self, number)) is None else self.fail(why, param, ctx)


def _beyond(bounds: click.IntRange | click.FloatRange, number: float) -> str | None:
    """What is wrong with it; what is no number is within no bounds."""
    if bounds.min is not None and number < bounds.min:
        return f"{_SHOULD_BE} greater than or equal to {bounds.min}"
    if bounds.max is not None and not number <= bounds.max:
        return f"{_SHOULD_BE} less than or equal to {bounds.max}"
    return None


class Argument(click.Argument):
    """An argument that the help explains.

    Args:
        kind: what the help says of its type.
    """

    def __init__(self, name: str, *, help: str, kind: str = "str", **settings: Any) -> None:  # noqa: A002 # as the library calls it
        super().__init__([name], help=help, **settings)
        self._kind = kind

    def make_metavar(self, ctx: click.Context) -> str:  # noqa: ARG002 # as the library calls it
        """As the line of the usage has it, braces for what must be given."""
        shown = f"{{{self._shown()}}}" if self.required else f"[{self._shown()}]"
        return f"{shown}..." if self.nargs != 1 else shown

    def get_help_record(self, ctx: click.Context) -> tuple[str, str]:  # noqa: ARG002 # as the library calls it
        """Its name and what it means."""
        name = f"{self._shown()} <{self._kind}>"
        return name, f"{self.help}  [required]" if self.required else str(self.help)

    def get_error_hint(self, ctx: click.Context | None) -> str:  # noqa: ARG002 # as the library calls it
        """What a mistake calls it."""
        return f"'{self._shown()}'"

    def _shown(self) -> str:
        return self.metavar or str(self.name).upper()


class _Sentence(click.Command):
    """What is told in one sentence, wherever commands are listed: whole, and never cut."""

    def get_short_help_str(self, limit: int = _SENTENCE_CHARS_MAX) -> str:
        """The first sentence of what it does."""
        return super().get_short_help_str(max(limit, _SENTENCE_CHARS_MAX))


class Command(_Sentence):
    """One command; its sentence, its examples and its options are known before it is loaded.

    Args:
        run: loads what it needs when it is called, and returns the exit code. What it does is its
            docstring.
    """

    def __init__(
        self,
        name: str,
        run: Callable[..., int],
        *params: click.Parameter,
        context_settings: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(
            name,
            context_settings={**_SETTINGS, **(context_settings or {})},
            callback=run,
            params=list(params),
            help=run.__doc__,
        )

    def format_arguments(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the arguments, each with what it means."""
        arguments = [one for one in self.get_params(ctx) if isinstance(one, click.Argument)]
        if arguments:
            with formatter.section("Arguments"):
                formatter.write_dl([one.get_help_record(ctx) for one in arguments])


class Group(_Sentence, click.Group):
    """What has commands of its own; its help folds a description that does not fit."""

    def __init__(
        self, name: str, text: str, commands: Sequence[click.Command], *params: click.Parameter
    ) -> None:
        super().__init__(
            name,
            {str(command.name): command for command in commands},
            params=list(params),
            help=text,
            no_args_is_help=True,
            context_settings=_SETTINGS,
        )

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 # as the library calls it
        """In the order in which they are used, not in that of the alphabet."""
        return list(self.commands)

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 # as the library calls it
        formatter: click.HelpFormatter,
    ) -> None:
        """List the commands, each with its first sentence."""
        rows = [(name, command.get_short_help_str()) for name, command in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def option(*names: str, help: str, **settings: Any) -> click.Option:  # noqa: A002 # as the library calls it
    """An option with a value; what it is when it is left out is shown where it is a value."""
    shown = settings.get("default") not in (None, ())
    return click.Option(names, help=help, show_default=shown, **settings)


def flag(*names: str, help: str) -> click.Option:  # noqa: A002 # as the library calls it
    """An option that is given or not."""
    return click.Option(names, is_flag=True, help=help)


JSON = flag("--json", "as_json", help="One JSON document, for programs.")
CSV = flag("--csv", "as_csv", help="Comma-separated, with headings.")
