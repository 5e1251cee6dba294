"""A copy of the project to make mistakes in, and pytest run inside it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.mutants.mutant import ROOT, Mutant
from tests.waiting import DEADLINE_VARIABLE

PACKAGES = ("engine", "connectors")
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "build", "*.egg-info")
# A mutant that waits for ever is noticed as well.
HANGS_AFTER_S = 120.0
ALL_WITHIN_S = 900.0
# What a mutant keeps from ever coming is waited for less long than what is only late, when all is
# well and many tests run at once: for so much of the time that their run has.
WAIT_SHARE = 0.25

PASSED, FAILED, HUNG = 0, 1, -1


@dataclass(frozen=True, slots=True)
class Run:
    """How a run of pytest ended: its exit code, or HUNG, what it said, and seconds."""

    code: int
    output: str
    seconds: float


@dataclass(slots=True)
class Tree:
    """A copy that imports its own packages, whatever is installed."""

    root: Path
    _written: int = field(default=0, init=False)

    @classmethod
    def copied(cls, root: Path, source: Path = ROOT) -> Tree:
        """Copy the project, or a copy of it, to `root`, which does not exist yet.

        Raises:
            RuntimeError: the copy would test the original.
        """
        shutil.copytree(source, root, ignore=LEFT_OUT)
        tree = cls(root)
        tree.check()
        return tree

    def check(self) -> None:
        """Make sure that what the copy imports is its own; see `copied`."""
        script = ";".join(f"import {one};print({one}.__file__)" for one in PACKAGES)
        said = self._python(["-c", script], HANGS_AFTER_S).output
        expected = [str(self.root / one / "__init__.py") for one in PACKAGES]
        if said.split() != expected:
            raise RuntimeError(f"the copy in {self.root} imports other packages: {said}")

    @contextmanager
    def mistaken(self, mutant: Mutant) -> Generator[None]:
        """The mistake is in the copy for the block.

        Raises:
            Stale: the mutant does not fit the file.
        """
        path = self.root / mutant.file
        right, wrong = path.read_text(encoding="utf-8"), mutant.applied(self.root)
        self._write(path, wrong)
        try:
            yield
        finally:
            self._write(path, right)

    def tested(
        self, tests: Sequence[str], within_s: float = HANGS_AFTER_S, *, processes: int = 0
    ) -> Run:
        """Run these tests, up to the first that fails.

        Args:
            processes: among which they are shared; 0 for one after the other.
        """
        # Directories of its own: two runs of pytest would clear up after each other.
        options = ["-x", "-q", "-p", "no:cacheprovider", "--no-header", "--tb=no"]
        options += ["--basetemp", str(self.root / ".tests")]
        if processes:
            options += ["-n", str(processes), "--dist", "loadgroup"]
        return self._python(["-m", "pytest", *options, *tests], within_s)

    def _write(self, path: Path, text: str) -> None:
        path.write_text(text, encoding="utf-8")
        # Compiled files are told from their source by size and by whole seconds of its time.
        self._written += 1
        moment = time.time() - 1_000_000 + self._written
        os.utime(path, (moment, moment))

    def _python(self, arguments: Sequence[str], within_s: float) -> Run:
        environment = os.environ | {
            "PYTHONPATH": str(self.root),
            DEADLINE_VARIABLE: str(within_s * WAIT_SHARE),
            # A test that skips for want of a program would let its mutant live.
            "CI": "1",
        }
        started = time.monotonic()
        with subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                output, _ = process.communicate(timeout=within_s)
                code = process.returncode
            except subprocess.TimeoutExpired:
                process.kill()
                output, code = "", HUNG
        return Run(code, output, time.monotonic() - started)
