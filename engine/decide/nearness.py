"""Nearness: which numbers somebody may have meant who typed another one. Pure."""

from __future__ import annotations

# Further away by counting than this, and by more than one slip of a finger, is another record.
APART_MAX = 10
# No record has a longer number.
DIGITS_MAX = 15


def near(digits: str) -> list[str]:
    """Numbers that may have been meant, the likeliest first, each spelled as it was typed.

    One digit is wrong, missing, too many, or stands where its neighbour should; or the number is a
    little higher or lower.
    """
    if not digits.isascii() or not digits.isdecimal() or len(digits) > DIGITS_MAX:
        return []
    typed = int(digits)
    counted = [str(typed + far) for far in range(-APART_MAX, APART_MAX + 1) if typed + far > 0]
    spelled = [one for one in _slips(digits) if one]
    found = {one.zfill(len(digits)) if digits[0] == "0" else one for one in (*counted, *spelled)}
    return sorted(found - {digits}, key=lambda one: (abs(int(one) - typed), len(one), one))


def _slips(digits: str) -> set[str]:
    heads = [(digits[:at], digits[at:]) for at in range(len(digits) + 1)]
    wrong = {head + one + tail[1:] for head, tail in heads if tail for one in "0123456789"}
    missing = {head + one + tail for head, tail in heads for one in "0123456789"}
    many = {head + tail[1:] for head, tail in heads if tail}
    turned = {head + tail[1] + tail[0] + tail[2:] for head, tail in heads if len(tail) > 1}
    return wrong | missing | many | turned
