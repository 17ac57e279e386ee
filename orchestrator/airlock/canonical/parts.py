"""What becomes of a submitted file before review: the files that people look at, and that leave."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Canonical", "Derived"]


@dataclass(frozen=True, kw_only=True)
class Derived:
    """One file made anew. ``note`` says in a sentence what it was made from and what was left out."""

    name: str
    content: bytes
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Canonical:
    """All files made from one. ``removed`` names the rules whose cause is gone from them."""

    files: tuple[Derived, ...]
    removed: tuple[str, ...] = field(default=())
