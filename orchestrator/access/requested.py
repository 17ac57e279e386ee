"""How often datasets were applied for: what their custodians want to know, and nobody is named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from .model import ApplicationState
from .store import ApplicationRow, PartRow

__all__ = ["requested"]


def requested(session: Session, dataset_ids: Collection[str]) -> Mapping[str, int]:
    """Return for each of these datasets how many applications, drafts apart, asked for it."""
    query = select(PartRow.dataset_ids).join(ApplicationRow, ApplicationRow.application_id == PartRow.application_id)
    rows = session.scalars(query.where(ApplicationRow.state != ApplicationState.DRAFT.value))
    counted = Counter(each for row in rows for each in set(row))
    return {each: counted[each] for each in dataset_ids}
