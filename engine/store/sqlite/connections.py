"""How statements reach SQLite: functions of its connection."""

from __future__ import annotations

import sqlite3

from engine.store import connections

# One state file. A glance at it takes less than to hand it over to another thread.
Connections = connections.Connections[sqlite3.Connection]
