"""The keys an operator may type, and what becomes of the values typed with them."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config.keys import Keys, Kind, is_reference
from engine.config.loading import installed_connectors
from engine.config.values import same, toml, value_at, with_value, written
from engine.errors import Misconfigured

KEYS = Keys(installed_connectors())
PLAIN = "plain-text-secret-0123456789"
REFERENCE = {"env": "NAME"}


@pytest.mark.parametrize(
    ("typed", "kind", "name"),
    [
        ("poller", Kind.TABLE, "poller"),
        ("outreach.budget", Kind.TABLE, "outreach.budget"),
        ("mapping.opportunity", Kind.OPEN_TABLE, "mapping.opportunity"),
        ("poller.interval_s", Kind.SETTING, "poller.interval_s"),
        (' poller . "interval_s" ', Kind.SETTING, "poller.interval_s"),
        ("workbooks.person_fields.duplicate", Kind.SETTING, "workbooks.person_fields.duplicate"),
        ("mapping.opportunity.nextStep", Kind.SETTING, "mapping.opportunity.nextStep"),
        ("owners.aliases.'Jo Example'", Kind.SETTING, 'owners.aliases."Jo Example"'),
        ("[poller]", Kind.TABLE, "poller"),
        ("[poller] interval_s", Kind.SETTING, "poller.interval_s"),
        (" [ mapping.opportunity ] nextStep", Kind.SETTING, "mapping.opportunity.nextStep"),
        ("[owners.aliases] 'Jo Example'", Kind.SETTING, 'owners.aliases."Jo Example"'),
    ],
)
def test_a_key_is_found_as_toml_writes_it(typed: str, kind: Kind, name: str) -> None:
    """The name in the manual, whatever quotes and blanks are around it, or as a message has it."""
    found = KEYS.find(typed)

    assert (found.kind, found.name) == (kind, name)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("poller.intervall_s", "unknown key poller.intervall_s; did you mean poller.interval_s?"),
        ("interval_s", "unknown key interval_s; did you mean poller.interval_s?"),
        ("polller.interval_s", "did you mean poller?"),
        ("outreach.budget.per_our", "did you mean outreach.budget.per_hour?"),
        ("nothing.like_it", "unknown key nothing.like_it"),
        ("poller.interval_s.more", "poller.interval_s is a setting and has no keys of its own"),
        ("mapping.opportunity.name.from", "is a setting and has no keys of its own"),
        ("Jo Example", "'Jo Example' is not a key"),
        ("", "'' is not a key"),
        ("poller..interval_s", "is not a key"),
        ("poller.interval_s\n", "is not a key"),
        ("poller.interval_s = 3 #", "'poller.interval_s ' is not a key"),
        ("[" * 20_000, "is not a key"),
        ("poller.\udcff", "is not a key"),
        ("[poller] intervall_s", "unknown key poller.intervall_s; did you mean"),
        ("[] interval_s", "is not a key"),
        ("[poller] [retry]", "is not a key"),
    ],
)
def test_a_key_that_does_not_exist_is_answered_with_the_nearest_one(typed: str, words: str) -> None:
    """A mistyped key must not be written, and the right one is one letter away."""
    with pytest.raises(Misconfigured) as refused:
        KEYS.find(typed)

    assert words in str(refused.value)
    assert refused.value.remedy


def test_a_value_typed_into_the_key_is_not_repeated() -> None:
    """`set workbooks.api_key=...` is an easy slip, and the paragraph may go to a log."""
    with pytest.raises(Misconfigured) as refused:
        KEYS.find(f"workbooks.api_key={PLAIN}")

    assert PLAIN not in f"{refused.value}{refused.value.remedy}"


@pytest.mark.parametrize(
    ("key", "typed", "value"),
    [
        ("poller.interval_s", "30", 30),
        ("poller.interval_s", "2.5", 2.5),
        ("poller.audit_interval_s", "86_400", 86_400),
        ("contacts.remove", "false", False),
        ("service.log_level", "debug", "debug"),
        ("service.log_level", '"debug"', "debug"),
        ("service.http", "[::1]:9464", "[::1]:9464"),
        ("workbooks.username", "30", "30"),
        ("workbooks.username", "true", "true"),
        ("service.state_dir", "2026-01-01", "2026-01-01"),
        ("owners.aliases.Jo", "7", "7"),
        ("owners.aliases.Jo", "", ""),
        ("outreach.client_id", "12345", "12345"),
        ("outreach.client_id", '{ env = "NAME" }', REFERENCE),
        ("outreach.client_secret", '{ env = "NAME" }', REFERENCE),
        ("mapping.opportunity.nextStep", "party[name]", "party[name]"),
        ("mapping.opportunity.nextStep", "false", False),
        ("mapping.opportunity.nextStep", '{ from = ["a", "b"] }', {"from": ["a", "b"]}),
        ("poller.interval_s", "soon", "soon"),
        ("poller.interval_s", "1\noverlap_s = 2", "1\noverlap_s = 2"),
    ],
)
def test_a_value_is_toml_where_it_is_toml_and_a_text_elsewhere(
    key: str, typed: str, value: Any
) -> None:
    """A shell takes quotes away; nobody should have to quote a word twice."""
    assert same(KEYS.find(key).value_of(typed), value)


@pytest.mark.parametrize(
    "typed",
    ['{ from = "a"', '{ from = "a", as = text }', '["a", "b"', '"unclosed', "'unclosed", "{a}"],
)
def test_a_value_that_begins_like_toml_must_be_toml(typed: str) -> None:
    """With a bracket forgotten it would be a column of a strange name."""
    with pytest.raises(Misconfigured, match="begins like TOML but is not valid TOML"):
        KEYS.find("mapping.opportunity.nextStep").value_of(typed)


def test_a_value_that_is_no_text_is_refused() -> None:
    """A terminal of another encoding."""
    with pytest.raises(Misconfigured, match="not valid UTF-8"):
        KEYS.find("workbooks.username").value_of("\udcff")


SECRETS = [key for key in KEYS.every() if key.secret]


def test_the_secrets_are_known_as_such() -> None:
    """What is not known as one would be printed."""
    assert {key.parts[-1] for key in SECRETS} == {
        "api_key",
        "password",
        "client_secret",
        "nudge_token",
        "page_token",
        "refresh_token",
        "state_password",
    }


@pytest.mark.parametrize("key", SECRETS, ids=lambda key: key.name)
@pytest.mark.parametrize(
    "typed",
    [
        PLAIN,
        f'"{PLAIN}"',
        f'["{PLAIN}"]',
        f'{{ text = "{PLAIN}" }}',
        f'{{ env = ["{PLAIN}"] }}',
        f'{{ env = "A", file = "{PLAIN}" }}',
        f'{{ env = "{PLAIN}"',
        '{ env = "" }',
        "7",
        "",
    ],
)
def test_a_secret_is_only_accepted_as_a_reference_and_never_repeated(key: Any, typed: str) -> None:
    """Neither in the file nor on the screen."""
    with pytest.raises(Misconfigured) as refused:
        key.value_of(typed)

    said = f"{refused.value}{refused.value.remedy}"
    assert f"{key.name} is a secret" in said
    assert '{ env = "NAME" }, { file = "PATH" } or { credential = "NAME" }' in said
    assert PLAIN not in said


def test_an_alias_named_like_a_form_of_reference_is_no_reference_of_its_table() -> None:
    """Only settings hold references, so a table is never taken for one."""
    assert is_reference({"env": "Someone"})
    assert all(key.kind is not Kind.TABLE for key in KEYS.every())


@given(st.text())
def test_no_key_typed_ends_in_anything_but_an_answer(typed: str) -> None:
    """Garbage is refused in words."""
    try:
        KEYS.find(typed)
    except Misconfigured as refused:
        assert "\n" not in refused.message


@given(
    st.recursive(
        st.text() | st.integers() | st.booleans() | st.floats(allow_nan=False),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=6,
    )
)
def test_a_value_written_as_toml_is_read_as_it_was(value: Any) -> None:
    """What `get` prints can be given to `set`."""
    shown = toml(value)

    assert not re.search(r"[\n\r]", shown)
    assert same(tomllib.loads(f"value = {shown}")["value"], value)


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_a_key_written_is_read_as_it_was(parts: list[str]) -> None:
    """Whatever an alias is called."""
    assert value_at(tomllib.loads(f"{written(parts)} = 1"), parts) == 1


def test_a_value_is_put_nowhere_where_no_table_is() -> None:
    """The mistake is left for the check to name."""
    tables = {"poller": "often"}

    assert with_value(tables, ("poller", "interval_s"), 3) == tables
    assert value_at(tables, ("poller", "interval_s")) is None
