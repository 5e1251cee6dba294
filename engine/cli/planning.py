"""`wosync plan`: what would be done, before anything is."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Coroutine, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import anyio

from engine.about import PROGRAM
from engine.cli.asking import listening
from engine.cli.exits import Exit, Misused, complain
from engine.cli.failures import raised
from engine.cli.plans import Seen, printed_json, show
from engine.cli.reading import load
from engine.config.places import find
from engine.errors import StateInUse, StateUnusable
from engine.model.plan import Kind
from engine.service.planning.desk import wanted_of
from engine.service.planning.files import MARK, lines_of
from engine.service.planning.planning import plan_alone

# Whoever is at work on the state is looked for so often, in seconds, and so many times.
LOOK_S = 0.2
LOOKS_MAX = 3000


def plan(
    path: Path | None,
    *,
    refs: Sequence[str],
    sample: int | None,
    mapping: Path | None,
    out: Path | None,
    as_json: bool,
) -> int:
    """0 when nothing in it needs anybody, 3 when something would be flagged or held.

    Args:
        out: keeps the plan, to be applied.
    """
    asked = _asked(refs, sample, mapping)
    found = find(path)
    with kept_in(out) as file:
        with file.open("w", encoding="utf-8") as written:
            if not told(found, "/plan", asked, written):
                anyio.run(plan_alone, load(found), wanted_of(asked), written)
        # Whoever has seen enough of it has it all the same.
        kept = file if out is None else file.replace(out)
        seen = printed_json(lines_of(kept)) if as_json else show(lines_of(kept))
    if out is not None and not as_json:
        sys.stdout.write(f"kept in {out}; to do it: {PROGRAM} apply {out}\n")
    return _code(seen)


def _asked(refs: Sequence[str], sample: int | None, mapping: Path | None) -> dict[str, Any]:
    if refs and sample is not None:
        raise Misused("--ref and --sample choose records in two ways", remedy="give one of them")
    asked: dict[str, Any] = {
        # What a shell passed on that is no text names nothing.
        "refs": [ref.encode(errors="replace").decode() for ref in refs],
        "sample": sample,
    }
    if mapping is not None:
        try:
            asked |= {"mapping": mapping.read_text(encoding="utf-8"), "mapping_name": str(mapping)}
        except (OSError, ValueError) as error:
            raise Misused(
                f"{mapping} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}",
                remedy="check the name and the permissions of the file",
            ) from error
    return asked


def told(config: Path, path: str, asked: dict[str, Any] | Path, out: IO[str]) -> bool:
    """Write down what the running service tells; False when none answers.

    Raises:
        EngineError: what the service failed with.
    """
    with listening(config, path, asked) as lines:
        if lines is None:
            return False
        for text in _without_signs(lines):
            out.write(text + "\n")
    return True


def done_by(
    config: Path,
    path: str,
    asked: dict[str, Any] | Path,
    out: IO[str],
    alone: Callable[[], Coroutine[Any, Any, None]],
) -> None:
    """Have the running service do it, or do it here; whoever is at something alike is waited for.

    Args:
        alone: does it where no service runs, under the lock of the state.

    Raises:
        StateInUse: somebody holds the state for very long.
        EngineError: what it failed with.
    """
    looks = 0
    while not told(config, path, asked, out):
        try:
            anyio.run(alone)
            return
        except StateInUse:
            if looks == LOOKS_MAX:
                raise
            if not looks:
                complain(f"{PROGRAM}: another process works on the state; waiting for its end\n")
            looks += 1
            anyio.run(anyio.sleep, LOOK_S)


def _without_signs(lines: Iterator[str]) -> Iterator[str]:
    for text in lines:
        if text.startswith('{"failure"'):
            raise raised(json.loads(text)["failure"])
        if not text.startswith('{"working"'):
            yield text


@contextmanager
def kept_in(out: Path | None) -> Generator[Path]:
    """A file to write a plan to: it takes its place at the end, and goes without one.

    Raises:
        StateUnusable: it cannot be written, or what is there is no plan.
    """
    if out is not None and out.exists() and not _is_plan(out):
        raise StateUnusable(
            f"{out} exists already and is no plan, and was left alone",
            remedy="give the plan another name",
        )
    directory = out.absolute().parent if out is not None else None
    try:
        handle, name = tempfile.mkstemp(prefix=".wosync-", suffix=".plan", dir=directory)
    except OSError as error:
        raise _unwritable(out, error) from error
    os.close(handle)
    file = Path(name)
    try:
        yield file
        if out is not None and file.exists():
            file.replace(out)
    except OSError as error:
        raise _unwritable(out, error) from error
    finally:
        with suppress(OSError):
            file.unlink(missing_ok=True)


def _is_plan(path: Path) -> bool:
    with suppress(OSError), path.open("rb") as file:
        return file.read(len(MARK) + 2) == f'{{"{MARK}'.encode()
    return False


def _unwritable(out: Path | None, error: OSError) -> StateUnusable:
    return StateUnusable(
        f"{out or 'a temporary file'} cannot be written: {error.strerror or error}",
        remedy="check its directory, its permissions and the free space",
    )


def _code(seen: Seen) -> int:
    needs = seen.end.held or seen.end.changes.get(Kind.FLAG, 0)
    return Exit.ATTENTION if needs else Exit.DONE
