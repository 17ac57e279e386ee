"""Names of files made from others: the old name, what of it this is, and the ending of what it is now."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["Naming"]

_LONGEST = 100
_ODD = re.compile(r"[^A-Za-z0-9_-]+")


class Naming:
    """Gives names that begin like the original, and never one twice."""

    def __init__(self, original: str) -> None:
        self._stem = original.rpartition(".")[0] or original
        self._given: set[str] = set()

    def name(self, ending: str, part: str = "") -> str:
        """Return a name for one part; letters outside ASCII and everything unusual become dashes."""
        plain = unicodedata.normalize("NFKD", part).encode("ascii", "ignore").decode()
        suffix = _ODD.sub("-", plain).strip("-")[:40]
        room = _LONGEST - len(suffix) - len(ending) - 6
        base = self._stem[:room] + (f"-{suffix}" if suffix else "")
        name, number = f"{base}.{ending}", 2
        while name.casefold() in self._given:
            name, number = f"{base}-{number}.{ending}", number + 1
        self._given.add(name.casefold())
        return name
