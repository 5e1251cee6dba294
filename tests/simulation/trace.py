"""The trace: one running hash over everything that happened, and counts for the report."""

from __future__ import annotations

import hashlib
import sys
from collections import Counter
from collections.abc import Callable


class Trace:
    """Every request, answer, commit and action, in order, with its virtual time.

    Args:
        now: virtual seconds.
        echo: print each line as well.
    """

    def __init__(self, now: Callable[[], float], *, echo: bool = False) -> None:
        self.counts: Counter[str] = Counter()
        self._now = now
        self._echo = echo
        self._hash = hashlib.sha256()

    def note(self, kind: str, text: str, body: bytes = b"") -> None:
        """Add one line; `kind` is counted."""
        self.counts[kind] += 1
        line = f"{self._now():.6f} {kind} {text}"
        self._hash.update(line.encode("utf-8", "surrogatepass"))
        self._hash.update(body)
        self._hash.update(b"\n")
        if self._echo:
            shown = body.decode("utf-8", "replace")[:300]
            sys.stdout.write(f"{line} {shown}\n".encode("utf-8", "replace").decode())

    @property
    def digest(self) -> str:
        """Hash of everything so far."""
        return self._hash.hexdigest()
