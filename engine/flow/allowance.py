"""What an operator allows a system to be asked, and what a limit makes of that."""

from __future__ import annotations

from dataclasses import dataclass

HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class BudgetLimits:
    """What may be spent, in requests.

    Args:
        per_hour: our own ceiling for any 60 minutes; 0 leaves it to the system's headers.
        reserve: requests per hour left for others who share the allowance.
        per_year: ceiling for any 365 days; 0 for none.
        fresh_share: part (0..1) of the hourly allowance that a backlog may not use.
    """

    per_hour: int = 0
    reserve: int = 0
    per_year: int = 0
    fresh_share: float = 0.1

    def of(self, limit: int) -> int:
        """What a limit leaves us."""
        # A reserve larger than half the limit would stop the service for ever; half is kept.
        return max(1, limit - min(self.reserve, limit // 2))

    def share_of(self, limit: int) -> int:
        """What of that is kept for fresh edits."""
        return int(self.of(limit) * self.fresh_share)


@dataclass(frozen=True, slots=True)
class Grant:
    """When a number of requests will have been allowed, the last `requests` of them only then."""

    after_s: float
    requests: float
