"""How long a test waits for what must come.

Far longer than it takes on a machine that has other work to do: a test asserts that something
comes, not how soon. Whoever expects tests to fail, as the hunt for mutants does, says less in
WOSYNC_DEADLINE_S.
"""

from __future__ import annotations

import os

DEADLINE_VARIABLE = "WOSYNC_DEADLINE_S"
DEADLINE_S = float(os.environ.get(DEADLINE_VARIABLE, "240"))
