"""Halves of characters: JSON can name one by itself, and nothing else can hold it.

Such a text could be neither stored nor sent: a create would be carried out and its result not kept.
They are put right where an answer arrives, before anybody reads it.
"""

from __future__ import annotations

import re

REPLACEMENT = rb"\ufffd"
# An escaped backslash, a whole pair, or a half; only the last is in the group.
_ESCAPES = re.compile(
    rb"\\(?:\\|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2}))"
)
# A half that was written down as it is, as no valid UTF-8 is.
_BARE = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")


def made_whole(body: bytes) -> bytes:
    """The JSON text with every half of a character replaced by U+FFFD."""
    if b"\\ud" in body or b"\\uD" in body:
        body = _ESCAPES.sub(lambda found: REPLACEMENT if found.group(1) else found.group(), body)
    return _BARE.sub("\ufffd".encode(), body) if b"\xed" in body else body
