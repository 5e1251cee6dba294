"""What is said of a field that is blank."""

from __future__ import annotations

from engine.decide.reasons import because
from engine.model.reason import Code

# A record's blank field; where nothing is known of why, the source names nothing either. One that
# was settled by a version that kept no reasons is told from it by what it waits for.
NOTHING = because(Code.SOURCE_BLANK)
