"""What this database has of what the plugin installs: found by the start-up steps, then kept.

Opportunities must have the plugin's columns. People need not: without them opportunities are
synchronised all the same. Nor need relationships have a resource of their own (workbooks-api §21
A15).
"""

from __future__ import annotations

from connectors.workbooks import discovery, listings
from connectors.workbooks.answers import SYSTEM
from connectors.workbooks.catalogue import Catalogue, Read
from connectors.workbooks.discovery import NotInstalled
from connectors.workbooks.paths import RELATIONSHIPS
from connectors.workbooks.settings import WorkbooksSettings
from connectors.workbooks.tab import RELATIONSHIP_COLUMNS
from connectors.workbooks.wire import CLASSES, ORGANISATION_CLASS, PluginColumns
from engine import Misconfigured, OurFault, Position, RecordType, Unauthorized

# Ahead of every relationship.
ORIGIN = Position(0, 0)


class Installation:
    """The plugin's columns by record type, and which optional resources answer."""

    def __init__(self, read: Read, settings: WorkbooksSettings) -> None:
        self._read = read
        self._settings = settings
        self._plugins: dict[RecordType, PluginColumns] = {}
        self._catalogues: dict[RecordType, Catalogue] = {}
        self._account_field: str | None = None
        self._relationships_listed = False

    @property
    def account_field(self) -> str | None:
        """Organisation column with its Outreach account id."""
        return self._account_field

    @property
    def people(self) -> bool:
        """Whether people carry the plugin's columns."""
        return RecordType.PERSON in self._plugins

    @property
    def relationships_listed(self) -> bool:
        """Whether relationships have a resource of their own."""
        return self._relationships_listed

    def plugin(self, record_type: RecordType) -> PluginColumns:
        """The plugin's columns on a record type.

        Raises:
            OurFault: they have not been found.
        """
        found = self._plugins.get(record_type)
        if found is None:
            raise OurFault(
                f"the plugin's columns of a {record_type} are not known: either the start-up steps"
                " have not run, or people are not synchronised",
                system=SYSTEM,
            )
        return found

    def catalogue(self, record_type: RecordType) -> Catalogue:
        """The fields of a record type, as read when the steps ran last."""
        if record_type not in self._catalogues:
            self._catalogues[record_type] = Catalogue(self._read, CLASSES[record_type])
        return self._catalogues[record_type]

    async def find_fields(self) -> str:
        """Find the columns of opportunities, and of organisations; returns them for an operator.

        Raises:
            Misconfigured: as `discovery.opportunity_columns` and `discovery.account_column`.
            EngineError: the catalogues cannot be read now.
        """
        catalogue = Catalogue(self._read, CLASSES[RecordType.OPPORTUNITY])
        plugin = await discovery.opportunity_columns(catalogue, self._settings)
        organisations = Catalogue(self._read, ORGANISATION_CLASS)
        account_field = await discovery.account_column(organisations, self._settings)
        self._catalogues[RecordType.OPPORTUNITY] = catalogue
        self._plugins[RecordType.OPPORTUNITY] = plugin
        self._account_field = account_field
        return f"{_named(plugin)}, account_field = {account_field or 'none, accounts stay blank'}"

    async def find_people(self) -> str:
        """Find the columns of people; returns them, or why people are not synchronised.

        Raises:
            Misconfigured: as `discovery.person_columns`.
            EngineError: the catalogues cannot be read now.
        """
        catalogue = Catalogue(self._read, CLASSES[RecordType.PERSON])
        found = await discovery.person_columns(catalogue, self._settings)
        self._catalogues[RecordType.PERSON] = catalogue
        if isinstance(found, NotInstalled):
            return self.leave_people_out(str(found))
        self._plugins[RecordType.PERSON] = found
        return f"{_named(found)}, duplicate = {found.duplicate or 'none'}"

    def leave_people_out(self, reason: str) -> str:
        """From now on people are not synchronised; returns that for an operator."""
        self._plugins.pop(RecordType.PERSON, None)
        return f"people are not synchronised: {reason}"

    async def find_relationships(self) -> str:
        """Find out whether relationships can be listed; returns that for an operator.

        Raises:
            Unauthorized: the credentials are refused.
            EngineError: the service does not answer now.
        """
        self._relationships_listed = await self._list_relationships()
        listed = "listed" if self._relationships_listed else "not listed"
        return f"relationships are {listed} by {RELATIONSHIPS}"

    async def _list_relationships(self) -> bool:
        try:
            rows = await self._read(listings.tab_changes(ORIGIN, 1))
        except Unauthorized:
            raise
        except Misconfigured:
            return False
        # A column that the resource lacks is left out in silence (§4), and the name of this one
        # is an assumption.
        return all(column in row for row in rows for column in RELATIONSHIP_COLUMNS)


def _named(plugin: PluginColumns) -> str:
    named = {
        "sync": plugin.sync,
        "error": plugin.error,
        "outreach_id": plugin.outreach_id,
        "outreach_url": plugin.outreach_url,
        "error_message": plugin.error_message or "none",
    }
    return ", ".join(f"{name} = {column}" for name, column in named.items())
