"""The service with actors that freeze: the same command, in the same process.

    python -m tests.benchmarks.frozen run --config PATH

Each line `name module:Class.method` on standard input freezes that actor: the next call of the
method never returns, and says so with a line `{name: monotonic time}` on standard output.
"""

from __future__ import annotations

import functools
import importlib
import json
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import anyio

from engine.__main__ import main


def freeze(actor: str, place: str) -> None:
    """Let the next call of the method get stuck."""
    module_name, _, path = place.partition(":")
    class_name, _, method_name = path.partition(".")
    kind = getattr(importlib.import_module(module_name), class_name)
    method: Callable[..., Awaitable[Any]] = getattr(kind, method_name)

    @functools.wraps(method)
    async def freezing(*_: Any, **__: Any) -> Any:
        setattr(kind, method_name, method)
        sys.stdout.write(json.dumps({actor: time.monotonic()}) + "\n")
        sys.stdout.flush()
        await anyio.sleep_forever()

    setattr(kind, method_name, freezing)


def obey() -> None:
    """Freeze whom each line names."""
    for line in sys.stdin:
        freeze(*line.split())


if __name__ == "__main__":
    threading.Thread(target=obey, daemon=True).start()
    main()
