"""Which target record is a record's own, where another program has worked."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from engine.decide.adoption import alike, choice, dealt, left_beside, remark
from engine.model.adoption import Present, Taken

NAMES = ("name", "account", "amount")


def _present(number: int, *, at: str = "2020", correlation: str | None = None) -> Present:
    return Present(number, at, trashed=False, correlation=correlation, alike="x")


OLD, YOUNG = _present(9, at="2019", correlation="OPP-1"), _present(3, correlation="OPP-1")


def test_the_one_that_the_record_names_comes_first() -> None:
    """However old the others are; they are told."""
    named = _present(12)

    chosen = choice(named, [OLD, YOUNG], [], others=())

    assert chosen is not None
    assert (chosen.target, chosen.taken, chosen.others) == (named, Taken.NAMED, (OLD, YOUNG))


def test_the_reference_comes_before_what_only_looks_like_it() -> None:
    """The oldest of those that carry it."""
    like = _present(1, at="2001")

    chosen = choice(None, [YOUNG, OLD], [like], others=())

    assert chosen is not None
    assert (chosen.target, chosen.taken) == (OLD, Taken.CORRELATION)
    assert chosen.others == (like, YOUNG)


def test_of_several_the_oldest_is_taken() -> None:
    """By the time that the target tells; then by id."""
    like = [_present(5), _present(4), _present(6, at="2018")]

    chosen = choice(None, [], like, others=())

    assert chosen is not None
    assert (chosen.target.id, chosen.taken) == (6, Taken.ALIKE)
    assert [one.id for one in chosen.others] == [4, 5]


def test_what_lies_in_the_trash_is_never_taken() -> None:
    """Nor is it a double."""
    trashed = replace(OLD, trashed=True)

    chosen = choice(trashed, [trashed, YOUNG], [], others=())

    assert chosen is not None
    assert (chosen.target, chosen.others) == (YOUNG, ())
    assert choice(None, [trashed], [], others=()) is None


def test_what_belongs_to_another_record_is_never_taken() -> None:
    """Nor is it a double."""
    assert choice(None, [OLD], [_present(5)], others={9, 5}) is None


def test_a_name_alone_makes_nothing_alike() -> None:
    """The account or the amount must be there too, and all three the same."""
    assert alike({"name": "Renewal", "account": None, "amount": None}, NAMES) is None
    assert alike({"name": None, "account": 4, "amount": 7}, NAMES) is None
    one = alike({"name": "Renewal", "account": 4, "amount": None}, NAMES)
    assert one is not None
    assert one != alike({"name": "Renewal", "account": 4, "amount": 7}, NAMES)


@given(st.sets(st.integers(1, 50)), st.sets(st.integers(1, 50)))
def test_each_target_record_is_dealt_out_once(records: set[int], targets: set[int]) -> None:
    """To each record one, as far as they go; the oldest first."""
    shares = dealt(sorted(records), [_present(one) for one in sorted(targets)])

    given_out = [one.id for share in shares.values() for one in share]
    assert sorted(given_out) == (sorted(targets) if records else [])
    firsts = [share[0].id for share in shares.values() if share]
    assert firsts == sorted(targets)[: len(records)]


def test_why_one_is_taken_and_another_left_is_told() -> None:
    """Both by id, so that somebody can look."""
    chosen = choice(None, [YOUNG, OLD], [], others=())

    assert chosen is not None
    assert remark(chosen) == "it carries the record's reference; it is the oldest of 2"
    why = "3 carries the same reference as 9, which is taken: it is the oldest of 2"
    assert left_beside(YOUNG, chosen) == why
