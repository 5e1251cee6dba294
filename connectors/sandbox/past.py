"""The past of the vendor's plugin: what it leaves in both worlds when it has run for a while.

Most of it is right. Some was cut off half-way, some was done twice, and some was changed by hand
since; `Sample.left` tells which is which.
"""

from collections.abc import Callable
from typing import Any

from connectors.sandbox.sample_opportunities import Planter

ID, URL = "cf_opportunity_outreach_id", "cf_opportunity_outreach_url"
FLAG = "cf_opportunity_outreach_sync_error"
# No record of Outreach has had it.
NOBODY_ID = 99_999_777
EQUAL = 12


def leave_past(planter: Planter) -> dict[str, list[int]]:
    """Leave one more of each kind; returns the Workbooks ids by kind, which the sample has too."""
    left: dict[str, list[int]] = {}
    for kind, number, leave in _KINDS:
        left[kind] = [leave(planter) for _ in range(number)]
        planter.sample.left.setdefault(kind, []).extend(left[kind])
    return left


def _made(planter: Planter, **differing: Any) -> tuple[int, int]:
    """A record and its counterpart, neither of which knows the other by id."""
    columns = planter.columns()
    record = planter.workbooks.opportunities.create(**columns)
    attributes = planter.attributes(record, columns) | differing
    return record, planter.outreach.opportunities.create(attributes, planter.links(columns))


def _written_back(planter: Planter, record: int, target_id: int, **columns: Any) -> int:
    given = {ID: str(target_id), URL: f"https://outreach.example/o/{target_id}"} | columns
    planter.workbooks.opportunities.update(record, **given)
    return record


def _equal(planter: Planter) -> int:
    return _written_back(planter, *_made(planter))


def _different(planter: Planter) -> int:
    return _written_back(planter, *_made(planter, description="Entered by hand.", probability=1))


def _without_id(planter: Planter) -> int:
    return _made(planter)[0]


def _without_url(planter: Planter) -> int:
    return _written_back(planter, *_made(planter), **{URL: None})


def _with_flag(planter: Planter) -> int:
    return _written_back(planter, *_made(planter), **{FLAG: True})


def _second(planter: Planter, target_id: int, **differing: Any) -> None:
    """A second counterpart like the first one."""
    row = planter.outreach.opportunities.get(target_id)
    if row is None:
        return
    planter.outreach.opportunities.create({**row.attributes, **differing}, row.relationships)


def _doubled_by_reference(planter: Planter) -> int:
    record, target_id = _made(planter)
    _second(planter, target_id)
    return _written_back(planter, record, target_id)


def _doubled_by_likeness(planter: Planter) -> int:
    """Neither of the two carries the reference, and the record names neither."""
    record, target_id = _made(planter, customId=None)
    _second(planter, target_id)
    return record


def _gone(planter: Planter) -> int:
    record = planter.workbooks.opportunities.create(**planter.columns())
    return _written_back(planter, record, NOBODY_ID)


def _trashed(planter: Planter) -> int:
    record, target_id = _made(planter)
    planter.outreach.opportunities.trash(target_id)
    return _written_back(planter, record, target_id)


def _copied(planter: Planter) -> int:
    """Somebody has copied a record with its id; returns the copy."""
    _, target_id = original = _made(planter)
    _written_back(planter, *original)
    copy = planter.workbooks.opportunities.create(**planter.columns())
    return _written_back(planter, copy, target_id)


_KINDS: tuple[tuple[str, int, Callable[[Planter], int]], ...] = (
    ("equal", EQUAL, _equal),
    ("different", 3, _different),
    ("without id", 2, _without_id),
    ("without address", 2, _without_url),
    ("flag left", 1, _with_flag),
    ("doubled by reference", 1, _doubled_by_reference),
    ("doubled by likeness", 1, _doubled_by_likeness),
    ("gone", 1, _gone),
    ("trashed", 1, _trashed),
    ("copied", 1, _copied),
)
