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

    `failing` gives the words in which a person would say why each record cannot be synced;
    `ordinary` counts neither bulk nor failing records.
    """

    users: dict[str, int] = field(default_factory=dict[str, int])
    stages: dict[str, int] = field(default_factory=dict[str, int])
    customers: list[Customer] = field(default_factory=list[Customer])
    people: list[int] = field(default_factory=list[int])
    ordinary: list[int] = field(default_factory=list[int])
    bulk: list[int] = field(default_factory=list[int])
    unticked: list[int] = field(default_factory=list[int])
    flagged: list[int] = field(default_factory=list[int])
    linked: dict[int, int] = field(default_factory=dict[int, int])
    failing: dict[int, str] = field(default_factory=dict[int, str])

    @property
    def opportunities(self) -> int:
        """How many opportunities were planted in Workbooks."""
        kinds = (self.ordinary, self.bulk, self.unticked, self.flagged, self.linked, self.failing)
        return sum(map(len, kinds))
