"""The smallest count of people that may be shown, over several custodians: the strictest of their terms."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from orchestrator.core.small_counts import DEFAULT_MINIMUM

from . import store

__all__ = ["smallest_count"]


def smallest_count(session: Session, custodian_ids: Iterable[str]) -> int:
    """Return the strictest “smallest count that may be shown” over the custodians' newest terms."""
    terms = [store.current_terms(session, custodian_id) for custodian_id in custodian_ids]
    return max((each.minimum_count for each in terms if each is not None), default=DEFAULT_MINIMUM)
