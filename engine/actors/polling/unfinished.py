"""Unfinished: what is read page by page is one mass change, and the fuse waits for its last page.

The mark is on disk, because pages are evaluated by others meanwhile. However the reading ends, the
mark goes: nobody may wait for pages that do not come. A process that is killed leaves it behind;
the next one takes it away before it reads anything.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from engine.store.port.store import Store


@asynccontextmanager
async def unfinished(store: Store, mark: str) -> AsyncGenerator[None]:
    """Keep the fuse from deciding for the block.

    Args:
        mark: one of `engine.model.kept.MARKS`.
    """
    await store.kept.set_setting(mark, "")
    try:
        yield
    finally:
        await store.kept.forget_setting(mark)
