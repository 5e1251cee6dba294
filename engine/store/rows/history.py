"""How much history a state keeps."""

from __future__ import annotations

# Lines of history without writes kept for each record.
HISTORY_MAX = 50
DAY_S = 86_400.0
