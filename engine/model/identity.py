"""Identity: what can be the id of a record, in either system."""

from __future__ import annotations

# Ids are 64 bits wide at most; a longer row of digits is not even worth converting.
ID_MAX = 2**63 - 1
DIGITS_MAX = len(str(ID_MAX))


def id_of(text: str) -> int | None:
    """The id that these digits are; None when no record can have it."""
    if not text.isascii() or not text.isdigit() or len(text) > DIGITS_MAX:
        return None
    number = int(text)
    return number if 0 < number <= ID_MAX else None
