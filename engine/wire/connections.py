"""What a transport says about the connection that a request went out on."""

from __future__ import annotations

import httpx


class StaleConnection(httpx.ReadError):
    """A connection kept from an earlier request ended before the head of an answer was complete.

    A server closes idle connections as it likes, so this says little about how it does. The
    request may have been executed all the same.
    """
