"""One key changes; every other byte of the configuration stays as it was."""

from __future__ import annotations

import tomllib
from difflib import ndiff
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.config.editing import edited
from engine.config.keys import Keys
from engine.config.loading import installed_connectors
from engine.config.values import same, value_at, with_value
from engine.errors import EngineError
from tests.searching import examples

KEYS = Keys(installed_connectors())
MANUAL = (Path(__file__).resolve().parents[4] / "config.toml").read_text(encoding="utf-8")


def set_in(text: str, key: str, typed: str) -> str:
    """The text with what an operator typed."""
    found = KEYS.find(key)
    return edited(text, found, found.value_of(typed), typed)


def difference(before: str, after: str) -> list[str]:
    """The lines that differ, each with - or + before it."""
    lines = ndiff(before.splitlines(keepends=True), after.splitlines(keepends=True))
    return [line.rstrip("\n") for line in lines if line[0] in "+-"]


@pytest.mark.parametrize(
    ("key", "typed", "lines"),
    [
        ("poller.interval_s", "30", ["- interval_s = 60", "+ interval_s = 30"]),
        ("retry.cap_s", "1_000", ["- cap_s = 300", "+ cap_s = 1_000"]),
        ("poller.overlap_s", "5 # mine", ["- overlap_s = 10", "+ overlap_s = 5"]),
        ("service.log_level", "debug", ['- log_level = "info"', '+ log_level = "debug"']),
        ("outreach.budget.per_hour", "8", ["- per_hour = 0", "+ per_hour = 8"]),
        ("workbooks.username", "me@x", ['+ username = "me@x"']),
        ("workbooks.fields.sync", "cf_s", ['+ sync = "cf_s"']),
        ('owners.aliases."Jo Example"', "Jo", ['+ "Jo Example" = "Jo"']),
        ('owners.aliases."Al \\"X\\""', "Al", ['+ "Al \\"X\\"" = "Al"']),
        ("mapping.opportunity.nextStep", "cf_next", ['+ nextStep = "cf_next"']),
        ("mapping.prospect.'A b'", "{from='c'}", ["+ \"A b\" = {from='c'}"]),
    ],
)
def test_a_change_of_the_manual_is_a_change_of_one_line(
    key: str, typed: str, lines: list[str]
) -> None:
    """Comments, spacing and order are the operator's own."""
    assert difference(MANUAL, set_in(MANUAL, key, typed)) == lines


def test_a_changed_line_stays_below_the_comment_that_explains_it() -> None:
    """At the end of its table it would stand below the explanation of something else."""
    after = set_in(MANUAL, "poller.interval_s", "30")

    assert after == MANUAL.replace("\ninterval_s = 60\n", "\ninterval_s = 30\n")
    assert after != MANUAL


@pytest.mark.parametrize(
    ("key", "comment"),
    [
        ("workbooks.password", '# password = { env = "WORKBOOKS_PASSWORD" }'),
        ("workbooks.person_fields.sync", '# sync = "cf_person_sync_to_outreach"'),
        ('owners.aliases."Jo Example"', '# "Jo Example" = "Joanna Example"'),
        ("mapping.opportunity.lostReason", "# lostReason = false"),
    ],
)
def test_a_new_line_stands_behind_the_one_that_shows_it_commented_out(
    key: str, comment: str
) -> None:
    """Where the manual explains it."""
    after = set_in(MANUAL, key, '{ env = "A" }').splitlines()
    line = after.index(comment, MANUAL[: MANUAL.index(f"[{key.rpartition('.')[0]}]")].count("\n"))

    assert after[line + 1].endswith(' = { env = "A" }')


@pytest.mark.parametrize(
    ("before", "key", "typed", "after"),
    [
        ("", "poller.interval_s", "3", "[poller]\ninterval_s = 3\n"),
        ("# only a comment", "retry.base_s", "3", "# only a comment\n\n[retry]\nbase_s = 3\n"),
        (
            "[outreach]\nbase_url = 'x' # c\n\n[poller]\noverlap_s=1\n",
            "outreach.budget.reserve",
            "3",
            "[outreach]\nbase_url = 'x' # c\n\n[poller]\noverlap_s=1\n"
            "\n[outreach.budget]\nreserve = 3\n",
        ),
        (
            "[poller]\r\noverlap_s = 1 # c\r\n",
            "poller.overlap_s",
            "2",
            "[poller]\r\noverlap_s = 2 # c\r\n",
        ),
        ("[retry]\r\n", "poller.overlap_s", "2", "[retry]\r\n\r\n[poller]\r\noverlap_s = 2\r\n"),
        (
            "[outreach]\nbudget = { per_hour = 1 } # c\n",
            "outreach.budget.per_hour",
            "2",
            "[outreach]\nbudget = { per_hour = 2 } # c\n",
        ),
        ("outreach.budget.per_hour = 1\n", "outreach.budget.per_hour", "2", None),
        ("outreach.budget.per_hour = 1\n", "outreach.budget.reserve", "2", None),
        ("outreach.budget.per_hour = 1\n", "outreach.on_missing", "refuse", None),
        ("outreach = { on_missing = 'x' }\n", "outreach.budget.reserve", "2", None),
        ("outreach = { budget = { reserve = 1 } }\n", "outreach.budget.reserve", "2", None),
        ("mapping = { opportunity = { a = 'b' } }\n", "mapping.opportunity.c", "d", None),
        ("[mapping]\nopportunity = { a = 'b' }\n", "mapping.opportunity.a", '{from="x"}', None),
        ("[mapping]\nprospect.a = 'b'\n", "mapping.opportunity.a", "x", None),
        ("[mapping.opportunity]\na = '''\nx\n'''\n", "mapping.opportunity.a", "x", None),
        ("[mapping.opportunity.a]\nfrom = 'x'\n", "mapping.opportunity.b", "x", None),
        ("[mapping.opportunity.a]\nfrom = 'x'\n", "mapping.opportunity.a", "x", None),
        ("[outreach.budget]\nreserve = 1\n[poller]\n[outreach]\n", "outreach.timeout_s", "2", None),
        ("[outreach.budget]\nreserve = 1\n[poller]\n", "outreach.timeout_s", "2", None),
        (
            "[poller]\nx = '''\n# overlap_s = 1\n'''\n",
            "poller.overlap_s",
            "2",
            "[poller]\nx = '''\n# overlap_s = 1\n'''\noverlap_s = 2\n",
        ),
        ("['poller']\ninterval_s = 1\n", "poller.overlap_s", "2", None),
    ],
)
def test_whatever_way_a_table_is_written_the_change_is_the_only_one(
    before: str, key: str, typed: str, after: str | None
) -> None:
    """TOML has several ways to write a table, and operators use them all."""
    found = KEYS.find(key)
    value = found.value_of(typed)
    result = edited(before, found, value, typed)

    assert same(tomllib.loads(result), with_value(tomllib.loads(before), found.parts, value))
    assert after is None or result == after


def test_a_key_is_removed_with_its_line_alone() -> None:
    """The comment above explains the default that applies from then on."""
    after = edited(MANUAL, KEYS.find("retry.base_s"), None)

    assert difference(MANUAL, after) == ["- base_s = 1"]


@pytest.mark.parametrize(
    ("before", "key", "after"),
    [
        ("[fuse]\nshare = 0.5\n", "fuse.share", ""),
        ("[fuse]\nshare = 0.5\n\n[retry]\ncap_s = 9\n", "fuse.share", "[retry]\ncap_s = 9\n"),
        ("[retry]\ncap_s = 9\n\n[fuse]\nshare = 0.5\n", "fuse.share", "[retry]\ncap_s = 9\n"),
        ("[retry]\ncap_s = 9\n\n[fuse]\nshare = 0.5", "fuse.share", "[retry]\ncap_s = 9\n"),
        ("fuse = { share = 0.5 }\n[retry]\n", "fuse.share", "[retry]\n"),
        ("[outreach.budget]\nreserve = 1\n", "outreach.budget.reserve", ""),
        (
            "[outreach]\ntimeout_s = 9\n[outreach.budget]\nreserve = 1\n",
            "outreach.budget.reserve",
            "[outreach]\ntimeout_s = 9\n",
        ),
    ],
)
def test_a_table_that_became_empty_goes_with_its_last_key(
    before: str, key: str, after: str
) -> None:
    """Setting a key and taking it back leaves the file as it was."""
    assert edited(before, KEYS.find(key), None) == after


@pytest.mark.parametrize(
    "before",
    [
        "[fuse] # agreed with sales\nshare = 0.5\n",
        "[fuse]\n# agreed with sales\nshare = 0.5\n",
        "[fuse]\nshare = 0.5\nrecords_min = 1 # agreed with sales\n",
    ],
)
def test_a_table_that_holds_anything_else_stays(before: str) -> None:
    """Somebody wrote the comment for whoever comes next."""
    after = edited(before, KEYS.find("fuse.share"), None)

    assert after == before.replace("share = 0.5\n", "")


def test_a_layout_that_allows_no_change_is_refused() -> None:
    """Rather an editor than a damaged file."""
    with pytest.raises(EngineError, match="cannot be changed in the layout") as refused:
        edited('poller = "often"\n', KEYS.find("poller.interval_s"), 3)

    assert refused.value.remedy


NUMBERS = [
    found
    for found in KEYS.every()
    if type(value_at(tomllib.loads(MANUAL), found.parts)) in (int, float)
]


@settings(max_examples=examples(30))
@given(
    st.lists(
        st.tuples(
            st.sampled_from(NUMBERS),
            st.integers(0, 10**6) | st.floats(0, 10**6, allow_nan=False) | st.none(),
        ),
        max_size=4,
    )
)
def test_any_changes_of_numbers_change_nothing_else(changes: list[tuple[Any, Any]]) -> None:
    """Also one after the other, with keys removed and set again: the comments are all there."""
    text = MANUAL
    tables = tomllib.loads(MANUAL)
    for key, value in changes:
        if value is None and value_at(tables, key.parts) is None:
            continue
        text = edited(text, key, value)
        tables = with_value(tables, key.parts, value)

    assert same(tomllib.loads(text), tables)
    comments = [line for line in MANUAL.splitlines() if line.startswith("#")]
    assert [line for line in text.splitlines() if line.startswith("#")] == comments
