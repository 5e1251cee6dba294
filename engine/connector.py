"""A connector: what one system brings along, beside its port, for the engine to use it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from engine.model.reason import Words

if TYPE_CHECKING:
    # A command that only reads a configuration needs none of it.
    from pydantic import BaseModel

    from engine.model.pointer import Pointer
    from engine.model.records import RecordType
    from engine.ports import ConnectorEnvironment, Source, Target
    from engine.settings import BudgetSettings


class SourceTerms(Protocol):
    """What the engine reads of a source's settings."""

    @property
    def base_url(self) -> str:
        """Address of the system."""
        ...

    @property
    def requests_in_flight_max(self) -> int:
        """Requests under way at once."""
        ...

    @property
    def page_size(self) -> int:
        """Rows read by one request."""
        ...

    @property
    def record_url(self) -> str:
        """Address of a record with `{ref}` for its reference; blank where it is not known."""
        ...


class TargetTerms(Protocol):
    """What the engine reads of a target's settings."""

    @property
    def base_url(self) -> str:
        """Address of the system."""
        ...

    @property
    def requests_in_flight_max(self) -> int:
        """Requests under way at once."""
        ...

    @property
    def visibility_s(self) -> float:
        """Seconds a collection may lag behind a write."""
        ...

    @property
    def on_missing(self) -> str:
        """ "refuse" or "recreate" a record that is gone."""
        ...

    @property
    def budget(self) -> BudgetSettings:
        """Requests the system may receive from us."""
        ...


@dataclass(frozen=True, slots=True)
class StandardField:
    """A default mapping line: target field, the neutral field it takes, and the conversion."""

    field: str
    standard: str
    conversion: str


def nothing_pointed(_settings: object, _text: str) -> Sequence[Pointer]:
    """Of a connector that knows its records by nothing that people have in hand."""
    return ()


def no_address(_settings: object, _record_type: RecordType, _target_id: int) -> str:
    """Of a connector that does not know where people find its records."""
    return ""


def nothing_reads(_method: str, _url: str, _body: bytes) -> bool:
    """Of a connector that does not tell which of its requests change nothing."""
    return False


@dataclass(frozen=True, slots=True)
class Question:
    """One setting that nobody can guess for an operator, as `wosync init` asks for it.

    Args:
        key: in the connector's own table.
        text: what is asked.
        hint: where to find the answer.
        default: the answer of whoever just presses Enter.
        choices: all the answers there are.
        when: another key and the answer to it under which this is asked.
    """

    key: str
    text: str
    hint: str
    secret: bool = False
    default: str | None = None
    choices: tuple[str, ...] = ()
    when: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class SourceConnector:
    """A source, as the entry-point group `wosync.connectors` offers it.

    `standard_columns` names, for each record type, the columns behind each neutral field; the
    first that is not blank wins. `routes` are all pairs of method and route template that its
    requests have, `sign_in` the route templates of those that serve the credentials alone.
    `words` is what people call the system and the columns that steer the sync. `pointed` tells what
    a text that somebody has in hand may name, from the connector's settings and the text. `written`
    is the method and route of a write-back, by record type. `reads` tells of a request as it goes
    out (method, address, body) whether it surely changes no record there.
    """

    name: str
    settings: type[BaseModel]
    standard_columns: Mapping[RecordType, Mapping[str, tuple[str, ...]]]
    routes: Sequence[tuple[str, str]]
    open: Callable[[Any, ConnectorEnvironment], AbstractAsyncContextManager[Source]]
    questions: Sequence[Question] = ()
    sign_in: frozenset[str] = frozenset()
    words: Words = field(default_factory=Words)
    pointed: Callable[[Any, str], Sequence[Pointer]] = nothing_pointed
    written: Mapping[RecordType, tuple[str, str]] = field(
        default_factory=dict["RecordType", tuple[str, str]]
    )
    reads: Callable[[str, str, bytes], bool] = nothing_reads


@dataclass(frozen=True, slots=True)
class TargetConnector:
    """A target, as the entry-point group `wosync.connectors` offers it.

    `correlation_field` is the filterable field of an opportunity that carries the correlation
    value, `alike_fields` those that tell one deal from another for people, and `email_field` the
    field of a prospect that holds its addresses; `routes`, `sign_in`,
    `pointed` and `reads` as in a source. `title` is what people call the system. `calls` is the
    method and route of each operation of the port that is one request, by its name. `address` is
    where people find a record, blank where that is not known.
    """

    name: str
    settings: type[BaseModel]
    standard_mapping: Mapping[RecordType, Sequence[StandardField]]
    routes: Sequence[tuple[str, str]]
    correlation_field: str
    email_field: str
    open: Callable[[Any, ConnectorEnvironment], AbstractAsyncContextManager[Target]]
    questions: Sequence[Question] = ()
    sign_in: frozenset[str] = frozenset()
    title: str = Words().target
    pointed: Callable[[Any, str], Sequence[Pointer]] = nothing_pointed
    address: Callable[[Any, RecordType, int], str] = no_address
    calls: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    reads: Callable[[str, str, bytes], bool] = nothing_reads
    alike_fields: Sequence[str] = ()
