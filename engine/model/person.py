"""What is known of a person of the source."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of a person; times in unix seconds.

    `prospect_id` is None while there is no prospect, and `reason` then says why. `doubt_since` is
    set while it is not known whether a create was executed; `refused_version` is the version of
    the person that the target refused. `sent` creates failed or got lost in a row, the last one at
    `failed_at`, and the next is due at `retry_at`. `taken_at` is set while the target calls the
    e-mail address taken and shows nobody who has it: it was looked for last then.
    """

    id: int
    ref: str
    version: int
    read_at: float
    prospect_id: int | None
    delivered_id: str | None
    delivered_version: int | None
    refused_version: int | None
    doubt_since: float | None
    reason: str | None
    email: str | None
    sent: int = 0
    failed_at: float | None = None
    taken_at: float | None = None
    retry_at: float = 0.0
