"""One command line, from its words to its exit code."""

from __future__ import annotations

from collections.abc import Sequence

import click

from engine.about import PROGRAM
from engine.cli.commands import application
from engine.cli.exits import Exit, complain, report
from engine.cli.misuse import explained
from engine.cli.output import ReaderGone, guarded
from engine.errors import first_engine_error


def start(words: Sequence[str]) -> int:
    """Run one command line; every known error ends in a paragraph and a code, not a traceback."""
    try:
        with guarded():
            outcome = application().main(list(words), prog_name=PROGRAM, standalone_mode=False)
    except click.ClickException as error:
        complain(explained(error, words))
        return Exit.USAGE
    except (click.Abort, KeyboardInterrupt):
        return Exit.INTERRUPTED
    except Exception as error:
        known = first_engine_error(error)
        if known is None:
            raise
        return Exit.DONE if isinstance(known, ReaderGone) else report(known)
    return outcome if isinstance(outcome, int) else Exit.DONE
