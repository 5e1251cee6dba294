"""What people have in hand of an Outreach record: its id, or its address (outreach-api §13)."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from connectors.outreach.settings import OutreachSettings
from engine import Pointer, RecordType, Side, id_of


def pointed(settings: OutreachSettings, text: str) -> Sequence[Pointer]:
    """Every way in which the text names a record there."""
    text = text.strip()
    templates = {
        RecordType.OPPORTUNITY: settings.record_url,
        RecordType.PERSON: settings.prospect_url,
    }
    if "://" not in text:
        record_id = id_of(text)
        if record_id is None:
            return ()
        return tuple(Pointer(Side.TARGET, one, id=record_id) for one in templates)
    found = {one: _id_in(text, template) for one, template in templates.items()}
    return tuple(
        Pointer(Side.TARGET, one, id=record_id)
        for one, record_id in found.items()
        if record_id is not None
    )


def address(settings: OutreachSettings, record_type: RecordType, target_id: int) -> str:
    """Address of the record in the web application (outreach-api §13)."""
    person = record_type is RecordType.PERSON
    template = settings.prospect_url if person else settings.record_url
    return template.replace("{id}", str(target_id))


def _id_in(text: str, template: str) -> int | None:
    """The id that stands where the template has it; what follows is a page of the record."""
    head, _, _ = template.partition("{id}")
    try:
        written, expected = _without_scheme(text), _without_scheme(head)
    except ValueError:
        return None
    if not written.startswith(expected):
        return None
    rest = written.removeprefix(expected)
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    return id_of(digits)


def _without_scheme(text: str) -> str:
    parts = urlsplit(text)
    query = f"?{parts.query}" if parts.query else ""
    return f"{(parts.hostname or '').lower()}{parts.path}{query}"
