"""What the register asks of rooms that it cannot see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy.orm import Session

from .model import Waived

__all__ = ["Waivers"]


class Waivers(Protocol):
    """Knows which fees were let off for which application."""

    def waived(self, session: Session, application_ids: Sequence[str]) -> Sequence[Waived]:
        """Return every waiver that was not ended, in a fixed order."""
