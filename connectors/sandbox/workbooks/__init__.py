"""An emulator of the Workbooks CRM HTTP API: a world in memory and an ASGI application over it."""

from connectors.sandbox.workbooks.app import workbooks_app
from connectors.sandbox.workbooks.formats import Money
from connectors.sandbox.workbooks.knobs import WorkbooksKnobs
from connectors.sandbox.workbooks.world import WorkbooksWorld

__all__ = ["Money", "WorkbooksKnobs", "WorkbooksWorld", "workbooks_app"]
