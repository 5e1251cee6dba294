"""Instants as Outreach writes and reads them: UTC, one-second resolution, always `.000Z` (§1)."""

import re
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final

_DATE_ONLY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


@lru_cache(maxsize=8192)
def iso(epoch_s: int) -> str:
    """Epoch seconds as `YYYY-MM-DDTHH:MM:SS.000Z`."""
    return f"{plain_iso(epoch_s)}.000Z"


def plain_iso(epoch_s: float) -> str:
    """Epoch seconds as `YYYY-MM-DDTHH:MM:SS`: the zoneless form of maintenance headers (§4)."""
    return datetime.fromtimestamp(int(epoch_s), UTC).strftime("%Y-%m-%dT%H:%M:%S")


def epoch(text: str) -> float:
    """Epoch seconds of an ISO 8601 instant; without a zone it is UTC, a bare date is midnight.

    Raises:
        ValueError: the text is not ISO 8601.
    """
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def stored_instant(text: str) -> str:
    """An instant as the service keeps it; a date-only value becomes midnight UTC (§8.1).

    Raises:
        ValueError: the text is not an ISO 8601 date or date-time.
    """
    return iso(int(epoch(text)))


def stored_date(text: str) -> str:
    """A calendar date, unchanged.

    Raises:
        ValueError: the text is not `YYYY-MM-DD`.
    """
    if not _DATE_ONLY.fullmatch(text):
        raise ValueError(f"not a calendar date: {text}")
    return date.fromisoformat(text).isoformat()


def comparable_instant(text: str) -> str:
    """An instant with milliseconds, so that it sorts as text beside stored ones.

    Raises:
        ValueError: the text is not ISO 8601.
    """
    at = epoch(text)
    return f"{plain_iso(at)}.{round(at % 1 * 1000) % 1000:03d}Z"
