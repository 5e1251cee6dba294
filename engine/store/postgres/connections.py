"""How statements reach PostgreSQL: functions of a session in a transaction."""

from __future__ import annotations

from engine.store import connections
from engine.store.postgres.session import Session

# One schema of a database.
Connections = connections.Connections[Session]
