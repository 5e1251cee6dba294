"""Write-backs, decided from facts: what is owed, and what a delivery came to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine import errors
from engine.decide.reasons import because, foreign
from engine.decide.retry import OPERATOR_PAUSE_S, SPACING_S, SPACING_SPREAD
from engine.decide.write_back import (
    MISSING_LOOKS,
    MISSING_RETRY_S,
    MISSING_RETRY_S_MAX,
    Decision,
    Shown,
    Verdict,
    answered,
    begun,
    carries,
    delivered,
    failed,
    looked_at,
    merged,
    stops_all,
    unanswered,
)
from engine.model.outbox import Carried, Entry, Owed
from engine.model.reason import Code
from engine.model.records import Delivery, RecordType, SourceRecord, WriteBackResult
from engine.model.wait import BackoffLimits, Pace, Wait
from tests.unit.engine.stand_ins import person

URL = "https://t.example/7"
PACE = Pace(BackoffLimits(1.0, 300.0), down=False)
DOWN = replace(PACE, down=True)
A_MINUTE = Wait(SPACING_S, SPACING_S * SPACING_SPREAD)
ENTRY = Entry(
    record_type=RecordType.OPPORTUNITY,
    record_id=1,
    ref="OPP-1",
    generation=1,
    version=5,
    target_id="7",
    target_url=URL,
    error=None,
    message=None,
    changed_at=0,
    attempts=0,
)
URL_ONLY = replace(ENTRY, target_id=None, link="7")
FLAG = replace(ENTRY, target_id=None, target_url=None, error=True, message="too long")


def record(
    target_id: str | None = None, target_url: str | None = None, *, error: bool = False
) -> SourceRecord:
    """The record as the source shows it."""
    return replace(person(1), target_id=target_id, target_url=target_url, error=error)


@pytest.mark.parametrize(
    ("entry", "verdict"),
    [
        (ENTRY, Verdict.SEND),
        (replace(ENTRY, carries="7"), Verdict.SEND),
        (replace(ENTRY, carries="8"), Verdict.LOOK),
        (replace(ENTRY, carries="8", gone_id="8"), Verdict.SEND),
        (replace(URL_ONLY, carries="8"), Verdict.LOOK),
        (replace(FLAG, carries="8"), Verdict.SEND),
    ],
)
def test_what_another_id_has_overtaken_is_looked_at_first(entry: Entry, verdict: Verdict) -> None:
    """Based on the version that carries it, the write would pass for one that knows of it."""
    assert begun(entry).verdict is verdict


@pytest.mark.parametrize(
    ("known", "shown", "carried"),
    [
        (Carried(6, "7", 6), "8", "7"),
        (Carried(7, "7", 6), "8", "8"),
        (Carried(6, None, 6), "8", "8"),
        (Carried(7, None, None), None, None),
    ],
)
def test_what_our_own_write_back_made_carries_what_it_wrote(
    known: Carried, shown: str | None, carried: str | None
) -> None:
    """Its row has not been shown yet."""
    assert carries(known, shown) == carried


@pytest.mark.parametrize(
    ("result", "looked", "decision"),
    [
        (WriteBackResult(Delivery.DELIVERED, 6), False, Decision(Verdict.CONFIRM, 6)),
        (WriteBackResult(Delivery.DELIVERED, 6), True, Decision(Verdict.CONFIRM, 6)),
        # Without the version it made, nobody could tell the echo from an edit.
        (WriteBackResult(Delivery.DELIVERED), False, Decision(Verdict.LOOK)),
        (WriteBackResult(Delivery.STALE), False, Decision(Verdict.LOOK)),
        (WriteBackResult(Delivery.MISSING), False, Decision(Verdict.LOOK)),
        (
            WriteBackResult(Delivery.STALE),
            True,
            Decision(
                Verdict.POSTPONE,
                reason=foreign(Code.UNSPECIFIED, "the record keeps changing"),
                reason_class="conflict",
                wait=Wait(0.0, 1.0),
                counts=True,
            ),
        ),
        (
            WriteBackResult(Delivery.REFUSED, reason="read only"),
            False,
            Decision(
                Verdict.POSTPONE,
                reason=foreign(Code.UNSPECIFIED, "read only"),
                reason_class="validation",
                wait=Wait(0.0, 1.0),
                counts=True,
            ),
        ),
    ],
)
def test_an_answer_confirms_or_has_the_record_looked_at_once(
    result: WriteBackResult, looked: bool, decision: Decision
) -> None:
    """A record that changes all the time must not be read again all the time."""
    assert answered(ENTRY, result, PACE, looked=looked) == decision


def test_of_a_batch_without_an_answer_the_records_themselves_tell() -> None:
    """Some may have been written."""
    error = errors.Unreachable("cut off", ambiguous=True)

    assert unanswered(ENTRY, error, PACE, looked=False).verdict is Verdict.LOOK
    decision = unanswered(ENTRY, error, PACE, looked=True)
    assert (decision.verdict, decision.reason) == (Verdict.POSTPONE, "cut off")
    assert decision.reason_class == "unreachable"


@pytest.mark.parametrize(
    ("error", "attempts", "pace", "wait", "counts"),
    [
        (errors.Unreachable("down"), 0, PACE, Wait(0.0, 1.0), True),
        (errors.Unreachable("down"), 2, PACE, Wait(0.0, 4.0), True),
        (errors.Unreachable("down"), 9, PACE, A_MINUTE, True),
        (errors.Unreachable("down"), 9, DOWN, Wait(0.0, 1.0), True),
        # As told, and nobody's fault.
        (errors.Throttled("wait", retry_after_s=17.0), 9, PACE, Wait(17.0, 17.0), False),
        (
            errors.Unauthorized("bad key"),
            9,
            PACE,
            Wait(OPERATOR_PAUSE_S, OPERATOR_PAUSE_S),
            False,
        ),
        (KeyError("a name of ours"), 0, PACE, Wait(0.0, 1.0), True),
    ],
)
def test_trouble_postpones_a_batch_for_as_long_as_it_says(
    error: Exception, attempts: int, pace: Pace, wait: Wait, counts: bool
) -> None:
    """A source in maintenance is not asked at every turn."""
    decision = failed(replace(ENTRY, attempts=attempts), error, pace)

    assert (decision.verdict, decision.wait, decision.counts) == (Verdict.POSTPONE, wait, counts)
    assert decision.missed == 0
    assert "a name of ours" not in decision.reason


@pytest.mark.parametrize(
    ("error", "stops"),
    [
        (errors.Unauthorized("bad key"), True),
        (errors.Misconfigured("no field"), True),
        (errors.Unreachable("down"), False),
        (KeyError("x"), False),
    ],
)
def test_only_what_an_operator_must_end_stops_all(error: Exception, stops: bool) -> None:
    """Everything else passes by itself."""
    assert stops_all(error) is stops


OTHERS_ID = "the record carries another target id, 8"
CHANGED = "the record was changed since it was refused, and is tried again first"


@pytest.mark.parametrize(
    ("entry", "shown", "decision"),
    [
        # The answer was lost, and it was written.
        (ENTRY, Shown(record("7", URL), 6), Decision(Verdict.CONFIRM, 6)),
        (FLAG, Shown(record(error=True), 9), Decision(Verdict.CONFIRM, 9)),
        # Somebody edited something else.
        (ENTRY, Shown(record(), 6), Decision(Verdict.SEND, 6)),
        (ENTRY, Shown(record("7"), 6), Decision(Verdict.SEND, 6)),
        # Its record is gone, so that the new one takes its place.
        (replace(ENTRY, gone_id="8"), Shown(record("8"), 6), Decision(Verdict.SEND, 6)),
        # Only the URL is owed: it is about the id that the record is linked to, and no other.
        (URL_ONLY, Shown(record("7"), 6), Decision(Verdict.SEND, 6)),
        (
            URL_ONLY,
            Shown(record("8"), 6),
            Decision(Verdict.WITHDRAW, 6, foreign(Code.UNSPECIFIED, OTHERS_ID)),
        ),
        (
            ENTRY,
            Shown(record("8", URL), 6),
            Decision(Verdict.WITHDRAW, 6, foreign(Code.UNSPECIFIED, OTHERS_ID)),
        ),
        # Of the very version that is known: its flag is still to be set, if it was refused.
        (
            ENTRY,
            Shown(record("8", URL), 5),
            Decision(Verdict.WITHDRAW_LINK, 5, foreign(Code.UNSPECIFIED, OTHERS_ID)),
        ),
        (
            replace(ENTRY, record_type=RecordType.PERSON),
            Shown(record("8", URL), 5),
            Decision(Verdict.WITHDRAW, 5, foreign(Code.UNSPECIFIED, OTHERS_ID)),
        ),
        (FLAG, Shown(record(), 5), Decision(Verdict.SEND, 5)),
        (
            FLAG,
            Shown(record(), 6),
            Decision(Verdict.WITHDRAW, 6, foreign(Code.UNSPECIFIED, CHANGED)),
        ),
        # A flag that is to be taken back is taken back from whatever the record is by now.
        (
            replace(FLAG, error=False),
            Shown(record(error=True), 6),
            Decision(Verdict.SEND, 6),
        ),
    ],
)
def test_the_record_itself_tells_whether_it_is_still_to_be_written(
    entry: Entry, shown: Shown, decision: Decision
) -> None:
    """Nothing that somebody has entered is overwritten, and no mended record is flagged."""
    assert looked_at(entry, shown) == decision


def test_an_id_of_any_length_is_shown_in_part() -> None:
    """It comes from a field that anybody may fill."""
    decision = looked_at(ENTRY, Shown(record("9" * 500), 6))

    assert decision.reason == f"the record carries another target id, {'9' * 40}"


@pytest.mark.parametrize(
    ("missed", "deleted", "verdict", "wait_s"),
    [
        (0, False, Verdict.POSTPONE, MISSING_RETRY_S),
        (1, False, Verdict.POSTPONE, 2 * MISSING_RETRY_S),
        (5, False, Verdict.POSTPONE, MISSING_RETRY_S_MAX),
        (MISSING_LOOKS - 2, False, Verdict.POSTPONE, MISSING_RETRY_S_MAX),
        (MISSING_LOOKS - 1, False, Verdict.LEAVE_OUT, 0.0),
        (0, True, Verdict.LEAVE_OUT, 0.0),
    ],
)
def test_a_record_that_is_not_shown_is_looked_for_ever_later(
    missed: int, deleted: bool, verdict: Verdict, wait_s: float
) -> None:
    """For a week or so: somebody may let us see it again. A deleted one has nobody to tell."""
    decision = looked_at(replace(ENTRY, missed=missed), Shown(None, deleted=deleted))

    assert decision.verdict is verdict
    assert decision.wait == Wait(wait_s, wait_s)
    assert decision.missed == missed + 1
    assert decision.reason_class is None
    assert decision.reason.startswith("the record is deleted")


def test_who_is_given_up_was_looked_for_in_vain_so_often() -> None:
    """Whoever asks why must be told that it was not deleted for certain."""
    decision = looked_at(replace(ENTRY, missed=MISSING_LOOKS - 1), Shown(None))

    assert decision.reason == f"{because(Code.RECORD_HIDDEN)}, for {MISSING_LOOKS} looks"


REFUSED = Owed(error=True, message="too long")


@pytest.mark.parametrize(
    ("present", "owed", "clears_error", "wanted"),
    [
        (None, None, True, None),
        (None, Owed("7", URL), True, Owed("7", URL)),
        (Owed("7", URL), None, True, Owed("7", URL)),
        # The newest word on each column; what it does not name stays.
        (Owed("7", URL), Owed("8"), True, Owed("8", URL)),
        (Owed("7"), REFUSED, False, Owed("7", None, True, "too long")),
        (
            REFUSED,
            Owed(error=True, message="too short"),
            False,
            Owed(None, None, True, "too short"),
        ),
        # A flag on its way is taken back together with its message.
        (REFUSED, None, True, Owed(error=False, message="")),
        (REFUSED, Owed("7"), True, Owed("7", None, False, "")),
        (REFUSED, Owed("7"), False, Owed("7", None, True, "too long")),
        (Owed(error=False, message=""), Owed("7"), True, Owed("7", None, False, "")),
        (Owed(error=False, message=""), REFUSED, False, REFUSED),
    ],
)
def test_one_row_says_what_the_source_shall_hold_in_the_end(
    present: Owed | None, owed: Owed | None, clears_error: bool, wanted: Owed | None
) -> None:
    """A flag that is not taken back would outlive its cause."""
    assert merged(present, owed, clears_error=clears_error) == wanted


@pytest.mark.parametrize(
    ("before", "target_id", "version", "after"),
    [
        (Carried(5, None, None), "7", 6, Carried(6, "7", 6)),
        # A newer version was captured before the answer: it shows our write, and more.
        (Carried(9, None, None), "7", 6, Carried(9, "7", None)),
        (Carried(9, "6", 4), "7", 6, Carried(9, "7", 4)),
        # Only the URL was written: the id stays what it was, while nobody has made a version since.
        (Carried(5, "7", 5), None, 6, Carried(6, "7", 6)),
        (Carried(5, "7", 4), None, 6, Carried(6, None, 6)),
        (Carried(6, "7", 6), None, 6, Carried(6, "7", 6)),
    ],
)
def test_a_delivery_is_kept_with_the_version_it_made(
    before: Carried, target_id: str | None, version: int, after: Carried
) -> None:
    """By that version our own write is recognised when a poll shows it."""
    assert delivered(before, target_id, version) == after
