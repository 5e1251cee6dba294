"""What this configuration needs a person to grant, and how that compares with what was granted."""

from __future__ import annotations

from dataclasses import replace

from engine.config.loading import ContactsSettings
from engine.errors import NotGranted, Terminal, Unauthorized
from engine.mapping_in_force import Mappings
from engine.model.permissions import Authorisation, Denial, Use
from engine.model.records import FieldKind, RecordType
from engine.ports import Authority


def uses(mappings: Mappings, contacts: ContactsSettings, *, people: bool) -> frozenset[Use]:
    """What is done in the target with this mapping and these settings.

    Args:
        people: whether people are synchronised, or may be for all that is known.
    """
    found = {Use.OPPORTUNITIES, Use.STAGES, Use.OWNERS}
    kinds = {RecordType.OPPORTUNITY}
    if people:
        found.add(Use.PEOPLE)
        if contacts.missing_prospects == "create":
            found.add(Use.NEW_PEOPLE)
            kinds.add(RecordType.PERSON)
        if contacts.remove:
            found.add(Use.REMOVED_PEOPLE)
    lines = (line for kind in kinds for line in mappings.of(kind).lines)
    if any(line.reference is FieldKind.ACCOUNT for line in lines):
        found.add(Use.ACCOUNTS)
    return frozenset(found)


async def compared(authority: Authority, wanted: frozenset[Use]) -> Authorisation:
    """What was granted against what these uses need; asks nobody."""
    standing = await authority.standing()
    needed = authority.needed(wanted)
    granted = standing.granted
    missing = () if granted is None else authority.missing(needed, granted)
    return Authorisation(standing, needed, missing)


async def tried(authority: Authority, found: Authorisation) -> Authorisation:
    """The same, with everything tried that can be without a change and is not known to lack.

    Raises:
        EngineError: nothing can be tried now, whatever it is.
    """
    missing, times, denied = list(found.missing), 0, list[Denial]()
    for one in found.needed:
        if one in found.missing:
            continue
        try:
            times += await authority.attempt(one)
        except Unauthorized:
            raise
        except NotGranted:
            # The system did not tell what was granted, or told more than is so.
            missing.append(one)
        except Terminal as error:
            times += 1
            denied.append(Denial(one, str(error)))
    return replace(found, missing=missing, tried=times, denied=tuple(denied))
