"""The mapping example of the documentation, put as it stands into the sandbox's configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.sandbox.sandbox import Ports, Sandbox, SandboxOptions
from connectors.sandbox.settings_file import prepared, write_settings
from engine.clock import SystemClock
from tests.end_to_end.documents import ROOT, blocks
from tests.end_to_end.test_cli_errors import wosync

pytestmark = pytest.mark.anyio

PAGE = ROOT / "docs" / "mapping.md"
ATTENTION = 3
REGIONS = {"UK": "EMEA", "US": "AMER"}


def example() -> str:
    """The first piece of configuration on the page."""
    return next(block.text for block in blocks(PAGE) if block.language == "toml")


async def test_the_mapping_example_works_in_the_sandbox(
    tmp_path: Path,
) -> None:
    """It is what a reader copies first, and nothing in it may need a system of theirs."""
    sandbox = Sandbox(SandboxOptions(bulk=0), SystemClock().now)
    async with sandbox.serving(Ports()) as addresses:
        file = write_settings(prepared(tmp_path / "home"), addresses, sandbox.credentials)
        file.path.write_text(file.text + "\n" + example(), encoding="utf-8")
        ended = await wosync("once", "--json", "--config", str(file.path), cwd=tmp_path)

    # The sample has records that cannot be synced, whatever the mapping.
    assert ended.code == ATTENTION, ended.err
    for deal in sandbox.sample.ordinary:
        column = sandbox.workbooks.opportunities.get(deal)
        [row] = sandbox.outreach.find_opportunities(f"OPP-{deal}")
        theirs = row.attributes
        assert theirs.get("nextStep") == column["cf_opportunity_next_step"]
        assert theirs["leadSource"] == column["party[name]"]
        assert theirs["custom1"] == REGIONS.get(str(column["cf_opportunity_region"]), "Other")
        assert ", ".join(theirs.get("tags", ())) == (column["cf_opportunity_tags"] or "")
        assert theirs["description"].endswith(f"(OPP-{deal})")
        assert theirs["recordType"] == "Workbooks"
        assert "probability" not in theirs
