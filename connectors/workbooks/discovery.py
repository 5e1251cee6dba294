"""Which API name each of the plugin's columns has in this database.

The name cannot be derived from the title: a field made twice gets a numeric suffix, and
punctuation is dropped (workbooks-api §13). So each column is looked up by its exact title, first
among the custom fields, then in the description of the record type; a name in the configuration
wins, but must exist (A5).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.workbooks import answers
from connectors.workbooks.catalogue import Catalogue, Known
from connectors.workbooks.settings import (
    WorkbooksFields,
    WorkbooksPersonFields,
    WorkbooksSettings,
)
from connectors.workbooks.wire import PluginColumns
from engine import Misconfigured

# The datatype of a checkbox in both catalogues (§6.1, §13).
CHECKBOX = "boolean"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One column to find: its title, the configuration key that overrides it, what it holds.

    `or_title` is another title that the vendor's pages give the same field.
    """

    title: str
    key: str
    configured: str | None
    checkbox: bool = False
    required: bool = True
    or_title: str | None = None

    @property
    def assignment(self) -> str:
        """The line an operator would write."""
        table, _, name = self.key.rpartition(".")
        return f'[{table}] {name} = "cf_..."'


@dataclass(frozen=True, slots=True)
class NotInstalled:
    """A record type without the columns the plugin would install."""

    titles: tuple[str, ...]
    looked_at: str

    def __str__(self) -> str:
        """The reason, on one line."""
        titled = ", ".join(f'"{title}"' for title in self.titles)
        return f"no field titled {titled}; looked at {self.looked_at}"


async def opportunity_columns(catalogue: Catalogue, settings: WorkbooksSettings) -> PluginColumns:
    """The plugin's columns on opportunities.

    Raises:
        Misconfigured: a title has no field or several, or a configured name does not exist.
        EngineError: the catalogues cannot be read now.
    """
    found, missing = await _look_up(_wanted(settings.fields, "workbooks.fields"), catalogue)
    if missing:
        raise _missing(missing[0], catalogue)
    return PluginColumns(**found)


async def person_columns(
    catalogue: Catalogue, settings: WorkbooksSettings
) -> PluginColumns | NotInstalled:
    """The plugin's columns on people, where it has installed them.

    Raises:
        Misconfigured: a title has several fields, a configured name does not exist, or the
            configuration names some columns and the others cannot be found.
        EngineError: the catalogues cannot be read now.
    """
    wanted = _wanted(settings.person_fields, "workbooks.person_fields")
    found, missing = await _look_up(wanted, catalogue)
    if not missing:
        return PluginColumns(**found)
    # Whoever names columns of people means them to be synchronised.
    if any(each.configured is not None for each in wanted.values()):
        raise _missing(missing[0], catalogue)
    return NotInstalled(tuple(each.title for each in missing), catalogue.looked_at)


async def account_column(catalogue: Catalogue, settings: WorkbooksSettings) -> str | None:
    """The organisation column with its Outreach account id; None when there is none.

    Raises:
        Misconfigured: several fields have the title, or the configured name does not exist.
        EngineError: the catalogues cannot be read now.
    """
    wanted = Wanted("Outreach Id", "workbooks.account_field", settings.account_field)
    return await resolve(wanted, catalogue)


async def resolve(wanted: Wanted, catalogue: Catalogue) -> str | None:
    """The API name of one column; None when no field has the title.

    Raises:
        Misconfigured: several fields have the title, the configured name does not exist, or the
            field is no checkbox where one is wanted.
    """
    if wanted.configured is not None:
        found = await catalogue.search(lambda known: known.name == wanted.configured)
        # With neither catalogue open to us the operator's word is all there is.
        if not found and catalogue.readable:
            raise _missing(wanted, catalogue)
        _check_checkbox(wanted, found, catalogue)
        return wanted.configured
    title = wanted.title
    found = await catalogue.search(lambda known: known.title == title)
    if not found and wanted.or_title is not None:
        title = wanted.or_title
        found = await catalogue.search(lambda known: known.title == title)
    if len(found) > 1:
        names = ", ".join(sorted(known.name for known in found))
        raise _misconfigured(
            f'{len(found)} fields of {catalogue.class_name} are titled "{title}": {names};'
            f" looked at {catalogue.looked_at}",
            f"name the right one: {wanted.assignment}",
        )
    _check_checkbox(wanted, found, catalogue)
    return found[0].name if found else None


def _wanted(given: WorkbooksFields, table: str) -> dict[str, Wanted]:
    """The columns to find, by their name in `PluginColumns` (§18.2)."""
    wanted = {
        "sync": Wanted("Sync to Outreach", f"{table}.sync", given.sync, checkbox=True),
        "error": Wanted(
            "Outreach Sync Error",
            f"{table}.error",
            given.error,
            checkbox=True,
            or_title="Outreach Error",
        ),
        "outreach_id": Wanted("Outreach Id", f"{table}.outreach_id", given.outreach_id),
        "outreach_url": Wanted("Outreach URL", f"{table}.outreach_url", given.outreach_url),
        "error_message": Wanted(
            "Outreach Sync Error Message",
            f"{table}.error_message",
            given.error_message,
            required=False,
        ),
    }
    if isinstance(given, WorkbooksPersonFields):
        wanted["duplicate"] = Wanted(
            "Outreach Duplicate",
            f"{table}.duplicate",
            given.duplicate,
            checkbox=True,
            required=False,
        )
    return wanted


async def _look_up(
    wanted: Mapping[str, Wanted], catalogue: Catalogue
) -> tuple[dict[str, str], list[Wanted]]:
    """API names by key, and what is required but has no field."""
    looked = {key: await resolve(each, catalogue) for key, each in wanted.items()}
    missing = [wanted[key] for key, name in looked.items() if name is None and wanted[key].required]
    return {key: name for key, name in looked.items() if name is not None}, missing


def _check_checkbox(wanted: Wanted, found: Sequence[Known], catalogue: Catalogue) -> None:
    for known in found:
        if wanted.checkbox and known.datatype not in (None, "", CHECKBOX):
            raise _misconfigured(
                f'the field {known.name} of {catalogue.class_name} for "{wanted.title}" is no'
                f" checkbox but {known.datatype}",
                f"name the checkbox: {wanted.assignment}",
            )


def _missing(wanted: Wanted, catalogue: Catalogue) -> Misconfigured:
    if wanted.configured is not None:
        return _misconfigured(
            f"{catalogue.class_name} has no field {wanted.configured}, which {wanted.key} names;"
            f" looked at {catalogue.looked_at}",
            f"correct {wanted.assignment}, or leave it out to find the field by its title"
            f' "{wanted.title}"',
        )
    return _misconfigured(
        f'{catalogue.class_name} has no field titled "{wanted.title}";'
        f" looked at {catalogue.looked_at}",
        f"install the Outreach plugin in Workbooks, or name the field: {wanted.assignment}",
    )


def _misconfigured(message: str, remedy: str) -> Misconfigured:
    return Misconfigured(message, system=answers.SYSTEM, operation="fields", remedy=remedy)
