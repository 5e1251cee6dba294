"""A sandbox in which hardly anything is ticked, for tests that need a run and not its size."""

from __future__ import annotations

from connectors.sandbox.sandbox import Sandbox, SandboxOptions

TICK = "cf_opportunity_sync_to_outreach"
ORDINARY = 3


def few(mint_interval_s: float = 60.0) -> Sandbox:
    """A few records that sync, each with its people, and one that cannot."""
    sandbox = Sandbox(SandboxOptions(bulk=0, mint_interval_s=mint_interval_s))
    leave_few(sandbox)
    return sandbox


def leave_few(sandbox: Sandbox) -> None:
    """Have no more than that ticked in the sample data."""
    kept = {*sandbox.sample.ordinary[:ORDINARY], next(iter(sandbox.sample.failing))}
    opportunities = sandbox.workbooks.opportunities
    for row in [*opportunities.rows()]:
        number = row["id"]
        assert isinstance(number, int)
        if number not in kept and opportunities.value(number, TICK):
            opportunities.update(number, **{TICK: False})
