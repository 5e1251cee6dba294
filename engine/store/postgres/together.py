"""What many ask for at the same moment, done at once: one statement for all who ask the like.

What concerns one record is done in the order in which it was asked for, and so is whatever is not
done for many at once, beside all that was asked before and after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import psycopg

from engine.store.grouping import Call, Job, JobFailed
from engine.store.postgres import linked, settle, work
from engine.store.postgres.session import Session

_EACH: Mapping[Callable[..., Any], Callable[[Session, Sequence[Call]], Sequence[Any]]] = {
    work.load: work.load_each,
    work.open_intent: work.open_each,
    settle.settle_linked: linked.settle_each,
}
"""By a function whose first argument is a record, that which does the same for many calls."""


def run(session: Session, group: Sequence[Job[Session]]) -> None:
    """Run them; each has its result then.

    Raises:
        psycopg.Error: a statement of one of them failed.
        JobFailed: one of them failed otherwise.
    """
    try:
        steps = list(_steps(group))
        for jobs in steps:
            session.begin_job(last=jobs is steps[-1])
            calls = [job.call for job in jobs if job.call is not None]
            each = _EACH.get(calls[0].function) if calls else None
            results = [jobs[0].run(session)] if each is None else each(session, calls)
            for job, result in zip(jobs, results, strict=True):
                job.result = result
    except psycopg.Error:
        raise
    except Exception as error:
        raise JobFailed from error


def _steps(group: Sequence[Job[Session]]) -> Iterator[list[Job[Session]]]:
    """What is done one after the other: a job, or many that are alike."""
    alike: dict[Callable[..., Any], list[Job[Session]]] = {}
    concerned: set[int] = set()
    for job in group:
        call = job.call
        if call is None or call.function not in _EACH:
            yield from alike.values()
            alike, concerned = {}, set()
            yield [job]
            continue
        first = call.args[0]
        record_id = first if isinstance(first, int) else first.id
        if record_id in concerned:
            yield from alike.values()
            alike, concerned = {}, set()
        concerned.add(record_id)
        alike.setdefault(call.function, []).append(job)
    yield from alike.values()
