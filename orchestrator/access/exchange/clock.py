"""How long a part may wait and has waited: working days of the custodian's nation, none while the applicant acts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from orchestrator.core.working_days import WorkingDays

from ..forms.model import Form
from ..states import PART_STATES, PartState
from .model import PartStep

__all__ = ["due", "used_days"]

_WEEKDAYS = WorkingDays.of("England and Wales")


def used_days(steps: Sequence[PartStep], now: datetime, days: WorkingDays | None = None) -> int:
    """Return on how many working days a part waited for its custodian since it was last put before it anew.

    A day counts for whoever had the part when it ended. After an approval was opened again the count starts anew.
    """
    calendar, used, since = days or _WEEKDAYS, 0, None
    for place, step in enumerate(steps):
        if since is not None:
            used += calendar.between(since.date(), step.at.date())
        anew = place == 0 or steps[place - 1].state is not PartState.RETURNED
        if step.state is PartState.WAITING:
            used, since = 0 if anew else used, step.at
        else:
            since = None
    return used if since is None else used + calendar.between(since.date(), now.date())


def due(steps: Sequence[PartStep], form: Form | None) -> datetime | None:
    """Return the first moment after the day by which whoever has the part should act; ``None`` when nobody has it.

    Without a form there are no working days to count: the days of the state table hold.
    """
    last = steps[-1]
    if form is None:
        return PART_STATES.deadline(last.state, last.at)
    days = WorkingDays.of(form.nation)
    if last.state is PartState.WAITING:
        left = max(form.decide_within - used_days(steps, last.at, days), 0)
    elif last.state is PartState.RETURNED:
        left = form.answer_within
    else:
        return None
    return days.over(last.at, left)
