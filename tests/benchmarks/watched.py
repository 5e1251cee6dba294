"""The service with a stopwatch on its event loop: the same command, in the same process.

    python -m tests.benchmarks.watched run --config PATH

For each line on standard input it prints `{"away_s", "longest_s", "loop_cpu_s", "cpu_s"}`: how long
the loop was away in callbacks in total and at most since the last line, and the CPU of the loop's
thread and of the whole process so far.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from dataclasses import dataclass

from engine.__main__ import main


@dataclass(slots=True)
class Stopwatch:
    """Times every callback of every loop; seconds."""

    away_s: float = 0.0
    longest_s: float = 0.0

    def install(self) -> None:
        """Begin."""
        run = asyncio.Handle._run  # pyright: ignore[reportPrivateUsage, reportUnknownMemberType, reportUnknownVariableType, reportAttributeAccessIssue] # the one place all callbacks pass
        clock = time.perf_counter

        def timed(handle: asyncio.Handle) -> None:
            began = clock()
            try:
                run(handle)
            finally:
                took_s = clock() - began
                self.away_s += took_s
                self.longest_s = max(self.longest_s, took_s)

        asyncio.Handle._run = timed  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue]

    def tell(self, loop_clock: int) -> None:
        """Answer every line; the loop's thread has this CPU clock."""
        for _ in sys.stdin:
            told = {
                "away_s": self.away_s,
                "longest_s": self.longest_s,
                "loop_cpu_s": time.clock_gettime(loop_clock),
                "cpu_s": time.process_time(),
            }
            self.away_s = self.longest_s = 0.0
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    stopwatch = Stopwatch()
    stopwatch.install()
    clock_id = time.pthread_getcpuclockid(threading.get_ident())
    threading.Thread(target=stopwatch.tell, args=(clock_id,), daemon=True).start()
    main()
