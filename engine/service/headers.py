"""Headers by which a command and the service know each other on the service's HTTP port.

By themselves, so that a command that only asks loads nothing of the service.
"""

from __future__ import annotations

ASKED_BY = "X-Requested-With"
# The configuration of the service that a command means; two pairs may stand on one port by mistake.
CONFIG_OF = "X-Wosync-Config"
