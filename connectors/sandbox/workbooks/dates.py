"""Dates and times as callers write them (workbooks-api §5, §6.1), whatever the locale."""

import re
from datetime import UTC, date, datetime, timedelta, timezone

DAY_S = 86_400
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WORDED_DAY = re.compile(r"(\d{1,2}) ([A-Za-z]{3,9}) (\d{4})")
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_EPOCH = re.compile(r"-?\d+")
_WORDED_MOMENT = re.compile(
    r"[A-Za-z]{3},? ([A-Za-z]{3,9}) +(\d{1,2}) (\d\d):(\d\d):(\d\d) (?:(?:UTC|GMT|Z) )?(\d{4})"
)


def midnight(day: date, zone_offset_minutes: int) -> int:
    """Epoch seconds at which `day` begins in the caller's zone."""
    zone = timezone(timedelta(minutes=zone_offset_minutes))
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())


def day_of(moment: int, zone_offset_minutes: int) -> date:
    """The calendar day, in the caller's zone, of an epoch second."""
    return datetime.fromtimestamp(moment, timezone(timedelta(minutes=zone_offset_minutes))).date()


def parse_day(text: str, zone_offset_minutes: int) -> date:
    """Read a date: `22 May 2009`, `01 Oct 2010`, `2018-01-31`, or the day of a datetime.

    Raises:
        ValueError: none of the known forms.
    """
    day = _plain_day(text.strip())
    return day if day else day_of(_moment(text.strip(), zone_offset_minutes), zone_offset_minutes)


def parse_span(text: str, zone_offset_minutes: int) -> tuple[int, int]:
    """Read a datetime criterion as its first and last epoch second, both inclusive.

    A datetime is the whole second it names (A3), a bare date the whole day (workbooks-api §5).

    Raises:
        ValueError: none of the known forms.
    """
    day = _plain_day(text.strip())
    if day:
        start = midnight(day, zone_offset_minutes)
        return start, start + DAY_S - 1
    moment = _moment(text.strip(), zone_offset_minutes)
    return moment, moment


def _plain_day(text: str) -> date | None:
    if _ISO_DAY.fullmatch(text):
        return date.fromisoformat(text)
    if found := _WORDED_DAY.fullmatch(text):
        return date(int(found[3]), _month(found[2]), int(found[1]))
    return None


def _moment(text: str, zone_offset_minutes: int) -> int:
    if _EPOCH.fullmatch(text):
        return int(text)
    if found := _WORDED_MOMENT.fullmatch(text):
        day, hour, minute, second, year = (int(found[n]) for n in (2, 3, 4, 5, 6))
        moment = datetime(year, _month(found[1]), day, hour, minute, second, tzinfo=UTC)
        # Without a zone the words mean the user's own (workbooks-api §6.1).
        shift = 0 if re.search("UTC|GMT|Z ", text) else zone_offset_minutes * 60
        return int(moment.timestamp()) - shift
    read = datetime.fromisoformat(text)
    if read.tzinfo is None:
        read = read.replace(tzinfo=timezone(timedelta(minutes=zone_offset_minutes)))
    return int(read.timestamp())


def _month(word: str) -> int:
    """Number of an English month; `Sept` is among the forms seen."""
    return _MONTHS.index(word[:3].lower()) + 1
