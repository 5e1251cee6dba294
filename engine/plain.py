"""Texts of others made plain: nothing in them steers a terminal, or stands where it does not."""

from __future__ import annotations

import re
import unicodedata

# Controls (ESC and the C1 set among them), formats (what turns the direction of writing), halves of
# characters, and what ends a line.
_STEERING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Formats that only join or part letters, as some scripts and emoji need them.
_JOINERS = frozenset("\u00ad\u200c\u200d")
# What we ourselves send to a terminal: colours.
_COLOUR = re.compile(r"(\x1b\[[0-9;]*m)")


def plain(text: str, *, keep: str = "") -> str:
    """The text with every character that steers a terminal written as `\\x1b`.

    Args:
        keep: such characters that are ours, usually line ends.
    """
    if text.isprintable():
        return text
    return "".join(each if each in keep or not _steers(each) else _spelled(each) for each in text)


def plain_but_coloured(text: str) -> str:
    """The same for lines that are already laid out, with colours where there are any."""
    parts = _COLOUR.split(text)
    # A split by one group has the separators at the odd places.
    parts[::2] = [plain(part, keep="\n\t") for part in parts[::2]]
    return "".join(parts)


def _steers(character: str) -> bool:
    return unicodedata.category(character) in _STEERING and character not in _JOINERS


def _spelled(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
