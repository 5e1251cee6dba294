"""Conversions, the whole way: texts, checkboxes, lists, picklists, and whatever else there is."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.outreach import mapping as wire
from connectors.outreach.fields import FIELDS
from connectors.outreach.prospect_fields import PROSPECT_FIELDS
from engine import FieldKind, Json, Rejected, SourceRecord
from engine.mapping.checks import ALLOWED
from engine.mapping.fields import Conversion, FieldMapping, LineSetting
from engine.mapping.lines import Layer, compose
from engine.model.records import REFERENCES
from tests.property.ways import Reader, Way, custom, normalised, quick, way

NAME = way(FIELDS["name"], "text")
NOTES = way(FIELDS["description"], "text")
TAGS = way(FIELDS["tags"], "list")
EMAILS = way(PROSPECT_FIELDS["emails"], "list")
OPTED_OUT = way(PROSPECT_FIELDS["optedOut"], "boolean")
OWN_FLAG = way(custom(FieldKind.BOOLEAN), "boolean")
OWN_CHOICES = way(custom(FieldKind.LIST, ("Red", "Green", "Blue, deep")), "list")
TEXT_OF = {
    conversion: way(FIELDS["custom1"], conversion)
    for conversion in ("integer", "percent", "date", "datetime", "boolean")
}
# Every plain field of an opportunity, through every conversion it may have without a table.
EVERY_WAY = {
    name: [
        way(field, conversion)
        for conversion in ALLOWED[field.kind]
        if conversion is not Conversion.PICKLIST
    ]
    for name, field in FIELDS.items()
    if field.kind not in REFERENCES and not re.fullmatch(r"custom\d{2,3}", name)
}


# Texts that are nearly what a column of some datatype holds.
likely_texts = st.one_of(
    *(
        st.from_regex(pattern, fullmatch=True)
        for pattern in (
            r"[+-]?[0-9]{0,70}(\.[0-9]{1,6})?( [A-Z]{3}| !!!| )?( [0-4])?",
            r"[+-]?[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,4})?",
            r" ?[0-9]{1,2} (Jan|Feb|Dec|Mai) [0-9]{1,5}",
            r"[0-9]{4}-(0[1-9]|1[0-3])-[0-3][0-9](T[0-2][0-9]:[0-5]0:00(\.[0-9]+)?(Z|[+-]1[0-4]:00)?)?",
            r"(Mon|Sun) (Jan|Dec) [ 0-3][0-9] 23:59:[0-6][0-9] UTC [0-9]{4}",
            r"\[?[a-c'\" ,]{0,12}\]?",
        )
    ),
    st.sampled_from(["Mon Jan  1 00:00:00 UTC 0001", "31 Dec 9999", " 1 Jan 0001", "NaN", "-0"]),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | likely_texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
texts = st.text(max_size=80) | st.lists(
    st.sampled_from(
        ["a", " ", "\r\n", "\n", "\r", "\t", "é", "e\u0301", "👩‍👩‍👧", "\u200b", "\u00a0", "{"]
    ),
    max_size=20,
).map("".join)


@quick
@given(texts)
@example("first\r\nsecond\rthird\nfourth")
@example("👩‍👩‍👧 Ünïcödé")
def test_text_survives_but_for_line_ends_and_outer_blanks(text: str) -> None:
    """Editors exchange line ends, and a store may trim: neither is an edit."""
    sent = NOTES.sent(text)

    assert sent == (normalised(text) or None)
    back = normalised(text)
    NOTES.survives(
        text, sent, [back.replace("\n", "\r\n"), back.replace("\n", "\r"), f"  {back}\n"]
    )


@quick
@given(st.sampled_from(["x", "é", "👍", "\r\n"]), st.sampled_from([NAME, NOTES]))
def test_text_is_refused_from_the_first_character_over_the_limit(sign: str, to: Way) -> None:
    """Never cut off in silence. Characters count, not bytes, and outer blanks do not."""
    most = to.field.chars_max or 0
    full = "a" + sign * (most - 2) + "z"

    sent = to.sent(f"  {full}  ")
    assert sent == normalised(full)
    to.survives(full, sent, [full])
    assert "characters long" in to.refuses("a" + sign * (most - 1) + "z")


def test_a_required_text_that_is_blank_is_refused() -> None:
    """A create without it would be."""
    for raw in (None, "", " \r\n "):
        NAME.refuses(raw)


TRUE = ["true", "T", "on", "1", "YES", "y", 1, True]
FALSE = ["false", "F", "Off", "0", "no", "N", 0, False]


@pytest.mark.parametrize("raw", [*TRUE, *FALSE])
def test_a_checkbox_survives_in_every_word_for_it(raw: Json) -> None:
    """The source knows six words for either, in any letter case."""
    flag = raw in TRUE and raw is not False
    back = "true" if flag else "false"

    assert OPTED_OUT.sent(raw) is flag
    assert OWN_FLAG.sent(raw) == TEXT_OF["boolean"].sent(raw) == back
    OPTED_OUT.survives(raw, flag, [])
    OWN_FLAG.survives(raw, back, [flag, int(flag), str(int(flag)), back.upper(), f" {back} "])
    TEXT_OF["boolean"].survives(raw, back, [flag])


@pytest.mark.parametrize("raw", ["maybe", 2, "truely", [True], 1.0])
def test_a_checkbox_that_is_neither_is_refused(raw: Json) -> None:
    """Consent is never guessed."""
    OPTED_OUT.refuses(raw)
    OWN_FLAG.refuses(raw)


words = st.text(st.characters(exclude_characters=",[]'\"", exclude_categories=["C"]), max_size=8)


@quick
@given(st.lists(words, max_size=6), st.integers(0, 5))
@example(["a", " a ", "", "b"], 1)
def test_a_list_is_a_set_whatever_its_order_and_form(members: list[str], turn: int) -> None:
    """Repeats and blanks are no members; nobody sees the order of tags."""
    kept = sorted({one.strip() for one in members} - {""})
    forms: list[Json] = [members, ", ".join(members), ",".join(members), json.dumps(members)]
    forms.append("[" + ", ".join(f"'{one}'" for one in members) + "]")
    back = [*kept[turn:], *kept[:turn]][::-1]

    for raw in forms:
        assert TAGS.sent(raw) == kept
        TAGS.survives(raw, kept, [back, [*back, *kept], [f" {one} " for one in back]])


@quick
@given(st.permutations(["Red", "Green", "Blue, deep"]), st.integers(0, 3))
def test_choices_survive_in_any_order_and_with_commas_in_them(
    choices: list[str], count: int
) -> None:
    """The target joins several choices by a semicolon, in whatever order it likes."""
    chosen = choices[:count]
    known = [one for one in OWN_CHOICES.field.choices if one in chosen]
    sent = ";".join(known) or None

    assert OWN_CHOICES.sent(chosen) == sent
    OWN_CHOICES.survives(chosen, sent, [";".join(chosen), " ; ".join(chosen), chosen])
    OWN_CHOICES.refuses([*chosen, "Mauve"])


@quick
@given(st.lists(st.emails(), max_size=3))
def test_addresses_survive_in_any_order(addresses: list[str]) -> None:
    """Two spellings of one address are one; what is none is refused."""
    raw = json.dumps(addresses)
    sent = EMAILS.sent(raw)

    assert isinstance(sent, list)
    assert sorted(one.lower() for one in sent) == sorted({one.lower() for one in addresses})
    EMAILS.survives(raw, sent, [sent[::-1], [f" {one}" for one in sent]])
    EMAILS.refuses(json.dumps([*addresses, "nobody"]))


@pytest.mark.parametrize("raw", ["[a, b", "a]", 5, True, [1.5], [["a"]], {"a": 1}])
def test_a_list_that_is_none_is_refused(raw: Json) -> None:
    """Half a list would remove the other half."""
    TAGS.refuses(raw)


@quick
@given(st.sampled_from(["Low", "High", "Other"]), st.sampled_from(["", " ", "\t"]))
def test_a_picklist_survives_by_its_table(text: str, blank: str) -> None:
    """Outer blanks do not count; a text that is not in the table is never sent as it is."""
    strict = way(FIELDS["probability"], "picklist", values={"Low": 10, "High": "90"})
    lenient = way(FIELDS["custom1"], "picklist", values={"Low": "L"}, default="?")
    raw = f"{blank}{text}{blank}"

    if text == "Other":
        assert text not in strict.refuses(raw)
    else:
        sent = strict.sent(raw)
        assert sent == {"Low": 10, "High": 90}[text]
        strict.survives(raw, sent, [str(sent), float(str(sent))])
    assert lenient.sent(raw) == ("L" if text == "Low" else "?")
    assert lenient.sent(blank) == "?"


@quick
@given(st.sampled_from(list(EVERY_WAY)), json_values)
def test_whatever_a_column_holds_the_record_is_mapped_or_refused(name: str, raw: Json) -> None:
    """No value of any shape ends in another error, and none differs from itself."""
    for one in EVERY_WAY[name]:
        try:
            sent = one.sent(raw)
        except Rejected as refused:
            assert refused.field == name
        else:
            one.survives(raw, sent, [])


@quick
@given(st.fixed_dictionaries({"first": texts | st.none(), "second[name]": texts | st.none()}))
def test_a_template_is_its_columns_or_blank(columns: dict[str, str | None]) -> None:
    """The target's own form of the text applies to the whole."""
    line = LineSetting(template="{first} {{{second[name]}}}")
    fields = {"description": FIELDS["description"]}
    lines = compose([Layer("test", {"description": line})], fields, None, "mapping").lines
    record = SourceRecord(1, "OPP-1", 1, 0, True, False, None, None, columns)
    first, second = ((columns[name] or "").strip() for name in ("first", "second[name]"))

    sent = FieldMapping(lines, Reader(), wire).fields(record, {})["description"]

    assert sent == (normalised(f"{first} {{{second}}}") if first or second else None)
