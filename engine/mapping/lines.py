"""Mapping lines: composed from layers of settings, checked against both sides, and described.

Pure. A line that cannot work is left out and reported; whether that stops the service is for the
caller to say.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.errors import Misconfigured
from engine.mapping.checks import ALLOWED, UNREADABLE, check_constant, nearest, shown, well_formed
from engine.mapping.fields import BUILT_IN, Conversion, Line, LineSetting, Template
from engine.model.records import REFERENCES, Column, FieldKind, TargetField


@dataclass(frozen=True, slots=True)
class Layer:
    """Lines from one place, by target field or label; None leaves the field alone."""

    origin: str
    lines: Mapping[str, LineSetting | None]


@dataclass(frozen=True, slots=True)
class Mistake:
    """A line that cannot work, and who asked for it."""

    origin: str
    text: str


@dataclass(frozen=True, slots=True)
class Composition:
    """The lines in force, and what was left out of them."""

    lines: list[Line]
    mistakes: list[Mistake]


def compose(
    layers: Sequence[Layer],
    fields: Mapping[str, TargetField],
    columns: Mapping[str, Column] | None,
    table: str,
) -> Composition:
    """The lines in force: of each target field, the one of the last layer that has a sound one.

    Args:
        fields: every field that can be written, by name.
        columns: every column of the source by name; None when that is not known.
        table: the table of the configuration, for the texts of mistakes.
    """
    return _Composer(layers, fields, columns, table).compose()


def refuse(mistakes: Sequence[Mistake], table: str) -> None:
    """Refuse these mistakes, if there are any.

    Raises:
        Misconfigured: every mistake at once, each with its line.
    """
    if mistakes:
        raise Misconfigured(
            "the mapping cannot be used:\n  " + "\n  ".join(one.text for one in mistakes),
            remedy=f"correct these lines of [{table}] in config.toml",
        )


def columns_of(lines: Sequence[Line]) -> list[str]:
    """Every source column the lines read, each once."""
    return list(dict.fromkeys(column for line in lines for column in line.columns))


@dataclass(slots=True)
class _Composer:
    layers: Sequence[Layer]
    fields: Mapping[str, TargetField]
    columns: Mapping[str, Column] | None
    table: str
    lines: dict[str, Line | None] = field(default_factory=dict[str, Line | None])
    mistakes: list[Mistake] = field(default_factory=list[Mistake])
    mistaken: set[str] = field(default_factory=set[str])
    # The last layer that spoke of a field.
    origins: dict[str, str] = field(default_factory=dict[str, str])

    def compose(self) -> Composition:
        for layer in self.layers:
            self._add(layer)
        lines = {name: line for name, line in self.lines.items() if line is not None}
        for name in sorted(self.fields):
            target = self.fields[name]
            # A field that an administrator added refuses the records that lack it, no more.
            demanded = target.required and target.label is None
            if demanded and name not in lines and name not in self.mistaken:
                origin = self.origins.get(name, BUILT_IN)
                reason = "the target demands this field, so it must be mapped"
                self._mistake(origin, target.title, reason)
        return Composition(list(lines.values()), self.mistakes)

    def _add(self, layer: Layer) -> None:
        named: dict[str, str] = {}
        for written, setting in layer.lines.items():
            try:
                target = _find(written, self.fields)
            except ValueError as error:
                self._mistake(layer.origin, written, str(error))
                continue
            try:
                if target.name in named:
                    raise ValueError(f"{named[target.name]!r} is the same field")
                named[target.name] = written
                self.origins[target.name] = layer.origin
                line = None if setting is None else self._line(target, setting, layer.origin)
            except ValueError as error:
                self.mistaken.add(target.name)
                self._mistake(layer.origin, written, str(error))
            else:
                self.lines[target.name] = line

    def _mistake(self, origin: str, name: str, reason: str) -> None:
        self.mistakes.append(Mistake(origin, f"[{self.table}] {name}: {reason}"))

    def _line(self, target: TargetField, setting: LineSetting, origin: str) -> Line:
        if target.required and setting.skip_blank and setting.default is None:
            raise ValueError("the target demands this field, so skip_blank needs a default")
        if target.kind is FieldKind.ACCOUNT and not _plain(setting):
            raise ValueError("only a column can say which customer it is, so it takes from alone")
        template = None if setting.template is None else Template.parse(setting.template)
        read = setting.columns if template is None else template.columns
        if not read and setting.constant is None:
            raise ValueError("it names no column")
        for column in read:
            self._check_column(column, origin)
        for constant in (setting.constant, setting.default, *setting.values.values()):
            if constant is not None:
                check_constant(target, constant)
        return Line(
            target,
            read,
            self._conversion(target, setting),
            origin,
            setting.values,
            setting.constant,
            template,
            setting.skip_blank,
            setting.default,
        )

    def _conversion(self, target: TargetField, setting: LineSetting) -> Conversion:
        allowed = ALLOWED[target.kind]
        if not setting.columns and target.kind not in REFERENCES:
            # A template makes a text; a constant is taken as it stands.
            allowed = (Conversion.TEXT, *(one for one in allowed if one is not Conversion.TEXT))
        if setting.conversion is None:
            candidates = [one for one in allowed if one is not Conversion.PICKLIST]
            fitting = (one for one in candidates if self._unreadable(setting.columns, one) is None)
            conversion = next(fitting, candidates[0])
        elif setting.conversion in set(allowed):
            conversion = Conversion(setting.conversion)
        else:
            raise ValueError(
                f"conversion {setting.conversion!r} does not suit it; possible:"
                f" {', '.join(allowed)}"
                + nearest(setting.conversion, [one.value for one in allowed])
            )
        if column := self._unreadable(setting.columns, conversion):
            raise ValueError(
                f"the column {column.name!r} holds a {column.datatype}, which cannot be read as"
                f" {conversion}; possible: {', '.join(allowed)}"
            )
        return conversion

    def _unreadable(self, columns: Sequence[str], conversion: Conversion) -> Column | None:
        """The first column that can never be read so."""
        for name in columns:
            column = (self.columns or {}).get(name)
            datatype = (column.datatype or "") if column is not None else ""
            if conversion in UNREADABLE.get(datatype.lower(), ()):
                return column
        return None

    def _check_column(self, name: str, origin: str) -> None:
        if "[" in name or "]" in name:
            if not well_formed(name):
                raise ValueError(
                    f"{name!r} is not a related column; those look like relation[column]"
                )
            return
        if self.columns is None or origin == BUILT_IN or name in self.columns:
            return
        # A built-in line may be written out, whatever the metadata leaves unsaid.
        built_in = (
            line
            for layer in self.layers
            if layer.origin == BUILT_IN
            for line in layer.lines.values()
        )
        if any(line is not None and name in line.columns for line in built_in):
            return
        titled = [one.name for one in self.columns.values() if one.title.lower() == name.lower()]
        hint = f"; did you mean {titled[0]!r}?" if titled else nearest(name, list(self.columns))
        raise ValueError(f"there is no column {name!r}{hint}")


def _find(written: str, fields: Mapping[str, TargetField]) -> TargetField:
    """The field of this name, or else of this label."""
    if written in fields:
        return fields[written]
    wanted = written.strip().casefold()
    labelled = [one for one in fields.values() if one.label and _folded(one.label) == wanted]
    if len(labelled) == 1:
        return labelled[0]
    if labelled:
        names = ", ".join(one.name for one in labelled)
        raise ValueError(f"several fields have this label; use a name instead: {names}")
    known = [*fields, *(one.label for one in fields.values() if one.label)]
    raise ValueError("no such writable field" + nearest(written, known))


def _folded(text: str) -> str:
    return text.strip().casefold()


def _plain(setting: LineSetting) -> bool:
    return bool(setting.columns) and setting.default is None


def fingerprint(lines: Sequence[Line]) -> str:
    """SHA-256, in hex, of what the lines do: equal for equal effects, whoever asked for them."""
    effects = sorted(json.dumps(_effect(line), sort_keys=True) for line in lines)
    return hashlib.sha256("\n".join(effects).encode()).hexdigest()


def _effect(line: Line) -> list[object]:
    return [
        line.field.name,
        line.field.kind,
        line.field.as_text,
        line.columns,
        line.conversion,
        {text: shown(value) for text, value in line.values.items()},
        None if line.constant is None else shown(line.constant),
        None if line.template is None else line.template.text,
        line.skip_blank,
        None if line.default is None else shown(line.default),
    ]


def describe(lines: Sequence[Line]) -> list[tuple[str, str, str]]:
    """Rows for printing: the target field with its label, what fills it, and who asked for it."""
    return [(line.field.title, _filling(line), line.origin) for line in lines]


def _filling(line: Line) -> str:
    if line.constant is not None:
        return f"constant {shown(line.constant)}"
    source = ", ".join(line.columns)
    if line.template is not None:
        source = f"template {shown(line.template.text)}"
    terms = [f"as {line.conversion}"]
    if line.values:
        terms.append(f"{len(line.values)} value{'s' if len(line.values) > 1 else ''}")
    if line.default is not None:
        terms.append(f"default {shown(line.default)}")
    if line.skip_blank:
        terms.append("skip blank")
    return f"{source} ({', '.join(terms)})"
