"""What the sample data consists of, for those who need to find a record of a certain kind."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Customer:
    """An organisation: its Workbooks id, its short name, its Outreach account if it has one."""

    id: int
    short_name: str
    account_id: int | None


@dataclass(slots=True)
class Sample:
    """What was planted: Workbooks ids by kind, and Outreach ids by name.

    Opportunities: `failing` gives the words in which a person would say why each record cannot be
    synced; `ordinary` counts neither bulk nor failing records. `left` is the past of the vendor's
    plugin by kind, where it was asked for.

    People: `prospects` carry the id of their prospect; `unlinked` have one with the same e-mail
    address, whose id nobody has written down; `newcomers` have none yet. The others cannot get
    one: `unsynced`, `without_email`, and `refused`, each for the reason given. `roles` are the
    Outreach ids of roles that were there before.
    """

    users: dict[str, int] = field(default_factory=dict[str, int])
    stages: dict[str, int] = field(default_factory=dict[str, int])
    customers: list[Customer] = field(default_factory=list[Customer])
    ordinary: list[int] = field(default_factory=list[int])
    bulk: list[int] = field(default_factory=list[int])
    unticked: list[int] = field(default_factory=list[int])
    flagged: list[int] = field(default_factory=list[int])
    linked: dict[int, int] = field(default_factory=dict[int, int])
    failing: dict[int, str] = field(default_factory=dict[int, str])
    left: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    prospects: dict[int, int] = field(default_factory=dict[int, int])
    unlinked: dict[int, int] = field(default_factory=dict[int, int])
    newcomers: list[int] = field(default_factory=list[int])
    unsynced: list[int] = field(default_factory=list[int])
    without_email: list[int] = field(default_factory=list[int])
    refused: dict[int, str] = field(default_factory=dict[int, str])
    roles: set[int] = field(default_factory=set[int])

    @property
    def opportunities(self) -> int:
        """How many opportunities were planted in Workbooks."""
        kinds = (self.ordinary, self.bulk, self.unticked, self.flagged, self.linked, self.failing)
        return sum(map(len, kinds))

    @property
    def available(self) -> list[int]:
        """People who are prospects, or become one at the first synchronisation."""
        return [*self.prospects, *self.unlinked, *self.newcomers]

    @property
    def held_back(self) -> list[int]:
        """People who cannot become prospects as they are."""
        return [*self.unsynced, *self.without_email, *self.refused]
