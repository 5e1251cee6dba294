"""Outreach, as the entry point offers it: what is known of it before anybody speaks with it.

Every command that reads a configuration loads this; only who opens the target loads what speaks
with it.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from connectors.outreach.fields import EMAILS
from connectors.outreach.pointing import address, pointed
from connectors.outreach.questions import QUESTIONS
from connectors.outreach.routes import CALLS, ROUTES, SIGN_IN, reads
from connectors.outreach.settings import OutreachSettings
from connectors.outreach.standard import ALIKE_FIELDS, CORRELATION_FIELD, STANDARD_MAPPING
from engine import TargetConnector

if TYPE_CHECKING:
    from connectors.outreach.target import OutreachTarget
    from engine import ConnectorEnvironment


def _open(
    settings: OutreachSettings, environment: ConnectorEnvironment
) -> AbstractAsyncContextManager[OutreachTarget]:
    from connectors.outreach.target import open_target

    return open_target(settings, environment)


connector = TargetConnector(
    name="outreach",
    settings=OutreachSettings,
    standard_mapping=STANDARD_MAPPING,
    routes=ROUTES,
    correlation_field=CORRELATION_FIELD,
    email_field=EMAILS,
    open=_open,
    sign_in=SIGN_IN,
    reads=reads,
    title="Outreach",
    questions=QUESTIONS,
    pointed=pointed,
    address=address,
    calls=CALLS,
    alike_fields=ALIKE_FIELDS,
)
