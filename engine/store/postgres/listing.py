"""Lists of records by what becomes of them: waiting, held, refused, skipped, left blank."""

from __future__ import annotations

from collections.abc import Mapping

from engine.decide.reasons import because
from engine.model.dossier import Listed
from engine.model.listing import BLANK, Wanted
from engine.model.reason import Code, Reason
from engine.store.postgres import blanks
from engine.store.postgres.session import Session
from engine.store.rows.listing import listed

# What is refused has no time of its own; its history has.
_REFUSED_AT = (
    "(SELECT max(h.at) FROM history h WHERE h.record_type = '{kind}' AND h.record_id = one.id"
    " AND h.decision = 'refused')"
)
# Of a person that is read again and again, but decided on once; before that there is only the look.
_DECIDED_AT = (
    "coalesce((SELECT max(h.at) FROM history h WHERE h.record_type = 'person'"
    " AND h.record_id = one.id), one.read_at)"
)
_RECORDS = (
    "SELECT 'opportunity' AS record_type, one.id, one.ref, one.target_id, {since} AS since,"
    " {reason} AS reason, {code} AS reason_code, {of}.reason_class AS reason_class,"
    " {field} AS field"
    " FROM record one {joined} WHERE {where}"
)
_PEOPLE = (
    "SELECT 'person' AS record_type, one.id, one.ref, one.prospect_id AS target_id,"
    " {since} AS since, one.reason, one.reason_code, one.reason_class, one.reason_field AS field"
    " FROM person one {joined} WHERE {where}"
)


def _records(
    where: str, since: str, joined: str = "", *, tab: bool = False, otherwise: Reason | None = None
) -> str:
    """A query; `otherwise` is the reason of those of which none was kept."""
    of = "t" if tab else "one"
    reason, code = f"{of}.reason", f"{of}.reason_code"
    if otherwise is not None:
        reason = f"coalesce({reason}, '{otherwise}')"
        code = f"coalesce({code}, '{otherwise.code}')"
    return _RECORDS.format(
        where=where,
        since=since,
        joined=joined,
        of=of,
        reason=reason,
        code=code,
        field="NULL" if tab else "one.reason_field",
    )


_SKIPPED = (
    "SELECT '{kind}' AS record_type, one.id, one.ref, one.{target} AS target_id, s.since,"
    " s.reason, 'skipped' AS reason_code, NULL AS reason_class, NULL AS field"
    " FROM skip s JOIN {table} one ON one.id = s.record_id WHERE s.record_type = '{kind}'"
)
# What could not be written back; records of which something else is still to be done wait for that.
_OWED = (
    "SELECT '{kind}' AS record_type, one.id, one.ref, one.{target} AS target_id,"
    " CAST(o.changed_at AS double precision) AS since, o.reason, o.reason_code,"
    " NULL AS reason_class, NULL AS field FROM outbox o JOIN {table} one ON one.id = o.record_id"
    " WHERE o.record_type = '{kind}' AND o.reason IS NOT NULL{alone}"
)
_ALONE = (
    " AND one.state <> 'pending' AND NOT EXISTS (SELECT 1 FROM people_tab t"
    " WHERE t.record_id = one.id AND t.state = 'pending')"
)
_TAB = "JOIN people_tab t ON t.record_id = one.id"
_LISTS = {
    "waiting": (
        _records(
            "one.state = 'pending' AND one.mass NOT IN (1, 2) AND NOT EXISTS"
            " (SELECT 1 FROM intent i WHERE i.kind = 'opportunity' AND i.record_id = one.id"
            " AND i.doubt_since IS NOT NULL)",
            "one.pending_since",
        ),
        _records(
            "one.state = 'settled' AND t.state = 'pending' AND t.mass NOT IN (1, 2)"
            " AND NOT EXISTS (SELECT 1 FROM intent i WHERE i.kind = 'role'"
            " AND i.record_id = one.id AND i.doubt_since IS NOT NULL)",
            "t.pending_since",
            _TAB,
            tab=True,
        ),
        _OWED.format(kind="opportunity", table="record", target="target_id", alone=_ALONE),
        _OWED.format(kind="person", table="person", target="prospect_id", alone=""),
    ),
    "held": (
        _records("one.mass IN (1, 2) AND one.mass > 0", "one.pending_since"),
        _records("t.mass IN (1, 2) AND t.mass > 0", "t.pending_since", _TAB, tab=True),
    ),
    "refused": (
        _records("one.state = 'refused'", _REFUSED_AT.format(kind="opportunity")),
        _PEOPLE.format(
            where="one.refused_version IS NOT NULL",
            since=_REFUSED_AT.format(kind="person"),
            joined="",
        ),
    ),
    "vanished": (
        "SELECT 'opportunity' AS record_type, one.id, one.ref, one.target_id, v.since, v.reason,"
        " v.reason_code, NULL AS reason_class, NULL AS field"
        " FROM vanished v JOIN record one ON one.id = v.record_id",
    ),
    "doubt": (
        _records(
            "i.doubt_since IS NOT NULL",
            "i.doubt_since",
            "JOIN intent i ON i.kind = 'opportunity' AND i.record_id = one.id",
            otherwise=because(Code.CREATE_IN_DOUBT, detail="it was cut off"),
        ),
        _records(
            "i.doubt_since IS NOT NULL AND t.state = 'pending'",
            "i.doubt_since",
            f"{_TAB} JOIN intent i ON i.kind = 'role' AND i.record_id = one.id",
            tab=True,
        ),
        _PEOPLE.format(
            where="i.doubt_since IS NOT NULL",
            since="i.doubt_since",
            joined="JOIN intent i ON i.kind = 'prospect' AND i.record_id = one.id",
        ),
    ),
    "skipped": (
        _SKIPPED.format(kind="opportunity", table="record", target="target_id"),
        _SKIPPED.format(kind="person", table="person", target="prospect_id"),
    ),
    "people": (
        _PEOPLE.format(
            where="one.prospect_id IS NULL AND (one.reason IS NOT NULL OR one.id::text IN"
            " (SELECT name FROM awaited WHERE kind = 'person'))",
            since=_DECIDED_AT,
            joined="",
        ),
    ),
}
# What a list is sorted by, with how. References are told apart by their numbers.
_ORDERS: Mapping[str, str] = {
    "since": "since IS NULL, since {way}, length(ref) {way}, ref {way}",
    "ref": "length(ref) {way}, ref {way}",
    "reason": "reason_code {way} NULLS {nulls}, since {way} NULLS {nulls},"
    " length(ref) {way}, ref {way}",
}


def chosen(
    connection: Session, wanted: Wanted, *, limit: int | None = None, skip: int = 0
) -> list[tuple[str, Listed]]:
    """Records of these lists, each with the name of its list, one list behind the other.

    Args:
        limit: at most so many, behind the first `skip`; all of them without one.
    """
    way, nulls = ("DESC", "LAST") if wanted.descending else ("ASC", "FIRST")
    order = _ORDERS[wanted.sort].format(way=way, nulls=nulls)
    found = connection.execute(
        f"SELECT * FROM ({united(wanted)}) every ORDER BY place, {order}"  # noqa: S608 # ours
        " LIMIT %(limit)s::bigint OFFSET %(skip)s",
        {"limit": limit, "skip": skip} | blanks.place_of(wanted.blank or ""),
    )
    return [(row[0], listed(row[2:])) for row in found]


def counted(connection: Session, wanted: Wanted) -> int:
    """How many records there are on these lists."""
    query = f"SELECT count(*) FROM ({united(wanted)}) every"  # noqa: S608 # ours
    return connection.execute(query, blanks.place_of(wanted.blank or "")).fetchone()[0]


def united(wanted: Wanted) -> str:
    """What they are read with, with the name and the place of each list."""
    return " UNION ALL ".join(
        f"SELECT '{name}' AS list, {place} AS place, * FROM ({query}) every"  # noqa: S608 # ours
        for place, name in enumerate(wanted.names)
        for query in queries(name)
    )


def part(connection: Session, kind: str, offset: int, limit: int) -> list[Listed]:
    """See `Dossiers.part`."""
    found: list[Listed] = []
    for query in queries(kind):
        if len(found) == limit:
            break
        rows = connection.execute(
            f"{query} ORDER BY one.id LIMIT %s OFFSET %s", (limit - len(found), offset)
        ).fetchall()
        if rows:
            offset = 0
        elif offset:
            counted = connection.execute(f"SELECT count(*) FROM ({query}) every")  # noqa: S608 # ours
            offset -= counted.fetchone()[0]
        found += [listed(row) for row in rows]
    return found


def queries(kind: str) -> tuple[str, ...]:
    """What the list is read with."""
    return (blanks.LISTED,) if kind == BLANK else _LISTS[kind]
