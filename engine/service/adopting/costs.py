"""Costs: the requests that carrying out an adoption takes."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from engine.assembly.assembly import Assembly
from engine.flow.tally import Counted, Tally
from engine.model.plan import Change, Kind, LeftOut
from engine.model.records import RecordType
from engine.service.planning.applying import BATCH_MAX

# What the source is asked for and told of many records at once.
_TOLD = (Kind.WRITE_BACK, Kind.UNFLAG)


@dataclass(slots=True)
class Costs:
    """Counts what the lines of a plan take.

    Args:
        reading: what it took to find them.
    """

    assembly: Assembly
    reading: Tally
    _looks: int = field(default=0, init=False)
    _kinds: Counter[Kind] = field(default_factory=Counter[Kind], init=False)
    _told: set[int] = field(default_factory=set[int], init=False)

    def note(self, line: Change | LeftOut) -> None:
        """Take a line in."""
        if not isinstance(line, Change):
            return
        self._kinds[line.kind] += 1
        if line.kind in _TOLD:
            self._told.add(line.record_id)
        # Each is looked at once before it is linked where the source does not name it, and once
        # more before a field is written.
        named = any(edit.field == "id" and edit.before is None for edit in line.edits)
        self._looks += line.kind in (Kind.ADOPT, Kind.UPDATE)
        self._looks += named and line.kind is Kind.WRITE_BACK

    def tally(self) -> Tally:
        """All of it."""
        connectors, tally = self.assembly.config.connectors, Tally()
        calls, name = connectors.target.calls, connectors.target.name
        for operation, number in (("get", self._looks), ("update", self._kinds[Kind.UPDATE])):
            kind = Counted(name, *calls.get(operation, ("", operation)))
            tally.counts[kind] += number
            if number and operation == "update":
                tally.writes.add(kind)
        written = connectors.source.written.get(RecordType.OPPORTUNITY, ("", "write_back"))
        told = Counted(connectors.source.name, *written)
        tally.counts[told] += math.ceil(len(self._told) / BATCH_MAX)
        for read in self.reading.counts:
            if (read.system, read.route) == (connectors.source.name, written[1]):
                tally.counts[read] += math.ceil(self._kinds[Kind.ADOPT] / BATCH_MAX)
        if self._told:
            tally.writes.add(told)
        tally.counts = Counter({kind: number for kind, number in tally.counts.items() if number})
        return tally
