"""What people have in hand of a Workbooks record: its reference, its id, or a link to it (§1)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from connectors.workbooks.settings import WorkbooksSettings
from engine import Pointer, RecordType, Side, id_of

_REFERENCE = re.compile(r"[A-Za-z]{1,16}-[0-9]{1,19}")
# Others than that of people are opaque to us (A31).
_PERSON = "PERS"
_DOMAIN = ".workbooks.com"
_LINK = re.compile(r"/link/[^/]+/([^/?#]+)")


def pointed(settings: WorkbooksSettings, text: str) -> Sequence[Pointer]:
    """Every way in which the text names a record of ours."""
    text = text.strip()
    if "://" in text:
        found = _LINK.match(urlsplit(text).path) if _is_ours(settings, text) else None
        return () if found is None else pointed(settings, found[1])
    if _REFERENCE.fullmatch(text):
        ref = text.upper()
        person = ref.partition("-")[0] == _PERSON
        record_type = RecordType.PERSON if person else RecordType.OPPORTUNITY
        return (Pointer(Side.SOURCE, record_type, ref=ref),)
    record_id = id_of(text)
    if record_id is None:
        return ()
    return tuple(Pointer(Side.SOURCE, one, id=record_id) for one in RecordType)


def _is_ours(settings: WorkbooksSettings, text: str) -> bool:
    """Whether a link leads to the service; links name another host than the one of the API."""
    try:
        host, ours = urlsplit(text).hostname or "", urlsplit(settings.base_url).hostname
    except ValueError:
        return False
    return host == ours or host.endswith(_DOMAIN)
