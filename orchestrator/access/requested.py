"""How often datasets were applied for: what their custodians want to know, and nobody is named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from sqlalchemy import and_, not_, select
from sqlalchemy.orm import Session

from .model import ApplicationState
from .store import ApplicationRow, PartRow

__all__ = ["requested"]


def requested(session: Session, dataset_ids: Collection[str]) -> Mapping[str, int]:
    """Return for each of these datasets how many applications asked for it; those never submitted do not count."""
    query = select(PartRow.dataset_ids).join(ApplicationRow, ApplicationRow.application_id == PartRow.application_id)
    kept = [ApplicationState.DRAFT.value, ApplicationState.LAPSED.value]
    given_up = and_(ApplicationRow.state == ApplicationState.WITHDRAWN.value, ApplicationRow.revision == 0)
    rows = session.scalars(query.where(ApplicationRow.state.not_in(kept), not_(given_up)))
    counted = Counter(each for row in rows for each in set(row))
    return {each: counted[each] for each in dataset_ids}
