"""docs/reasons.md: every reason there is, what it means and what helps."""

from __future__ import annotations

from collections.abc import Iterator

from engine.config.loading import installed_connectors
from engine.decide.reasons import SUBJECTS
from engine.decide.why.remedies import in_general
from engine.model.reason import Entry

_HEAD = """# Reasons

Generated from the service's own catalogue by `python -m grafana.generator`; do not edit.

Whatever is refused, waits, is held or skipped, or has a field left blank has a reason with one of
these codes; `wosync explain CODE` says the same of one of them. A code never changes its meaning. A
class is either that of an error, as in the metrics, or *skip* (left out as it stands), *wait* (goes
on by itself), *hold* (waits for an approval) or *blank* (synced without this field).
"""


def page() -> str:
    """The whole document."""
    return "\n".join([_HEAD, *_subjects()])


def _subjects() -> Iterator[str]:
    words = installed_connectors().words
    for subject, entries in SUBJECTS.items():
        yield f"## {subject}\n"
        for entry in entries:
            yield from _entry(entry.worded(words))


def _entry(entry: Entry) -> Iterator[str]:
    yield f"### {entry.code.value}\n"
    yield f"*Class* {entry.kind}. {entry.admin}\n"
    yield f"*Cause* {entry.engineer}\n"
    yield f"*What to do* {in_general(entry)}\n"
    yield f"*Ends with* {entry.ends}\n"
