"""Whether a custodian is still there: one that has left keeps what it owes, and offers nothing new."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from orchestrator.core.clock import last_day_in_words
from orchestrator.core.errors import NotPossible

from . import store
from .model import DepartureState

__all__ = ["check_present"]


def check_present(session: Session, custodian_id: str, *, now: datetime) -> None:
    """Raise ``NotPossible`` when a custodian has left, also while the controller has not carried its leaving out yet.

    For whatever offers, publishes or asks anew in its name. What it still owes to others stays possible: to sign off
    and recall results from its data, to invoice and credit, to correct the register, to show its sheets.
    """
    departure = store.departure_of(session, custodian_id)
    if departure is None or departure.state not in (DepartureState.CONFIRMED, DepartureState.LEFT):
        return
    if departure.state is DepartureState.LEFT or departure.at <= now:
        raise NotPossible(
            f"This custodian left the alliance after {last_day_in_words(departure.at)}, so nothing is offered or "
            "published in its name any more. To offer data again it joins anew: an operator registers it as "
            "a new custodian."
        )
