"""Lines of history, from the rows that have them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from engine.decide.reasons import because, known
from engine.model.named import Named
from engine.model.reason import Code, code_of
from engine.model.records import RecordType
from engine.model.report import HistoryLine
from engine.store.writes import decoded

# Of one record so many of the latest lines are told, and as many that have no writes.
RECENT_MAX = 50


def line(row: Iterable[Any]) -> HistoryLine:
    """The line of a row.

    Args:
        row: at, version, decision, detail, reason code, run, writes, type and id of the record, its
            reference, seq and requests.
    """
    at, version, decision, detail, code, run, writes, record_type, *named, seq, requests = row
    return HistoryLine(
        at,
        version,
        decision,
        detail,
        code,
        run,
        decoded(writes),
        RecordType(record_type),
        *named,
        seq=seq,
        requests=requests,
    )


def waits(
    named: Named, rows: Iterable[Iterable[Any]], last: Sequence[Any] | None
) -> Iterator[HistoryLine]:
    """What the record waits for, but for what its last line says already.

    Args:
        rows: since when, version, what waits of it, reason code and reason.
        last: decision and reason code of that line; None where there is none.
    """
    for at, version, decision, code, text in rows:
        reason = known(code, text) or because(Code.WAITS_ITS_TURN, what="it is due")
        if last is not None and tuple(last) == (decision, code_of(reason)):
            continue
        yield HistoryLine(
            at,
            version,
            decision,
            reason,
            code_of(reason),
            record_type=named.record_type,
            record_id=named.id,
            ref=named.ref,
        )
