"""The error tree: what a caller may conclude from a class, and how an error reads."""

from __future__ import annotations

import pytest

from engine import errors
from engine.cli.exits import Exit, code_for, paragraph
from engine.errors import EngineError, Rejected, Unreachable, excerpt, first_engine_error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (EngineError("broken"), "broken"),
        (EngineError("broken", system="crm"), "crm: broken"),
        (EngineError("broken", system="crm", operation="poll"), "crm poll: broken"),
        (EngineError("broken", status=500), "HTTP 500: broken"),
        (EngineError("no", system="crm", operation="poll", status=503), "crm poll: HTTP 503: no"),
    ],
)
def test_an_error_reads_as_one_line_with_everything_known(
    error: EngineError, expected: str
) -> None:
    """An operator reads this line in a log and must know which system said what."""
    assert str(error) == expected


def test_an_excerpt_is_one_line_and_never_longer_than_its_bound() -> None:
    """A foreign page of HTML must not become a page of log."""
    long = excerpt("word " * 1000)

    assert excerpt("  two\n lines\t here ") == "two lines here"
    assert len(long) == errors.EXCERPT_CHARS_MAX
    assert long.endswith("…")
    assert excerpt("x" * errors.EXCERPT_CHARS_MAX) == "x" * errors.EXCERPT_CHARS_MAX


def test_an_excerpt_cannot_steer_a_terminal() -> None:
    """A reason from elsewhere is printed by commands and read in histories."""
    assert (
        excerpt("no \x1b[31mred\x1b[0m, \x07bell\u202e, caf\u00e9") == "no [31mred [0m, bell , café"
    )


def test_an_unreachable_system_is_not_ambiguous_unless_it_is_said() -> None:
    """Only a request that may have been executed may put a create in doubt."""
    assert not Unreachable("refused").ambiguous
    assert Unreachable("cut", ambiguous=True).ambiguous


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.Unauthorized, Exit.CREDENTIALS),
        (errors.Misconfigured, Exit.CONFIGURATION),
        (errors.StateUnusable, Exit.STATE),
        (errors.Unreachable, Exit.UNREACHABLE),
        (errors.Throttled, Exit.UNREACHABLE),
        (errors.Gone, Exit.FAILED),
        (errors.TheirFault, Exit.FAILED),
    ],
)
def test_the_exit_code_follows_from_the_class(kind: type[EngineError], code: Exit) -> None:
    """systemd restarts on some of these codes and not on others."""
    assert code_for(kind("reason")) is code


def test_the_engines_own_error_is_found_inside_nested_groups() -> None:
    """A task group wraps what its tasks raise; the operator must see the cause."""
    wanted = Rejected("too long", field="name")
    group = BaseExceptionGroup("outer", [ExceptionGroup("inner", [ValueError(), wanted])])

    assert first_engine_error(group) is wanted
    assert first_engine_error(ExceptionGroup("none", [ValueError()])) is None


def test_a_paragraph_says_what_to_do() -> None:
    """An error without a next step leaves its reader alone."""
    text = paragraph(EngineError("it is closed", system="crm", remedy="open it"))

    assert text == "wosync: crm: it is closed\n  What to do: open it."


@pytest.mark.parametrize(
    ("error", "sure"),
    [
        (errors.Unreachable("no", ambiguous=True), False),
        (errors.Unreachable("no"), True),
        (errors.Throttled("wait"), True),
        (errors.HeldBack("wait"), True),
        (errors.Conflict("later"), True),
        (errors.Rejected("no"), True),
        (errors.Taken("no"), True),
        (errors.Gone("no"), True),
        (errors.Unauthorized("no"), True),
        (errors.OurFault("no"), True),
        (errors.TheirFault("what?"), False),
        (errors.Transient("what?"), False),
        (errors.EngineError("what?"), False),
        (errors.StateUnusable("full"), False),
        (ValueError("a surprise"), False),
    ],
)
def test_a_create_is_in_doubt_after_whatever_is_not_known_to_come_first(
    error: Exception, sure: bool
) -> None:
    """What is forgotten on the list costs a look; what stands there wrongly makes two records."""
    assert errors.surely_not_executed(error) is sure
