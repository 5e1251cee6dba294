"""All of the program, loaded now: for whoever will not be able to read it when it is needed."""

from __future__ import annotations

import encodings
from contextlib import suppress
from importlib import import_module, resources
from pkgutil import walk_packages

PACKAGES = ("engine", "connectors")
# What is no part of the service, and what runs when it is loaded.
_LEFT_OUT = ("connectors.sandbox", "engine.__main__")
# Who reads files of the program and keeps what they say.
_READ_ONCE = (("engine.store.sqlite.statefile", "migrations"),)


def everything() -> None:
    """Load every module of the program, and what they read of its files only once.

    What cannot be loaded here, such as the adapter of a driver that is not installed, would not be
    there later either.
    """
    for name in PACKAGES:
        for module in walk_packages(import_module(name).__path__, f"{name}."):
            if not module.name.startswith(_LEFT_OUT):
                with suppress(ImportError):
                    import_module(module.name)
    for module in walk_packages(encodings.__path__, "encodings."):
        with suppress(ImportError):
            import_module(module.name)
    # What reads files of a package loads a part of itself when it is first asked.
    resources.files("engine").is_dir()
    for name, read in _READ_ONCE:
        getattr(import_module(name), read)()
