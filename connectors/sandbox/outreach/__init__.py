"""A stand-in for the Outreach API: one ASGI application over a world that Python can edit too.

    world = OutreachWorld()
    world.add_app("client", "secret")
    refresh_token = world.grant("client", world.users.create({"username": "Ada_King"}))
    app = outreach_app(world)

Section numbers in this package refer to the outreach-api reference of this project.
"""

from connectors.sandbox.outreach.app import outreach_app
from connectors.sandbox.outreach.knobs import OutreachKnobs
from connectors.sandbox.outreach.rows import Row
from connectors.sandbox.outreach.schema import ALL_SCOPES
from connectors.sandbox.outreach.validations import Validation
from connectors.sandbox.outreach.world import OutreachWorld

__all__ = [
    "ALL_SCOPES",
    "OutreachKnobs",
    "OutreachWorld",
    "Row",
    "Validation",
    "outreach_app",
]
