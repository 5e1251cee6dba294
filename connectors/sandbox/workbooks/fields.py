"""Fields: the columns of a record type, as read, written and described in the metadata."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from connectors.sandbox.workbooks.formats import Value


@dataclass(slots=True)
class Row:
    """One record. `values` is sparse, by storage key: a null takes no room."""

    id: int
    created_at: int
    created_by: int
    updated_at: int
    updated_by: int
    created_through: str
    lock_version: int = 0
    is_deleted: bool = False
    values: dict[str, Value] = field(default_factory=dict[str, Value])


Read = Callable[[Row], Value]


@dataclass(slots=True)
class Field:
    """One column.

    `key` never changes, while `name`, the name on the wire, may be changed by an administrator.
    `depends_on` names the storage keys a calculated column follows. `by_hand` lets a CRM user set
    a calculated column by what they see on the form: it gives the key and value behind it.
    """

    name: str
    title: str
    datatype: str
    read: Read
    key: str
    updateable: bool = True
    required: bool = False
    stored: bool = True
    served: bool = True
    depends_on: tuple[str, ...] = ()
    by_hand: Callable[[Value], tuple[str, Value]] | None = None
    custom_field_id: int = 0
    picklist_id: int = 0

    @property
    def wire_datatype(self) -> str:
        """The datatype in the metadata, where all arrays are one."""
        return "array" if self.datatype in ("id_array", "text_array") else self.datatype


def stored(
    name: str,
    title: str,
    datatype: str,
    *,
    updateable: bool = True,
    required: bool = False,
) -> Field:
    """A column that keeps what is put in."""

    def read(row: Row) -> Value:
        return row.values.get(name)

    return Field(name, title, datatype, read, name, updateable=updateable, required=required)


def calculated(
    name: str,
    title: str,
    datatype: str,
    read: Read,
    depends_on: tuple[str, ...] = (),
    *,
    by_hand: Callable[[Value], tuple[str, Value]] | None = None,
) -> Field:
    """A column that follows others and cannot be written through the API."""
    return Field(
        name,
        title,
        datatype,
        read,
        name,
        updateable=False,
        stored=False,
        depends_on=depends_on,
        by_hand=by_hand,
    )


@lru_cache(maxsize=1024)
def nested_name(text: str) -> str:
    """The one spelling of a related column, out of every spelling callers use (§2.5).

    `a[b][c]`, `a[b[c]]`, `a[b][c]][]` and `a[b[c]][]` are all `a[b[c]]`.
    """
    if "[" not in text:
        return text
    parts = [part for part in re.split(r"[\[\]]+", text) if part]
    return "[".join(parts) + "]" * (len(parts) - 1)


def python_name(name: str) -> str:
    """A column name as a Python keyword: `main_location[email]` is `main_location_email`."""
    return re.sub(r"[\[\]]+", "_", name).rstrip("_") if "[" in name else name


def snake_case(title: str) -> str:
    """The part of a custom field's API name made from its title (§13): punctuation is dropped."""
    return re.sub(r"\s+", "_", re.sub(r"[^a-z0-9 _]", "", title.lower()).strip())


class RecordType:
    """A class of records with its columns; the one source of metadata and of served columns."""

    def __init__(
        self,
        class_name: str,
        path: str,
        human_name: str,
        ref_prefix: str,
        fields: list[Field],
        *,
        human_plural: str = "",
        writable: bool = True,
    ) -> None:
        self.class_name = class_name
        self.path = path
        self.human_name = human_name
        self.human_plural = human_plural or f"{human_name}s"
        self.ref_prefix = ref_prefix
        self.writable = writable
        self.fields = fields
        self.by_name: dict[str, Field] = {}
        self.by_key: dict[str, Field] = {}
        self.followers: dict[str, list[Field]] = {}
        self._by_python_name: dict[str, Field] = {}
        self.index()

    def index(self) -> None:
        """Look the columns over again after one was added, renamed, hidden or taken away."""
        self.by_name = {one.name: one for one in self.fields if one.served}
        self.by_key = {one.key: one for one in self.fields}
        self.followers = {}
        for one in self.fields:
            for key in one.depends_on:
                self.followers.setdefault(key, []).append(one)
        self._by_python_name = {python_name(one.name): one for one in self.fields}

    def named(self, name: str) -> Field:
        """The column with this API name, Python name or storage key.

        Raises:
            KeyError: the type has no such column.
        """
        found = self.by_name.get(name) or self._by_python_name.get(name) or self.by_key.get(name)
        if found is None:
            raise KeyError(f"{self.class_name} has no column {name}")
        return found
