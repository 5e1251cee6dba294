"""Libraries without what they load to show things in colours, wherever that is installed.

structlog and httpx load rich, with a lexer for every language, for tracebacks and for a command of
their own. A service that writes to a log has no use for either: it would be a fifteenth of its
memory, and of each start.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

LIBRARIES = ("structlog", "httpx")
COLOURS = frozenset({"rich", "pygments"})


class _NotInstalled(MetaPathFinder):
    """What they can do without is not there."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 # as the importer asks
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """See `MetaPathFinder.find_spec`."""
        if fullname.partition(".")[0] in COLOURS:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return None


def load() -> None:
    """Load them, before anybody else does; whoever wants colours later has them."""
    finder = _NotInstalled()
    sys.meta_path.insert(0, finder)
    try:
        for library in LIBRARIES:
            import_module(library)
    finally:
        sys.meta_path.remove(finder)
