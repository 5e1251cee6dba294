"""What `wosync init` asks for Outreach."""

from __future__ import annotations

from engine import Question

QUESTIONS = (
    Question(
        "base_url",
        "Address of the Outreach API",
        "the usual one, unless you were told another",
        default="https://api.outreach.io",
    ),
    Question(
        "client_id",
        "Client id of the Outreach application",
        "from the developer portal, where the application also needs the redirect address"
        " http://localhost:9465/callback",
    ),
    Question(
        "client_secret",
        "Client secret of the application",
        "shown beside the client id",
        secret=True,
    ),
)
