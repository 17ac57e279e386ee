"""What a doctor says: one thing that was looked at and is not as it should be."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Finding"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at. ``serious`` ones keep workspaces from starting; others weaken a limit."""

    word: str
    message: str
    serious: bool
