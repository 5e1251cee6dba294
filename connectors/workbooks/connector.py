"""Workbooks, as the entry point offers it: what is known of it before anybody speaks with it.

Every command that reads a configuration loads this; only who opens the source loads what speaks
with it.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from connectors.workbooks.pointing import pointed
from connectors.workbooks.questions import QUESTIONS
from connectors.workbooks.routes import ROUTES, SIGN_IN, WRITTEN, reads
from connectors.workbooks.settings import WorkbooksSettings
from connectors.workbooks.standard import STANDARD_COLUMNS
from engine import SourceConnector, Words

if TYPE_CHECKING:
    from connectors.workbooks.source import WorkbooksSource
    from engine import ConnectorEnvironment

# As the plugin's columns are titled (workbooks-api §13).
WORDS = Words(
    source="Workbooks", sync="Sync to Outreach", error="Outreach Sync Error", id="Outreach Id"
)


def _open(
    settings: WorkbooksSettings, environment: ConnectorEnvironment
) -> AbstractAsyncContextManager[WorkbooksSource]:
    from connectors.workbooks.source import open_source

    return open_source(settings, environment)


connector = SourceConnector(
    name="workbooks",
    settings=WorkbooksSettings,
    standard_columns=STANDARD_COLUMNS,
    routes=ROUTES,
    open=_open,
    sign_in=SIGN_IN,
    reads=reads,
    words=WORDS,
    questions=QUESTIONS,
    pointed=pointed,
    written=WRITTEN,
)
