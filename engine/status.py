"""The status: what the service knows about itself, for `/status`, the gauges and readiness."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from engine.about import about
from engine.assembly import Assembly
from engine.store import audit, fuse, report
from engine.store.report import Counts

# So many failed polls in a row, and the service is no longer ready.
LATE_POLLS = 3
REFUSED_SHOWN_MAX = 50


@dataclass(slots=True)
class Status:
    """Reads the assembly; `stopping` is set when the service drains."""

    assembly: Assembly
    stopping: bool = False
    started: bool = False
    waiting_for: str | None = None
    _counts: Counts | None = field(default=None, init=False)

    def not_ready(self) -> str | None:
        """Why the service is not ready, or None when it is."""
        if self.stopping:
            return "stopping"
        if not self.started:
            return self.waiting_for or "starting"
        for name, governor in self.assembly.systems.governors(self.assembly.config).items():
            if governor.pause_reason is not None and governor.paused_s:
                return f"{name} is paused: {governor.pause_reason}"
            if governor.down:
                return f"{name} does not answer"
        poller = self.assembly.poller
        if poller.trouble is not None and (
            not poller.polled.is_set() or poller.failures >= LATE_POLLS
        ):
            return f"the last {poller.failures} polls failed: {poller.trouble}"
        return None if poller.polled.is_set() else "the first poll is under way"

    async def refresh(self) -> Counts:
        """Count, and set the gauges that show state."""
        counts = await self.assembly.store.read(report.counts)
        self._set_gauges(counts)
        await self._set_proofs()
        return counts

    async def _set_proofs(self) -> None:
        """Gauges of the audit and of the fuse."""
        metrics, assembly = self.assembly.metrics, self.assembly
        now = assembly.outside.clock.now()
        late = now - 2 * assembly.config.engine.poller.audit_interval_s
        unproven, oldest = await assembly.store.read(audit.unproven, late)
        metrics.records_unproven.set(unproven)
        metrics.unproven_age.set(0 if oldest is None else max(0.0, now - oldest))
        held = await assembly.store.read(fuse.held)
        metrics.fuse_held.set(held.records)
        metrics.fuse_tripped.set(held.tripped)

    async def document(self) -> dict[str, Any]:
        """Everything, as JSON can carry it."""
        counts = await self.refresh()
        held = await self.assembly.store.read(fuse.held)
        refused = await self.assembly.store.read(report.refused, REFUSED_SHOWN_MAX)
        waiting = await self.assembly.store.read(report.waiting_reasons, 5)
        reason = self.not_ready()
        return {
            "schema_version": 1,
            "version": about().version,
            "ready": reason is None,
            "reason": reason,
            "captured": self.assembly.poller.captured + self.assembly.people_poller.captured,
            "records": {
                "pending": counts.pending,
                "linked": counts.linked,
                "refused": counts.refused,
                "in_doubt": counts.in_doubt,
            },
            "people": {
                "pending": counts.contacts,
                "held_back": counts.lines_held_back,
                "refused": counts.people_refused,
            },
            "approval": {"records": held.records, "needed": held.tripped},
            "outbox": counts.outbox,
            "requests": self._requests(),
            "waiting": [{"reason": reason, "records": number} for reason, number in waiting],
            "refused": [
                {
                    "ref": record.ref,
                    "field": record.field,
                    "class": record.reason_class,
                    "reason": record.reason,
                }
                for record in refused
            ],
        }

    def _requests(self) -> dict[str, int]:
        config = self.assembly.config
        totals = {config.connectors.source.name: 0, config.connectors.target.name: 0}
        for family in self.assembly.metrics.api_requests.collect():
            for sample in family.samples:
                if sample.name.endswith("_total"):
                    totals[sample.labels["connector"]] += int(sample.value)
        return totals

    def _set_gauges(self, counts: Counts) -> None:
        metrics, assembly = self.assembly.metrics, self.assembly
        now = assembly.outside.clock.now()
        oldest = counts.pending_oldest_at
        metrics.pending_records.set(counts.pending)
        metrics.pending_oldest_age.set(0 if oldest is None else max(0.0, now - oldest))
        metrics.in_doubt.set(counts.in_doubt)
        doubt = counts.in_doubt_oldest_at
        metrics.in_doubt_age.set(0 if doubt is None else max(0.0, now - doubt))
        metrics.records_in_error.set(counts.refused)
        metrics.records_linked.set(counts.linked)
        metrics.outbox_entries.set(counts.outbox)
        metrics.ready.set(self.not_ready() is None)
        metrics.contacts_pending.set(counts.contacts)
        metrics.lines_held_back.set(counts.lines_held_back)
        metrics.people_in_error.set(counts.people_refused)
        for mailbox in (assembly.changes, assembly.contacts, assembly.write_backs):
            metrics.mailbox_depth.labels(mailbox.name).set(len(mailbox))
            metrics.mailbox_capacity.labels(mailbox.name).set(mailbox.capacity)
            metrics.mailbox_oldest_age.labels(mailbox.name).set(mailbox.oldest_age_s())
            metrics.mailbox_blocked.labels(mailbox.name).set(mailbox.blocked_senders)
        for name, governor in assembly.systems.governors(assembly.config).items():
            metrics.connector_paused.labels(name).set(governor.paused_s)
            if governor.budget.header_remaining is not None:
                metrics.rate_limit_remaining.labels(name).set(governor.budget.header_remaining)
