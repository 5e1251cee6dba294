"""What every store offers: named operations, each whole, in the terms of `engine.model`.

An operation that changes something is a transaction of its own, durable on return; one that reads
sees everything committed so far.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    # A command that asks for one of them needs none of the others.
    from engine.store.port.acting import Acting
    from engine.store.port.claims import Claims
    from engine.store.port.dossiers import Dossiers
    from engine.store.port.feeds import Audit, Awaited, Feeds
    from engine.store.port.fuse import Fuse
    from engine.store.port.journal import Journal
    from engine.store.port.kept import Kept, Provenance
    from engine.store.port.outbox import Outbox
    from engine.store.port.people import People
    from engine.store.port.records import Records
    from engine.store.port.refusals import Refusals
    from engine.store.port.report import Report
    from engine.store.port.tabs import Tabs
    from engine.store.port.undos import Undos


class Store(Protocol):
    """The state of one pair, by subject.

    Every operation may raise StateUnusable: the state cannot be read, or refused the commit.
    """

    @property
    def records(self) -> Records:
        """Opportunities as work: what is due, what is announced, and how it ended."""
        ...

    @property
    def tabs(self) -> Tabs:
        """People tabs as work, and the roles known."""
        ...

    @property
    def people(self) -> People:
        """What is known of people."""
        ...

    @property
    def claims(self) -> Claims:
        """Whose a target record is."""
        ...

    @property
    def outbox(self) -> Outbox:
        """What records of the source are owed."""
        ...

    @property
    def feeds(self) -> Feeds:
        """What the source shows, taken in."""
        ...

    @property
    def fuse(self) -> Fuse:
        """What is part of a mass change, and waits."""
        ...

    @property
    def audit(self) -> Audit:
        """What is compared with the source by and by."""
        ...

    @property
    def awaited(self) -> Awaited:
        """Whom records wait for."""
        ...

    @property
    def kept(self) -> Kept:
        """Facts, secrets and counts kept between runs."""
        ...

    @property
    def provenance(self) -> Provenance:
        """How old the state is, and whose."""
        ...

    @property
    def dossiers(self) -> Dossiers:
        """All that is known of one record, and which records wait for something."""
        ...

    @property
    def acting(self) -> Acting:
        """What an operator does to records."""
        ...

    @property
    def journal(self) -> Journal:
        """What was decided and written, run by run."""
        ...

    @property
    def undos(self) -> Undos:
        """Taking back what was written."""
        ...

    @property
    def refusals(self) -> Refusals:
        """What refusals depended on, and which are to be weighed again."""
        ...

    @property
    def report(self) -> Report:
        """What an operator is told."""
        ...

    @property
    def waiting(self) -> int:
        """Writes that wait for their turn."""
        ...
