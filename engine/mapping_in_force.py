"""The mappings in force, one per record type, replaced as a whole when somebody changes a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.errors import Misconfigured
from engine.mapping.fields import BUILT_IN, FieldMapping, LineSetting
from engine.mapping.lines import (
    Composition,
    Layer,
    Mistake,
    columns_of,
    compose,
    describe,
    fingerprint,
    refuse,
)
from engine.mapping.settings import TABLES
from engine.model.records import Column, MappingRow, RecordType

if TYPE_CHECKING:
    from engine.config.loading import Config
    from engine.ports import Source, Target

IN_FILE = "config.toml"
IN_SOURCE = "source"


@dataclass(slots=True)
class Mappings:
    """What each record type's target fields are filled with.

    Before `load` it holds what the configuration says, as far as it can be told without asking
    the systems; that is enough to know which columns to read. `kept_in_source` tells whether the
    source keeps lines of its own, `mistakes` which of those cannot work.
    """

    config: Config
    source: Source
    target: Target
    mistakes: list[Mistake] = field(default_factory=list[Mistake], init=False)
    kept_in_source: bool = field(default=False, init=False)
    _rows: list[MappingRow] = field(default_factory=list[MappingRow], init=False)
    _in_force: dict[RecordType, FieldMapping] = field(init=False)

    def __post_init__(self) -> None:
        self._in_force = {}
        for record_type in RecordType:
            self._replace(record_type, self._compose(record_type, [], None))

    def of(self, record_type: RecordType) -> FieldMapping:
        """The lines in force."""
        return self._in_force[record_type]

    @property
    def fingerprint(self) -> str:
        """Changes when what the opportunity lines do changes, or whether people are synced."""
        lines = fingerprint(self.of(RecordType.OPPORTUNITY).lines)
        return lines if self.source.people else f"{lines} without people"

    @property
    def customised(self) -> bool:
        """Whether any line is not a default one, so that custom fields may be needed."""
        for record_type in RecordType:
            defaults = self.config.connectors.default_mapping(record_type)
            for layer in self._layers(record_type, self._rows)[1:]:
                if any(defaults.get(name) != line for name, line in layer.lines.items()):
                    return True
        return False

    async def load(self) -> None:
        """Compose anew, with what both systems say about their fields and the source's own lines.

        Raises:
            Misconfigured: a line of the configuration cannot work, or the source's own lines were
                read before and are out of reach now.
            Transient: the source could not be asked.
        """
        kept = await self.source.mapping_rows()
        if kept is None and self.kept_in_source:
            # More likely a right withdrawn than every line: nothing is changed on that word.
            raise Misconfigured(
                "the mapping lines kept in the source cannot be read any more",
                remedy="give our user access to them again, or restart to go on without them",
            )
        self.kept_in_source = kept is not None
        rows = self._rows = kept or []
        mistakes = _repeated(rows)
        refused: list[Mistake] = []
        composed: dict[RecordType, Composition] = {}
        for record_type in RecordType:
            columns = await self.source.columns(record_type)
            composition = self._compose(record_type, rows, columns)
            refused += [one for one in composition.mistakes if one.origin != IN_SOURCE]
            mistakes += [one for one in composition.mistakes if one.origin == IN_SOURCE]
            composed[record_type] = composition
        refused += self._lost_correlation(composed[RecordType.OPPORTUNITY])
        refuse(refused, "mapping.*")
        self.mistakes = mistakes
        for record_type, composition in composed.items():
            self._replace(record_type, composition)

    def document(self) -> dict[str, Any]:
        """The lines in force by table, and those left out, as JSON can carry them."""
        lines = {
            table: [
                {"field": name, "filled_with": filling, "origin": origin}
                for name, filling, origin in describe(self.of(record_type).lines)
            ]
            for record_type, table in TABLES.items()
        }
        left_out = [mistake.text for mistake in self.mistakes]
        return {"schema_version": 1, **lines, "left_out": left_out}

    def _compose(
        self,
        record_type: RecordType,
        rows: Sequence[MappingRow],
        columns: Mapping[str, Column] | None,
    ) -> Composition:
        fields = self.target.fields(record_type)
        layers = self._layers(record_type, rows)
        return compose(layers, fields, columns, TABLES[record_type])

    def _lost_correlation(self, composition: Composition) -> list[Mistake]:
        """Without this field every create would be refused, one record after the other."""
        name = self.config.connectors.target.correlation_field
        if any(line.field.name == name for line in composition.lines):
            return []
        table = TABLES[RecordType.OPPORTUNITY]
        text = f"[{table}] {name}: it finds a create whose answer was lost, so it must be mapped"
        return [Mistake(IN_FILE, text)]

    def _layers(self, record_type: RecordType, rows: Sequence[MappingRow]) -> list[Layer]:
        settings = self.config.engine.mapping
        written = settings.opportunity
        if record_type is RecordType.PERSON:
            written = settings.prospect
        kept = {
            row.field: LineSetting((row.column,)) for row in rows if row.record_type is record_type
        }
        return [
            Layer(BUILT_IN, self.config.connectors.default_mapping(record_type)),
            Layer(IN_FILE, written),
            Layer(IN_SOURCE, kept),
        ]

    def _replace(self, record_type: RecordType, composition: Composition) -> None:
        self._in_force[record_type] = FieldMapping(composition.lines, self.source, self.target)
        self.source.select(record_type, columns_of(composition.lines))


def _repeated(rows: Sequence[MappingRow]) -> list[Mistake]:
    """Fields that more than one line kept in the source fills."""
    counts = Counter((row.record_type, row.field) for row in rows)
    return [
        Mistake(
            IN_SOURCE, f"[{TABLES[record_type]}] {name}: {count} records fill it; the last counts"
        )
        for (record_type, name), count in counts.items()
        if count > 1
    ]
