"""How each object of a write ended, read from every answer form of workbooks-api §7.2-§7.6.

A write may have been executed whatever its answer looks like, so an answer that is not surely an
account of this very batch is no answer at all: the caller must look before repeating (A10).
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError

from connectors.workbooks.wire import AffectedObject, ObjectInformation, WriteEnvelope, messages
from engine import Delivery, Json, WriteBack, WriteBackResult, excerpt

# Lower case; the rest of the sentence may differ (§7.4.1, A7).
STALE_TEXT = "already been updated elsewhere"
MISSING_TEXT = "record not found"

NOTHING_SAVED = "nothing was saved, because another object of the batch was refused"


class NoAccount(Exception):
    """The answer does not say how each object of the batch ended."""


def outcomes(found: Json, entries: Sequence[WriteBack]) -> list[WriteBackResult]:
    """One result per entry, matched by position.

    Raises:
        NoAccount: the answer is no write envelope, or not one of this batch.
    """
    try:
        envelope = WriteEnvelope.model_validate(found)
    except ValidationError as error:
        raise NoAccount("it has not the shape of a write's answer") from error
    if envelope.affected_object_information:
        results = _each(envelope, envelope.affected_object_information, entries)
        failed = any(result.outcome is not Delivery.DELIVERED for result in results)
        # The per-object flags decide, whatever the flag of the whole says of a partial failure
        # (A8); only when they all contradict a failure of the whole is it believed instead.
        if failed or (envelope.success and not _texts(envelope)):
            return results
        return _whole(envelope, entries)
    if envelope.success:
        raise NoAccount("it reports success without naming the objects")
    if envelope.affected_object_errors:
        return _older(envelope.affected_object_errors, entries)
    return _whole(envelope, entries)


def _texts(envelope: WriteEnvelope) -> list[str]:
    return messages(envelope.failures) + messages(envelope.errors)


def _each(
    envelope: WriteEnvelope,
    information: Sequence[ObjectInformation | None],
    entries: Sequence[WriteBack],
) -> list[WriteBackResult]:
    affected = envelope.affected_objects or []
    if len(information) != len(entries):
        raise NoAccount(f"it reports {len(information)} objects of {len(entries)}")
    if affected and len(affected) != len(entries):
        raise NoAccount(f"it shows {len(affected)} objects of {len(entries)}")
    results: list[WriteBackResult] = []
    for position, (one, entry) in enumerate(zip(information, entries, strict=True)):
        errors = messages(one.errors) if one is not None else []
        flag = one.success if one is not None else None
        # Old samples have an empty element (§7.3); the flag of the whole then speaks for it.
        if not errors and (envelope.success if flag is None else flag):
            shown = affected[position] if affected else None
            results.append(_delivered(shown, entry))
        else:
            results.append(_failed(errors or messages(envelope.failures)))
    return results


def _delivered(shown: AffectedObject | None, entry: WriteBack) -> WriteBackResult:
    if shown is None or shown.id != entry.id or shown.lock_version is None:
        raise NoAccount(f"it does not show record {entry.id} where it should")
    return WriteBackResult(Delivery.DELIVERED, shown.lock_version)


def _older(errors: Sequence[Json], entries: Sequence[WriteBack]) -> list[WriteBackResult]:
    if len(errors) != len(entries):
        raise NoAccount(f"it reports {len(errors)} objects of {len(entries)}")
    # That form says nothing of the objects without an error; stale makes the caller read them.
    untold = WriteBackResult(Delivery.STALE, reason=NOTHING_SAVED)
    said = [messages(one) for one in errors]
    if not any(said):
        raise NoAccount("it reports a failure without a reason")
    return [_failed(texts) if texts else untold for texts in said]


def _whole(envelope: WriteEnvelope, entries: Sequence[WriteBack]) -> list[WriteBackResult]:
    said = _texts(envelope)
    if not said:
        raise NoAccount("it reports a failure without a reason")
    result = _failed(said)
    if result.outcome is Delivery.MISSING and len(entries) > 1:
        # One of them is missing, and the answer does not say which.
        result = WriteBackResult(Delivery.STALE, reason=result.reason)
    return [result] * len(entries)


def _failed(said: Sequence[str]) -> WriteBackResult:
    reason = excerpt("; ".join(said)) or "refused without a reason"
    lowered = " ".join(said).lower()
    if STALE_TEXT in lowered:
        return WriteBackResult(Delivery.STALE, reason=reason)
    if MISSING_TEXT in lowered:
        return WriteBackResult(Delivery.MISSING, reason=reason)
    return WriteBackResult(Delivery.REFUSED, reason=reason)
