"""Characters that nobody sees: they split words that are looked for, and turn texts around that everybody reads."""

from __future__ import annotations

import unicodedata

__all__ = ["unseen"]

_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
"""Categories of Unicode: controls and marks of direction or joining, private letters, halves, separators of lines."""


def unseen(text: str) -> str:
    """Return the first such character of a text as ``U+200B``, or nothing; new lines and tabs are seen."""
    found = (letter for letter in text if letter not in "\n\r\t" and unicodedata.category(letter) in _HIDDEN)
    return next((f"U+{ord(letter):04X}" for letter in found), "")
