"""Mapping settings: every form of a line as it is written, and what is said about the others."""

from __future__ import annotations

import tomllib
from decimal import Decimal

import pytest

from engine.mapping.fields import LineSetting
from engine.mapping.settings import FORMS, read_line


def read(written: str) -> LineSetting | None:
    """The line of a field, written as in the configuration."""
    return read_line(tomllib.loads(f"field = {written}")["field"])


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("false", None),
        ('"column"', LineSetting(("column",))),
        ('{ from = " column " }', LineSetting(("column",))),
        ('{ from = ["a", "b[c]"], as = "date" }', LineSetting(("a", "b[c]"), "date")),
        (
            '{ from = "a", as = "picklist", values = { " x " = "y", "1" = 2, z = true } }',
            LineSetting(("a",), "picklist", values={"x": "y", "1": 2, "z": True}),
        ),
        ('{ constant = "EMEA" }', LineSetting(constant="EMEA")),
        ("{ constant = 0 }", LineSetting(constant=0)),
        ("{ constant = false }", LineSetting(constant=False)),
        ("{ constant = 0.1 }", LineSetting(constant=Decimal("0.1"))),
        ('{ template = "{a} ({b})" }', LineSetting(template="{a} ({b})")),
        (
            '{ template = "{a}, {b}", as = "list" }',
            LineSetting(conversion="list", template="{a}, {b}"),
        ),
        ('{ from = "a", skip_blank = true }', LineSetting(("a",), skip_blank=True)),
        ('{ from = "a", default = 2.50 }', LineSetting(("a",), default=Decimal("2.5"))),
    ],
)
def test_a_line_has_these_forms(written: str, expected: LineSetting | None) -> None:
    """The short form for the common case, the long one for the others."""
    assert read(written) == expected


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("5", ""),
        ("true", ""),
        ("[]", ""),
        ('" "', "from must be the name of a column"),
        ("{ from = [] }", "from must be the name of a column"),
        ('{ from = ["a", 1] }', "from must be the name of a column"),
        ("{}", "exactly one of from, constant and template"),
        ('{ as = "text" }', "exactly one of from, constant and template"),
        ('{ from = "a", constant = 1 }', "exactly one of from, constant and template"),
        ('{ form = "a" }', "unknown key 'form', did you mean 'from'?"),
        ('{ from = "a", zzz = 1 }', "unknown key 'zzz';"),
        ('{ from = "a", as = 1 }', "as must be the name of a conversion"),
        ('{ from = "a", as = "picklist" }', "need each other"),
        ('{ from = "a", values = { x = "y" } }', "need each other"),
        ('{ from = "a", as = "picklist", values = {} }', "values must be a table"),
        ('{ from = "a", as = "picklist", values = "x" }', "values must be a table"),
        ('{ from = "a", as = "picklist", values = { x = [] } }', "each of the values must be"),
        ('{ from = "a", as = "picklist", values = { x = 1, "x " = 2 } }', "must differ"),
        ('{ from = "a", as = "picklist", values = { " " = 2 } }', "none may be blank"),
        ('{ constant = "a", default = "b" }', "a constant stands alone"),
        ('{ constant = " " }', "constant must be a text that is not blank"),
        ("{ constant = nan }", "constant must be a text that is not blank, a number"),
        ("{ constant = 2026-01-31 }", "constant must be a text that is not blank, a number"),
        ('{ from = "a", default = "" }', "default must be a text that is not blank"),
        ('{ from = "a", skip_blank = 1 }', "skip_blank must be true or false"),
        ("{ template = 1 }", "template must be a text"),
    ],
)
def test_any_other_form_is_refused_with_the_forms_there_are(written: str, words: str) -> None:
    """An operator corrects the line without reading the source."""
    with pytest.raises(ValueError, match="a mapping line is") as refused:
        read(written)

    text = str(refused.value)
    assert words in text
    assert text.endswith(FORMS)
