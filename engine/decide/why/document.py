"""An explanation as JSON can carry it. Pure."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from engine.model.explanation import Explanation


def document(explanation: Explanation) -> dict[str, Any]:
    """Every member by its name; times in unix seconds."""
    cause = explanation.cause
    return {
        "schema_version": 1,
        "ref": explanation.ref,
        "record_type": explanation.record_type.value,
        "verdict": explanation.verdict.value,
        "code": None if cause is None else cause.code.value,
        "reason": None if cause is None else cause.text,
        "field": None if cause is None else cause.field,
        "subject": explanation.subject,
        "gates": [asdict(one) for one in explanation.gates],
        "fields": [asdict(one) for one in explanation.fields],
        "people": [
            asdict(one) | {"code": None if one.code is None else one.code.value}
            for one in explanation.people
        ],
        "history": [
            {
                "at": one.at,
                "run": one.run,
                "decision": one.decision,
                "detail": one.detail,
                "reason_code": one.reason_code,
                "writes": [write.document() for write in one.writes],
            }
            for one in explanation.history
        ],
        "next": explanation.follows,
        "next_at": explanation.follows_at,
        "remedies": [
            {"code": one.code.value, "subject": one.subject, "steps": list(one.steps)}
            for one in explanation.remedies
        ],
        "unseen": list(explanation.unseen),
        "others": list(explanation.others),
        "mapping_left_out": list(explanation.left_out),
        "requests": None if explanation.requests is None else asdict(explanation.requests),
    }


def unknown(text: str, tried: list[str], nearest: list[str], unseen: list[str]) -> dict[str, Any]:
    """What is said of something that names no record that can be found."""
    return {
        "schema_version": 1,
        "ref": text,
        "record_type": None,
        "verdict": "unknown",
        "code": None,
        "reason": "no record is known under this name",
        "tried": tried,
        "nearest": nearest,
        "unseen": unseen,
    }
