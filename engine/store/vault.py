"""The vault of a connector: its secrets are kept in the state."""

from __future__ import annotations

from dataclasses import dataclass

from engine.store.port.store import Store


@dataclass(frozen=True, slots=True)
class StoreVault:
    """The vault of one connector, in the state."""

    store: Store
    system: str

    async def load(self, name: str) -> str | None:
        """The text saved under `name`, or None."""
        return await self.store.kept.secret(f"{self.system}.{name}")

    async def save(self, name: str, text: str) -> None:
        """Store `text`; it is on disk when this returns."""
        await self.store.kept.set_secret(f"{self.system}.{name}", text)
