"""What a doctor says: what was looked at, and what of it is not as it should be."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Check", "Finding"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is not as it should be. ``serious`` ones keep workspaces from starting; others weaken a limit."""

    word: str
    message: str
    serious: bool


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that was looked at, with its outcome in words: the good ones are told too."""

    name: str
    ok: bool
    message: str
