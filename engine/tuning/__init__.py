"""What limits a running service: two scrapes (`readings`), judged by small rules (`findings`)."""

from engine.tuning.findings import findings
from engine.tuning.readings import Backlog, Rates, Scrape, rates, read_scrape
from engine.tuning.terms import Advice, Finding, Limit, Range

__all__ = [
    "Advice",
    "Backlog",
    "Finding",
    "Limit",
    "Range",
    "Rates",
    "Scrape",
    "findings",
    "rates",
    "read_scrape",
]
