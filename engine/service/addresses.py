"""Where people find a record in both systems, as the configuration says."""

from __future__ import annotations

from urllib.parse import quote

from engine.config.loading import Config
from engine.model.dossier import Listed


def source_url(config: Config, one: Listed) -> str | None:
    """In the source; None where that is not known."""
    return config.source.record_url.replace("{ref}", quote(one.ref)) or None


def target_url(config: Config, one: Listed) -> str | None:
    """In the target; None where it is not there, or that is not known."""
    if one.target_id is None:
        return None
    url = config.connectors.target.address(config.target, one.record_type, one.target_id)
    # A setting may hold anything; what is no address of the web is no link.
    return url if url.startswith(("https://", "http://")) else None
