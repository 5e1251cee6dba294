"""Headers by which a command and the service know each other on the service's HTTP port.

By themselves, so that a command that only asks loads nothing of the service.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote_from_bytes

# The control token of the service; see `engine.service.control`.
TOKEN = "X-Wosync-Token"  # noqa: S105 # the header's name
# The token of whoever may have the poller look at once; see `[service] nudge_token`.
NUDGE_TOKEN = "X-Wosync-Nudge-Token"  # noqa: S105 # the header's name
# The configuration of the service that a command means; two pairs may stand on one port by mistake.
CONFIG_OF = "X-Wosync-Config"
# The version of a command, and in the answer that of the service: an upgrade may lie between them.
VERSION = "X-Wosync-Version"


def header_of(config: Path) -> str:
    """A configuration as `CONFIG_OF` names it: whole, and in characters that a header may have."""
    return quote_from_bytes(os.fsencode(config.resolve()))
