"""Collections: order, pages, links and counts (§6.1, §6.3, §6.4)."""

import base64
import binascii
import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from connectors.sandbox.outreach.envelope import compact, invalid, malformed, page_too_heavy
from connectors.sandbox.outreach.filters import Filters
from connectors.sandbox.outreach.knobs import OutreachKnobs
from connectors.sandbox.outreach.query import Query
from connectors.sandbox.outreach.resources import Renderer
from connectors.sandbox.outreach.rows import Row, Table
from connectors.sandbox.outreach.schema import Resource

SIZE_DEFAULT: Final = 50
SIZE_MAX: Final = 1000
OFFSET_MAX: Final = 10_000
COUNT_MAX: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class SortKey:
    """One attribute of the order; nulls come last, or first when descending."""

    name: str
    descending: bool

    def of(self, row: Row) -> tuple[bool, Any]:
        """What a row is ordered by."""
        value = row.value(self.name)
        return value is None, value


@dataclass(frozen=True, slots=True)
class Place:
    """A place in an order: between rows, whether or not its own row is still there."""

    keys: tuple[SortKey, ...]
    values: tuple[tuple[bool, Any], ...]
    id: int

    @staticmethod
    def of(row: Row, keys: tuple[SortKey, ...]) -> "Place":
        """The place of a row."""
        return Place(keys, tuple(key.of(row) for key in keys), row.id)

    def __lt__(self, other: "Place") -> bool:
        for key, mine, theirs in zip(self.keys, self.values, other.values, strict=True):
            if mine != theirs:
                return theirs < mine if key.descending else mine < theirs
        return self.id < other.id


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its rows, whether more lie on either side, and the total if it was counted."""

    rows: list[Row]
    more: bool
    fewer: bool
    total: int | None = None


class Listing:
    """Answers one `GET /{plural}`."""

    def __init__(
        self, resource: Resource, table: Table, filters: Filters, knobs: OutreachKnobs, query: Query
    ) -> None:
        self._resource = resource
        self._table = table
        self._knobs = knobs
        self._query = query
        self._by_cursor = any(
            query.get(f"page[{name}]") is not None for name in ("size", "after", "before")
        )
        self._conditions = filters.read(query)
        self._keys = self._read_sort()

    def document(self, renderer: Renderer) -> dict[str, Any]:
        """The response document; no `links` at all when nothing was found (§6.1).

        Raises:
            Refused: 422 for a bad page, sort or include, 400 for a bad cursor, 502 if too heavy.
        """
        page = self._cursor_page() if self._by_cursor else self._offset_page()
        # The cursor belongs to the true order: disorder may show rows late, not lose them.
        links = self._links(page, f"{renderer.origin}/api/v2/{self._resource.plural}")
        rows = _disordered(page.rows) if self._knobs.disorder else page.rows
        document: dict[str, Any] = {"data": [renderer.resource(row) for row in rows]}
        include = self._query.get("include")
        if include:
            document["included"] = renderer.included(rows, include)
        if rows:
            document["links"] = links
        return {**document, "meta": self._meta(page)}

    def _meta(self, page: Page) -> dict[str, Any]:
        if not self._query.is_true("count"):
            return {"count": None}
        total = len(list(self._matching())) if page.total is None else page.total
        return {"count": min(total, COUNT_MAX), "count_truncated": total > COUNT_MAX}

    def _read_sort(self) -> tuple[SortKey, ...]:
        keys: list[SortKey] = []
        for word in filter(None, (self._query.get("sort") or "").split(",")):
            name = word.removeprefix("-")
            attribute = self._resource.attributes.get(name)
            if name != "id" and (attribute is None or not attribute.sortable):
                raise invalid(f"'{name}' is not a sortable attribute.")
            keys.append(SortKey(name, word.startswith("-")))
        return tuple(keys)

    def _matching(self, after_id: int = 0) -> Iterator[Row]:
        narrow = next((each.narrow for each in self._conditions if each.narrow), None)
        if narrow is None:
            rows = self._table.seen_after(after_id)
        else:
            rows = (row for row in self._table.seen_among(*narrow) if row.id > after_id)
        tests = [each.test for each in self._conditions]
        return (row for row in rows if all(test(row) for test in tests)) if tests else rows

    def _ordered(self) -> list[Row]:
        rows = list(self._matching())
        for key in reversed(self._keys):
            rows.sort(key=key.of, reverse=key.descending)
        return rows

    def _cursor_page(self) -> Page:
        size = self._bounded("page[size]", 1, SIZE_MAX, SIZE_DEFAULT)
        answered_max = self._knobs.page_size_answered_max
        if answered_max is not None and size > answered_max:
            raise page_too_heavy()
        after, before = self._query.get("page[after]"), self._query.get("page[before]")
        if not self._keys and before is None:
            # Walking a large table page by page must not sort it anew for every page.
            from_id = self._place(after).id if after else 0
            rows = list(islice(self._matching(from_id), size + 1))
            return Page(rows[:size], len(rows) > size, after is not None)
        ordered = self._ordered()
        if before is not None:
            stop = bisect_left(ordered, self._place(before), key=self._place_of)
            start = max(0, stop - size)
        else:
            start = bisect_right(ordered, self._place(after), key=self._place_of) if after else 0
            stop = start + size
        return Page(ordered[start:stop], stop < len(ordered), start > 0, len(ordered))

    def _offset_page(self) -> Page:
        limit = self._bounded("page[limit]", 1, SIZE_MAX, SIZE_DEFAULT)
        offset = self._bounded("page[offset]", 0, OFFSET_MAX, 0)
        ordered = self._ordered()
        stop = offset + limit
        return Page(ordered[offset:stop], stop < len(ordered), offset > 0, len(ordered))

    def _links(self, page: Page, url: str) -> dict[str, str]:
        if not page.rows:
            return {}
        if not self._by_cursor:
            return self._offset_links(page, url)
        links = {"first": self._link(url, None, None)}
        if page.fewer:
            links["prev"] = self._link(url, None, self._cursor(page.rows[0]))
        following = self._following(page, url)
        if following is not None:
            links["next"] = following
        return links

    def _following(self, page: Page, url: str) -> str | None:
        """The link to the next page, as the knob has it."""
        form = self._knobs.next_links
        if form == "self":
            return self._link(url, self._query.get("page[after]"), None)
        if not page.more:
            return self._link(url, None, None) if form == "circle" else None
        link = self._link(url, self._cursor(page.rows[-1]), None)
        if form == "path":
            return link[link.index("/api/v2/") :]
        return link[link.index("?") :] if form == "query" else link

    def _offset_links(self, page: Page, url: str) -> dict[str, str]:
        limit = self._bounded("page[limit]", 1, SIZE_MAX, SIZE_DEFAULT)
        offset = self._bounded("page[offset]", 0, OFFSET_MAX, 0)
        offsets = {"first": 0, "last": max(0, ((page.total or 0) - 1) // limit * limit)}
        if page.fewer:
            offsets["prev"] = max(0, offset - limit)
        if page.more:
            offsets["next"] = offset + limit
        changes = {
            name: {"page[limit]": str(limit), "page[offset]": str(at)}
            for name, at in offsets.items()
        }
        return {
            name: f"{url}?{self._query.with_changes(change)}" for name, change in changes.items()
        }

    def _link(self, url: str, after: str | None, before: str | None) -> str:
        query = self._query.with_changes({"page[after]": after, "page[before]": before})
        return f"{url}?{query}" if query else url

    def _place_of(self, row: Row) -> Place:
        return Place.of(row, self._keys)

    def _sort_text(self) -> str:
        return ",".join(f"{'-' if key.descending else ''}{key.name}" for key in self._keys)

    def _cursor(self, row: Row) -> str:
        content = {
            "cn": self._resource.controller,
            "sp": self._sort_text(),
            "sv": [key.of(row)[1] for key in self._keys],
            "id": row.id,
            "v": 1,
        }
        return base64.urlsafe_b64encode(compact(content).encode()).decode()

    def _place(self, cursor: str) -> Place:
        try:
            content: dict[str, Any] = json.loads(base64.urlsafe_b64decode(cursor))
            if content["cn"] != self._resource.controller or content["sp"] != self._sort_text():
                raise malformed("The page cursor belongs to another request.")
            values = tuple((value is None, value) for value in content["sv"])
            return Place(self._keys, values, int(content["id"]))
        except (binascii.Error, KeyError, TypeError, ValueError) as error:
            raise malformed("The page cursor could not be read.") from error

    def _bounded(self, name: str, least: int, most: int, default: int) -> int:
        text = self._query.get(name)
        if text is None:
            return default
        if not text.isdecimal() or not least <= int(text) <= most:
            raise invalid(f"'{name}' must be an integer from {least} to {most}.")
        return int(text)


def _disordered(rows: list[Row]) -> list[Row]:
    shown = list(rows)
    for at in range(0, len(shown) - 1, 4):
        shown[at], shown[at + 1] = shown[at + 1], shown[at]
    return shown
