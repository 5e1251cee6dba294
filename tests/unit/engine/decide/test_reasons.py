"""The catalogue of reasons: whole, and written for whoever has to act on it."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from engine.config.live import is_live
from engine.decide.reasons import ENTRIES, SUBJECTS, because, entry_of, nearest
from engine.metrics.labels import ERROR_CLASSES
from engine.model.reason import STATES, Code, Entry, Words

EVERY = [pytest.param(entry, id=entry.code.value) for entry in ENTRIES.values()]
WORDS = Words("Source", "Target", "Sync box", "Error box", "Target Id")
# What a remedy says of the flag of the record, or of the person.
OF_THE_FLAG = re.compile(
    r"reset Error box|None needed|None, if it was meant|othing is to be reset|Error box is not set"
)
OF_A_SETTING = re.compile(
    r"\[(\w+)\] ([a-z]\w*)|\[(\w+\.\w+)\]|\b(mapping)\b(?! record)"
    r"|budget's (per_hour|per_year|reserve)"
)
# Of these nobody is flagged, and what is to be done is no edit of a record.
ELSEWHERE = {
    Code.SYNC_OFF,
    Code.RECORD_HIDDEN,
    Code.HIDDEN_MEANWHILE,
    Code.CREATES_PAUSED,
    Code.ANOTHER_WRITER,
    Code.MASS_CHANGE_HELD,
    Code.NOT_PLANNED,
    Code.WRITE_BACK_HIDDEN,
    Code.PERSON_AWAITED,
    Code.SYSTEM_PAUSED,
    Code.BUDGET_YEAR_SPENT,
    Code.ANSWER_NOT_UNDERSTOOD,
    Code.INTERNAL_ERROR,
}


def test_every_code_has_one_entry() -> None:
    """A code without one could be written down, and never explained."""
    listed = [entry.code for entries in SUBJECTS.values() for entry in entries]

    assert sorted(listed) == sorted(Code)


@pytest.mark.parametrize("code", Code)
def test_a_code_is_written_as_it_is_kept(code: Code) -> None:
    """It stands in states and in scripts of others: one spelling, and no other."""
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", code.value)
    assert code.name == code.value.upper().replace("-", "_")


@pytest.mark.parametrize("entry", EVERY)
def test_a_class_is_one_that_metrics_or_states_know(entry: Entry) -> None:
    """Both are closed sets."""
    assert entry.kind in {*ERROR_CLASSES, *STATES}


@pytest.mark.parametrize("entry", EVERY)
def test_every_part_is_whole_sentences_in_the_words_of_the_pair(entry: Entry) -> None:
    """Nothing is left blank, and no place is left open."""
    said = entry.worded(WORDS)

    for text in (said.admin, said.engineer, said.remedy, said.ends):
        assert re.fullmatch(r"[A-Z\[].*\.", text), text
        assert not set("{}") & set(text)
        assert "  " not in text


@pytest.mark.parametrize("entry", EVERY)
def test_a_remedy_says_what_becomes_of_the_flag(entry: Entry) -> None:
    """Whoever mends a record and leaves its flag on waits for ever."""
    told = OF_THE_FLAG.search(entry.worded(WORDS).remedy) is not None

    assert told is (entry.code not in ELSEWHERE)


def settings_in(remedy: str) -> list[str]:
    """The settings that a remedy would have changed, as keys of config.toml."""
    found: list[str] = []
    for table, key, whole, mapping, budget in OF_A_SETTING.findall(remedy):
        if table:
            found.append(f"{table}.{key}")
        elif whole:
            found.append(whole)
        elif mapping:
            found.append("mapping.opportunity")
        else:
            found.append(f"outreach.budget.{budget}")
    return found


@pytest.mark.parametrize("entry", EVERY)
def test_a_remedy_says_what_puts_a_changed_setting_in_force(entry: Entry) -> None:
    """A reload refuses whatever takes a restart, and nothing would have changed."""
    remedy = entry.worded(WORDS).remedy
    changed = settings_in(remedy)

    assert ("wosync reload" in remedy) is any(is_live(key) for key in changed)
    assert ("estart the service" in remedy) >= any(not is_live(key) for key in changed)


@pytest.mark.parametrize("entry", EVERY)
def test_the_sentence_of_a_record_names_its_places(entry: Entry) -> None:
    """`because` is given them by name; one by number would be given the wrong thing."""
    names = [name for _, name, _, _ in Formatter().parse(entry.text) if name is not None]

    assert all(name.isidentifier() for name in names)


def test_a_reason_is_the_sentence_with_what_is_known_of_the_record() -> None:
    """Braces in a value are a value."""
    reason = because(Code.CLAIM_LOST, target_id=7, owner="{OPP-1}")

    assert reason.code is Code.CLAIM_LOST
    assert str(reason) == (
        "its target id 7 is that of {OPP-1} already;"
        " clear the id to have a record of its own created"
    )


@pytest.mark.parametrize("typed", ["owner-unknown", " Owner_Unknown ", "OWNER UNKNOWN"])
def test_a_code_is_found_however_it_is_typed(typed: str) -> None:
    """By ear, from a log, or out of a table."""
    found = entry_of(typed)

    assert found is not None
    assert found.code is Code.OWNER_UNKNOWN


@pytest.mark.parametrize(
    ("typed", "first"),
    [("owner-ambigous", "owner-ambiguous"), ("fuse mass held", "mass-change-held")],
)
def test_what_is_no_code_leads_to_the_nearest_ones(typed: str, first: str) -> None:
    """A typing mistake, or a word that is remembered."""
    assert entry_of(typed) is None
    assert nearest(typed)[0] == first
    assert len(nearest(typed)) <= 3


def test_nothing_is_near_to_nonsense() -> None:
    """A guess without any ground sends people the wrong way."""
    assert nearest("") == nearest("zzz") == []
